// Sparse convolution on an image stream: y = requantise(weight * window * 2**BiasShift + bias).
//
//   s_axis -> axis_window -> sparse_layer -> m_axis
//
// In, out, and the columns of the weight matrix: as conv_layer. Simd elements of a window leave per
// beat: Simd divides Channels, or is a multiple of them that divides the window: several taps at
// once, with the padding that window_parallel takes. The window's zeros, those of the padding too,
// are skipped. Cycles per output pixel: those of matvec_sparse for a vector, where the input keeps
// up (see axis_window, with F = KernelH * KernelW * Channels / Simd). s_axis_tready comes from
// registers.
module sparse_conv_layer #(
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
  parameter int unsigned Pe           = 4,     // processing elements, >= 1
  parameter int unsigned Simd         = 1,     // elements of a window per beat: see above
  parameter int unsigned Picks        = 1,     // activations per cycle, a power of two <= Simd
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 4,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits of the sum of products, two's complement
  parameter int unsigned Entries      = 32,    // of the PE that has most, >= 1
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

  localparam int unsigned Cols       = KernelH * KernelW * Channels;
  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;

  if (Simd < 1 || Simd % InLanes != 0 || Cols % Simd != 0) begin : gen_check_simd
    $fatal(1, "sparse_conv_layer: Simd is %0d of %0d channels, must divide them, or be %s", Simd,
           Channels, "a multiple that divides the window");
  end

  logic                    window_tvalid, window_tready, window_tlast, window_padding;
  logic [Simd*InWidth-1:0] window_tdata;

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
    .Passes      (1),
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
    .m_axis_tvalid(window_tvalid),
    .m_axis_tready(window_tready),
    .m_axis_tdata (window_tdata),
    .m_axis_tlast (window_tlast),
    .m_axis_tuser (window_padding)
  );

  sparse_layer #(
    .Rows        (OutChannels),
    .Cols        (Cols),
    .Lanes       (Simd),
    .Vectors     (OutRows * OutColumns),
    .Pe          (Pe),
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
    .PointerFile (PointerFile),
    .WeightFile  (WeightFile),
    .OrderFile   (OrderFile),
    .BiasFile    (BiasFile)
  ) u_layer (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(window_tvalid),
    .s_axis_tready(window_tready),
    .s_axis_tdata (window_tdata),
    .s_axis_tlast (window_tlast),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

  logic unused;
  assign unused = window_padding;

endmodule
