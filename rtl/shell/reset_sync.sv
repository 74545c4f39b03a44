// A synchronous reset of an asynchronous one: down at once, up after Cycles cycles without it.
//
// rst_no is low from power-up (by the flip-flops' initial values) and as long as async_ni is low.
// Its rise is synchronous to clk_i, so that all that it resets starts in the same cycle.
module reset_sync #(
  parameter int unsigned Cycles = 16  // >= 2
) (
  input  logic clk_i,
  input  logic async_ni,  // such as a PLL's lock; asynchronous
  output logic rst_no
);

  if (Cycles < 2) begin : gen_check_cycles
    $fatal(1, "reset_sync: Cycles is %0d, must be at least 2", Cycles);
  end

  logic [Cycles-1:0] chain_q;

  initial chain_q = '0;
  assign rst_no = chain_q[Cycles-1];

  always_ff @(posedge clk_i or negedge async_ni) begin
    if (!async_ni) chain_q <= '0;
    else chain_q <= {chain_q[Cycles-2:0], 1'b1};
  end

endmodule
