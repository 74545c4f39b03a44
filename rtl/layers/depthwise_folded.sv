// Folded depthwise core: Pe channels at once, Simd taps of each; no sum across channels.
//
//   sums[channel] = sum over taps t of x[t][channel] * weight[channel][t]
//                                                     exact, AccWidth bits, two's complement
//
// A pixel is given in Groups = Channels/Pe channel groups, each in Beats = ceil(Taps/Simd) beats,
// last_i on a group's last (axis_window with ChannelOuter = 1). Lane k of group g is channel g*Pe +
// k, on the way in, where lanes s*Pe.. of beat b hold tap b*Simd + s, and out. Out: one beat per
// group, last_o on a pixel's last.
//
// Cost law: F = Groups * Beats cycles per pixel, one beat per cycle, no gap between groups or
// pixels; gaps in valid_i are allowed anywhere. Latency: a group's data come 7 + Levels cycles after
// its last beat, Levels = ceil(log2(Simd)), their index_o 3 cycles earlier. No stall: nothing here
// waits; let a credit gate admit beats only when results have a place to go.
//
// The weight memory has one word per beat of a pixel: word g*Beats + b holds the weights of group g
// for beat b, lowest channel in the least significant bits and inside a channel its first tap,
// WeightWidth bits each (0 for taps beyond the last); file WeightFile
// ($readmemh). Up to 32 deep it is logic, else block RAM, padded to a power of two of words where
// that adds at most a third, with two registers right behind it.
module depthwise_folded #(
  parameter int unsigned Channels     = 16,    // >= 1
  parameter int unsigned Taps         = 9,     // of the kernel, >= 1
  parameter int unsigned Pe           = 4,     // channels at once; divides Channels
  parameter int unsigned Simd         = 1,     // taps at once, 1 to Taps
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 6,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits per sum, two's complement
  parameter              WeightFile   = "weights.mem",

  localparam int unsigned Groups     = Channels / Pe,
  localparam int unsigned IndexWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,  // synchronous

  input  logic                       valid_i,
  input  logic                       last_i,  // last beat of a channel group
  input  logic [Simd*Pe*InWidth-1:0] x_i,

  output logic [IndexWidth-1:0]      index_o,  // group of the pixel, 3 cycles before its data
  output logic                       valid_o,
  output logic                       last_o,  // last group of a pixel
  output logic [Pe*AccWidth-1:0]     sums_o
);

  if (Pe < 1 || Channels < 1 || Taps < 1 || Channels % Pe != 0) begin : gen_check_size
    $fatal(1, "depthwise_folded: Pe is %0d, Channels %0d, Taps %0d; Pe must divide Channels", Pe,
           Channels, Taps);
  end
  if (Simd < 1 || Simd > Taps) begin : gen_check_simd
    $fatal(1, "depthwise_folded: Simd is %0d, must be 1 to %0d", Simd, Taps);
  end

  localparam int unsigned MaxLogicDepth = 32;
  localparam int unsigned Beats         = (Taps + Simd - 1) / Simd;
  localparam int unsigned Levels        = (Simd > 1) ? $clog2(Simd) : 0;
  localparam int unsigned Depth         = Groups * Beats;
  localparam int unsigned AddressWidth  = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned PaddedDepth   = 2**AddressWidth;
  localparam int unsigned Words         = (3 * PaddedDepth <= 4 * Depth) ? PaddedDepth : Depth;
  localparam int unsigned WordWidth     = Pe * Simd * WeightWidth;
  localparam int unsigned XWidth        = Simd * Pe * InWidth;
  localparam int unsigned ProductWidth  = InWidth + WeightWidth;
  // An unsigned product gets a sign bit.
  localparam int unsigned TermWidth     = ProductWidth + ((InSigned || WeightSigned) ? 0 : 1);
  localparam int unsigned FlagStages    = 6 + Levels;  // from a beat to its sum

  // Reset leaves last without valid, which clears the totals and nothing else.
  logic [AddressWidth-1:0] address_q;
  logic [FlagStages-1:0]   valid_q, last_q;
  logic [WordWidth-1:0]    word_q, word2_q, weight_q;
  logic [XWidth-1:0]       x_q, x2_q, x3_q;
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
    logic [Simd*TermWidth-1:0] terms;
    logic [AccWidth-1:0]       partial, sum, result_q;

    for (genvar t = 0; t < Simd; t++) begin : gen_tap
      logic [ProductWidth-1:0] product;

      mul_reg #(
        .AWidth (InWidth),
        .ASigned(InSigned),
        .BWidth (WeightWidth),
        .BSigned(WeightSigned)
      ) u_mul (
        .clk_i,
        .a_i(x3_q[(t*Pe+k)*InWidth +: InWidth]),
        .b_i(weight_q[(k*Simd+t)*WeightWidth +: WeightWidth]),
        .p_o(product)
      );

      assign terms[t*TermWidth +: TermWidth] = TermWidth'(product);
    end

    adder_tree #(
      .Lanes   (Simd),
      .Width   (TermWidth),
      .OutWidth(AccWidth)
    ) u_tree (
      .clk_i,
      .terms_i(terms),
      .sum_o  (partial)
    );

    if (Beats == 1) begin : gen_single
      assign sum = partial;
    end else begin : gen_total
      logic [AccWidth-1:0] total_q;

      assign sum = total_q + partial;

      always_ff @(posedge clk_i) begin
        if (last_q[FlagStages-1]) total_q <= '0;
        else if (valid_q[FlagStages-1]) total_q <= sum;
      end
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
  // Counters of a simulation; a multiplication is useful but for taps beyond the last.
  localparam int unsigned LastTaps = Taps - (Beats - 1) * Simd;

  longint unsigned cycle_q       /* verilator public_flat_rd */;  // since reset
  longint unsigned useful_macs_q /* verilator public_flat_rd */;
  longint unsigned beats_q       /* verilator public_flat_rd */;  // beats taken: busy cycles
  longint unsigned first_beat_q  /* verilator public_flat_rd */;  // cycle of the first beat
  longint unsigned last_beat_q   /* verilator public_flat_rd */;  // cycle of the latest beat
  int unsigned     beat_q;

  always_ff @(posedge clk_i) begin
    cycle_q <= cycle_q + 1;
    if (valid_i) begin
      useful_macs_q <= useful_macs_q + (last_i ? 64'(Pe * LastTaps) : 64'(Pe * Simd));
      beats_q       <= beats_q + 1;
      last_beat_q   <= cycle_q;
      if (beats_q == 0) first_beat_q <= cycle_q;
      beat_q <= (beat_q == Beats - 1) ? 0 : beat_q + 1;
    end
    if (!rst_ni) begin
      cycle_q       <= 0;
      useful_macs_q <= 0;
      beats_q       <= 0;
      first_beat_q  <= 0;
      last_beat_q   <= 0;
      beat_q        <= 0;
    end
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      valid_i |-> last_i == (beat_q == Beats - 1))
    else $error("depthwise_folded: last_i is %0d at beat %0d of %0d", last_i, beat_q, Beats);
`endif
endmodule
