// Properties of a run of unrolled layers: a credit gate, a register, a pipeline that never waits, a
// FIFO that is never full, joined as the emitted modules join them. No vector is lost or made, the
// results keep their order, and one that waits stays as it is.
//
// The pipeline gives a vector back as it is, Latency cycles behind the register: the sums, whose
// values are proved by comparing every output, are any function of one vector alone.
module unrolled_layer_proof #(
  parameter int unsigned Latency = 2,  // cycles from the register behind the gate to the results
  parameter int unsigned FifoDepth = 4,  // divides 8
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tdata,
  input logic m_axis_tready
);

  localparam int unsigned Bits   = $clog2(FifoDepth + Latency + 2);
  localparam int unsigned Stages = Latency + 1;
  localparam int unsigned Most   = (FifoDepth > Stages) ? Stages : FifoDepth - 1;  // beside another

  logic              s_axis_tready, m_axis_tvalid, m_axis_tdata, taken, fifo_ready, target;
  logic [Stages-1:0] valid_q, vector_q;
  logic [2:0]        in_number, out_number;

  initial assume (!rst_ni);

  stream_rules #(
    .Width (1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  (s_axis_tdata)
  );

  stream_rules #(
    .Width(1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  (m_axis_tdata)
  );

  credit_gate #(
    .Results    (1),
    .Passes     (1),
    .LastResults(1),
    .Credits    (FifoDepth)
  ) u_gate (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tlast(1'b1),
    .taken_o     (taken),
    .return_i    (m_axis_tvalid && m_axis_tready)
  );

  always_ff @(posedge clk_i) begin
    vector_q <= Stages'({vector_q, s_axis_tdata});
    valid_q  <= Stages'({valid_q, taken});
    if (!rst_ni) valid_q <= '0;
  end

  axis_fifo #(
    .Width    (1),
    .Depth    (FifoDepth),
    .NeverFull(1'b1)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(valid_q[Stages-1]),
    .s_axis_tready(fifo_ready),
    .s_axis_tdata (vector_q[Stages-1]),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata
  );

  beat_order #(
    .Width   (1),
    .Frames  (8),
    .InBeats (1),
    .OutBeats(1)
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
    .in_frame_o  (in_number),
    .in_o        (),
    .out_frame_o (out_number),
    .out_o       ()
  );

  // With a reader that takes what there is, a vector that waits is let in.
  stream_progress #(
    .Limit(Stages + 4)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(m_axis_tready && s_axis_tvalid),
    .moved_i  (taken)
  );

  // Where the credits are, and the FIFO's pointers.
  (* hierconn *) logic [$clog2(FifoDepth)-1:0]   \u_fifo.write_q , \u_fifo.read_q ;
  (* hierconn *) logic [$clog2(FifoDepth+1)-1:0] \u_fifo.level_q , \u_gate.credits_q ;

  logic [Bits-1:0] under_way;  // vectors between the gate and the FIFO
  logic            lemma;

  always_comb begin
    under_way = '0;
    for (int unsigned stage = 0; stage < Stages; stage++) under_way += Bits'(valid_q[stage]);
  end

  assign lemma = \u_gate.credits_q + under_way + \u_fifo.level_q == FifoDepth &&
                 3'(in_number - out_number) == 3'(under_way + \u_fifo.level_q ) &&
                 \u_fifo.write_q == $clog2(FifoDepth)'(in_number - under_way) &&
                 \u_fifo.read_q == $clog2(FifoDepth)'(out_number) &&
                 m_axis_tvalid == (\u_fifo.level_q != '0);

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (valid_q[Stages-1]) assert (fifo_ready);
      if (Lemmas) assert (lemma);
      else assume (lemma);
      cover (\u_fifo.level_q == FifoDepth);
      cover (taken && under_way == Bits'(Most));
    end
  end

endmodule
