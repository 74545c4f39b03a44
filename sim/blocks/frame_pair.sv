// axis_frame_guard and axis_frame_mark as a design wears them, around a FIFO, for their bench.
module frame_pair #(
  parameter int unsigned Width  = 8,
  parameter int unsigned Beats  = 4,
  parameter int unsigned Frames = 4,
  parameter int unsigned Depth  = 16  // of the FIFO that stands for the design
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast,
  output logic             m_axis_tuser,

  output logic             frame_short_o,
  output logic             frame_long_o
);

  logic             in_tvalid, in_tready, in_tlast;
  logic             out_tvalid, out_tready, out_tlast;
  logic             bad_tvalid, bad_tready, bad_tdata;
  logic [Width-1:0] in_tdata, out_tdata;

  axis_frame_guard #(
    .Width (Width),
    .Beats (Beats),
    .Frames(Frames)
  ) u_guard (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(in_tvalid),
    .m_axis_tready(in_tready),
    .m_axis_tdata (in_tdata),
    .m_axis_tlast (in_tlast),
    .bad_tvalid,
    .bad_tready,
    .bad_tdata,
    .short_o      (frame_short_o),
    .long_o       (frame_long_o)
  );

  axis_fifo #(
    .Width(Width + 1),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(in_tvalid),
    .s_axis_tready(in_tready),
    .s_axis_tdata ({in_tlast, in_tdata}),
    .m_axis_tvalid(out_tvalid),
    .m_axis_tready(out_tready),
    .m_axis_tdata ({out_tlast, out_tdata})
  );

  axis_frame_mark #(
    .Width(Width)
  ) u_mark (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(out_tvalid),
    .s_axis_tready(out_tready),
    .s_axis_tdata (out_tdata),
    .s_axis_tlast (out_tlast),
    .bad_tvalid,
    .bad_tready,
    .bad_tdata,
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast,
    .m_axis_tuser
  );

endmodule
