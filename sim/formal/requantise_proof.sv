// Properties of requantise: it equals its formula for every input, in every mode or in one.
module requantise_proof #(
  parameter int unsigned InWidth = 8,
  parameter bit InSigned = 1'b1,
  parameter int Drop = 3,
  parameter int unsigned OutWidth = 4,
  parameter bit OutSigned = 1'b1,
  parameter int unsigned Rounding = gatewright_pkg::RndConv,
  parameter int unsigned Overflow = gatewright_pkg::Sat,
  parameter bit Relu = 1'b0,
  parameter bit All = 1'b1  // every mode and sign of these widths
) (
  input logic clk_i,
  input logic rst_ni,
  input logic [InWidth-1:0] value_i
);

  for (genvar k = 0; k < (All ? 7 * 5 * 8 : 1); k++) begin : gen_mode
    localparam int unsigned ThisRounding  = All ? k % 7 : Rounding;
    localparam int unsigned ThisOverflow  = All ? (k / 7) % 5 : Overflow;
    localparam bit          ThisInSigned  = All ? (k / 35) % 2 == 1 : InSigned;
    localparam bit          ThisOutSigned = All ? (k / 70) % 2 == 1 : OutSigned;
    localparam bit          ThisRelu      = All ? (k / 140) % 2 == 1 : Relu;

    logic [OutWidth-1:0] value, expected;

    requantise #(
      .InWidth  (InWidth),
      .InSigned (ThisInSigned),
      .Drop     (Drop),
      .OutWidth (OutWidth),
      .OutSigned(ThisOutSigned),
      .Rounding (ThisRounding),
      .Overflow (ThisOverflow),
      .Relu     (ThisRelu)
    ) u_dut (
      .value_i,
      .value_o(value)
    );

    requantise_formula #(
      .InWidth  (InWidth),
      .InSigned (ThisInSigned),
      .Drop     (Drop),
      .OutWidth (OutWidth),
      .OutSigned(ThisOutSigned),
      .Rounding (ThisRounding),
      .Overflow (ThisOverflow),
      .Relu     (ThisRelu)
    ) u_formula (
      .value_i,
      .divisor_i('0),
      .value_o  (expected)
    );

    always_comb assert (value == expected);
  end

endmodule
