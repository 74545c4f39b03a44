// The clock of a board's design: body for Lattice ECP5, one EHXPLLL.
//
//   clk_o = clk_i * FeedbackDiv / RefDiv;  VCO = clk_o * OutDiv, 400 to 800 MHz
//
// The phase is that of clk_i (the feedback is clk_o). locked_o is asynchronous.
module board_pll #(
  parameter int unsigned RefDiv      = 1,  // 1 to 128
  parameter int unsigned FeedbackDiv = 2,  // 1 to 128
  parameter int unsigned OutDiv      = 12  // 1 to 128
) (
  input  logic clk_i,
  output logic clk_o,
  output logic locked_o
);

  EHXPLLL #(
    .PLLRST_ENA      ("DISABLED"),
    .INTFB_WAKE      ("DISABLED"),
    .STDBY_ENABLE    ("DISABLED"),
    .DPHASE_SOURCE   ("DISABLED"),
    .OUTDIVIDER_MUXA ("DIVA"),
    .OUTDIVIDER_MUXB ("DIVB"),
    .OUTDIVIDER_MUXC ("DIVC"),
    .OUTDIVIDER_MUXD ("DIVD"),
    .CLKI_DIV        (RefDiv),
    .CLKOP_ENABLE    ("ENABLED"),
    .CLKOP_DIV       (OutDiv),
    .CLKOP_CPHASE    (OutDiv / 2),
    .CLKOP_FPHASE    (0),
    .FEEDBK_PATH     ("CLKOP"),
    .CLKFB_DIV       (FeedbackDiv)
  ) u_pll (
    .RST         (1'b0),
    .STDBY       (1'b0),
    .CLKI        (clk_i),
    .CLKOP       (clk_o),
    .CLKFB       (clk_o),
    .PHASESEL0   (1'b0),
    .PHASESEL1   (1'b0),
    .PHASEDIR    (1'b1),
    .PHASESTEP   (1'b1),
    .PHASELOADREG(1'b1),
    .PLLWAKESYNC (1'b0),
    .ENCLKOP     (1'b0),
    .LOCK        (locked_o)
  );

endmodule
