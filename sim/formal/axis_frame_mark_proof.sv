// Properties of axis_frame_mark: beats pass unchanged; a frame's last one has the frame's bit.
module axis_frame_mark_proof #(
  parameter int unsigned Width = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic bad_tvalid,
  input logic bad_tdata,
  input logic m_axis_tready
);

  logic             s_axis_tready, bad_tready, m_axis_tvalid, m_axis_tlast, m_axis_tuser;
  logic [Width-1:0] m_axis_tdata;
  logic             target, target_bad;

  initial assume (!rst_ni);

  axis_frame_mark #(
    .Width(Width)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Width + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width (1),
    .Assume(1'b1)
  ) u_bad (
    .clk_i,
    .rst_ni,
    .tvalid_i(bad_tvalid),
    .tready_i(bad_tready),
    .beat_i  (bad_tdata)
  );

  stream_rules #(
    .Width(Width + 2)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tuser, m_axis_tlast, m_axis_tdata})
  );

  beat_order #(
    .Width   (Width + 1),
    .Frames  (3),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({s_axis_tlast, s_axis_tdata}),
    .source_i    (target),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  // Of last beats: the bits of the frames, in order.
  beat_order #(
    .Width   (1),
    .Frames  (3),
    .InBeats (1),
    .OutBeats(1)
  ) u_order_bad (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (bad_tvalid),
    .in_tready_i (bad_tready),
    .value_i     (bad_tdata),
    .source_i    (target_bad),
    .out_tvalid_i(m_axis_tvalid && m_axis_tlast),
    .out_tready_i(m_axis_tready),
    .out_value_i (m_axis_tuser),
    .target_o    (target_bad),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && bad_tvalid && m_axis_tready),
    .moved_i  (s_axis_tready)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && m_axis_tvalid && !m_axis_tlast) assert (!m_axis_tuser);
    if (rst_ni && s_axis_tvalid && !s_axis_tlast) assert (m_axis_tvalid);  // waits for nothing
  end

endmodule
