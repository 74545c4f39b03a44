// Adds or subtracts on one carry chain of its own; combinational.
//
//   sum_o = a_i + b_i, or a_i - b_i, modulo 2**Width
//
// A module so that synthesis keeps the chain: where sums follow one another without a register
// between them, Yosys would make compressors of them, which take more LUTs than the chains.
// Operands of the same width, extended by who gives them.
(* keep_hierarchy *)
module carry_sum #(
  parameter int unsigned Width    = 8,    // bits, >= 1
  parameter bit          Subtract = 1'b0  // b_i is taken away
) (
  input  logic [Width-1:0] a_i,
  input  logic [Width-1:0] b_i,
  output logic [Width-1:0] sum_o
);

  if (Width < 1) begin : gen_check_width
    $fatal(1, "carry_sum: Width is %0d, must be at least 1", Width);
  end

  if (Subtract) begin : gen_subtract
    assign sum_o = a_i - b_i;
  end else begin : gen_add
    assign sum_o = a_i + b_i;
  end

endmodule
