// Buffer on one of two branches that join again: holds what is ahead of the other branch.
//
// First in, first out, exactly Depth beats; latency, memory and rate are axis_fifo's. In simulation
// the plusarg +<Name>_depth=N lowers the depth to N beats, so that a depth can be tried without
// building the design anew.
module axis_branch_fifo #(
  parameter int unsigned Width = 8,      // bits per beat, >= 1
  parameter int unsigned Depth = 16,     // beats, >= 2; need not be a power of two
  parameter              Name  = "fifo"  // of the plusarg
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

  logic room, fifo_tready;

  assign s_axis_tready = fifo_tready && room;

  axis_fifo #(
    .Width(Width + 1),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(s_axis_tvalid && room),
    .s_axis_tready(fifo_tready),
    .s_axis_tdata ({s_axis_tlast, s_axis_tdata}),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata ({m_axis_tlast, m_axis_tdata})
  );

`ifdef VERILATOR
  int unsigned limit, level_q;

  initial if ($value$plusargs({Name, "_depth=%d"}, limit) == 0) limit = Depth;

  always_ff @(posedge clk_i) begin
    level_q <= level_q + 32'(s_axis_tvalid && s_axis_tready) - 32'(m_axis_tvalid && m_axis_tready);
    if (!rst_ni) level_q <= 0;
  end

  assign room = level_q < limit;
`else
  assign room = 1'b1;
`endif
endmodule
