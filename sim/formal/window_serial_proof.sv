// Properties of window_serial: its windows are in order.
module window_serial_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Channels = 1,
  parameter int unsigned Height = 1,
  parameter int unsigned Columns = 3,
  parameter int unsigned KernelH = 1,
  parameter int unsigned KernelW = 2,
  parameter int unsigned StrideH = 1,
  parameter int unsigned StrideW = 1,
  parameter int unsigned DilationH = 1,
  parameter int unsigned DilationW = 1,
  parameter int unsigned PadTop = 0,
  parameter int unsigned PadLeft = 0,
  parameter int unsigned PadBottom = 0,
  parameter int unsigned PadRight = 0,
  parameter int unsigned Passes = 1,
  parameter bit ChannelOuter = 1'b0
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast, m_axis_tuser;
  logic [Width-1:0] m_axis_tdata;

  initial assume (!rst_ni);

  window_serial #(
    .Width(Width),
    .Lanes(1),
    .Channels(Channels),
    .Height(Height),
    .Columns(Columns),
    .KernelH(KernelH),
    .KernelW(KernelW),
    .StrideH(StrideH),
    .StrideW(StrideW),
    .DilationH(DilationH),
    .DilationW(DilationW),
    .PadTop(PadTop),
    .PadLeft(PadLeft),
    .PadBottom(PadBottom),
    .PadRight(PadRight),
    .Passes(Passes),
    .ChannelOuter(ChannelOuter)
  ) u_dut (
    .*
  );

  window_order #(
    .Width(Width),
    .Channels(Channels),
    .Height(Height),
    .Columns(Columns),
    .KernelH(KernelH),
    .KernelW(KernelW),
    .StrideH(StrideH),
    .StrideW(StrideW),
    .DilationH(DilationH),
    .DilationW(DilationW),
    .PadTop(PadTop),
    .PadLeft(PadLeft),
    .PadBottom(PadBottom),
    .PadRight(PadRight),
    .Passes(Passes),
    .ChannelOuter(ChannelOuter)
  ) u_order (
    .*
  );

endmodule
