// A product of two random operands, to be mapped to a DSP block; Registered: by mul_reg.
module mapped_multiply #(
  parameter int unsigned AWidth     = 18,
  parameter bit          ASigned    = 1'b0,
  parameter int unsigned BWidth     = 18,
  parameter bit          BSigned    = 1'b0,
  parameter bit          Registered = 1'b0
) (
  input  logic                     clk_i,
  input  logic [127:0]             random_i,
  output logic [AWidth+BWidth-1:0] y_o
);

  logic [AWidth-1:0] a;
  logic [BWidth-1:0] b;

  // Now and then an extreme operand.
  assign a = random_i[127:125] == '0 ? {random_i[124], {AWidth - 1{random_i[123]}}}
                                     : random_i[0 +: AWidth];
  assign b = random_i[122:120] == '0 ? {random_i[119], {BWidth - 1{random_i[118]}}}
                                     : random_i[32 +: BWidth];

  if (Registered) begin : gen_registered
    mul_reg #(
      .AWidth (AWidth),
      .ASigned(ASigned),
      .BWidth (BWidth),
      .BSigned(BSigned)
    ) u_mul (
      .clk_i,
      .a_i(a),
      .b_i(b),
      .p_o(y_o)
    );
  end else if (ASigned && BSigned) begin : gen_signed
    assign y_o = $signed(a) * $signed(b);
  end else begin : gen_plain
    assign y_o = a * b;
  end

endmodule
