// Properties of axis_skid: beats pass unchanged and in order, two are held at most.
module axis_skid_proof #(
  parameter int unsigned Width = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic m_axis_tready
);

  localparam int unsigned Bits = $clog2(3);

  logic             s_axis_tready, m_axis_tvalid;
  logic [Width-1:0] m_axis_tdata;
  logic             in_frame, out_frame;  // of two beats
  logic [Bits-1:0]  target, in, out, level;

  initial assume (!rst_ni);

  axis_skid #(
    .Width(Width)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Width),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  (s_axis_tdata)
  );

  stream_rules #(
    .Width(Width)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  (m_axis_tdata)
  );

  beat_order #(
    .Width   (Width),
    .Frames  (2),
    .InBeats (2),
    .OutBeats(2)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     (s_axis_tdata),
    .source_i    (target),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i (m_axis_tdata),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (in),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  assign level = (in_frame == out_frame) ? in - out : in + Bits'(2) - out;

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(m_axis_tready && (s_axis_tvalid || level != '0)),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (s_axis_tready == (level != 2));
      cover (level == 2);
    end
  end

endmodule
