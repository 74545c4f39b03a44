// Model of Lattice ECP5's block RAM DP16KD, which Yosys knows as an empty shell.
//
// 1,024 words of 18 bits, each two units of nine; INITVAL_xx holds 16 words of 20 bits, 18 used. A
// port of 18 bits is addressed by AD[13:4] (AD[1:0]: enables of the units), of 9 by AD[13:3], of 4,
// 2 and 1 by AD[13:2], AD[13:1] and AD[13:0], all in the lower eight bits of a unit. With
// DATA_WIDTH_A 36 port A writes only, {DIB, DIA} at AD[13:5] (AD[3:0]: enables); with DATA_WIDTH_B
// 36 too port B reads {DOB, DOA}. The output register starts at 0; RST clears it, and blocks a
// write where RESETMODE is SYNC. The output of a port that writes stays (WRITEMODE "NORMAL"), takes
// the new value ("WRITETHROUGH") or the old one ("READBEFOREWRITE").
//
// As in the netlists that Yosys makes, port B never writes: WEB at 1 is an error, and so are other
// values of the parameters, such as an output register (REGMODE). What port B reads while port A
// writes it is undefined in the device: here these bits come inverted, so that a design that uses
// them fails. Both ports have one clock, or one has none.
module DP16KD #(
  parameter int unsigned DATA_WIDTH_A        = 18,
  parameter int unsigned DATA_WIDTH_B        = 18,
  parameter string       REGMODE_A           = "NOREG",
  parameter string       REGMODE_B           = "NOREG",
  parameter string       RESETMODE           = "SYNC",
  parameter string       ASYNC_RESET_RELEASE = "SYNC",
  parameter string       CSDECODE_A          = "0b000",
  parameter string       CSDECODE_B          = "0b000",
  parameter string       WRITEMODE_A         = "NORMAL",
  parameter string       WRITEMODE_B         = "NORMAL",
  parameter string       CLKAMUX             = "CLKA",
  parameter string       CLKBMUX             = "CLKB",
  parameter string       INIT_DATA           = "STATIC",
  parameter int unsigned WID                 = 0,
  parameter string       GSR                 = "ENABLED",
  parameter logic [319:0] INITVAL_00          = 320'd0,
  parameter logic [319:0] INITVAL_01          = 320'd0,
  parameter logic [319:0] INITVAL_02          = 320'd0,
  parameter logic [319:0] INITVAL_03          = 320'd0,
  parameter logic [319:0] INITVAL_04          = 320'd0,
  parameter logic [319:0] INITVAL_05          = 320'd0,
  parameter logic [319:0] INITVAL_06          = 320'd0,
  parameter logic [319:0] INITVAL_07          = 320'd0,
  parameter logic [319:0] INITVAL_08          = 320'd0,
  parameter logic [319:0] INITVAL_09          = 320'd0,
  parameter logic [319:0] INITVAL_0A          = 320'd0,
  parameter logic [319:0] INITVAL_0B          = 320'd0,
  parameter logic [319:0] INITVAL_0C          = 320'd0,
  parameter logic [319:0] INITVAL_0D          = 320'd0,
  parameter logic [319:0] INITVAL_0E          = 320'd0,
  parameter logic [319:0] INITVAL_0F          = 320'd0,
  parameter logic [319:0] INITVAL_10          = 320'd0,
  parameter logic [319:0] INITVAL_11          = 320'd0,
  parameter logic [319:0] INITVAL_12          = 320'd0,
  parameter logic [319:0] INITVAL_13          = 320'd0,
  parameter logic [319:0] INITVAL_14          = 320'd0,
  parameter logic [319:0] INITVAL_15          = 320'd0,
  parameter logic [319:0] INITVAL_16          = 320'd0,
  parameter logic [319:0] INITVAL_17          = 320'd0,
  parameter logic [319:0] INITVAL_18          = 320'd0,
  parameter logic [319:0] INITVAL_19          = 320'd0,
  parameter logic [319:0] INITVAL_1A          = 320'd0,
  parameter logic [319:0] INITVAL_1B          = 320'd0,
  parameter logic [319:0] INITVAL_1C          = 320'd0,
  parameter logic [319:0] INITVAL_1D          = 320'd0,
  parameter logic [319:0] INITVAL_1E          = 320'd0,
  parameter logic [319:0] INITVAL_1F          = 320'd0,
  parameter logic [319:0] INITVAL_20          = 320'd0,
  parameter logic [319:0] INITVAL_21          = 320'd0,
  parameter logic [319:0] INITVAL_22          = 320'd0,
  parameter logic [319:0] INITVAL_23          = 320'd0,
  parameter logic [319:0] INITVAL_24          = 320'd0,
  parameter logic [319:0] INITVAL_25          = 320'd0,
  parameter logic [319:0] INITVAL_26          = 320'd0,
  parameter logic [319:0] INITVAL_27          = 320'd0,
  parameter logic [319:0] INITVAL_28          = 320'd0,
  parameter logic [319:0] INITVAL_29          = 320'd0,
  parameter logic [319:0] INITVAL_2A          = 320'd0,
  parameter logic [319:0] INITVAL_2B          = 320'd0,
  parameter logic [319:0] INITVAL_2C          = 320'd0,
  parameter logic [319:0] INITVAL_2D          = 320'd0,
  parameter logic [319:0] INITVAL_2E          = 320'd0,
  parameter logic [319:0] INITVAL_2F          = 320'd0,
  parameter logic [319:0] INITVAL_30          = 320'd0,
  parameter logic [319:0] INITVAL_31          = 320'd0,
  parameter logic [319:0] INITVAL_32          = 320'd0,
  parameter logic [319:0] INITVAL_33          = 320'd0,
  parameter logic [319:0] INITVAL_34          = 320'd0,
  parameter logic [319:0] INITVAL_35          = 320'd0,
  parameter logic [319:0] INITVAL_36          = 320'd0,
  parameter logic [319:0] INITVAL_37          = 320'd0,
  parameter logic [319:0] INITVAL_38          = 320'd0,
  parameter logic [319:0] INITVAL_39          = 320'd0,
  parameter logic [319:0] INITVAL_3A          = 320'd0,
  parameter logic [319:0] INITVAL_3B          = 320'd0,
  parameter logic [319:0] INITVAL_3C          = 320'd0,
  parameter logic [319:0] INITVAL_3D          = 320'd0,
  parameter logic [319:0] INITVAL_3E          = 320'd0,
  parameter logic [319:0] INITVAL_3F          = 320'd0
) (
  input logic DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12,
              DIA13, DIA14, DIA15, DIA16, DIA17,
  input logic ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12,
              ADA13,
  input logic CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  output logic DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12,
               DOA13, DOA14, DOA15, DOA16, DOA17,
  input logic DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12,
              DIB13, DIB14, DIB15, DIB16, DIB17,
  input logic ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12,
              ADB13,
  input logic CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output logic DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12,
               DOB13, DOB14, DOB15, DOB16, DOB17
);

  localparam bit Wide      = DATA_WIDTH_A == 36;  // port A writes 36 bits, port B reads
  localparam bit WideRead  = DATA_WIDTH_B == 36;
  localparam bit AsyncRst  = RESETMODE == "ASYNC";

  if (!(DATA_WIDTH_A inside {1, 2, 4, 9, 18, 36})) begin : gen_check_width_a
    $fatal(1, "DP16KD: DATA_WIDTH_A is %0d, must be 1, 2, 4, 9, 18 or 36", DATA_WIDTH_A);
  end
  if (!(DATA_WIDTH_B inside {1, 2, 4, 9, 18, 36}) || (WideRead && !Wide)) begin : gen_check_width_b
    $fatal(1, "DP16KD: DATA_WIDTH_B is %0d, must be 1, 2, 4, 9, 18, or 36 if DATA_WIDTH_A is",
           DATA_WIDTH_B);
  end
  if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG") begin : gen_check_regmode
    $fatal(1, "DP16KD: REGMODE is %s, %s, only NOREG is modelled", REGMODE_A, REGMODE_B);
  end
  if (!AsyncRst && RESETMODE != "SYNC") begin : gen_check_resetmode
    $fatal(1, "DP16KD: RESETMODE is %s, must be SYNC or ASYNC", RESETMODE);
  end
  if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") begin : gen_check_csdecode
    $fatal(1, "DP16KD: CSDECODE is %s, %s, only 0b000 is modelled", CSDECODE_A, CSDECODE_B);
  end
  if (INIT_DATA != "STATIC") begin : gen_check_init
    $fatal(1, "DP16KD: INIT_DATA is %s, only STATIC is modelled", INIT_DATA);
  end
  if ((CLKAMUX != "CLKA" && CLKAMUX != "INV") ||
      (CLKBMUX != "CLKB" && CLKBMUX != "INV")) begin : gen_check_clock
    $fatal(1, "DP16KD: CLKAMUX is %s, CLKBMUX is %s, must be the clock's name or INV", CLKAMUX,
           CLKBMUX);
  end
  if (!(WRITEMODE_A inside {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"})) begin : gen_check_mode
    $fatal(1, "DP16KD: WRITEMODE_A is %s, must be NORMAL, WRITETHROUGH or READBEFOREWRITE",
           WRITEMODE_A);
  end

  localparam logic [64*320-1:0] Init = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
    INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
    INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
    INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
    INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
    INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
    INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
  };

  logic [17:0] memory[1024];

  initial begin
    for (int i = 0; i < 1024; i++) memory[i] = Init[320 * (i / 16) + 20 * (i % 16) +: 18];
  end

  // First bit in its word of what an access of some width touches.
  function automatic int unsigned first(int width, logic [13:0] address);
    case (width)
      1:       return (address[3] ? 9 : 0) + 32'(address[2:0]);
      2:       return (address[3] ? 9 : 0) + 2 * 32'(address[2:1]);
      4:       return (address[3] ? 9 : 0) + 4 * 32'(address[2]);
      9:       return address[3] ? 9 : 0;
      default: return 0;
    endcase
  endfunction

  // Bits of its word that a write touches.
  function automatic logic [17:0] touched(int width, logic [13:0] address);
    if (width >= 18) return {{9{address[1]}}, {9{address[0]}}};
    return 18'((1 << width) - 1) << first(width, address);
  endfunction

  // What a port gives of a word.
  function automatic logic [17:0] given(int width, logic [13:0] address, logic [17:0] word);
    if (width >= 18) return word;
    return (word >> first(width, address)) & 18'((1 << width) - 1);
  endfunction

  logic        clk_a, clk_b, write;
  logic [13:0] ad_a, ad_b;
  logic [17:0] di_a, di_b, do_a_q, do_b_q, do_high_q;
  // Of the write: bits touched, and their new value; high: of the second word of 36 bits.
  logic [17:0] mask, mask_high, new_bits;

  assign ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1,
                 ADA0};
  assign ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1,
                 ADB0};
  assign di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6,
                 DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
  assign di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6,
                 DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};

  assign clk_a = CLKA ^ (CLKAMUX == "INV");
  assign clk_b = CLKB ^ (CLKBMUX == "INV");
  assign write = CEA && WEA && {CSA2, CSA1, CSA0} == '0 && (AsyncRst || !RSTA);

  assign mask      = write ? touched(DATA_WIDTH_A, ad_a) : '0;
  assign mask_high = write && Wide ? {{9{ad_a[3]}}, {9{ad_a[2]}}} : '0;
  assign new_bits  = di_a << first(DATA_WIDTH_A, ad_a);

  // Addresses of words; of 36 bits, the lower one's.
  logic [9:0] word_a, word_b;

  assign word_a = Wide ? {ad_a[13:5], 1'b0} : ad_a[13:4];
  assign word_b = WideRead ? {ad_b[13:5], 1'b0} : ad_b[13:4];

  always_ff @(posedge clk_a) begin
    for (int i = 0; i < 18; i++) begin
      if (mask[i]) memory[word_a][i] <= new_bits[i];
      if (mask_high[i]) memory[word_a | 10'd1][i] <= di_b[i];
    end
  end

  // A word as port B reads it: bits that port A writes in this cycle come inverted.
  logic [17:0] seen_b, seen_high;

  assign seen_high = memory[word_b | 10'd1] ^ (word_a == word_b ? mask_high : '0);
  assign seen_b    = memory[word_b] ^ (word_a == word_b ? mask : '0) ^
                     (Wide && !WideRead && (word_a | 10'd1) == word_b ? mask_high : '0);

  // What a port reads next; its output stays where that is what it has already.
  logic [17:0] next_a, next_b, next_high;

  always_comb begin
    next_a    = given(DATA_WIDTH_A, ad_a, memory[word_a]);
    next_b    = given(DATA_WIDTH_B, ad_b, seen_b);
    next_high = seen_high;
    if (WEA && WRITEMODE_A == "WRITETHROUGH") begin
      next_a = given(DATA_WIDTH_A, ad_a, (memory[word_a] & ~mask) | (new_bits & mask));
    end
    if (!CEA || {CSA2, CSA1, CSA0} != '0 || (WEA && WRITEMODE_A == "NORMAL")) next_a = do_a_q;
    if (!CEB || {CSB2, CSB1, CSB0} != '0) begin
      next_b    = do_b_q;
      next_high = do_high_q;
    end
  end

  initial begin
    do_a_q    = '0;
    do_b_q    = '0;
    do_high_q = '0;
  end

  if (AsyncRst) begin : gen_async
    always_ff @(posedge clk_a, posedge RSTA) do_a_q <= RSTA ? '0 : next_a;
    always_ff @(posedge clk_b, posedge RSTB) begin
      do_b_q    <= RSTB ? '0 : next_b;
      do_high_q <= RSTB ? '0 : next_high;
    end
  end else begin : gen_sync
    always_ff @(posedge clk_a) do_a_q <= RSTA ? '0 : next_a;
    always_ff @(posedge clk_b) begin
      do_b_q    <= RSTB ? '0 : next_b;
      do_high_q <= RSTB ? '0 : next_high;
    end
  end

  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
          DOA4, DOA3, DOA2, DOA1, DOA0} = WideRead ? do_b_q : do_a_q;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
          DOB4, DOB3, DOB2, DOB1, DOB0} = WideRead ? do_high_q : do_b_q;

`ifdef VERILATOR
  always_comb if (WEB) $fatal(1, "DP16KD: WEB is 1; only port A writes in what is modelled");
`endif

endmodule
