// Sparse layer on a stream: y = requantise(weight * x * 2**BiasShift + bias), zeros skipped.
//
//   s_axis -> matvec_sparse -> layer_output (matvec_bias, axis_fifo) -> m_axis
//
// In: Lanes activations per beat, lane 0 lowest, ceil(Cols/Lanes) beats per vector, tlast on the
// last. Out: OutLanes elements per beat in row order, ceil(Rows/OutLanes) beats per vector, tlast
// on the last beat of every Vectors-th vector; lanes beyond Rows are 0 (their bias must be 0). A
// vector's length must be exact; an assertion checks tlast. Cycles, latency, memories: see
// matvec_sparse. s_axis_tready comes from a register.
module sparse_layer #(
  parameter int unsigned Rows         = 128,   // output elements per vector, >= 1
  parameter int unsigned Cols         = 784,   // input elements per vector, >= 1
  parameter int unsigned Pe           = 16,    // processing elements, >= 1
  parameter int unsigned Lanes        = 16,    // activations per input beat, >= 1
  parameter int unsigned Picks        = 2,     // activations per cycle, a power of two <= Lanes
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
  parameter int unsigned Vectors      = 1,     // vectors per frame, >= 1
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 4,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits of the sum of products, two's complement
  parameter int unsigned Entries      = 640,   // of the PE that has most, >= 1
  parameter int unsigned CountWidth   = 4,     // bits of a column's number of entries
  parameter int unsigned SkipWidth    = 3,     // bits of an entry's skip
  parameter int unsigned QueueDepth   = 32,    // words per queue, a power of two > 6
  parameter bit          HasBias      = 1'b1,  // 0: BiasShift, BiasWidth, BiasFile unused
  parameter int unsigned BiasShift    = 0,     // left shift of the sum of products before the bias
  parameter int unsigned BiasWidth    = 16,    // bits per bias, two's complement
  parameter int unsigned SumWidth     = 21,    // bits of the biased sum, two's complement
  parameter int          Drop         = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth     = 8,     // bits per output element
  parameter bit          OutSigned    = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding     = gatewright_pkg::RndConv,
  parameter int unsigned Overflow     = gatewright_pkg::Sat,
  parameter bit          Relu         = 1'b1,  // a negative sum becomes 0 first
  parameter int unsigned FifoDepth    = 32,    // output beats, >= 2
  parameter int unsigned BankDepth    = 1024,  // see weight_memory
  parameter              PointerFile  = "pointers",
  parameter              WeightFile   = "entries",
  parameter              OrderFile    = "order",
  parameter              BiasFile     = "bias.mem"
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,  // synchronous

  input  logic                         s_axis_tvalid,
  output logic                         s_axis_tready,
  input  logic [Lanes*InWidth-1:0]     s_axis_tdata,
  input  logic                         s_axis_tlast,

  output logic                         m_axis_tvalid,
  input  logic                         m_axis_tready,
  output logic [OutLanes*OutWidth-1:0] m_axis_tdata,
  output logic                         m_axis_tlast
);

  localparam int unsigned OutBeats   = (Rows - 1) / OutLanes + 1;
  localparam int unsigned IndexWidth = (OutBeats > 1) ? $clog2(OutBeats) : 1;

  logic                         sums_valid, sums_last;
  logic [IndexWidth-1:0]        index;
  logic [OutLanes*AccWidth-1:0] sums;

  matvec_sparse #(
    .Rows        (Rows),
    .Cols        (Cols),
    .Pe          (Pe),
    .Lanes       (Lanes),
    .Picks       (Picks),
    .OutLanes    (OutLanes),
    .InWidth     (InWidth),
    .InSigned    (InSigned),
    .WeightWidth (WeightWidth),
    .WeightSigned(WeightSigned),
    .AccWidth    (AccWidth),
    .Entries     (Entries),
    .CountWidth  (CountWidth),
    .SkipWidth   (SkipWidth),
    .QueueDepth  (QueueDepth),
    .Credits     (FifoDepth),
    .BankDepth   (BankDepth),
    .PointerFile (PointerFile),
    .WeightFile  (WeightFile),
    .OrderFile   (OrderFile)
  ) u_core (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .return_i(m_axis_tvalid && m_axis_tready),
    .index_o (index),
    .valid_o (sums_valid),
    .last_o  (sums_last),
    .sums_o  (sums)
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
