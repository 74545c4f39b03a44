// Properties of level_queue: no word lost, made or out of its place; it says early that it is full.
module level_queue_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Depth = 4,
  parameter int unsigned Margin = 2,
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic push_i,
  input logic [Width-1:0] data_i,
  input logic pop_i
);

  localparam int unsigned Bits = $clog2(Depth + 1);

  logic             crowded_o, valid_o;
  logic [Width-1:0] head_o;
  logic             in_frame, out_frame;  // of Depth words
  logic [Bits-1:0]  target, in, out, level;

  initial assume (!rst_ni);

  level_queue #(
    .Width (Width),
    .Depth (Depth),
    .Margin(Margin)
  ) u_dut (
    .*
  );

  beat_order #(
    .Width   (Width),
    .Frames  (2),
    .InBeats (Depth),
    .OutBeats(Depth)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (push_i),
    .in_tready_i (1'b1),
    .value_i     (data_i),
    .source_i    (target),
    .out_tvalid_i(valid_o),
    .out_tready_i(pop_i),
    .out_value_i (head_o),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (in),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  assign level = (in_frame == out_frame) ? in - out : in + Bits'(Depth) - out;

  // Where the pointers are: the numbers of the words say it.
  (* hierconn *) logic [$clog2(Depth)-1:0] \u_dut.write_q , \u_dut.read_q ;
  (* hierconn *) logic [$clog2(Depth):0]   \u_dut.level_q ;

  logic lemma;
  logic pushed_q;  // a word came in the cycle before: it does not show yet

  always_ff @(posedge clk_i) pushed_q <= rst_ni && push_i;

  assign lemma = in < Depth && out < Depth && level <= Depth && level == \u_dut.level_q &&
                 \u_dut.write_q == in && \u_dut.read_q == out &&
                 valid_o == (level != Bits'(pushed_q)) &&
                 crowded_o == (level >= Depth - Margin);

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assume (!push_i || level != Depth);  // its writer's promise
      assume (!pop_i || valid_o);
      cover (level == Depth);
      cover (push_i && pop_i);
      cover (crowded_o && level == Depth - Margin);
      if (Lemmas) assert (lemma);
      else assume (lemma);
      assert (valid_o == (level != Bits'(pushed_q)));
      assert (crowded_o == (level >= Depth - Margin));
    end
  end

endmodule
