// One rank of a folded matrix-vector core: Pes rows at once, Simd products per row.
//
//   each cycle:   s(k) = sum over lanes l of x(l) * weight[address](k, l)
//   valid_i:      total(k) = total(k) + s(k)
//   last_i:       result(k) = total(k) + s(k), then total(k) = 0
//
// The rank owns its weight_memory: Depth words, lowest PE in the least significant bits, inside a
// PE lane 0 lowest, WeightWidth bits each, from <WeightFile>_<Rank in three digits>.mem, in banks
// where it is deeper than BankDepth.
//
// The inputs of one beat come at different times, so that nothing is delayed here:
//   address_i at cycle t, x_i at t + 3, valid_i and last_i at t + 6 + Levels,
//   result_o from t + 7 + Levels until the next last_i; Levels = ceil(log2(Simd)).
// One beat per cycle, free-running. last_i implies valid_i but for a reset, where last_i alone
// clears the totals. Totals may wrap on the way: the final sum is exact where it fits AccWidth.
module matvec_rank #(
  parameter int unsigned Pes          = 1,     // PEs, >= 1
  parameter int unsigned Simd         = 8,     // products per PE, >= 1
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 6,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 24,    // bits per result, two's complement
  parameter int unsigned Depth        = 784,   // words of the weight memory, >= 1
  parameter int unsigned BankDepth    = 1024,  // words per bank: see weight_memory
  parameter bit          SingleBeat   = 1'b0,  // every beat is a last one: no totals are kept
  parameter int unsigned Rank         = 0,     // 0 to 999; number in the weight file's name
  parameter              WeightFile   = "weights",  // path without _<Rank>.mem

  localparam int unsigned AddressWidth = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  logic                    clk_i,

  input  logic [AddressWidth-1:0] address_i,
  input  logic [Simd*InWidth-1:0] x_i,
  input  logic                    valid_i,
  input  logic                    last_i,

  output logic [Pes*AccWidth-1:0] result_o
);

  if (Rank > 999) begin : gen_check_rank
    $fatal(1, "matvec_rank: Rank is %0d, must be 0 to 999", Rank);
  end

  localparam int unsigned WordWidth    = Pes * Simd * WeightWidth;
  localparam int unsigned ProductWidth = InWidth + WeightWidth;
  // An unsigned product gets a sign bit.
  localparam int unsigned TermWidth    = ProductWidth + ((InSigned || WeightSigned) ? 0 : 1);

  // ASCII digits of the file's number.
  localparam logic [7:0] Hundreds = 8'd48 + 8'(Rank / 100 % 10);
  localparam logic [7:0] Tens     = 8'd48 + 8'(Rank / 10 % 10);
  localparam logic [7:0] Ones     = 8'd48 + 8'(Rank % 10);

  logic [WordWidth-1:0] weights;

  weight_memory #(
    .Width    (WordWidth),
    .Depth    (Depth),
    .BankDepth(BankDepth),
    .File     ({WeightFile, "_", Hundreds, Tens, Ones})
  ) u_weights (
    .clk_i,
    .address_i,
    .word_o(weights)
  );

  for (genvar k = 0; k < Pes; k++) begin : gen_pe
    logic [Simd*TermWidth-1:0] terms;
    logic [AccWidth-1:0]       partial, sum, result_q;

    for (genvar l = 0; l < Simd; l++) begin : gen_lane
      logic [ProductWidth-1:0] product;

      mul_reg #(
        .AWidth (InWidth),
        .ASigned(InSigned),
        .BWidth (WeightWidth),
        .BSigned(WeightSigned)
      ) u_mul (
        .clk_i,
        .a_i(x_i[l*InWidth +: InWidth]),
        .b_i(weights[(k*Simd+l)*WeightWidth +: WeightWidth]),
        .p_o(product)
      );

      assign terms[l*TermWidth +: TermWidth] = TermWidth'(product);
    end

    adder_tree #(
      .Lanes   (Simd),
      .Width   (TermWidth),
      .OutWidth(AccWidth)
    ) u_tree (
      .clk_i,
      .terms_i(terms),
      .sum_o  (partial)
    );

    if (SingleBeat) begin : gen_single
      assign sum = partial;

      logic unused;
      assign unused = valid_i;
    end else begin : gen_total
      logic [AccWidth-1:0] total_q;

      assign sum = total_q + partial;

      always_ff @(posedge clk_i) begin
        if (last_i) total_q <= '0;
        else if (valid_i) total_q <= sum;
      end
    end

    always_ff @(posedge clk_i) begin
      if (last_i) result_q <= sum;
    end

    assign result_o[k*AccWidth +: AccWidth] = result_q;
  end

endmodule
