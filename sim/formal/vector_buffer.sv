// Properties of vector_buffer: every vector Passes times, beat by beat, tlast on each pass.
module vector_buffer_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Beats = 2,  // per vector
  parameter int unsigned Passes = 2,
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned OutBeats = Passes * Beats;
  localparam int unsigned InBits   = $clog2(Beats + 1);
  localparam int unsigned OutBits  = $clog2(OutBeats + 1);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0] m_axis_tdata;
  logic [InBits-1:0]  in;
  logic [OutBits-1:0] target, out;
  logic [1:0]         in_frame, out_frame;

  initial assume (!rst_ni);

  vector_buffer #(
    .Width(Width),
    .Beats(Beats),
    .Passes(Passes)
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

  // Any beat of any pass.
  (* anyconst *) logic [InBits-1:0]  beat;
  (* anyconst *) logic [OutBits-1:0] pass;

  always_comb assume (beat < Beats && pass < Passes && target == pass * OutBits'(Beats) + OutBits'(beat));

  beat_order #(
    .Width   (Width + 1),
    .Frames  (4),
    .InBeats (Beats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({beat == Beats - 1, s_axis_tdata}),
    .source_i    (beat),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (in),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  stream_progress #(
    .Limit((Passes > 1) ? 4 : 1)
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
