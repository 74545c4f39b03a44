// Dense layer on a stream: y = requantise(weight * x * 2**BiasShift + bias), folded.
//
//   s_axis -> vector_buffer -> matvec_engine -> m_axis
//
// In: Simd activations per beat, lane 0 lowest, ceil(Cols/Simd) beats per vector, tlast on the
// last. Out: OutLanes elements per beat in row order, ceil(Rows/OutLanes) beats per vector, tlast
// on the last; lanes beyond Rows are 0 (their weights and bias must be 0). A vector's length must
// be exact (axis_frame_guard in front of a design sees to it); an assertion checks tlast.
//
// Passes = ceil(Rows/Pe), Beats = ceil(Cols/Simd), F = Passes * Beats. A vector takes exactly F
// cycles back to back where input and output keep up and FifoDepth >= (Pe/OutLanes) *
// (1 + ceil((20 + Levels + Delay + Pe/OutLanes) / Beats)); a smaller FIFO is right but slower.
// Latency from a pass's last input beat to its first output beat: BufferLatency + 13 + Levels +
// Delay + FifoLatency cycles; Levels = ceil(log2(Simd)); BufferLatency = 0 (Passes = 1), 2
// (2 * Beats <= 32) or 3; FifoLatency = 0 (FifoDepth <= 32) or 1; Delay, weight memory and folding:
// see matvec_folded. From the first input beat to the last output beat, alone and unstalled:
// F - 1 + that latency + (output beats of the last pass) - 1.
//
// Legal: OutLanes divides Pe; Pe/OutLanes <= Beats; Group 1 to Pe; Delay < Beats; FifoDepth >=
// max(2, Pe/OutLanes); SumWidth holds every biased sum, AccWidth every sum of products.
// s_axis_tready: from a register where Passes > 1; from registers and s_axis_tlast where it is 1.
module matvec_layer #(
  parameter int unsigned Rows         = 128,   // output elements per vector, >= 1
  parameter int unsigned Cols         = 784,   // input elements per vector, >= 1
  parameter int unsigned Pe           = 16,    // rows at once, >= 1
  parameter int unsigned Simd         = 8,     // columns at once, >= 1
  parameter int unsigned Group        = 1,     // PEs per rank and weight memory, 1 to Pe
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
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

  localparam int unsigned Beats  = (Cols + Simd - 1) / Simd;
  localparam int unsigned Passes = (Rows + Pe - 1) / Pe;

  logic                    pass_tvalid, pass_tready, pass_tlast;
  logic [Simd*InWidth-1:0] pass_tdata;

  vector_buffer #(
    .Width (Simd * InWidth),
    .Beats (Beats),
    .Passes(Passes)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(pass_tvalid),
    .m_axis_tready(pass_tready),
    .m_axis_tdata (pass_tdata),
    .m_axis_tlast (pass_tlast)
  );

  matvec_engine #(
    .Rows        (Rows),
    .Cols        (Cols),
    .Pe          (Pe),
    .Simd        (Simd),
    .Group       (Group),
    .OutLanes    (OutLanes),
    .Vectors     (1),
    .InWidth     (InWidth),
    .InSigned    (InSigned),
    .WeightWidth (WeightWidth),
    .WeightSigned(WeightSigned),
    .AccWidth    (AccWidth),
    .HasBias     (HasBias),
    .BiasShift   (BiasShift),
    .BiasWidth   (BiasWidth),
    .SumWidth    (SumWidth),
    .Drop        (Drop),
    .OutWidth    (OutWidth),
    .OutSigned   (OutSigned),
    .Rounding    (Rounding),
    .Overflow    (Overflow),
    .Relu        (Relu),
    .FifoDepth   (FifoDepth),
    .BankDepth   (BankDepth),
    .WeightFile  (WeightFile),
    .BiasFile    (BiasFile)
  ) u_engine (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(pass_tvalid),
    .s_axis_tready(pass_tready),
    .s_axis_tdata (pass_tdata),
    .s_axis_tlast (pass_tlast),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

endmodule
