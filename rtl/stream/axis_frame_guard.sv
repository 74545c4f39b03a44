// Makes every frame exactly Beats beats long: the front door of a design.
//
// A short frame (tlast early) is filled up with beats of zero; of a long one, the beats after the
// first Beats are dropped, up to and with its tlast. So one frame in is one frame out. short_o or
// long_o pulses for one cycle when a frame turns out so. Per frame one bit leaves on the bad
// stream, 1 if the frame was short or long; it is queued with the frame's last beat and shows on
// bad_tvalid the cycle after (axis_frame_mark joins it with the frame's result). Up to Frames bits
// are queued; then the next frame's last beat waits.
// Latency 0, one beat per cycle. Combinational: s_axis to m_axis (tvalid, tdata) and m_axis_tready
// to s_axis_tready. It cannot know a frame whose data is wrong but whose length is right.
module axis_frame_guard #(
  parameter int unsigned Width  = 8,   // bits per beat, >= 1
  parameter int unsigned Beats  = 4,   // beats per frame, >= 1
  parameter int unsigned Frames = 16   // frames whose bad bit is queued, >= 2
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast,

  output logic             bad_tvalid,
  input  logic             bad_tready,
  output logic             bad_tdata,

  output logic             short_o,
  output logic             long_o
);

  if (Width < 1 || Beats < 1) begin : gen_check_sizes
    $fatal(1, "axis_frame_guard: Width is %0d and Beats %0d, must be at least 1", Width, Beats);
  end
  if (Frames < 2) begin : gen_check_frames
    $fatal(1, "axis_frame_guard: Frames is %0d, must be at least 2", Frames);
  end

  localparam int unsigned CountWidth = (Beats > 1) ? $clog2(Beats) : 1;

  logic [CountWidth-1:0] beat_q;  // number of the frame's beat that is next on the output
  logic                  fill_q;  // the frame was short: zeros go out
  logic                  drop_q;  // the frame was long: its rest is thrown away
  logic                  last, open, leaves, is_short, is_long, queue_ready;

  assign last = beat_q == CountWidth'(Beats - 1);
  assign open = !drop_q && (!last || queue_ready);  // a beat may leave

  assign m_axis_tvalid = open && (fill_q || s_axis_tvalid);
  assign m_axis_tdata  = fill_q ? '0 : s_axis_tdata;
  assign m_axis_tlast  = last;
  assign s_axis_tready = drop_q || (open && !fill_q && m_axis_tready);

  assign leaves   = m_axis_tvalid && m_axis_tready;
  assign is_short = leaves && !fill_q && !last && s_axis_tlast;
  assign is_long  = leaves && !fill_q && last && !s_axis_tlast;

  always_ff @(posedge clk_i) begin
    short_o <= is_short;
    long_o  <= is_long;
    if (leaves) beat_q <= last ? '0 : beat_q + 1'b1;
    if (is_short) fill_q <= 1'b1;
    else if (leaves && last) fill_q <= 1'b0;
    if (is_long) drop_q <= 1'b1;
    else if (s_axis_tvalid && s_axis_tlast) drop_q <= 1'b0;
    if (!rst_ni) begin
      short_o <= 1'b0;
      long_o  <= 1'b0;
      beat_q  <= '0;
      fill_q  <= 1'b0;
      drop_q  <= 1'b0;
    end
  end

  axis_fifo #(
    .Width(1),
    .Depth(Frames)
  ) u_bad (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(leaves && last),
    .s_axis_tready(queue_ready),
    .s_axis_tdata (fill_q || !s_axis_tlast),
    .m_axis_tvalid(bad_tvalid),
    .m_axis_tready(bad_tready),
    .m_axis_tdata (bad_tdata)
  );

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_frame_guard: a beat changed while stalled");
`endif
endmodule
