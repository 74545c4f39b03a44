// What requantise must give, as the formula of ap_fixed has it: by exact division, then compare.
//
//   q = floor(x / (divisor * 2**Drop)), r the rest;  q + 1 where the mode says so;  then the range
//
// Written from python/gatewright/fixed.py (AMD UG1399), not from the block: wide numbers, no
// tricks. Combinational. The divisor is 1 unless DivisorWidth says that there is one.
module requantise_formula #(
  parameter int unsigned InWidth   = 8,
  parameter bit          InSigned  = 1'b1,
  parameter int          Drop      = 4,
  parameter int unsigned OutWidth  = 8,
  parameter bit          OutSigned = 1'b1,
  parameter int unsigned Rounding  = 4,
  parameter int unsigned Overflow  = 0,
  parameter bit          Relu      = 1'b0,
  parameter int unsigned DivisorWidth = 0,  // 0: divisor_i is not looked at

  localparam int unsigned DivisorBits = (DivisorWidth > 0) ? DivisorWidth : 1
) (
  input  logic [InWidth-1:0]     value_i,
  input  logic [DivisorBits-1:0] divisor_i,  // >= 1
  output logic [OutWidth-1:0]    value_o
);

  localparam int unsigned Down = (Drop > 0) ? Drop : 0;
  localparam int unsigned Up   = (Drop < 0) ? -Drop : 0;
  localparam int unsigned Bits = InWidth + Down + Up + OutWidth + DivisorWidth + 3;

  localparam logic signed [Bits-1:0] One      = 1;
  localparam logic signed [Bits-1:0] Range    = One <<< OutWidth;
  localparam logic signed [Bits-1:0] Greatest = (OutSigned ? Range / 2 : Range) - 1;
  localparam logic signed [Bits-1:0] Least    =
      !OutSigned ? 0 : (Overflow == 2 && OutWidth > 1) ? -Greatest : -Greatest - 1;

  logic signed [Bits-1:0] given, x, unit, floor, rest, rounded, wrapped, result;
  logic                   up, tie, outside, negative;

  always_comb begin
    given = {{(Bits - InWidth){InSigned & value_i[InWidth-1]}}, value_i};
    if (Relu && given < 0) given = 0;
    x        = given <<< Up;
    negative = x < 0;
    if (DivisorWidth == 0) begin
      unit  = One <<< Down;
      floor = x >>> Down;
    end else begin
      unit  = Bits'(divisor_i) << Down;
      floor = negative ? -((unit - 1 - x) / unit) : x / unit;
    end
    rest = x - floor * unit;
    tie  = 2 * rest == unit;
    case (Rounding)
      0: up = tie;                // RND
      1: up = tie && negative;    // RND_ZERO
      2: up = 1'b0;               // RND_MIN_INF
      3: up = tie && !negative;   // RND_INF
      4: up = tie && floor[0];    // RND_CONV
      5: up = 1'b0;               // TRN
      default: up = negative && rest != 0;  // TRN_ZERO
    endcase
    if (Rounding < 5 && 2 * rest > unit) up = 1'b1;
    rounded = up ? floor + 1 : floor;
    outside = rounded < Least || rounded > Greatest;
    wrapped = rounded;
    if (Overflow == 4 && OutSigned && outside && floor[OutWidth] != rounded[OutWidth-1]) begin
      wrapped = ~rounded;  // WRAP_SM: the lowest bit cut off becomes the sign
    end
    result = rounded;
    if (outside) begin
      case (Overflow)
        1: result = 0;             // SAT_ZERO
        3, 4: result = wrapped;    // WRAP, WRAP_SM
        default: result = rounded < Least ? Least : Greatest;  // SAT, SAT_SYM
      endcase
    end
    value_o = result[OutWidth-1:0];
  end

endmodule
