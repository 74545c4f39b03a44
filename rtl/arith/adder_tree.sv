// Sum of Lanes two's complement integers, a register after each level of two-input adders.
//
//   sum_o(t + Levels) = sum over lanes of terms_i(t) modulo 2**OutWidth
//   Levels = ceil(log2(Lanes))
//
// A level's adders are one bit wider than those before, up to OutWidth; with a terms' width plus
// Levels, or more, the sum is exact. Lane 0 of terms_i is in the least significant bits. Latency
// Levels cycles, one sum per cycle, free-running. With one lane it is wires: no register at all.
// Not reset.
module adder_tree #(
  parameter int unsigned Lanes    = 8,   // terms, >= 1
  parameter int unsigned Width    = 14,  // bits per term, sign included, >= 1
  parameter int unsigned OutWidth = 17   // bits of the sum, sign included, >= 1
) (
  input  logic                   clk_i,

  input  logic [Lanes*Width-1:0] terms_i,
  output logic [OutWidth-1:0]    sum_o
);

  if (Lanes < 1 || Width < 1 || OutWidth < 1) begin : gen_check_size
    $fatal(1, "adder_tree: Lanes is %0d, Width %0d, OutWidth %0d, must be at least 1", Lanes,
           Width, OutWidth);
  end

  localparam int unsigned Levels = (Lanes > 1) ? $clog2(Lanes) : 0;

  // Level 0 holds the terms, level Levels the sum. All levels stand in one vector, level 0 lowest.
  // (Results are assigned to the functions' names because Yosys knows no return.)
  function automatic int unsigned count(input int unsigned level);  // nodes of a level
    count = (Lanes + 2**level - 1) / 2**level;
  endfunction
  function automatic int unsigned bits(input int unsigned level);  // bits of a level's node
    bits = (Width + level < OutWidth) ? Width + level : OutWidth;
  endfunction
  function automatic int unsigned offset(input int unsigned level);  // of a level's lowest bit
    offset = 0;
    for (int unsigned below = 0; below < level; below++) begin
      offset = offset + count(below) * bits(below);
    end
  endfunction

  logic [offset(Levels+1)-1:0] nodes;

  for (genvar i = 0; i < Lanes; i++) begin : gen_term
    assign nodes[i*bits(0) +: bits(0)] = terms_i[i*Width +: bits(0)];
  end

  for (genvar l = 1; l <= Levels; l++) begin : gen_level
    localparam int unsigned From     = offset(l - 1);
    localparam int unsigned FromBits = bits(l - 1);
    localparam int unsigned ToBits   = bits(l);

    for (genvar i = 0; i < count(l); i++) begin : gen_node
      logic signed [FromBits-1:0] low;
      logic [ToBits-1:0]          sum_q;

      assign low = nodes[From+2*i*FromBits +: FromBits];
      assign nodes[offset(l)+i*ToBits +: ToBits] = sum_q;

      if (2 * i + 1 < count(l - 1)) begin : gen_add
        logic signed [FromBits-1:0] high;

        assign high = nodes[From+(2*i+1)*FromBits +: FromBits];
        always_ff @(posedge clk_i) sum_q <= ToBits'(low) + ToBits'(high);
      end else begin : gen_odd
        always_ff @(posedge clk_i) sum_q <= ToBits'(low);
      end
    end
  end

  logic signed [bits(Levels)-1:0] sum;

  assign sum   = nodes[offset(Levels) +: bits(Levels)];
  assign sum_o = OutWidth'(sum);

  if (Levels == 0 || OutWidth < Width) begin : gen_unused
    logic unused;
    assign unused = ^{clk_i, terms_i};
  end

endmodule
