// The clock of a board's design: body for Gowin GW1NR-9C and GW2AR-18, one rPLL.
//
//   clk_o = clk_i * FeedbackDiv / RefDiv;  VCO = clk_o * OutDiv
//
// locked_o is asynchronous.
module board_pll #(
  parameter int unsigned RefDiv      = 1,          // 1 to 64
  parameter int unsigned FeedbackDiv = 2,          // 1 to 64
  parameter int unsigned OutDiv      = 8,          // 2, 4, 8, 16, 32, 48 to 128
  parameter              InMhz       = "27",
  parameter              Device      = "GW1NR-9C"
) (
  input  logic clk_i,
  output logic clk_o,
  output logic locked_o
);

  rPLL #(
    .DEVICE          (Device),
    .FCLKIN          (InMhz),
    .IDIV_SEL        (RefDiv - 1),
    .FBDIV_SEL       (FeedbackDiv - 1),
    .ODIV_SEL        (OutDiv),
    .DYN_IDIV_SEL    ("false"),
    .DYN_FBDIV_SEL   ("false"),
    .DYN_ODIV_SEL    ("false"),
    .DYN_DA_EN       ("false"),
    .DUTYDA_SEL      ("1000"),
    .PSDA_SEL        ("0000"),
    .CLKFB_SEL       ("internal"),
    .CLKOUT_BYPASS   ("false"),
    .CLKOUTP_BYPASS  ("false"),
    .CLKOUTD_BYPASS  ("false"),
    .DYN_SDIV_SEL    (2),
    .CLKOUTD_SRC     ("CLKOUT"),
    .CLKOUTD3_SRC    ("CLKOUT")
  ) u_pll (
    .CLKIN  (clk_i),
    .CLKOUT (clk_o),
    .LOCK   (locked_o),
    .RESET  (1'b0),
    .RESET_P(1'b0),
    .CLKFB  (1'b0),
    .FBDSEL (6'd0),
    .IDSEL  (6'd0),
    .ODSEL  (6'd0),
    .PSDA   (4'd0),
    .DUTYDA (4'd0),
    .FDLY   (4'd0)
  );

endmodule
