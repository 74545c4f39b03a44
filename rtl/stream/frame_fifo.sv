// Holds results that cannot wait until they are taken, and marks each frame's last beat.
//
// In: beats from a free-running pipeline; a credit gate in front of it keeps account of Depth, so
// that there is always room (an assertion checks it). Out: the same beats, tlast on every
// FrameBeats-th since reset: a register of a counter of the beats that leave, as the output of a
// block RAM would come too late for the gates that wait for it. Latency and memory: axis_fifo's.
module frame_fifo #(
  parameter int unsigned Width      = 8,   // bits of a beat, >= 1
  parameter int unsigned Depth      = 32,  // beats, >= 2
  parameter int unsigned FrameBeats = 1    // beats per frame, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             valid_i,
  input  logic [Width-1:0] data_i,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  if (FrameBeats < 1) begin : gen_check_frame
    $fatal(1, "frame_fifo: FrameBeats is %0d, must be at least 1", FrameBeats);
  end

  localparam int unsigned CountWidth = (FrameBeats > 1) ? $clog2(FrameBeats) : 1;

  logic                  ready;
  logic [CountWidth-1:0] count_q;       // beats of the frame that have left
  logic                  frame_last_q;  // the next one is its last

  axis_fifo #(
    .Width    (Width),
    .Depth    (Depth),
    .NeverFull(1'b1)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(valid_i),
    .s_axis_tready(ready),
    .s_axis_tdata (data_i),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata
  );

  assign m_axis_tlast = frame_last_q;

  always_ff @(posedge clk_i) begin
    if (m_axis_tvalid && m_axis_tready) begin
      count_q      <= frame_last_q ? '0 : count_q + 1'b1;
      frame_last_q <= FrameBeats == 1 || 32'(count_q) + 2 == FrameBeats;
    end
    if (!rst_ni) begin
      count_q      <= '0;
      frame_last_q <= FrameBeats == 1;
    end
  end

`ifdef VERILATOR
  BeatHasRoom: assert property (@(posedge clk_i) disable iff (!rst_ni)
      valid_i |-> ready)
    else $error("frame_fifo: full when a beat comes");
`else
  logic unused;
  assign unused = ready;
`endif
endmodule
