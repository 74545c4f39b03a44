// Lets a stream through in random cycles only; a beat once offered stays. Open = 1: wires.
module throttle #(
  parameter int unsigned Width = 8,
  parameter bit          Open  = 1'b0,
  parameter logic [15:0] Seed  = 16'h1  // not 0
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata
);

  logic [15:0] random_q;
  logic        pass_q, pass;

  assign pass          = Open || pass_q;
  assign m_axis_tvalid = s_axis_tvalid && pass;
  assign s_axis_tready = m_axis_tready && pass;
  assign m_axis_tdata  = s_axis_tdata;

  always_ff @(posedge clk_i) begin
    random_q <= {random_q[14:0], random_q[15] ^ random_q[13] ^ random_q[12] ^ random_q[10]};
    if (!pass_q || (m_axis_tvalid && m_axis_tready)) pass_q <= random_q[0];
    if (!rst_ni) begin
      random_q <= Seed;
      pass_q   <= 1'b0;
    end
  end
endmodule
