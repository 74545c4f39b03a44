// Folded depthwise engine: what a depthwise layer has behind its window generator.
//
//   s_axis -> credit_gate -> depthwise_folded -> layer_output (matvec_bias, axis_fifo) -> m_axis
//
// In: each pixel in Groups = Channels/Pe channel groups, each in Beats = ceil(Taps/Simd) beats of
// Simd taps of Pe activations, tlast on a group's last (axis_window with ChannelOuter = 1). Out: a
// beat of Pe elements per group, tlast on the last beat of every Vectors-th pixel.
//
// A pixel takes exactly F = Groups * Beats cycles back to back where input and output keep up and
// FifoDepth >= 1 + ceil((18 + Levels) / Beats); a smaller FIFO is right but slower. Latency from a
// group's last input beat to its output beat: 10 + Levels + FifoLatency cycles, Levels =
// ceil(log2(Simd)), FifoLatency = 0 (FifoDepth <= 32) or 1.
// Weights: see depthwise_folded. The bias memory has one word per channel group. FifoDepth >= 2.
// s_axis_tready depends on s_axis_tlast in the same cycle, on no other input.
module depthwise_engine #(
  parameter int unsigned Channels     = 4,     // >= 1
  parameter int unsigned Taps         = 9,     // of the kernel, >= 1
  parameter int unsigned Pe           = 4,     // channels at once; divides Channels
  parameter int unsigned Simd         = 1,     // taps at once, 1 to Taps
  parameter int unsigned Vectors      = 1,     // pixels per frame, >= 1
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 6,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 24,    // bits of the sum of products, two's complement
  parameter bit          HasBias      = 1'b1,  // 0: BiasShift, BiasWidth, BiasFile unused
  parameter int unsigned BiasShift    = 0,     // left shift of the sum of products before the bias
  parameter int unsigned BiasWidth    = 16,    // bits per bias, two's complement
  parameter int unsigned SumWidth     = 25,    // bits of the biased sum, two's complement
  parameter int          Drop         = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth     = 8,     // bits per output element
  parameter bit          OutSigned    = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding     = gatewright_pkg::RndConv,
  parameter int unsigned Overflow     = gatewright_pkg::Sat,
  parameter bit          Relu         = 1'b1,  // a negative sum becomes 0 first
  parameter int unsigned FifoDepth    = 32,    // output beats, >= 2
  parameter              WeightFile   = "weights.mem",
  parameter              BiasFile     = "bias.mem"
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,  // synchronous

  input  logic                       s_axis_tvalid,
  output logic                       s_axis_tready,
  input  logic [Simd*Pe*InWidth-1:0] s_axis_tdata,
  input  logic                       s_axis_tlast,

  output logic                       m_axis_tvalid,
  input  logic                       m_axis_tready,
  output logic [Pe*OutWidth-1:0]     m_axis_tdata,
  output logic                       m_axis_tlast
);

  localparam int unsigned Groups     = Channels / Pe;
  localparam int unsigned IndexWidth = (Groups > 1) ? $clog2(Groups) : 1;

  logic                   taken, sums_valid, sums_last;
  logic [IndexWidth-1:0]  index;
  logic [Pe*AccWidth-1:0] sums;

  credit_gate #(
    .Results    (1),
    .Passes     (1),
    .LastResults(1),
    .Credits    (FifoDepth)
  ) u_gate (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tlast,
    .taken_o      (taken),
    .return_i     (m_axis_tvalid && m_axis_tready)
  );

  depthwise_folded #(
    .Channels    (Channels),
    .Taps        (Taps),
    .Pe          (Pe),
    .Simd        (Simd),
    .InWidth     (InWidth),
    .InSigned    (InSigned),
    .WeightWidth (WeightWidth),
    .WeightSigned(WeightSigned),
    .AccWidth    (AccWidth),
    .WeightFile  (WeightFile)
  ) u_core (
    .clk_i,
    .rst_ni,
    .valid_i(taken),
    .last_i (s_axis_tlast),
    .x_i    (s_axis_tdata),
    .index_o(index),
    .valid_o(sums_valid),
    .last_o (sums_last),
    .sums_o (sums)
  );

  layer_output #(
    .Lanes    (Pe),
    .Beats    (Groups),
    .Vectors  (Vectors),
    .AccWidth (AccWidth),
    .HasBias  (HasBias),
    .BiasShift(BiasShift),
    .BiasWidth(BiasWidth),
    .SumWidth (SumWidth),
    .Drop     (Drop),
    .OutWidth (OutWidth),
    .OutSigned(OutSigned),
    .Rounding (Rounding),
    .Overflow (Overflow),
    .Relu     (Relu),
    .FifoDepth(FifoDepth),
    .BiasFile (BiasFile)
  ) u_output (
    .clk_i,
    .rst_ni,
    .index_i(index),
    .valid_i(sums_valid),
    .last_i (sums_last),
    .sums_i (sums),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

endmodule
