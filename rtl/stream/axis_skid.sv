// Cuts every combinational path of a stream: a register slice in both directions.
//
// Two beats deep. Latency 1 cycle, one beat per cycle. s_axis_tready, m_axis_tvalid and
// m_axis_tdata come from registers. tlast, where there is one, travels as a bit of tdata.
// It does not hide long stalls; for that use axis_fifo.
module axis_skid #(
  parameter int unsigned Width = 8  // bits per beat, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata
);

  if (Width < 1) begin : gen_check_width
    $fatal(1, "axis_skid: Width is %0d, must be at least 1", Width);
  end

  logic             valid_q;      // data_q holds a beat
  logic             spare_q;      // spare_data_q holds the beat after it
  logic [Width-1:0] data_q, spare_data_q;
  logic             advance;      // data_q is free at the next edge

  assign advance       = !valid_q || m_axis_tready;
  assign s_axis_tready = !spare_q;
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;

  always_ff @(posedge clk_i) begin
    if (advance) begin
      valid_q <= spare_q || s_axis_tvalid;
      spare_q <= 1'b0;
    end else begin
      spare_q <= spare_q || s_axis_tvalid;
    end
    if (!rst_ni) begin
      valid_q <= 1'b0;
      spare_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance) data_q <= spare_q ? spare_data_q : s_axis_tdata;
    if (!spare_q) spare_data_q <= s_axis_tdata;
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=> m_axis_tvalid && $stable(m_axis_tdata))
    else $error("axis_skid: a beat changed while stalled");
`endif
endmodule
