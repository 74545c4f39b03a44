// Properties of axis_concat: of each pixel a's beats, then b's; tlast is b's.
module axis_concat_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned BeatsA = 1,  // per pixel
  parameter int unsigned BeatsB = 2  // per pixel
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_a_tvalid,
  input logic [Width-1:0] s_axis_a_tdata,
  input logic s_axis_a_tlast,
  input logic s_axis_b_tvalid,
  input logic [Width-1:0] s_axis_b_tdata,
  input logic s_axis_b_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Beats   = BeatsA + BeatsB;
  localparam int unsigned ABits   = $clog2(BeatsA + 1);
  localparam int unsigned BBits   = $clog2(BeatsB + 1);
  localparam int unsigned OutBits = $clog2(Beats + 1);

  logic               s_axis_a_tready, s_axis_b_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0]   m_axis_tdata;
  logic [BBits-1:0]   in_b;
  logic [OutBits-1:0] target_a, target_b;

  initial assume (!rst_ni);

  axis_concat #(
    .Width(Width),
    .BeatsA(BeatsA),
    .BeatsB(BeatsB)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Width + 1),
    .Assume(1'b1)
  ) u_in_a (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_a_tvalid),
    .tready_i(s_axis_a_tready),
    .beat_i  ({s_axis_a_tlast, s_axis_a_tdata})
  );

  stream_rules #(
    .Width (Width + 1),
    .Assume(1'b1)
  ) u_in_b (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_b_tvalid),
    .tready_i(s_axis_b_tready),
    .beat_i  ({s_axis_b_tlast, s_axis_b_tdata})
  );

  stream_rules #(
    .Width(Width + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Beats out that come from a, and those that come from b.
  always_comb assume (target_a < BeatsA && target_b >= BeatsA);

  beat_order #(
    .Width   (Width + 1),
    .Frames  (3),
    .InBeats (BeatsA),
    .OutBeats(Beats)
  ) u_order_a (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_a_tvalid),
    .in_tready_i (s_axis_a_tready),
    .value_i     ({1'b0, s_axis_a_tdata}),
    .source_i    (ABits'(target_a)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target_a),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  beat_order #(
    .Width   (Width + 1),
    .Frames  (3),
    .InBeats (BeatsB),
    .OutBeats(Beats)
  ) u_order_b (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_b_tvalid),
    .in_tready_i (s_axis_b_tready),
    .value_i     ({s_axis_b_tlast, s_axis_b_tdata}),
    .source_i    (BBits'(target_b - OutBits'(BeatsA))),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target_b),
    .in_frame_o  (),
    .in_o        (in_b),
    .out_frame_o (),
    .out_o       ()
  );

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_a_tvalid && s_axis_b_tvalid && m_axis_tready),
    .moved_i  ((s_axis_a_tvalid && s_axis_a_tready) || (s_axis_b_tvalid && s_axis_b_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_b_tvalid) begin
      assume (!s_axis_b_tlast || in_b == BeatsB - 1);  // an image ends with a pixel
      cover (s_axis_b_tready && s_axis_b_tlast);
      cover (s_axis_b_tready && !s_axis_b_tlast && in_b == BeatsB - 1);
    end
  end

endmodule
