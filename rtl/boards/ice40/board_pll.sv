// The clock of a board's design: body for Lattice iCE40, one SB_PLL40.
//
//   clk_o = clk_i * FeedbackDiv / (RefDiv * OutDiv);  VCO = clk_o * OutDiv, 533 to 1,066 MHz
//
// Pad: clk_i comes straight from the pin beside the PLL, which must not be used otherwise. locked_o
// is asynchronous.
module board_pll #(
  parameter int unsigned RefDiv      = 1,   // 1 to 16
  parameter int unsigned FeedbackDiv = 48,  // 1 to 128
  parameter int unsigned OutDiv      = 16,  // 2, 4, 8 to 64
  parameter int unsigned FilterRange = 1,   // by the frequency at the phase detector
  parameter bit          Pad         = 1'b0
) (
  input  logic clk_i,
  output logic clk_o,
  output logic locked_o
);

  if (Pad) begin : gen_pad
    SB_PLL40_PAD #(
      .FEEDBACK_PATH("SIMPLE"),
      .DIVR         (4'(RefDiv - 1)),
      .DIVF         (7'(FeedbackDiv - 1)),
      .DIVQ         (3'($clog2(OutDiv))),
      .FILTER_RANGE (3'(FilterRange))
    ) u_pll (
      .PACKAGEPIN  (clk_i),
      .PLLOUTGLOBAL(clk_o),
      .RESETB      (1'b1),
      .BYPASS      (1'b0),
      .LOCK        (locked_o)
    );
  end else begin : gen_core
    SB_PLL40_CORE #(
      .FEEDBACK_PATH("SIMPLE"),
      .DIVR         (4'(RefDiv - 1)),
      .DIVF         (7'(FeedbackDiv - 1)),
      .DIVQ         (3'($clog2(OutDiv))),
      .FILTER_RANGE (3'(FilterRange))
    ) u_pll (
      .REFERENCECLK(clk_i),
      .PLLOUTGLOBAL(clk_o),
      .RESETB      (1'b1),
      .BYPASS      (1'b0),
      .LOCK        (locked_o)
    );
  end

endmodule
