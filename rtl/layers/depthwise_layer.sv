// Depthwise convolution layer on an image stream: each channel with its own kernel, no sum across.
//
//   y = requantise(weight * window * 2**BiasShift + bias)
//   s_axis -> axis_window -> depthwise_engine -> m_axis
//
// In and out: images row by row, channel last, Pe channels per beat (Pe divides Channels), tlast on
// an image's last beat. Padding is with zeros. Weights: see depthwise_folded; the taps' order is
// kernel row, kernel column. The bias memory has one word per channel group.
//
// Beats = ceil(KernelH * KernelW / Simd), F = Beats * Channels/Pe cycles per output pixel, back to
// back, where the input keeps up (see axis_window, also for the memory) and FifoDepth is as
// depthwise_engine asks; a smaller FIFO is right but slower. Latency from the last input beat of a
// group's window (with Simd > 1: of a pixel's) to its output beat, where no earlier group is still
// being computed: WindowLatency + 10 + Levels + FifoLatency cycles, WindowLatency = 0 (wires), else
// axis_window's, Levels = ceil(log2(Simd)), FifoLatency = 0 (FifoDepth <= 32) or 1.
//
// Legal: Pe divides Channels; FifoDepth >= 2; SumWidth holds every biased sum, AccWidth every sum
// of products. s_axis_tready comes from registers. One output channel per channel: a multiplier
// needs the channels repeated.
module depthwise_layer #(
  parameter int unsigned Channels     = 4,     // >= 1
  parameter int unsigned Height       = 28,    // rows of the image, >= 1
  parameter int unsigned Columns      = 28,    // >= 1
  parameter int unsigned KernelH      = 3,     // taps per column of the kernel, >= 1
  parameter int unsigned KernelW      = 3,     // taps per row of the kernel, >= 1
  parameter int unsigned StrideH      = 1,     // >= 1
  parameter int unsigned StrideW      = 1,     // >= 1
  parameter int unsigned DilationH    = 1,     // rows from tap to tap, >= 1
  parameter int unsigned DilationW    = 1,     // columns from tap to tap, >= 1
  parameter int unsigned PadTop       = 1,     // rows of padding
  parameter int unsigned PadLeft      = 1,     // columns of padding
  parameter int unsigned PadBottom    = 1,     // rows of padding
  parameter int unsigned PadRight     = 1,     // columns of padding
  parameter int unsigned Pe           = 4,     // channels at once; divides Channels
  parameter int unsigned Simd         = 1,     // taps at once, 1 to KernelH * KernelW
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
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [Pe*InWidth-1:0]  s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [Pe*OutWidth-1:0] m_axis_tdata,
  output logic                   m_axis_tlast
);

  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;

  logic                       pass_tvalid, pass_tready, pass_tlast, pass_padding;
  logic [Simd*Pe*InWidth-1:0] pass_tdata;

  axis_window #(
    .Width       (InWidth),
    .Lanes       (Pe),
    .Channels    (Channels),
    .Height      (Height),
    .Columns     (Columns),
    .KernelH     (KernelH),
    .KernelW     (KernelW),
    .StrideH     (StrideH),
    .StrideW     (StrideW),
    .DilationH   (DilationH),
    .DilationW   (DilationW),
    .PadTop      (PadTop),
    .PadLeft     (PadLeft),
    .PadBottom   (PadBottom),
    .PadRight    (PadRight),
    .Passes      (1),
    .ChannelOuter(1'b1),
    .Taps        (Simd),
    .PadValue    ('0)
  ) u_window (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(pass_tvalid),
    .m_axis_tready(pass_tready),
    .m_axis_tdata (pass_tdata),
    .m_axis_tlast (pass_tlast),
    .m_axis_tuser (pass_padding)
  );

  depthwise_engine #(
    .Channels    (Channels),
    .Taps        (KernelH * KernelW),
    .Pe          (Pe),
    .Simd        (Simd),
    .Vectors     (OutRows * OutColumns),
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

  logic unused;
  assign unused = pass_padding;

endmodule
