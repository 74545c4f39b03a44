// Product of two wide integers in parts that fit multipliers of 18 x 18 bits, with clock enable.
//
//   p_o = a_i * b_i of the enabled cycle before      (two's complement, exact)
//
// The products of the parts are registered, their sum is not: put a register behind. One product
// per cycle. Not reset. A narrow product at full speed is mul_reg's, which has the family's own
// registers around it but cannot stall.
module mul_parts #(
  parameter int unsigned AWidth = 24,  // bits of a_i, sign included, >= 1
  parameter int unsigned BWidth = 8    // bits of b_i, sign included, >= 1
) (
  input  logic                     clk_i,

  input  logic                     enable_i,
  input  logic [AWidth-1:0]        a_i,
  input  logic [BWidth-1:0]        b_i,
  output logic [AWidth+BWidth-1:0] p_o
);

  if (AWidth < 1 || BWidth < 1) begin : gen_check_width
    $fatal(1, "mul_parts: AWidth is %0d, BWidth %0d, must be at least 1", AWidth, BWidth);
  end

  // Below the highest part, which has the sign, a part is 17 bits and never negative.
  localparam int unsigned PartBits = 17;
  localparam int unsigned PWidth   = AWidth + BWidth;
  localparam int unsigned PartsA   = (AWidth > 18) ? (AWidth - 2) / PartBits + 1 : 1;
  localparam int unsigned PartsB   = (BWidth > 18) ? (BWidth - 2) / PartBits + 1 : 1;
  localparam int unsigned Parts    = PartsA * PartsB;

  logic [Parts*PWidth-1:0] products;  // at their places in the sum

  for (genvar i = 0; i < PartsA; i++) begin : gen_a
    localparam int unsigned BitsA = (i == PartsA - 1) ? AWidth - i * PartBits : PartBits + 1;

    logic signed [BitsA-1:0] a;

    if (i == PartsA - 1) begin : gen_highest
      assign a = a_i[AWidth-1:i*PartBits];
    end else begin : gen_lower
      assign a = {1'b0, a_i[i*PartBits +: PartBits]};
    end

    for (genvar j = 0; j < PartsB; j++) begin : gen_b
      localparam int unsigned BitsB = (j == PartsB - 1) ? BWidth - j * PartBits : PartBits + 1;

      logic signed [BitsB-1:0]       b;
      logic signed [BitsA+BitsB-1:0] part_q;

      if (j == PartsB - 1) begin : gen_highest
        assign b = b_i[BWidth-1:j*PartBits];
      end else begin : gen_lower
        assign b = {1'b0, b_i[j*PartBits +: PartBits]};
      end

      always_ff @(posedge clk_i) begin
        if (enable_i) part_q <= a * b;
      end

      assign products[(i*PartsB+j)*PWidth +: PWidth] = PWidth'(part_q) << ((i + j) * PartBits);
    end
  end

  always_comb begin
    p_o = '0;
    for (int unsigned part = 0; part < Parts; part++) begin
      p_o = p_o + products[part*PWidth +: PWidth];
    end
  end

endmodule
