// Joins the channels of two image streams: of each pixel first a's beats, then b's.
//
// A pixel is BeatsA beats of a and BeatsB beats of b, of the same element format and lanes. tlast
// is b's (an assertion checks that a's came with the same pixel). Latency 1 cycle, one beat per
// cycle. s_axis_*_tready depends on m_axis_tready in the same cycle. It holds no beats for the
// stream whose turn it is not: put a FIFO there.
module axis_concat #(
  parameter int unsigned Width  = 8,  // bits per beat, >= 1
  parameter int unsigned BeatsA = 1,  // per pixel, >= 1
  parameter int unsigned BeatsB = 1   // per pixel, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_a_tvalid,
  output logic             s_axis_a_tready,
  input  logic [Width-1:0] s_axis_a_tdata,
  input  logic             s_axis_a_tlast,

  input  logic             s_axis_b_tvalid,
  output logic             s_axis_b_tready,
  input  logic [Width-1:0] s_axis_b_tdata,
  input  logic             s_axis_b_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  if (Width < 1 || BeatsA < 1 || BeatsB < 1) begin : gen_check_size
    $fatal(1, "axis_concat: Width is %0d, BeatsA %0d, BeatsB %0d, must be at least 1", Width,
           BeatsA, BeatsB);
  end

  localparam int unsigned Beats     = BeatsA + BeatsB;
  localparam int unsigned BeatWidth = $clog2(Beats);

  logic                 ready, take, turn_b_q, valid_q, last_q;
  logic [BeatWidth-1:0] beat_q;
  logic [Width-1:0]     data_q;

  assign ready           = !valid_q || m_axis_tready;
  assign s_axis_a_tready = ready && !turn_b_q;
  assign s_axis_b_tready = ready && turn_b_q;
  assign take            = ready && (turn_b_q ? s_axis_b_tvalid : s_axis_a_tvalid);

  always_ff @(posedge clk_i) begin
    if (ready) valid_q <= take;
    if (take) begin
      beat_q <= (beat_q == BeatWidth'(Beats - 1)) ? '0 : beat_q + 1'b1;
      if (beat_q == BeatWidth'(BeatsA - 1)) turn_b_q <= 1'b1;
      if (beat_q == BeatWidth'(Beats - 1)) turn_b_q <= 1'b0;
    end
    if (!rst_ni) begin
      valid_q  <= 1'b0;
      beat_q   <= '0;
      turn_b_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ready) begin
      data_q <= turn_b_q ? s_axis_b_tdata : s_axis_a_tdata;
      last_q <= turn_b_q && s_axis_b_tlast;
    end
  end

  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

`ifdef VERILATOR
  logic a_last_q;  // a's part of the pixel ended its image

  always_ff @(posedge clk_i) begin
    if (take && !turn_b_q) a_last_q <= s_axis_a_tlast;
  end

  LastsAgree: assert property (@(posedge clk_i) disable iff (!rst_ni)
      take && turn_b_q && beat_q == BeatWidth'(Beats - 1) |-> s_axis_b_tlast == a_last_q)
    else $error("axis_concat: tlast of a is %0d, of b %0d", a_last_q, s_axis_b_tlast);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_concat: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_a_tlast;
`endif
endmodule
