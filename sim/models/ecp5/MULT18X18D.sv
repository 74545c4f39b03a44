// Model of Lattice ECP5's MULT18X18D, which Yosys knows as an empty shell.
//
//   P = A * B, each operand two's complement where SIGNEDA, SIGNEDB say so
//
// In the two configurations that netlists have: without registers (every CLK "NONE"), latency 0; or
// with registers before and after the multiplier on CLK0, always enabled, never reset, latency 2.
// Any other is an error: at elaboration, or, for what hangs on a pin, in simulation.
// Texts of other lengths are compared.
// verilator lint_off WIDTHEXPAND
module MULT18X18D #(
  parameter REG_INPUTA_CLK   = "NONE",
  parameter REG_INPUTA_CE    = "CE0",
  parameter REG_INPUTA_RST   = "RST0",
  parameter REG_INPUTB_CLK   = "NONE",
  parameter REG_INPUTB_CE    = "CE0",
  parameter REG_INPUTB_RST   = "RST0",
  parameter REG_PIPELINE_CLK = "NONE",
  parameter REG_OUTPUT_CLK   = "NONE",
  parameter REG_OUTPUT_CE    = "CE0",
  parameter REG_OUTPUT_RST   = "RST0",
  parameter GSR              = "ENABLED"
) (
  input logic CLK0, CLK1, CLK2, CLK3,
  input logic CE0, CE1, CE2, CE3,
  input logic RST0, RST1, RST2, RST3,
  input logic SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  input logic A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
  input logic B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
  input logic C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
  output logic P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17,
  output logic P18, P19, P20, P21, P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34,
  output logic P35
);

  localparam bit Registered = REG_OUTPUT_CLK == "CLK0";

  if (REG_OUTPUT_CLK != "CLK0" && REG_OUTPUT_CLK != "NONE") begin : gen_check_output
    $fatal(1, "MULT18X18D: REG_OUTPUT_CLK is %s, only CLK0 and NONE are modelled", REG_OUTPUT_CLK);
  end
  if (REG_INPUTA_CLK != REG_OUTPUT_CLK || REG_INPUTB_CLK != REG_OUTPUT_CLK) begin : gen_check_input
    $fatal(1, "MULT18X18D: REG_INPUTA_CLK is %s, REG_INPUTB_CLK is %s, must be REG_OUTPUT_CLK, %s",
           REG_INPUTA_CLK, REG_INPUTB_CLK, REG_OUTPUT_CLK);
  end
  if (REG_PIPELINE_CLK != "NONE") begin : gen_check_pipeline
    $fatal(1, "MULT18X18D: REG_PIPELINE_CLK is %s, only NONE is modelled", REG_PIPELINE_CLK);
  end
  if (REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0" || REG_OUTPUT_CE != "CE0") begin
    : gen_check_enable
    $fatal(1, "MULT18X18D: REG_INPUTA_CE, REG_INPUTB_CE, REG_OUTPUT_CE are %s, %s, %s, must be CE0",
           REG_INPUTA_CE, REG_INPUTB_CE, REG_OUTPUT_CE);
  end
  if (REG_INPUTA_RST != "RST0" || REG_INPUTB_RST != "RST0" || REG_OUTPUT_RST != "RST0") begin
    : gen_check_reset
    $fatal(1, "MULT18X18D: REG_INPUTA_RST, REG_INPUTB_RST, REG_OUTPUT_RST are %s, %s, %s, not RST0",
           REG_INPUTA_RST, REG_INPUTB_RST, REG_OUTPUT_RST);
  end

  logic signed [18:0] a, b, a_q, b_q;  // one bit more, so that one signed product serves all cases
  logic signed [37:0] product;
  logic        [35:0] p_q;

  assign a = {SIGNEDA & A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2,
              A1, A0};
  assign b = {SIGNEDB & B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2,
              B1, B0};
  assign product = Registered ? a_q * b_q : a * b;

  always_ff @(posedge CLK0) begin
    a_q <= a;
    b_q <= b;
    p_q <= product[35:0];
  end

  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
          P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
      Registered ? p_q : product[35:0];

`ifdef VERILATOR
  always_comb begin
    if (SOURCEA || SOURCEB) $fatal(1, "MULT18X18D: SOURCEA or SOURCEB is 1, not modelled");
  end
  always @(posedge CLK0) begin
    if (Registered && (RST0 || !CE0)) $fatal(1, "MULT18X18D: RST0 is %b, CE0 is %b, must be 0, 1",
                                             RST0, CE0);
  end
`endif

endmodule
