// Folded depthwise core: Pe channels at once, each with its own activation; no sum across lanes.
//
//   sums[channel] = sum over taps t of x[t][channel] * weight[channel][t]
//                                                     exact, AccWidth bits, two's complement
//
// A pixel is given in Groups = Channels/Pe channel groups, each in Taps beats, last_i on a group's
// last (window_serial with ChannelOuter = 1). Lane k of group g is channel g*Pe + k, on the way in
// and out. Out: one beat per group, last_o on a pixel's last.
//
// Cost law: F = Groups * Taps cycles per pixel, one beat per cycle, no gap between groups or
// pixels; gaps in valid_i are allowed anywhere. Latency: a group's data come 7 cycles after its
// last beat, their index_o 3 cycles earlier. No stall: nothing here waits; let a credit gate admit
// beats only when results have a place to go.
//
// The weight memory has one word per beat of a pixel: word g*Taps + t holds the weights of group g
// for tap t, lowest channel in the least significant bits, WeightWidth bits each; file WeightFile
// ($readmemh). Up to 32 deep it is logic, else block RAM, padded to a power of two of words where
// that adds at most a third, with two registers right behind it.
module depthwise_folded #(
  parameter int unsigned Channels     = 16,    // >= 1
  parameter int unsigned Taps         = 9,     // beats per channel group, >= 1
  parameter int unsigned Pe           = 4,     // channels at once; divides Channels
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 6,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits per sum, two's complement
  parameter              WeightFile   = "weights.mem",

  localparam int unsigned Groups     = Channels / Pe,
  localparam int unsigned IndexWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   valid_i,
  input  logic                   last_i,   // last beat of a channel group
  input  logic [Pe*InWidth-1:0]  x_i,

  output logic [IndexWidth-1:0]  index_o,  // group of the pixel, 3 cycles before its data
  output logic                   valid_o,
  output logic                   last_o,   // last group of a pixel
  output logic [Pe*AccWidth-1:0] sums_o
);

  if (Pe < 1 || Channels < 1 || Taps < 1 || Channels % Pe != 0) begin : gen_check_size
    $fatal(1, "depthwise_folded: Pe is %0d, Channels %0d, Taps %0d; Pe must divide Channels", Pe,
           Channels, Taps);
  end

  localparam int unsigned MaxLogicDepth = 32;
  localparam int unsigned Depth         = Groups * Taps;
  localparam int unsigned AddressWidth  = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned PaddedDepth   = 2**AddressWidth;
  localparam int unsigned Words         = (3 * PaddedDepth <= 4 * Depth) ? PaddedDepth : Depth;
  localparam int unsigned WordWidth     = Pe * WeightWidth;
  localparam int unsigned ProductWidth  = InWidth + WeightWidth;
  // An unsigned product gets a sign bit.
  localparam int unsigned TermWidth     = ProductWidth + ((InSigned || WeightSigned) ? 0 : 1);
  localparam int unsigned FlagStages    = 6;  // from a beat to its product

  // Reset leaves last without valid, which clears the totals and nothing else.
  logic [AddressWidth-1:0] address_q;
  logic [FlagStages-1:0]   valid_q, last_q;
  logic [WordWidth-1:0]    word_q, word2_q, weight_q;
  logic [Pe*InWidth-1:0]   x_q, x2_q, x3_q;
  logic [IndexWidth-1:0]   index_q, result_index_q;
  logic                    address_last, result_valid_q, result_last_q;

  assign address_last = address_q == AddressWidth'(Depth - 1);

  always_ff @(posedge clk_i) begin
    if (valid_i) address_q <= address_last ? '0 : address_q + 1'b1;
    if (!rst_ni) address_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    x_q      <= x_i;
    x2_q     <= x_q;
    x3_q     <= x2_q;
    word2_q  <= word_q;
    weight_q <= word2_q;
  end

  always_ff @(posedge clk_i) begin
    valid_q <= {valid_q[FlagStages-2:0], valid_i};
    last_q  <= {last_q[FlagStages-2:0], valid_i && last_i};
    if (!rst_ni) begin
      valid_q <= '0;
      last_q  <= '1;
    end
  end

  if (Depth <= MaxLogicDepth) begin : gen_logic
    (* rom_style = "logic" *)
    logic [WordWidth-1:0] memory[Depth];
    initial $readmemh(WeightFile, memory);
    always_ff @(posedge clk_i) word_q <= memory[address_q];
  end else begin : gen_block_ram
    (* rom_style = "block" *)
    logic [WordWidth-1:0] memory[Words];
    initial $readmemh(WeightFile, memory, 0, Depth - 1);
    always_ff @(posedge clk_i) word_q <= memory[address_q];
  end

  for (genvar k = 0; k < Pe; k++) begin : gen_pe
    logic [ProductWidth-1:0]     product;
    logic signed [TermWidth-1:0] term;
    logic [AccWidth-1:0]         total_q, sum, result_q;

    mul_reg #(
      .AWidth (InWidth),
      .ASigned(InSigned),
      .BWidth (WeightWidth),
      .BSigned(WeightSigned)
    ) u_mul (
      .clk_i,
      .a_i(x3_q[k*InWidth +: InWidth]),
      .b_i(weight_q[k*WeightWidth +: WeightWidth]),
      .p_o(product)
    );

    assign term = TermWidth'(product);
    assign sum  = total_q + AccWidth'(term);

    always_ff @(posedge clk_i) begin
      if (last_q[FlagStages-1]) total_q <= '0;
      else if (valid_q[FlagStages-1]) total_q <= sum;
    end
    always_ff @(posedge clk_i) begin
      if (last_q[FlagStages-1]) result_q <= sum;
    end

    assign sums_o[k*AccWidth +: AccWidth] = result_q;
  end

  // The group's number runs with its last beat, 3 stages before the result.
  always_ff @(posedge clk_i) begin
    if (valid_q[FlagStages-3] && last_q[FlagStages-3]) begin
      index_q <= (index_q == IndexWidth'(Groups - 1)) ? '0 : index_q + 1'b1;
    end
    result_valid_q <= valid_q[FlagStages-1] && last_q[FlagStages-1];
    if (result_valid_q) begin
      result_index_q <= result_last_q ? '0 : result_index_q + 1'b1;
    end
    if (!rst_ni) begin
      index_q        <= '0;
      result_valid_q <= 1'b0;
      result_index_q <= '0;
    end
  end

  assign result_last_q = result_index_q == IndexWidth'(Groups - 1);
  assign index_o       = index_q;
  assign valid_o       = result_valid_q;
  assign last_o        = result_last_q;

`ifdef VERILATOR
  // Counters of a simulation; every multiplication is useful.
  longint unsigned cycle_q       /* verilator public_flat_rd */;  // since reset
  longint unsigned useful_macs_q /* verilator public_flat_rd */;
  longint unsigned beats_q       /* verilator public_flat_rd */;  // beats taken: busy cycles
  longint unsigned first_beat_q  /* verilator public_flat_rd */;  // cycle of the first beat
  longint unsigned last_beat_q   /* verilator public_flat_rd */;  // cycle of the latest beat
  int unsigned     tap_q;

  always_ff @(posedge clk_i) begin
    cycle_q <= cycle_q + 1;
    if (valid_i) begin
      useful_macs_q <= useful_macs_q + 64'(Pe);
      beats_q       <= beats_q + 1;
      last_beat_q   <= cycle_q;
      if (beats_q == 0) first_beat_q <= cycle_q;
      tap_q <= (tap_q == Taps - 1) ? 0 : tap_q + 1;
    end
    if (!rst_ni) begin
      cycle_q       <= 0;
      useful_macs_q <= 0;
      beats_q       <= 0;
      first_beat_q  <= 0;
      last_beat_q   <= 0;
      tap_q         <= 0;
    end
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      valid_i |-> last_i == (tap_q == Taps - 1))
    else $error("depthwise_folded: last_i is %0d at tap %0d of %0d", last_i, tap_q, Taps);
`endif
endmodule
