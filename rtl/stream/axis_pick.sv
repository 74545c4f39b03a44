// Lets some beats of each frame through and drops the others.
//
// In: frames of Beats beats, tlast on the last (an assertion checks it). Out: beat k where Keep[k]
// is 1, in order, tlast on the last of them. Which they are is constant, and the same in every
// frame.
//
// Latency 0: a beat that is kept goes through in the same cycle, one that is not takes a cycle of
// the input whatever the output does. The paths of tdata, tvalid and tready are combinational; what
// Keep says of the next beat comes from a register.
module axis_pick #(
  parameter int unsigned      Width = 8,               // bits per beat, >= 1
  parameter int unsigned      Beats = 4,               // per frame in, >= 1
  parameter logic [Beats-1:0] Keep  = Beats'(4'b0110)  // one of them 1 at least
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
  output logic             m_axis_tlast
);

  if (Width < 1 || Beats < 1) begin : gen_check_size
    $fatal(1, "axis_pick: Width is %0d, Beats %0d, must be at least 1", Width, Beats);
  end
  if (Keep == '0) begin : gen_check_keep
    $fatal(1, "axis_pick: Keep is 0, must keep a beat");
  end

  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1;

  function automatic int unsigned last_kept();
    last_kept = 0;
    for (int unsigned beat = 0; beat < Beats; beat++) begin
      if (Keep[beat]) last_kept = beat;
    end
  endfunction

  localparam int unsigned LastKept = last_kept();
  localparam int unsigned Places   = 2 ** IndexWidth;
  localparam logic [Places-1:0] KeepAt = Places'(Keep);  // no index is beyond it

  logic [IndexWidth-1:0] index_q, index_next;  // of the beat that comes next
  logic                  keep_q;               // Keep of it
  logic                  taken;

  assign index_next = (index_q == IndexWidth'(Beats - 1)) ? '0 : index_q + 1'b1;
  assign taken      = s_axis_tvalid && s_axis_tready;

  always_ff @(posedge clk_i) begin
    if (taken) begin
      index_q <= index_next;
      keep_q  <= KeepAt[index_next];
    end
    if (!rst_ni) begin
      index_q <= '0;
      keep_q  <= Keep[0];
    end
  end

  assign s_axis_tready = m_axis_tready || !keep_q;
  assign m_axis_tvalid = s_axis_tvalid && keep_q;
  assign m_axis_tdata  = s_axis_tdata;
  assign m_axis_tlast  = index_q == IndexWidth'(LastKept);

`ifdef VERILATOR
  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (32'(index_q) == Beats - 1))
    else $error("axis_pick: s_axis_tlast is %0d at beat %0d of %0d", s_axis_tlast, index_q, Beats);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_pick: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_tlast;
`endif
endmodule
