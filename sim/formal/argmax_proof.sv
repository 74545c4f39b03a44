// Properties of argmax: one beat for each frame, the index of the first largest element.
module argmax_proof #(
  parameter int unsigned Width = 2,
  parameter bit Signed = 1'b1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned Elements = 3,
  parameter int unsigned IndexWidth = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Lanes*Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Beats = (Elements + Lanes - 1) / Lanes;

  logic                       s_axis_tready, m_axis_tvalid, m_axis_tlast, target;
  logic [IndexWidth-1:0]      m_axis_tdata;
  logic [$clog2(Beats+1)-1:0] in_q;

  initial assume (!rst_ni);

  argmax #(
    .Width(Width),
    .Signed(Signed),
    .Lanes(Lanes),
    .Elements(Elements),
    .IndexWidth(IndexWidth)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Lanes * Width + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(IndexWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Element after element: what is larger than the best so far is the best.
  logic signed [Width:0] best, best_q;
  logic [7:0]            index, index_q;

  always_comb begin
    best  = best_q;
    index = index_q;
    for (int unsigned lane = 0; lane < Lanes; lane++) begin
      logic signed [Width:0] x;
      x = {Signed & s_axis_tdata[lane*Width+Width-1], s_axis_tdata[lane*Width +: Width]};
      if (in_q * Lanes + lane < Elements && ((in_q == '0 && lane == 0) || x > best)) begin
        best  = x;
        index = in_q * Lanes + lane;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      in_q    <= (in_q == Beats - 1) ? '0 : in_q + 1'b1;
      best_q  <= best;
      index_q <= index;
    end
    if (!rst_ni) in_q <= '0;
  end

  beat_order #(
    .Width   (IndexWidth + 1),
    .Frames  (4),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid && in_q == Beats - 1),
    .in_tready_i (s_axis_tready),
    .value_i     ({1'b1, index[IndexWidth-1:0]}),
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

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in_q == Beats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
