// Properties of axis_nonzero: the beats that are not all zero and a vector's last leave in order,
// with their numbers and a bit for each element that is not zero, and no others.
module axis_nonzero_proof #(
  parameter int unsigned Cols = 5,
  parameter int unsigned Lanes = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic mark_i,  // a beat to watch
  input logic s_axis_tvalid,
  input logic [Lanes*Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Width     = 2;
  localparam int unsigned Beats     = (Cols - 1) / Lanes + 1;
  localparam int unsigned BeatWidth = (Beats > 1) ? $clog2(Beats) : 1;

  logic                   s_axis_tready, m_axis_tvalid, m_axis_tlast, last, here, none, worth;
  logic [Lanes*Width-1:0] m_axis_tdata, data;
  logic [Lanes-1:0]       m_axis_tkeep;
  logic [BeatWidth-1:0]   m_axis_tuser, number, in_q;

  initial assume (!rst_ni);

  axis_nonzero #(
    .Cols (Cols),
    .Lanes(Lanes),
    .Width(Width),
    .Depth(2)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (1 + Lanes * Width),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(1 + BeatWidth + Lanes + Lanes * Width)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tuser, m_axis_tkeep, m_axis_tdata})
  );

  assign worth = s_axis_tdata != '0 || s_axis_tlast;

  beat_mark #(
    .Width(1 + BeatWidth + Lanes * Width),
    .Bits (3)
  ) u_mark (
    .clk_i,
    .rst_ni,
    .mark_i,
    .in_i   (s_axis_tvalid && s_axis_tready && worth),
    .beat_i ({s_axis_tlast, in_q, s_axis_tdata}),
    .steps_i(3'd1),
    .out_i  (m_axis_tvalid && m_axis_tready),
    .here_o (here),
    .beat_o ({last, number, data}),
    .step_o (),
    .none_o (none)
  );

  stream_progress #(
    .Limit(2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) in_q <= s_axis_tlast ? '0 : in_q + 1'b1;
    if (!rst_ni) in_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (s_axis_tvalid) assume (s_axis_tlast == (in_q == BeatWidth'(Beats - 1)));
      if (m_axis_tvalid) begin
        assert (!none);
        assert (m_axis_tdata != '0 || m_axis_tlast);
        if (here) assert ({m_axis_tlast, m_axis_tuser, m_axis_tdata} == {last, number, data});
        for (int unsigned l = 0; l < Lanes; l++) begin
          assert (m_axis_tkeep[l] == (m_axis_tdata[l*Width +: Width] != '0));
        end
        cover (m_axis_tlast && m_axis_tdata == '0);
        cover (here && m_axis_tuser == BeatWidth'(1));
      end
      cover (s_axis_tvalid && s_axis_tready && !worth);
    end
  end

endmodule
