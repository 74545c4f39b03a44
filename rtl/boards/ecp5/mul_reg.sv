// Product of two integers, registered before and twice after the multiplier: body for Lattice ECP5.
//
//   p_o(t + 3) = a_i(t) * b_i(t)
//
// Same ports, parameters and behaviour as rtl/arith/mul_reg.sv, which a file list takes instead for
// simulation and other families. Up to 18 bits per operand it is one MULT18X18D with its own input
// and output registers, which Yosys does not infer (a combinational one takes 3.9 ns between
// fabric registers), and a fabric register; wider operands fall back to the plain body.
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

  localparam int unsigned DspWidth = 18;
  localparam int unsigned PWidth   = AWidth + BWidth;

  if (AWidth <= DspWidth && BWidth <= DspWidth) begin : gen_dsp
    logic signed [AWidth:0] a_exact;
    logic signed [BWidth:0] b_exact;
    logic [DspWidth-1:0]    a_wide, b_wide;  // sign- or zero-extended
    logic [2*DspWidth-1:0]  p_wide;
    logic [PWidth-1:0]      p_q;

    assign a_exact = {ASigned & a_i[AWidth-1], a_i};
    assign b_exact = {BSigned & b_i[BWidth-1], b_i};
    assign a_wide  = DspWidth'(a_exact);
    assign b_wide  = DspWidth'(b_exact);
    assign p_o     = p_q;

    // In the fabric: DSP blocks stand in few rows, and the way from there to the adders is long.
    always_ff @(posedge clk_i) p_q <= p_wide[PWidth-1:0];

    MULT18X18D #(
      .REG_INPUTA_CLK  ("CLK0"),
      .REG_INPUTA_CE   ("CE0"),
      .REG_INPUTA_RST  ("RST0"),
      .REG_INPUTB_CLK  ("CLK0"),
      .REG_INPUTB_CE   ("CE0"),
      .REG_INPUTB_RST  ("RST0"),
      .REG_PIPELINE_CLK("NONE"),
      .REG_OUTPUT_CLK  ("CLK0"),
      .REG_OUTPUT_CE   ("CE0"),
      .REG_OUTPUT_RST  ("RST0"),
      .GSR             ("DISABLED")
    ) u_mult (
      .CLK0(clk_i), .CLK1(1'b0), .CLK2(1'b0), .CLK3(1'b0),
      .CE0(1'b1), .CE1(1'b1), .CE2(1'b1), .CE3(1'b1),
      .RST0(1'b0), .RST1(1'b0), .RST2(1'b0), .RST3(1'b0),
      .SIGNEDA(ASigned), .SIGNEDB(BSigned), .SOURCEA(1'b0), .SOURCEB(1'b0),
      .A0(a_wide[0]), .A1(a_wide[1]), .A2(a_wide[2]), .A3(a_wide[3]), .A4(a_wide[4]),
      .A5(a_wide[5]), .A6(a_wide[6]), .A7(a_wide[7]), .A8(a_wide[8]), .A9(a_wide[9]),
      .A10(a_wide[10]), .A11(a_wide[11]), .A12(a_wide[12]), .A13(a_wide[13]), .A14(a_wide[14]),
      .A15(a_wide[15]), .A16(a_wide[16]), .A17(a_wide[17]),
      .B0(b_wide[0]), .B1(b_wide[1]), .B2(b_wide[2]), .B3(b_wide[3]), .B4(b_wide[4]),
      .B5(b_wide[5]), .B6(b_wide[6]), .B7(b_wide[7]), .B8(b_wide[8]), .B9(b_wide[9]),
      .B10(b_wide[10]), .B11(b_wide[11]), .B12(b_wide[12]), .B13(b_wide[13]), .B14(b_wide[14]),
      .B15(b_wide[15]), .B16(b_wide[16]), .B17(b_wide[17]),
      .C0(1'b0), .C1(1'b0), .C2(1'b0), .C3(1'b0), .C4(1'b0), .C5(1'b0), .C6(1'b0), .C7(1'b0),
      .C8(1'b0), .C9(1'b0), .C10(1'b0), .C11(1'b0), .C12(1'b0), .C13(1'b0), .C14(1'b0),
      .C15(1'b0), .C16(1'b0), .C17(1'b0),
      .P0(p_wide[0]), .P1(p_wide[1]), .P2(p_wide[2]), .P3(p_wide[3]), .P4(p_wide[4]),
      .P5(p_wide[5]), .P6(p_wide[6]), .P7(p_wide[7]), .P8(p_wide[8]), .P9(p_wide[9]),
      .P10(p_wide[10]), .P11(p_wide[11]), .P12(p_wide[12]), .P13(p_wide[13]), .P14(p_wide[14]),
      .P15(p_wide[15]), .P16(p_wide[16]), .P17(p_wide[17]), .P18(p_wide[18]), .P19(p_wide[19]),
      .P20(p_wide[20]), .P21(p_wide[21]), .P22(p_wide[22]), .P23(p_wide[23]), .P24(p_wide[24]),
      .P25(p_wide[25]), .P26(p_wide[26]), .P27(p_wide[27]), .P28(p_wide[28]), .P29(p_wide[29]),
      .P30(p_wide[30]), .P31(p_wide[31]), .P32(p_wide[32]), .P33(p_wide[33]), .P34(p_wide[34]),
      .P35(p_wide[35])
    );
  end else begin : gen_plain
    logic [AWidth-1:0]      a_q;
    logic [BWidth-1:0]      b_q;
    logic signed [AWidth:0] a_wide;
    logic signed [BWidth:0] b_wide;
    logic [PWidth-1:0]      m_q, p_q;

    assign a_wide = {ASigned & a_q[AWidth-1], a_q};
    assign b_wide = {BSigned & b_q[BWidth-1], b_q};
    assign p_o    = p_q;

    always_ff @(posedge clk_i) begin
      a_q <= a_i;
      b_q <= b_i;
      m_q <= PWidth'(a_wide * b_wide);
      p_q <= m_q;
    end
  end

endmodule
