// Convolution layer on an image stream: y = requantise(weight * window * 2**BiasShift + bias).
//
//   s_axis -> axis_window -> matvec_engine -> m_axis
//
// In: images row by row, channel last, min(Simd, Channels) channels per beat, tlast on an image's
// last beat. Simd divides Channels, or is a multiple of them: several taps at once. Out: OutChannels
// elements per output pixel, OutLanes per beat, in ceil(OutChannels / OutLanes) beats, tlast on the
// image's last; lanes beyond OutChannels are 0 (their weights and bias must be 0). Padding is with
// zeros. Rows of the weight matrix are output channels; column (kh * KernelW + kw) * Channels + c is
// kernel row kh, column kw, channel c.
//
// Passes = ceil(OutChannels/Pe), Beats = ceil(KernelH * KernelW * Channels / Simd), F = Passes *
// Beats cycles per output pixel, back to back, where the input keeps up (see axis_window, also for
// the memory) and FifoDepth is as matvec_engine asks: a pixel per cycle where F is 1. Latency from
// the last input beat of a window to the first output beat of its first pass: WindowLatency + 13 +
// Levels + Delay + FifoLatency cycles, WindowLatency = 0 (wires), else axis_window's, where no
// earlier window is still being computed; the rest: see matvec_engine.
//
// Legal: Simd divides Channels or is a multiple, up to all taps; then with the padding that
// window_parallel takes; OutLanes divides Pe; Pe/OutLanes <= Beats; Group 1 to Pe; Delay < Beats;
// FifoDepth >= max(2, Pe/OutLanes); SumWidth holds every biased sum, AccWidth every sum of
// products. s_axis_tready comes from registers. No groups of channels: depthwise_layer has each
// channel by itself.
module conv_layer #(
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
  parameter int unsigned OutChannels  = 8,     // >= 1
  parameter int unsigned Pe           = 4,     // output channels at once, >= 1
  parameter int unsigned Simd         = 1,     // products per PE: divides Channels, or whole taps
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
  parameter              BiasFile     = "bias.mem",

  localparam int unsigned InLanes = (Simd < Channels) ? Simd : Channels
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,  // synchronous

  input  logic                         s_axis_tvalid,
  output logic                         s_axis_tready,
  input  logic [InLanes*InWidth-1:0]   s_axis_tdata,
  input  logic                         s_axis_tlast,

  output logic                         m_axis_tvalid,
  input  logic                         m_axis_tready,
  output logic [OutLanes*OutWidth-1:0] m_axis_tdata,
  output logic                         m_axis_tlast
);

  if (Simd < 1 || Simd % InLanes != 0) begin : gen_check_simd
    $fatal(1, "conv_layer: Simd is %0d of %0d channels, must divide them or be a multiple", Simd,
           Channels);
  end

  localparam int unsigned Cols       = KernelH * KernelW * Channels;
  localparam int unsigned Passes     = (OutChannels + Pe - 1) / Pe;
  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;

  logic                    pass_tvalid, pass_tready, pass_tlast, pass_padding;
  logic [Simd*InWidth-1:0] pass_tdata;

  axis_window #(
    .Width       (InWidth),
    .Lanes       (InLanes),
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
    .Passes      (Passes),
    .ChannelOuter(1'b0),
    .Taps        (Simd / InLanes),
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

  matvec_engine #(
    .Rows        (OutChannels),
    .Cols        (Cols),
    .Pe          (Pe),
    .Simd        (Simd),
    .Group       (Group),
    .OutLanes    (OutLanes),
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

  logic unused;
  assign unused = pass_padding;

endmodule
