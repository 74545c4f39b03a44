// Folded matrix-vector engine: what a dense and a convolution layer share behind their buffers.
//
//   s_axis -> credit_gate -> matvec_folded -> layer_output (matvec_bias, axis_fifo) -> m_axis
//
// In: each vector Passes = ceil(Rows/Pe) times, each time in Beats = ceil(Cols/Simd) beats of Simd
// activations, tlast on each pass's last. Out: OutLanes elements per beat in row order,
// ceil(Rows/OutLanes) beats per vector, tlast on the last beat of every Vectors-th vector.
//
// A vector takes exactly F = Passes * Beats cycles back to back where input and output keep up and
// FifoDepth >= (Pe/OutLanes) * (1 + ceil((20 + Levels + Delay + Pe/OutLanes) / Beats)); a smaller
// FIFO is right but slower. Latency from a pass's last input beat to its first output beat: 13 +
// Levels + Delay + FifoLatency cycles; Levels = ceil(log2(Simd)); FifoLatency = 0 (FifoDepth <= 32)
// or 1; Delay, weight memory, folding and what is legal: see matvec_folded. FifoDepth >= max(2,
// Pe/OutLanes). s_axis_tready depends on s_axis_tlast in the same cycle, on no other input.
module matvec_engine #(
  parameter int unsigned Rows         = 128,   // output elements per vector, >= 1
  parameter int unsigned Cols         = 784,   // input elements per vector, >= 1
  parameter int unsigned Pe           = 16,    // rows at once, >= 1
  parameter int unsigned Simd         = 8,     // columns at once, >= 1
  parameter int unsigned Group        = 1,     // PEs per rank and weight memory, 1 to Pe
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
  parameter int unsigned Vectors      = 1,     // vectors per frame, >= 1
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
  parameter int unsigned FifoDepth    = 32,    // output beats, >= Pe / OutLanes, >= 2
  parameter int unsigned BankDepth    = 1024,  // words per bank of a weight memory
  parameter              WeightFile   = "weights",  // <WeightFile>_<rank, three digits>.mem
  parameter              BiasFile     = "bias.mem"
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,  // synchronous

  input  logic                         s_axis_tvalid,
  output logic                         s_axis_tready,
  input  logic [Simd*InWidth-1:0]      s_axis_tdata,
  input  logic                         s_axis_tlast,

  output logic                         m_axis_tvalid,
  input  logic                         m_axis_tready,
  output logic [OutLanes*OutWidth-1:0] m_axis_tdata,
  output logic                         m_axis_tlast
);

  localparam int unsigned Passes     = (Rows + Pe - 1) / Pe;
  localparam int unsigned OutBeats   = (Rows + OutLanes - 1) / OutLanes;
  localparam int unsigned Steps      = Pe / OutLanes;  // output beats per pass
  localparam int unsigned LastSteps  = OutBeats - (Passes - 1) * Steps;
  localparam int unsigned IndexWidth = (OutBeats > 1) ? $clog2(OutBeats) : 1;

  logic                         taken, sums_valid, sums_last;
  logic [IndexWidth-1:0]        index;
  logic [OutLanes*AccWidth-1:0] sums;

  credit_gate #(
    .Results    (Steps),
    .Passes     (Passes),
    .LastResults(LastSteps),
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

  matvec_folded #(
    .Rows        (Rows),
    .Cols        (Cols),
    .Pe          (Pe),
    .Simd        (Simd),
    .Group       (Group),
    .OutLanes    (OutLanes),
    .InWidth     (InWidth),
    .InSigned    (InSigned),
    .WeightWidth (WeightWidth),
    .WeightSigned(WeightSigned),
    .AccWidth    (AccWidth),
    .BankDepth   (BankDepth),
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
    .Lanes    (OutLanes),
    .Beats    (OutBeats),
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
