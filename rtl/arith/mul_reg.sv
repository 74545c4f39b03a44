// Product of two integers, registered before and twice after the multiplier.
//
//   p_o(t + 3) = a_i(t) * b_i(t)
//
// Exact: AWidth + BWidth bits, two's complement where either operand is signed, else unsigned.
// Latency 3 cycles, one product per cycle, free-running. No path is combinational. Not reset.
//
// This is the plain body, which Verilator simulates and which most tools map to a DSP block with
// its registers. rtl/boards/<family>/ may hold a body of the same name that instantiates the
// family's DSP block; a design's file list takes one of them.
module mul_reg #(
  parameter int unsigned AWidth  = 8,     // bits of a_i, >= 1
  parameter bit          ASigned = 1'b0,  // a_i is two's complement
  parameter int unsigned BWidth  = 8,     // bits of b_i, >= 1
  parameter bit          BSigned = 1'b1   // b_i is two's complement
) (
  input  logic                       clk_i,

  input  logic [AWidth-1:0]          a_i,
  input  logic [BWidth-1:0]          b_i,
  output logic [AWidth+BWidth-1:0]   p_o
);

  if (AWidth < 1 || BWidth < 1) begin : gen_check_width
    $fatal(1, "mul_reg: AWidth is %0d, BWidth is %0d, must be at least 1", AWidth, BWidth);
  end

  localparam int unsigned PWidth = AWidth + BWidth;

  logic [AWidth-1:0]        a_q;
  logic [BWidth-1:0]        b_q;
  logic signed [AWidth:0]   a_wide;  // one bit more, so that one signed product serves all cases
  logic signed [BWidth:0]   b_wide;
  logic [PWidth-1:0]        m_q, p_q;

  assign a_wide = {ASigned & a_q[AWidth-1], a_q};
  assign b_wide = {BSigned & b_q[BWidth-1], b_q};

  always_ff @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    m_q <= PWidth'(a_wide * b_wide);
    p_q <= m_q;
  end

  assign p_o = p_q;

endmodule
