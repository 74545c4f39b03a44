// Converts one fixed-point number to another format, as ap_fixed does; combinational.
//
//   x       = Relu && value_i < 0 ? 0 : value_i
//   value_o = overflow(round(x / 2**Drop))
//
// Every rounding and overflow mode of gatewright_pkg, for signed and unsigned on either side; the
// same integers as requantize() in python/gatewright/fixed.py. One adder: OutWidth bits for the
// modes Sat, SatSym and Wrap, as wide as the input for the others. No clock: put a register behind.
module requantise #(
  parameter int unsigned InWidth   = 16,    // bits of the input, sign included, 1 to 62
  parameter bit          InSigned  = 1'b1,  // input is two's complement
  parameter int          Drop      = 4,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth  = 8,     // bits of the output, sign included, 1 to 62
  parameter bit          OutSigned = 1'b1,  // output is two's complement
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b0   // a negative input becomes 0 first
) (
  input  logic [InWidth-1:0]  value_i,
  output logic [OutWidth-1:0] value_o
);

  if (InWidth < 1 || InWidth > 62 || OutWidth < 1 || OutWidth > 62) begin : gen_check_widths
    $fatal(1, "requantise: InWidth is %0d, OutWidth %0d, must be 1 to 62", InWidth, OutWidth);
  end
  if (Drop < 0 && int'(InWidth) - Drop > 62) begin : gen_check_drop
    $fatal(1, "requantise: Drop is %0d, InWidth - Drop must be at most 62", Drop);
  end
  if (Rounding > gatewright_pkg::TrnZero) begin : gen_check_rounding
    $fatal(1, "requantise: Rounding is %0d, must be 0 to 6 (gatewright_pkg)", Rounding);
  end
  if (Overflow > gatewright_pkg::WrapSm) begin : gen_check_overflow
    $fatal(1, "requantise: Overflow is %0d, must be 0 to 4 (gatewright_pkg)", Overflow);
  end

  // Past InWidth + 1 dropped bits all are copies of the sign, and nothing rounds differently.
  localparam int unsigned Down = (Drop < 0) ? 0 : (Drop > int'(InWidth) + 1) ? InWidth + 1 : Drop;
  localparam int unsigned Up   = (Drop < 0) ? -Drop : 0;
  localparam int unsigned Magnitude = OutSigned ? OutWidth - 1 : OutWidth;  // bits below the sign

  // Working width, signed: one bit more than the shifted input holds an unsigned one; two bits more
  // than the output hold the bit above its sign and the sum's carry.
  localparam int unsigned InBits = InWidth + Up + 1;
  localparam int unsigned Bits   = (InBits > OutWidth + 2) ? InBits : OutWidth + 2;

  logic signed [InWidth:0] x;       // never negative if Relu: then negative_in clears the result
  logic signed [Bits-1:0]  exact;   // x with its appended zeros
  logic signed [Bits-1:0]  floor;   // exact / 2**Down, rounded down
  logic                    negative_in, negative, half, rest, up;

  assign negative_in = InSigned && value_i[InWidth-1];
  assign negative    = negative_in && !Relu;

  always_comb begin
    x = signed'({negative, value_i});
    if (InSigned && Relu) x[InWidth-1] = 1'b0;
  end

  assign exact = Bits'(x) <<< Up;
  assign floor = exact >>> Down;

  // The dropped bits are (half, rest): the one worth a half, and whether any below it is set.
  if (Down == 0) begin : gen_exact
    assign half = 1'b0;
    assign rest = 1'b0;
  end else begin : gen_dropped
    localparam logic [Bits-1:0] RestMask = (Bits'(1) << (Down - 1)) - 1'b1;
    assign half = exact[Down-1];
    assign rest = |(exact & RestMask);
  end

  always_comb begin
    unique case (Rounding)
      gatewright_pkg::RndPlusInf: up = half;
      gatewright_pkg::RndZero:    up = half && (rest || negative);
      gatewright_pkg::RndMinInf:  up = half && rest;
      gatewright_pkg::RndInf:     up = half && (rest || !negative);
      gatewright_pkg::RndConv:    up = half && (rest || floor[0]);
      gatewright_pkg::TrnZero:    up = negative && (half || rest);
      gatewright_pkg::Trn:        up = 1'b0;
      default:                    up = 1'b0;
    endcase
  end

  logic [OutWidth-1:0] result;

  if (Overflow == gatewright_pkg::Wrap) begin : gen_wrap
    assign result = OutWidth'(floor) + OutWidth'(up);

  end else if (Magnitude > 0 &&
               (Overflow == gatewright_pkg::Sat || Overflow == gatewright_pkg::SatSym))
  begin : gen_saturate
    // The bits above the magnitude show whether floor is in range. What rounding up can change is
    // one carry: past the largest value (saturate), or from -1 to 0 (the sign goes). From just
    // below the smallest value it leads to the smallest, where saturation leads anyway.
    logic [Magnitude:0]   sum;
    logic [Magnitude-1:0] magnitude;
    logic                 high, low;

    assign sum  = {1'b0, floor[Magnitude-1:0]} + (Magnitude + 1)'(up);
    assign high = !negative && (|floor[Bits-1:Magnitude] || sum[Magnitude]);
    assign low  = negative && !(OutSigned && &floor[Bits-1:Magnitude]);
    assign magnitude = (sum[Magnitude-1:0] | {Magnitude{high}}) & {Magnitude{!low}};

    if (OutSigned) begin : gen_signed
      logic sign, smallest;  // smallest: -2**Magnitude, which a symmetric range does not have
      assign sign     = negative && (low || !sum[Magnitude]);
      assign smallest = Overflow == gatewright_pkg::SatSym && sign && magnitude == '0;
      assign result   = {sign, magnitude} | OutWidth'(smallest);
    end else begin : gen_unsigned
      assign result = magnitude;
    end

  end else begin : gen_general  // also a sign alone, of which Sat and SatSym make 0 or -1
    localparam logic signed [Bits-1:0] Largest = Bits'((64'd1 << Magnitude) - 64'd1);
    localparam logic signed [Bits-1:0] Smallest = OutSigned ? -Largest - 1'b1 : '0;

    logic signed [Bits-1:0] rounded;
    logic                   high, low;

    assign rounded = floor + Bits'(up);
    assign high    = rounded > Largest;
    assign low     = rounded < Smallest;

    always_comb begin
      result = rounded[OutWidth-1:0];
      if (high || low) begin
        unique case (Overflow)
          gatewright_pkg::SatZero: result = '0;
          gatewright_pkg::WrapSm: begin
            // The lowest bit cut off becomes the sign; where the kept one differs, all bits flip.
            if (OutSigned && floor[OutWidth] != rounded[OutWidth-1]) result = ~result;
          end
          default: result = high ? Largest[OutWidth-1:0] : Smallest[OutWidth-1:0];
        endcase
      end
    end
  end

  assign value_o = (Relu && negative_in) ? '0 : result;

endmodule
