// Properties of layer_output behind its credit gate: whatever the core does, no result is lost.
module layer_output_proof #(
  parameter int unsigned Beats = 2,  // per vector
  parameter int unsigned Vectors = 1,  // per frame
  parameter int unsigned FifoDepth = 4,
  parameter bit HasBias = 1'b0,
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tlast,
  input logic m_axis_tready,
  input logic emit_i,
  input logic [1:0] sum_i
);

  localparam int unsigned Results    = 2;  // beats per packet; a vector's last packet has the rest
  localparam int unsigned Passes     = (Beats + Results - 1) / Results;
  localparam int unsigned LastResults = Beats - (Passes - 1) * Results;
  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int unsigned AccWidth   = 2;
  localparam int unsigned SumWidth   = 4;
  localparam int unsigned OutWidth   = 2;
  localparam int unsigned Credits    = FifoDepth;
  localparam int unsigned Owed       = $clog2(FifoDepth + Results + 1);
  localparam int unsigned VectorBits = (Vectors > 1) ? $clog2(Vectors) : 1;

  logic                s_axis_tready, taken_o;
  logic                m_axis_tvalid, m_axis_tlast;
  logic [OutWidth-1:0] m_axis_tdata;
  logic                target;

  initial assume (!rst_ni);

  stream_rules #(
    .Width (1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  (s_axis_tlast)
  );

  stream_rules #(
    .Width(OutWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  credit_gate #(
    .Results    (Results),
    .Passes     (Passes),
    .LastResults(LastResults),
    .Credits    (Credits)
  ) u_gate (
    .*,
    .return_i(m_axis_tvalid && m_axis_tready)
  );

  // Any core: it owes the results of the packets that were let in, and gives each when it likes.
  logic [Owed-1:0]       owed_q;
  logic [1:0]            pass_q;
  logic                  pass_last, packet, emit, index_last, vector_last;
  logic [IndexWidth-1:0] index_q;
  logic [VectorBits-1:0] vector_q;
  logic [2:0]            emit_q, last_q, frame_q;

  assign packet      = taken_o && s_axis_tlast;
  assign pass_last   = pass_q == Passes - 1;
  assign emit        = emit_i && owed_q != '0;
  assign index_last  = index_q == Beats - 1;
  assign vector_last = vector_q == Vectors - 1;

  always_ff @(posedge clk_i) begin
    owed_q <= owed_q + (!packet ? '0 : pass_last ? Owed'(LastResults) : Owed'(Results)) -
              Owed'(emit);
    if (packet) pass_q <= pass_last ? '0 : pass_q + 1'b1;
    if (emit) index_q <= index_last ? '0 : index_q + 1'b1;
    if (emit && index_last) vector_q <= vector_last ? '0 : vector_q + 1'b1;
    emit_q  <= {emit_q[1:0], emit};
    last_q  <= {last_q[1:0], index_last};
    frame_q <= {frame_q[1:0], index_last && vector_last};
    if (!rst_ni) begin
      owed_q   <= '0;
      pass_q   <= '0;
      index_q  <= '0;
      vector_q <= '0;
      emit_q   <= '0;
    end
  end

  layer_output #(
    .Lanes    (1),
    .Beats    (Beats),
    .Vectors  (Vectors),
    .AccWidth (AccWidth),
    .HasBias  (HasBias),
    .BiasShift(1),
    .BiasWidth(2),
    .SumWidth (SumWidth),
    .Drop     (1),
    .OutWidth (OutWidth),
    .OutSigned(1'b1),
    .Relu     (1'b0),
    .FifoDepth(FifoDepth)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .index_i(index_q),
    .valid_i(emit_q[2]),
    .last_i (last_q[2]),
    .sums_i (sum_i),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

  // The bias comes with the index, three cycles ahead of its sum.
  logic [1:0]          biases[Beats];
  logic [2:0][1:0]     bias_q;
  logic [SumWidth-1:0] sum;
  logic [OutWidth-1:0] expected;

  initial $readmemh("bias.mem", biases);

  always_ff @(posedge clk_i) bias_q <= {bias_q[1:0], HasBias ? biases[index_q] : 2'd0};

  assign sum = {sum_i[1], sum_i, 1'b0} + {{2{bias_q[2][1]}}, bias_q[2]};

  requantise_formula #(
    .InWidth(SumWidth),
    .InSigned(1'b1),
    .Drop(1),
    .OutWidth(OutWidth),
    .OutSigned(1'b1),
    .Rounding(gatewright_pkg::RndConv),
    .Overflow(gatewright_pkg::Sat)
  ) u_formula (
    .value_i  (sum),
    .divisor_i('0),
    .value_o  (expected)
  );

  beat_order #(
    .Width   (OutWidth + 1),
    .Frames  (8),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (emit_q[2]),
    .in_tready_i (1'b1),
    .value_i     ({frame_q[2], expected}),
    .source_i    (target),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_number),
    .in_o        (),
    .out_frame_o (out_number),
    .out_o       ()
  );

  // Where the credits are, and the FIFO's pointers: FifoDepth divides 8.
  (* hierconn *) logic [$clog2(FifoDepth)-1:0]   \u_dut.u_fifo.write_q , \u_dut.u_fifo.read_q ;
  (* hierconn *) logic [$clog2(FifoDepth+1)-1:0] \u_dut.u_fifo.level_q , \u_gate.credits_q ;
  (* hierconn *) logic \u_dut.u_bias.sum_valid_q , \u_dut.u_bias.valid_q ;

  logic [2:0]      in_number, out_number;
  logic [Owed+2:0] converting, under_way;
  logic            lemma;

  assign converting = \u_dut.u_bias.sum_valid_q + \u_dut.u_bias.valid_q ;
  assign under_way     = converting + \u_dut.u_fifo.level_q ;
  assign lemma      = \u_gate.credits_q + owed_q + emit_q[0] + emit_q[1] + emit_q[2] +
                          under_way == Credits &&
                      3'(in_number - out_number) == under_way && under_way <= FifoDepth &&
                      \u_dut.u_fifo.write_q == $clog2(FifoDepth)'(in_number - converting) &&
                      \u_dut.u_fifo.read_q == $clog2(FifoDepth)'(out_number) &&
                      m_axis_tvalid == (\u_dut.u_fifo.level_q != '0);

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (Lemmas) assert (lemma);
      else assume (lemma);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      cover (packet && pass_last);
      cover (emit_q[2] && frame_q[2]);
      cover (owed_q >= Results);
    end
  end

endmodule
