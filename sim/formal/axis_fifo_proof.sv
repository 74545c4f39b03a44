// Properties of axis_fifo: exactly Depth beats, none lost, made or out of its place.
module axis_fifo_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Depth = 4,
  parameter bit Lut = 1'b1,  // the branch of LUT RAM
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic m_axis_tready
);

  localparam int unsigned Bits = $clog2(Depth + 1);

  logic             s_axis_tready, m_axis_tvalid;
  logic [Width-1:0] m_axis_tdata;
  logic             in_frame, out_frame;  // of Depth beats
  logic [Bits-1:0]  target, in, out, level;

  initial assume (!rst_ni);

  axis_fifo #(
    .Width(Width),
    .Depth(Depth)
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
    .InBeats (Depth),
    .OutBeats(Depth)
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

  assign level = (in_frame == out_frame) ? in - out : in + Bits'(Depth) - out;

  stream_progress #(
    .Limit(Lut ? 1 : 2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(m_axis_tready && (s_axis_tvalid || level != '0)),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  // Where the pointers are: the numbers of the beats say it.
  (* hierconn *) logic [$clog2(Depth)-1:0]   \u_dut.write_q , \u_dut.read_q ;
  (* hierconn *) logic [$clog2(Depth+1)-1:0] \u_dut.level_q ;

  logic [Bits-1:0] fetched;
  logic            lemma;

  assign fetched = (Lut || !m_axis_tvalid) ? out : (out == Depth - 1) ? '0 : out + 1'b1;
  assign lemma   = in < Depth && out < Depth && level <= Depth && level == \u_dut.level_q &&
                   \u_dut.write_q == in && \u_dut.read_q == fetched &&
                   (Lut ? m_axis_tvalid == (level != '0) : !m_axis_tvalid || level != '0);

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (s_axis_tready == (level != Depth));  // exactly Depth beats
      cover (level == Depth);
      if (Lemmas) assert (lemma);
      else assume (lemma);
    end
  end

endmodule
