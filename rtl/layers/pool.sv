// Max or average pooling layer on an image stream.
//
//   s_axis -> window_serial -> pool_reduce -> m_axis
//
// In and out: images row by row, channel last, Lanes channels per beat (Lanes divides Channels),
// tlast on an image's last beat. Padding never wins a maximum; in an average it counts as 0, or
// with CountPadding = 0 not at all. The mean is exact before it is converted: see pool_reduce. A
// global pooling is a kernel as large as the image.
//
// F = KernelH * KernelW * Channels/Lanes cycles per output pixel, back to back, where the input
// keeps up (see window_serial, also for the memory). Latency from the last input beat of a group's
// window to its result, where no earlier group is still being computed: 2 (buffer of up to 32
// beats) or 3 cycles and those of pool_reduce. Legal: every window has a tap in the image.
// s_axis_tready comes from a register.
module pool #(
  parameter int unsigned Lanes        = 1,     // elements per beat; divides Channels
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
  parameter bit          Average      = 1'b0,  // 0: maximum
  parameter bit          CountPadding = 1'b1,  // padding counts in an average
  parameter int unsigned InWidth      = 8,     // bits per input element
  parameter bit          InSigned     = 1'b0,  // input elements are two's complement
  parameter int          Drop         = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth     = 8,     // bits per output element
  parameter bit          OutSigned    = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding     = gatewright_pkg::RndConv,
  parameter int unsigned Overflow     = gatewright_pkg::Sat
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*InWidth-1:0]  s_axis_tdata,
  input  logic                      s_axis_tlast,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;

  logic                     tap_tvalid, tap_tready, tap_tlast, tap_padding;
  logic [Lanes*InWidth-1:0] tap_tdata;

  window_serial #(
    .Width       (InWidth),
    .Lanes       (Lanes),
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
    .PadValue    ('0)
  ) u_window (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(tap_tvalid),
    .m_axis_tready(tap_tready),
    .m_axis_tdata (tap_tdata),
    .m_axis_tlast (tap_tlast),
    .m_axis_tuser (tap_padding)
  );

  pool_reduce #(
    .Lanes       (Lanes),
    .Taps        (KernelH * KernelW),
    .Results     (OutRows * OutColumns * (Channels / Lanes)),
    .Average     (Average),
    .CountPadding(CountPadding),
    .InWidth     (InWidth),
    .InSigned    (InSigned),
    .Drop        (Drop),
    .OutWidth    (OutWidth),
    .OutSigned   (OutSigned),
    .Rounding    (Rounding),
    .Overflow    (Overflow)
  ) u_reduce (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(tap_tvalid),
    .s_axis_tready(tap_tready),
    .s_axis_tdata (tap_tdata),
    .s_axis_tlast (tap_tlast),
    .s_axis_tuser (tap_padding),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

endmodule
