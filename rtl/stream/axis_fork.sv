// Gives one stream to Count readers, each with its own handshake.
//
// Each reader takes a beat when it likes; the next beat comes when all have taken this one. The
// readers share m_axis_tdata and m_axis_tlast. Latency 0: m_axis_tvalid and data are combinational
// from the input, s_axis_tready from m_axis_tready; no reader's tready reaches another's tvalid.
// Up to one beat per cycle. It holds no beat: where branches join again, a FIFO on the shorter one
// takes up what the longer one is behind.
module axis_fork #(
  parameter int unsigned Width = 8,  // bits per beat, >= 1
  parameter int unsigned Count = 2   // readers, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic [Count-1:0] m_axis_tvalid,  // one bit per reader
  input  logic [Count-1:0] m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  if (Width < 1 || Count < 1) begin : gen_check_size
    $fatal(1, "axis_fork: Width is %0d, Count %0d, must be at least 1", Width, Count);
  end

  logic [Count-1:0] taken_q;  // readers that have the beat already

  assign m_axis_tvalid = {Count{s_axis_tvalid}} & ~taken_q;
  assign m_axis_tdata  = s_axis_tdata;
  assign m_axis_tlast  = s_axis_tlast;
  assign s_axis_tready = &(taken_q | m_axis_tready);

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid) taken_q <= s_axis_tready ? '0 : taken_q | m_axis_tready;
    if (!rst_ni) taken_q <= '0;
  end

`ifdef VERILATOR
  for (genvar k = 0; k < Count; k++) begin : gen_check
    // A source that is reset first takes its beat back.
    StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
        m_axis_tvalid[k] && !m_axis_tready[k] |=>
        !s_axis_tvalid || (m_axis_tvalid[k] && $stable({m_axis_tdata, m_axis_tlast})))
      else $error("axis_fork: a beat changed while reader %0d stalled", k);
  end
`endif
endmodule
