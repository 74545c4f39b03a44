// Bench: a stream of pairs {b, a}, forked, its parts merged: axis_fork and axis_merge together.
module fork_merge #(
  parameter int unsigned Lanes     = 1,
  parameter int unsigned Operation = 0,
  parameter int unsigned WidthA    = 8,
  parameter bit          SignedA   = 1'b0,
  parameter int unsigned ShiftA    = 0,
  parameter int unsigned WidthB    = 8,
  parameter bit          SignedB   = 1'b0,
  parameter int unsigned ShiftB    = 0,
  parameter int          Drop      = 0,
  parameter int unsigned OutWidth  = 8,
  parameter bit          OutSigned = 1'b0,
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b0,
  parameter bit          Open      = 1'b1  // branches without random stalls
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,

  input  logic                               s_axis_tvalid,
  output logic                               s_axis_tready,
  input  logic [Lanes*(WidthA+WidthB)-1:0]   s_axis_tdata,
  input  logic                               s_axis_tlast,

  output logic                               m_axis_tvalid,
  input  logic                               m_axis_tready,
  output logic [Lanes*OutWidth-1:0]          m_axis_tdata,
  output logic                               m_axis_tlast
);

  localparam int unsigned Width = Lanes * (WidthA + WidthB) + 1;

  logic [1:0]            fork_tvalid, fork_tready;
  logic [Width-2:0]      fork_tdata;
  logic                  fork_tlast;
  logic [1:0]            fifo_tvalid, fifo_tready, slow_tvalid, slow_tready;
  logic [1:0][Width-1:0] fifo_tdata, slow_tdata;

  axis_fork #(
    .Width(Width - 1),
    .Count(2)
  ) u_fork (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(fork_tvalid),
    .m_axis_tready(fork_tready),
    .m_axis_tdata (fork_tdata),
    .m_axis_tlast (fork_tlast)
  );

  for (genvar k = 0; k < 2; k++) begin : gen_branch
    axis_fifo #(
      .Width(Width),
      .Depth((k == 0) ? 2 : 7)
    ) u_fifo (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(fork_tvalid[k]),
      .s_axis_tready(fork_tready[k]),
      .s_axis_tdata ({fork_tlast, fork_tdata}),
      .m_axis_tvalid(fifo_tvalid[k]),
      .m_axis_tready(fifo_tready[k]),
      .m_axis_tdata (fifo_tdata[k])
    );

    throttle #(
      .Width(Width),
      .Open (Open),
      .Seed ((k == 0) ? 16'hACE1 : 16'h1D0D)
    ) u_throttle (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(fifo_tvalid[k]),
      .s_axis_tready(fifo_tready[k]),
      .s_axis_tdata (fifo_tdata[k]),
      .m_axis_tvalid(slow_tvalid[k]),
      .m_axis_tready(slow_tready[k]),
      .m_axis_tdata (slow_tdata[k])
    );
  end

  axis_merge #(
    .Lanes    (Lanes),
    .Operation(Operation),
    .WidthA   (WidthA),
    .SignedA  (SignedA),
    .ShiftA   (ShiftA),
    .WidthB   (WidthB),
    .SignedB  (SignedB),
    .ShiftB   (ShiftB),
    .Drop     (Drop),
    .OutWidth (OutWidth),
    .OutSigned(OutSigned),
    .Rounding (Rounding),
    .Overflow (Overflow),
    .Relu     (Relu)
  ) u_merge (
    .clk_i,
    .rst_ni,
    .s_axis_a_tvalid(slow_tvalid[0]),
    .s_axis_a_tready(slow_tready[0]),
    .s_axis_a_tdata (slow_tdata[0][Lanes*WidthA-1:0]),
    .s_axis_a_tlast (slow_tdata[0][Width-1]),
    .s_axis_b_tvalid(slow_tvalid[1]),
    .s_axis_b_tready(slow_tready[1]),
    .s_axis_b_tdata (slow_tdata[1][Width-2:Lanes*WidthA]),
    .s_axis_b_tlast (slow_tdata[1][Width-1]),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

  logic unused;
  assign unused = ^{slow_tdata[0][Width-2:Lanes*WidthA], slow_tdata[1][Lanes*WidthA-1:0]};
endmodule
