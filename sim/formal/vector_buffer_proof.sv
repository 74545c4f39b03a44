// Properties of vector_buffer: every vector Passes times, beat by beat, tlast on each pass.
module vector_buffer_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Beats = 2,  // per vector
  parameter int unsigned Passes = 2,
  parameter bit Lut = 1'b1,  // the branch of LUT RAM
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

  always_comb begin
    assume (beat < Beats && pass < Passes);
    assume (target == pass * OutBits'(Beats) + OutBits'(beat));
  end

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

  // Where the counters are: the numbers of the beats say it.
  localparam int unsigned Vectors = 4 * Beats;  // beats in a period
  localparam int unsigned Level   = $clog2(Vectors + OutBeats + 2) + 1;

  (* hierconn *) logic [$clog2(2*Beats)-1:0] \u_dut.gen_buffer.write_q ;
  (* hierconn *) logic [$clog2(2*Beats)-1:0] \u_dut.gen_buffer.read_q ;
  (* hierconn *) logic [$clog2(2*Beats+1)-1:0] \u_dut.gen_buffer.used_q ;
  (* hierconn *) logic [$clog2(2*Beats+1)-1:0] \u_dut.gen_buffer.fresh_q ;
  (* hierconn *) logic [((Beats > 1) ? $clog2(Beats) : 1)-1:0]   \u_dut.gen_buffer.beat_q ;
  (* hierconn *) logic [((Passes > 1) ? $clog2(Passes) : 1)-1:0] \u_dut.gen_buffer.pass_q ;
  (* hierconn *) logic \u_dut.gen_buffer.upper_q , \u_dut.gen_buffer.first_pass_q ;
  (* hierconn *) logic \u_dut.gen_buffer.ready_q , \u_dut.gen_buffer.fresh_any_q ;
  (* hierconn *) logic \u_dut.gen_buffer.free_q , \u_dut.gen_buffer.valid_q ;

  logic [1:0]       read_frame;
  logic [Level-1:0] written, fetched, read_beat, read_pass, freed, firsts, unfreed, unread;
  logic             lemma;

  assign read_beat  = \u_dut.gen_buffer.beat_q ;
  assign read_pass  = \u_dut.gen_buffer.pass_q ;
  assign fetched    = out + \u_dut.gen_buffer.valid_q + (!Lut && m_axis_tvalid);
  assign read_frame = (fetched >= OutBeats) ? out_frame + 1'b1 : out_frame;
  assign written    = in_frame * Level'(Beats) + in;
  assign freed      = read_frame * Level'(Beats) + ((read_pass == Passes - 1) ? read_beat : '0);
  assign firsts     = read_frame * Level'(Beats) + ((read_pass == '0) ? read_beat : Level'(Beats));
  assign unfreed    = (written >= freed) ? written - freed : written + Level'(Vectors) - freed;
  assign unread     = (written >= firsts) ? written - firsts : written + Level'(Vectors) - firsts;

  assign lemma =
      Passes == 1 ||
      (in < Beats && out < OutBeats && read_beat < Beats && read_pass < Passes &&
       (!Lut || m_axis_tvalid == \u_dut.gen_buffer.valid_q ) &&
       read_pass * Level'(Beats) + read_beat ==
           ((fetched >= OutBeats) ? fetched - Level'(OutBeats) : fetched) &&
       \u_dut.gen_buffer.upper_q == read_frame[0] &&
       \u_dut.gen_buffer.first_pass_q == (read_pass == '0) &&
       \u_dut.gen_buffer.write_q == (in_frame[0] ? in + Level'(Beats) : Level'(in)) &&
       \u_dut.gen_buffer.read_q == (read_frame[0] ? read_beat + Level'(Beats) : read_beat) &&
       \u_dut.gen_buffer.used_q == unfreed + \u_dut.gen_buffer.free_q &&
       \u_dut.gen_buffer.fresh_q == unread && unread <= \u_dut.gen_buffer.used_q &&
       \u_dut.gen_buffer.used_q <= 2 * Beats &&
       (read_pass == '0 || unfreed >= Beats - ((read_pass == Passes - 1) ? read_beat : '0)) &&
       \u_dut.gen_buffer.ready_q == (\u_dut.gen_buffer.used_q != 2 * Beats) &&
       \u_dut.gen_buffer.fresh_any_q == (\u_dut.gen_buffer.fresh_q != '0));

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (Lemmas) assert (lemma);
      else assume (lemma);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == Beats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
