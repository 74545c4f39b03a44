// The clock of a board's design: body for AMD 7-series, one PLLE2_BASE and a global buffer.
//
//   clk_o = clk_i * FeedbackDiv / (RefDiv * OutDiv);  VCO = clk_o * OutDiv, 800 to 1,600 MHz
//
// locked_o is asynchronous.
module board_pll #(
  parameter int unsigned RefDiv      = 1,   // 1 to 56
  parameter int unsigned FeedbackDiv = 10,  // 2 to 64
  parameter int unsigned OutDiv      = 10,  // 1 to 128
  parameter int unsigned InHz        = 100_000_000
) (
  input  logic clk_i,
  output logic clk_o,
  output logic locked_o
);

  logic feedback, clock;

  PLLE2_BASE #(
    .BANDWIDTH     ("OPTIMIZED"),
    .CLKIN1_PERIOD (1.0e9 / InHz),
    .DIVCLK_DIVIDE (RefDiv),
    .CLKFBOUT_MULT (FeedbackDiv),
    .CLKOUT0_DIVIDE(OutDiv)
  ) u_pll (
    .CLKIN1  (clk_i),
    .CLKFBIN (feedback),
    .CLKFBOUT(feedback),
    .CLKOUT0 (clock),
    .LOCKED  (locked_o),
    .PWRDWN  (1'b0),
    .RST     (1'b0)
  );

  BUFG u_buffer (
    .I(clock),
    .O(clk_o)
  );

endmodule
