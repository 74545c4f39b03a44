// Adds a constant to a number that has no sign and converts the sum to another format.
//
//   sum   = Constant + value_i * 2**Shift, or Constant - value_i * 2**Shift     (Negate)
//   kept  = Even && sum's lowest Drop bits are 0 ? sum with bit Drop cleared : sum
//   value = overflow(round(Relu && kept < 0 ? 0 : kept / 2**Drop))
//
// Rounding, overflow, Relu: see requantise. Half an output unit may be part of Constant: then
// Rounding Trn rounds half up, and with Even half to even. Latency 1 cycle, with SumRegister 2; one
// value per cycle, free-running; nothing is reset.
module offset_requantise #(
  parameter int unsigned        InWidth   = 8,     // bits of value_i, >= 1
  parameter bit                 SumRegister = 1'b1,  // a register between sum and conversion
  parameter bit                 Negate    = 1'b0,  // value_i is taken away
  parameter int unsigned        Shift     = 0,     // left shift of value_i
  parameter logic signed [63:0] Constant  = '0,    // in units of the sum
  parameter int unsigned        SumWidth  = 12,    // bits of the sum, always enough, 1 to 62
  parameter bit                 SumSigned = 1'b1,  // the sum is two's complement
  parameter int                 Drop      = 4,     // fraction bits dropped; negative: zeros added
  parameter int unsigned        OutWidth  = 8,     // bits of the output, sign included, 1 to 62
  parameter bit                 OutSigned = 1'b0,  // output is two's complement
  parameter bit                 Even      = 1'b0,  // a sum halfway goes to the even unit
  parameter int unsigned        Rounding  = gatewright_pkg::Trn,
  parameter int unsigned        Overflow  = gatewright_pkg::Sat,
  parameter bit                 Relu      = 1'b1   // a negative sum becomes 0 first
) (
  input  logic                clk_i,

  input  logic [InWidth-1:0]  value_i,
  output logic [OutWidth-1:0] value_o
);

  if (Even && (Drop < 1 || Drop >= int'(SumWidth))) begin : gen_check_even
    $fatal(1, "offset_requantise: Even with Drop %0d, must be 1 to %0d (SumWidth - 1)", Drop,
           SumWidth - 1);
  end

  logic [SumWidth-1:0] shifted, sum, taken, kept;
  logic [OutWidth-1:0] converted;

  assign shifted = SumWidth'(value_i) << Shift;

  if (Negate) begin : gen_negate
    assign sum = SumWidth'(Constant) - shifted;
  end else begin : gen_plain
    assign sum = SumWidth'(Constant) + shifted;
  end

  if (SumRegister) begin : gen_register
    logic [SumWidth-1:0] sum_q;

    always_ff @(posedge clk_i) sum_q <= sum;
    assign taken = sum_q;
  end else begin : gen_through
    assign taken = sum;
  end

  if (Even) begin : gen_even
    always_comb begin
      kept = taken;
      if (taken[Drop-1:0] == '0) kept[Drop] = 1'b0;
    end
  end else begin : gen_as_is
    assign kept = taken;
  end

  requantise #(
    .InWidth  (SumWidth),
    .InSigned (SumSigned),
    .Drop     (Drop),
    .OutWidth (OutWidth),
    .OutSigned(OutSigned),
    .Rounding (Rounding),
    .Overflow (Overflow),
    .Relu     (Relu)
  ) u_requantise (
    .value_i(kept),
    .value_o(converted)
  );

  always_ff @(posedge clk_i) value_o <= converted;

  // The sum may need fewer bits than what comes in: it is exact modulo 2**SumWidth.
  logic unused;
  assign unused = ^value_i;

endmodule
