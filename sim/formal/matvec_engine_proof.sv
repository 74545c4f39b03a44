// Properties of matvec_engine: every pass gives its rows' results, each the formula's, in order.
module matvec_engine_proof #(
  parameter int unsigned Rows = 2,
  parameter int unsigned Cols = 2,
  parameter int unsigned Pe = 1,
  parameter int unsigned Simd = 1,
  parameter int unsigned Group = 1,  // Pe: one rank
  parameter int unsigned Vectors = 1,  // per frame
  parameter int unsigned FifoDepth = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Simd-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Beats       = (Cols + Simd - 1) / Simd;
  localparam int unsigned Passes      = (Rows + Pe - 1) / Pe;
  localparam int unsigned Depth       = Passes * Beats;
  localparam int unsigned Frames      = 8;
  localparam int unsigned WeightWidth = 2;
  localparam int unsigned AccWidth    = 3;
  localparam int unsigned OutWidth    = 2;
  localparam int unsigned WordWidth   = Simd * WeightWidth;  // of one row
  localparam int unsigned InBits      = $clog2(Passes + 1);
  localparam int unsigned OutBits     = $clog2(Rows + 1);
  localparam int unsigned BeatBits    = $clog2(Beats + 1);
  localparam int unsigned FrameBits   = $clog2(Vectors + 1);

  logic                 s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [OutWidth-1:0]  m_axis_tdata;
  logic [BeatBits-1:0]  beat_q;
  logic [InBits-1:0]    pass;
  logic [OutBits-1:0]   target, out;
  logic [2:0]           in_frame, out_frame;
  logic                 beat_last;

  initial assume (!rst_ni);

  matvec_engine #(
    .Rows       (Rows),
    .Cols       (Cols),
    .Pe         (Pe),
    .Simd       (Simd),
    .Group      (Group),
    .OutLanes   (1),
    .Vectors    (Vectors),
    .InWidth    (1),
    .WeightWidth(WeightWidth),
    .AccWidth   (AccWidth),
    .HasBias    (1'b0),
    .SumWidth   (AccWidth),
    .Drop       (1),
    .OutWidth   (OutWidth),
    .OutSigned  (1'b1),
    .Relu       (1'b0),
    .FifoDepth  (FifoDepth)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Simd + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
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

  // The sums of the pass that comes in, of each row that it computes: known with its last beat.
  logic [Group*WordWidth-1:0]   words[Depth];
  logic [Pe-1:0][WordWidth-1:0] word;
  logic [Pe-1:0][AccWidth-1:0]  total, total_q;
  logic [AccWidth-1:0]          sum;
  logic [OutWidth-1:0]          expected;

  initial $readmemh("weights_000.mem", words);

  assign beat_last = beat_q == Beats - 1;
  assign word      = words[pass * Beats + beat_q];

  always_comb begin
    for (int unsigned k = 0; k < Pe; k++) begin
      total[k] = (beat_q == '0) ? '0 : total_q[k];
      for (int unsigned l = 0; l < Simd; l++) begin
        if (s_axis_tdata[l]) begin
          total[k] = total[k] + {word[k][l*WeightWidth+1], word[k][l*WeightWidth +: WeightWidth]};
        end
      end
    end
    sum = '0;
    for (int unsigned k = 0; k < Pe; k++) begin
      if (target % Pe == k) sum = total[k];
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      beat_q  <= beat_last ? '0 : beat_q + 1'b1;
      total_q <= total;
    end
    if (!rst_ni) beat_q <= '0;
  end

  requantise_formula #(
    .InWidth(AccWidth),
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

  // The vector of the frame that comes in.
  logic [FrameBits-1:0] vector_q;
  logic                 vector_last;

  assign vector_last = vector_q == Vectors - 1;

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready && beat_last && pass == Passes - 1) begin
      vector_q <= vector_last ? '0 : vector_q + 1'b1;
    end
    if (!rst_ni) vector_q <= '0;
  end

  beat_order #(
    .Width   (OutWidth + 1),
    .Frames  (Frames),
    .InBeats (Passes),
    .OutBeats(Rows)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid && beat_last),
    .in_tready_i (s_axis_tready),
    .value_i     ({vector_last && target == Rows - 1, expected}),
    .source_i    (InBits'(target / Pe)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (pass),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(20)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  // Where the credits are, for Pe = 1: each pass with all its beats in has one result under way.
  localparam int unsigned Number    = $clog2(Frames * Rows);  // bits; Rows is a power of two
  localparam int unsigned Stages    = 6 + $clog2(Simd);
  localparam int unsigned LevelBits = $clog2(FifoDepth + 1);
  localparam int unsigned FifoBits  = $clog2(FifoDepth);

  (* hierconn *) logic [Stages-1:0]        \u_dut.u_core.valid_q , \u_dut.u_core.last_q ;
  (* hierconn *) logic [$clog2(Depth)-1:0] \u_dut.u_core.address_q ;
  (* hierconn *) logic                     \u_dut.u_core.u_serialise.go_q ;
  (* hierconn *) logic                     \u_dut.u_core.u_serialise.running_q ;
  (* hierconn *) logic [2:0]               \u_dut.u_core.u_serialise.valid_q ;
  (* hierconn *) logic                     \u_dut.u_output.u_bias.sum_valid_q ;
  (* hierconn *) logic                     \u_dut.u_output.u_bias.valid_q ;
  (* hierconn *) logic [LevelBits-1:0]     \u_dut.u_output.u_fifo.level_q ;
  (* hierconn *) logic [LevelBits-1:0]     \u_dut.u_gate.credits_q ;
  (* hierconn *) logic [FifoBits-1:0]      \u_dut.u_output.u_fifo.write_q ;
  (* hierconn *) logic [FifoBits-1:0]      \u_dut.u_output.u_fifo.read_q ;

  logic [Stages-1:0] ends;  // of passes
  logic [Number-1:0] summing, converting, under_way, in_number, out_number;
  logic              lemma;

  assign ends       = \u_dut.u_core.valid_q & \u_dut.u_core.last_q ;
  assign in_number  = in_frame * Number'(Passes) + pass;
  assign out_number = out_frame * Number'(Rows) + out;
  assign converting = \u_dut.u_core.u_serialise.go_q + \u_dut.u_core.u_serialise.valid_q [0] +
                      \u_dut.u_core.u_serialise.valid_q [1] +
                      \u_dut.u_core.u_serialise.valid_q [2] +
                      \u_dut.u_output.u_bias.sum_valid_q + \u_dut.u_output.u_bias.valid_q ;
  assign under_way  = summing + converting + \u_dut.u_output.u_fifo.level_q ;

  always_comb begin
    summing = '0;
    for (int unsigned s = 0; s < Stages; s++) summing = summing + ends[s];
  end

  assign lemma =
      Pe > 1 ||
      (under_way + \u_dut.u_gate.credits_q == FifoDepth && under_way <= FifoDepth &&
       Number'(in_number - out_number) == under_way && !\u_dut.u_core.u_serialise.running_q &&
       \u_dut.u_core.address_q == pass * Beats + beat_q && pass < Passes && beat_q < Beats &&
       \u_dut.u_output.u_fifo.write_q == FifoBits'(in_number - summing - converting) &&
       \u_dut.u_output.u_fifo.read_q == FifoBits'(out_number) &&
       m_axis_tvalid == (\u_dut.u_output.u_fifo.level_q != '0));

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (lemma);
      cover (\u_dut.u_output.u_fifo.level_q == FifoDepth);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == beat_last);
      cover (s_axis_tready && s_axis_tlast && pass == Passes - 1);
    end
  end

endmodule
