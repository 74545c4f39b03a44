// Properties of axis_fork: every reader gets every beat once, in order, at its own pace.
module axis_fork_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Count = 2  // readers
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic [Count-1:0] m_axis_tready
);

  logic             s_axis_tready, m_axis_tlast;
  logic [Count-1:0] m_axis_tvalid;
  logic [Width-1:0] m_axis_tdata;

  initial assume (!rst_ni);

  axis_fork #(
    .Width(Width),
    .Count(Count)
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

  for (genvar k = 0; k < Count; k++) begin : gen_reader
    logic target;

    stream_rules #(
      .Width(Width + 1)
    ) u_out (
      .clk_i,
      .rst_ni,
      .tvalid_i(m_axis_tvalid[k]),
      .tready_i(m_axis_tready[k]),
      .beat_i  ({m_axis_tlast, m_axis_tdata})
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
      .out_tvalid_i(m_axis_tvalid[k]),
      .out_tready_i(m_axis_tready[k]),
      .out_value_i ({m_axis_tlast, m_axis_tdata}),
      .target_o    (target),
      .in_frame_o  (),
      .in_o        (),
      .out_frame_o (),
      .out_o       ()
    );
  end

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && |(m_axis_tvalid & m_axis_tready)),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || |(m_axis_tvalid & m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid && &m_axis_tready) assert (s_axis_tready);  // nobody holds it up
  end

endmodule
