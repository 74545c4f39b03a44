// Properties of axis_pick: every beat that is kept, in its place, and no other.
module axis_pick_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Beats = 4,
  parameter logic [Beats-1:0] Keep = Beats'(4'b0110)
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Bits = $clog2(Beats + 1);

  function automatic int unsigned kept();
    kept = 0;
    for (int unsigned beat = 0; beat < Beats; beat++) kept = kept + 32'(Keep[beat]);
  endfunction

  localparam int unsigned Kept    = kept();
  localparam int unsigned OutBits = $clog2(Kept + 1);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0] m_axis_tdata;
  logic [Bits-1:0]    in, below;
  logic [OutBits-1:0] target, out;

  initial assume (!rst_ni);

  axis_pick #(
    .Width(Width),
    .Beats(Beats),
    .Keep (Keep)
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
    .Width(Width + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Any beat that is kept; as many of those before it leave first.
  (* anyconst *) logic [Bits-1:0] source;

  always_comb begin
    below = '0;
    for (int unsigned beat = 0; beat < Beats; beat++) begin
      if (Keep[beat] && Bits'(beat) < source) below = below + 1'b1;
    end
    assume (source < Beats && 1'(Keep >> source) && target == below);
  end

  beat_order #(
    .Width   (Width + 1),
    .Frames  (4),
    .InBeats (Beats),
    .OutBeats(Kept)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == Kept - 1, s_axis_tdata}),
    .source_i    (source),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (in),
    .out_frame_o (),
    .out_o       (out)
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
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == Beats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
