// Quotient of two unsigned integers, Bits quotient bits per cycle.
//
//   quotient_o = floor((head * 2**QuotientWidth + tail) / divisor),  rest_o = a remainder is left
//
// load_i takes head_i and tail_i; then, while run_i, each cycle gives Bits bits of the quotient:
// after QuotientWidth / Bits cycles with run_i it is complete. divisor_i must hold from the cycle
// after load_i on; head must be less than it, so that the quotient fits. Restoring division: Bits
// subtractions of DivisorWidth + 1 bits stand behind each other. Not reset.
module divide_serial #(
  parameter int unsigned QuotientWidth = 12,  // a multiple of Bits
  parameter int unsigned DivisorWidth  = 4,   // bits of divisor and head, >= 1
  parameter int unsigned Bits          = 3    // per cycle, >= 1
) (
  input  logic                     clk_i,

  input  logic                     load_i,
  input  logic                     run_i,
  input  logic [DivisorWidth-1:0]  head_i,
  input  logic [QuotientWidth-1:0] tail_i,
  input  logic [DivisorWidth-1:0]  divisor_i,

  output logic [QuotientWidth-1:0] quotient_o,
  output logic                     rest_o
);

  if (Bits < 1 || DivisorWidth < 1 || QuotientWidth < 1 || QuotientWidth % Bits != 0)
  begin : gen_check_size
    $fatal(1, "divide_serial: QuotientWidth is %0d, must be a multiple of Bits, which is %0d",
           QuotientWidth, Bits);
  end

  logic [DivisorWidth-1:0]        head_q;  // the remainder so far
  logic [QuotientWidth-1:0]       tail_q;  // dividend bits to come, then quotient bits
  logic [Bits:0][DivisorWidth-1:0] head;   // after each bit
  logic [Bits-1:0]                found;   // the highest first

  assign head[0] = head_q;

  for (genvar b = 0; b < Bits; b++) begin : gen_bit
    logic [DivisorWidth:0]   dividend;
    logic [DivisorWidth+1:0] less;  // negative: the divisor does not fit

    assign dividend        = {head[b], tail_q[QuotientWidth-1-b]};
    assign less            = {1'b0, dividend} - {2'b00, divisor_i};
    assign found[Bits-1-b] = !less[DivisorWidth+1];
    assign head[b+1]       = found[Bits-1-b] ? less[DivisorWidth-1:0]
                                             : dividend[DivisorWidth-1:0];

    logic unused;
    assign unused = less[DivisorWidth];  // 0: what is left is less than the divisor
  end

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      head_q <= head_i;
      tail_q <= tail_i;
    end else if (run_i) begin
      head_q <= head[Bits];
      tail_q <= QuotientWidth'({tail_q, found});
    end
  end

  assign quotient_o = tail_q;
  assign rest_o     = head_q != '0;

endmodule
