// Memory of constants, read in three cycles: logic, or banks of block RAM with registers behind.
//
//   word_o(t + 3) = word address_i(t)
//
// Up to 32 words it is logic, deeper it is block RAM in banks of BankDepth words, the last one with
// what is left, each padded to a power of two. Block RAM is slow to its output and often far from
// what reads it: each bank has a register of its own right behind it, and the multiplexer of the
// banks stands between that register and the last one. A tool that builds a bank from block RAMs
// of several rows puts another multiplexer in front of these registers: give a BankDepth for which
// rows save nothing.
//
// The words come from File.mem, or where there are several banks from File_<bank, three digits>.mem
// ($readmemh). One word per cycle; nothing is reset.
module weight_memory #(
  parameter int unsigned Width     = 144,   // bits per word, >= 1
  parameter int unsigned Depth     = 784,   // words, >= 1
  parameter int unsigned BankDepth = 1024,  // words per bank; a power of two, or at least Depth
  parameter              File      = "weights",  // path without .mem

  localparam int unsigned AddressWidth = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  logic                    clk_i,

  input  logic [AddressWidth-1:0] address_i,
  output logic [Width-1:0]        word_o
);

  localparam int unsigned MaxLogicDepth = 32;
  localparam int unsigned Banks    = (Depth <= MaxLogicDepth) ? 1 : (Depth - 1) / BankDepth + 1;
  localparam int unsigned BankBits = (BankDepth > 1) ? $clog2(BankDepth) : 1;

  if (Banks > 1000 || (Banks > 1 && 2**BankBits != BankDepth)) begin : gen_check_banks
    $fatal(1, "weight_memory: BankDepth is %0d for %0d words; needed: %s", BankDepth, Depth,
           "a power of two and at most 1000 banks, or one bank");
  end

  logic [Banks-1:0][Width-1:0] words_q;  // a register behind each bank
  logic [Width-1:0]            word_q;

  if (Depth <= MaxLogicDepth) begin : gen_logic
    (* rom_style = "logic" *)
    logic [Width-1:0] memory[Depth];
    logic [Width-1:0] read_q;

    initial $readmemh({File, ".mem"}, memory);
    always_ff @(posedge clk_i) begin
      read_q  <= memory[address_i];
      words_q <= read_q;
    end
  end else begin : gen_block_ram
    for (genvar b = 0; b < Banks; b++) begin : gen_bank
      localparam int unsigned Filled = (b == Banks - 1) ? Depth - b * BankDepth : BankDepth;
      localparam int unsigned Bits   = (Filled > 1) ? $clog2(Filled) : 1;
      // ASCII digits of the file's number.
      localparam logic [7:0] Hundreds = 8'd48 + 8'(b / 100);
      localparam logic [7:0] Tens     = 8'd48 + 8'(b / 10 % 10);
      localparam logic [7:0] Ones     = 8'd48 + 8'(b % 10);

      (* rom_style = "block" *)
      logic [Width-1:0] memory[2**Bits];
      logic [Width-1:0] read_q;

      if (Banks == 1) begin : gen_whole
        initial $readmemh({File, ".mem"}, memory, 0, Filled - 1);
      end else begin : gen_part
        initial $readmemh({File, "_", Hundreds, Tens, Ones, ".mem"}, memory, 0, Filled - 1);
      end

      always_ff @(posedge clk_i) begin
        read_q     <= memory[address_i[Bits-1:0]];
        words_q[b] <= read_q;
      end
    end
  end

  if (Banks == 1) begin : gen_one
    always_ff @(posedge clk_i) word_q <= words_q[0];
  end else begin : gen_select
    logic [AddressWidth-BankBits-1:0] bank_q, bank2_q;

    always_ff @(posedge clk_i) begin
      bank_q  <= address_i[AddressWidth-1:BankBits];
      bank2_q <= bank_q;
      word_q  <= words_q[bank2_q];
    end
  end

  assign word_o = word_q;

endmodule
