// Model of Lattice ECP5's MULT18X18D, which Yosys knows as an empty shell.
//
//   P = A * B, each operand two's complement where SIGNEDA, SIGNEDB say so
//
// Each of REG_INPUTA, REG_INPUTB, REG_PIPELINE and REG_OUTPUT is either absent (CLK "NONE") or one
// register on CLK0 with enable CE0 and synchronous reset RST0. Not modelled, and an error at
// elaboration: other clocks, enables and resets, an asynchronous reset. Not modelled, and an error
// when it is used: the cascade inputs (SOURCEA, SOURCEB) and the input C.
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
  parameter REG_PIPELINE_CE  = "CE0",
  parameter REG_PIPELINE_RST = "RST0",
  parameter REG_OUTPUT_CLK   = "NONE",
  parameter REG_OUTPUT_CE    = "CE0",
  parameter REG_OUTPUT_RST   = "RST0",
  parameter RESETMODE        = "SYNC",
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

  localparam bit HasA        = REG_INPUTA_CLK == "CLK0";
  localparam bit HasB        = REG_INPUTB_CLK == "CLK0";
  localparam bit HasPipeline = REG_PIPELINE_CLK == "CLK0";
  localparam bit HasOutput   = REG_OUTPUT_CLK == "CLK0";

  if (!HasA && REG_INPUTA_CLK != "NONE") begin : gen_check_a
    $fatal(1, "MULT18X18D: REG_INPUTA_CLK is %s, only NONE and CLK0 are modelled", REG_INPUTA_CLK);
  end
  if (!HasB && REG_INPUTB_CLK != "NONE") begin : gen_check_b
    $fatal(1, "MULT18X18D: REG_INPUTB_CLK is %s, only NONE and CLK0 are modelled", REG_INPUTB_CLK);
  end
  if (!HasPipeline && REG_PIPELINE_CLK != "NONE") begin : gen_check_pipeline
    $fatal(1, "MULT18X18D: REG_PIPELINE_CLK is %s, only NONE and CLK0 are modelled",
           REG_PIPELINE_CLK);
  end
  if (!HasOutput && REG_OUTPUT_CLK != "NONE") begin : gen_check_output
    $fatal(1, "MULT18X18D: REG_OUTPUT_CLK is %s, only NONE and CLK0 are modelled", REG_OUTPUT_CLK);
  end
  if (REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0" || REG_PIPELINE_CE != "CE0" ||
      REG_OUTPUT_CE != "CE0") begin : gen_check_enable
    $fatal(1, "MULT18X18D: REG_*_CE is %s, %s, %s, %s, only CE0 is modelled", REG_INPUTA_CE,
           REG_INPUTB_CE, REG_PIPELINE_CE, REG_OUTPUT_CE);
  end
  if (REG_INPUTA_RST != "RST0" || REG_INPUTB_RST != "RST0" || REG_PIPELINE_RST != "RST0" ||
      REG_OUTPUT_RST != "RST0") begin : gen_check_reset
    $fatal(1, "MULT18X18D: REG_*_RST is %s, %s, %s, %s, only RST0 is modelled", REG_INPUTA_RST,
           REG_INPUTB_RST, REG_PIPELINE_RST, REG_OUTPUT_RST);
  end
  if (RESETMODE != "SYNC") begin : gen_check_resetmode
    $fatal(1, "MULT18X18D: RESETMODE is %s, only SYNC is modelled", RESETMODE);
  end

  logic signed [18:0] a, b, a_q, b_q;  // one bit more, so that one signed product serves all cases
  logic signed [37:0] product;
  logic        [35:0] pipeline, pipeline_q, p_q;

  assign a = {SIGNEDA & A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2,
              A1, A0};
  assign b = {SIGNEDB & B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2,
              B1, B0};
  assign product  = (HasA ? a_q : a) * (HasB ? b_q : b);
  assign pipeline = HasPipeline ? pipeline_q : product[35:0];

  always_ff @(posedge CLK0) begin
    if (RST0) begin
      a_q        <= '0;
      b_q        <= '0;
      pipeline_q <= '0;
      p_q        <= '0;
    end else if (CE0) begin
      a_q        <= a;
      b_q        <= b;
      pipeline_q <= product[35:0];
      p_q        <= pipeline;
    end
  end

  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
          P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
      HasOutput ? p_q : pipeline;

`ifdef VERILATOR
  always_comb begin
    if (SOURCEA || SOURCEB) $fatal(1, "MULT18X18D: a cascade input is used, which is not modelled");
  end
`endif

endmodule
