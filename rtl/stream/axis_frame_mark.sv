// Marks the results of bad frames: the back door of a design, partner of axis_frame_guard.
//
// Beats pass unchanged. The last beat of a frame waits for the frame's bit on the bad stream,
// takes it, and carries it as tuser; on all other beats tuser is 0. So a design may send the
// first results of a frame before it has seen the frame's end, and is never held up by that.
// Between guard and mark there must be a register at least: the guard gives the bit only once the
// frame's last beat has left it.
// Latency 0, one beat per cycle. Combinational: s_axis and bad to m_axis, m_axis_tready to
// s_axis_tready and bad_tready. It does not drop the results of bad frames.
module axis_frame_mark #(
  parameter int unsigned Width = 8  // bits per beat, >= 1
) (
  input  logic             clk_i,   // for the assertions
  input  logic             rst_ni,  // for the assertions; synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  input  logic             bad_tvalid,
  output logic             bad_tready,
  input  logic             bad_tdata,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast,
  output logic             m_axis_tuser
);

  if (Width < 1) begin : gen_check_width
    $fatal(1, "axis_frame_mark: Width is %0d, must be at least 1", Width);
  end

  logic open;  // nothing to wait for

  assign open          = !s_axis_tlast || bad_tvalid;
  assign m_axis_tvalid = s_axis_tvalid && open;
  assign m_axis_tdata  = s_axis_tdata;
  assign m_axis_tlast  = s_axis_tlast;
  assign m_axis_tuser  = s_axis_tlast && bad_tdata;
  assign s_axis_tready = m_axis_tready && open;
  assign bad_tready    = s_axis_tvalid && s_axis_tlast && m_axis_tready;

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}))
    else $error("axis_frame_mark: a beat changed while stalled");
`endif
endmodule
