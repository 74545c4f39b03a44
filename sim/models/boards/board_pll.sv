// Stands for a PLL of any family in a simulation that gives it the clock that it would make.
//
//   clk_o = clk_i; locked_o rises after LockCycles cycles
//
// Takes the parameters of every family's body and needs none.
module board_pll #(
  parameter int unsigned RefDiv      = 1,
  parameter int unsigned FeedbackDiv = 1,
  parameter int unsigned OutDiv      = 1,
  parameter int unsigned FilterRange = 0,
  parameter bit          Pad         = 1'b0,
  parameter int unsigned InHz        = 0,
  parameter              InMhz       = "",
  parameter              Device      = "",
  parameter int unsigned LockCycles  = 100
) (
  input  logic clk_i,
  output logic clk_o,
  output logic locked_o
);

  logic [$clog2(LockCycles+1)-1:0] wait_q;

  initial wait_q = '0;
  assign clk_o    = clk_i;
  assign locked_o = int'(wait_q) == int'(LockCycles);

  always_ff @(posedge clk_i) begin
    if (!locked_o) wait_q <= wait_q + 1'b1;
  end

endmodule
