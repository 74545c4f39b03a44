// Adds a bias to each sum of a stream, then converts it to the layer's output format.
//
//   y = requantise(x * 2**BiasShift + bias[index])      (the sum is exact in SumWidth bits)
//
// Rounding and overflow modes and Relu: see requantise. The bias memory has one word per beat of a
// vector, lane 0 lowest, BiasWidth bits each, two's complement, in units of the sum; file BiasFile
// ($readmemh). Up to 32 deep it is logic, else block RAM. index_i comes 3 cycles before its beat
// (block RAM is slow to its output: two registers right behind it). Latency 2 cycles, one beat per
// cycle, free-running; no path is combinational.
module matvec_bias #(
  parameter int unsigned Lanes     = 1,     // elements per beat, >= 1
  parameter int unsigned Beats     = 128,   // beats per vector, >= 1
  parameter int unsigned AccWidth  = 24,    // bits per incoming sum, two's complement
  parameter bit          HasBias   = 1'b1,  // 0: no memory, no addition; BiasFile is not read
  parameter int unsigned BiasShift = 0,     // left shift of the incoming sum
  parameter int unsigned BiasWidth = 16,    // bits per bias, two's complement
  parameter int unsigned SumWidth  = 25,    // bits of shifted sum plus bias, two's complement
  parameter int          Drop      = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth  = 8,     // bits per output element
  parameter bit          OutSigned = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b1,  // a negative sum becomes 0 first
  parameter              BiasFile  = "bias.mem",

  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic [IndexWidth-1:0]     index_i,
  input  logic                      valid_i,
  input  logic [Lanes*AccWidth-1:0] sums_i,

  output logic                      valid_o,
  output logic [Lanes*OutWidth-1:0] data_o
);

  localparam int unsigned MaxLogicDepth = 32;

  logic [Lanes*BiasWidth-1:0] bias_q;  // constant 0 without a bias
  logic [Lanes*SumWidth-1:0]  sum_q;
  logic [Lanes*OutWidth-1:0]  converted, data_q;
  logic                       sum_valid_q, valid_q;

  if (!HasBias) begin : gen_no_bias
    assign bias_q = '0;
    logic unused;
    assign unused = ^{index_i, bias_q};
  end else if (Beats <= MaxLogicDepth) begin : gen_logic
    (* rom_style = "logic" *)
    logic [Lanes*BiasWidth-1:0] memory[Beats];
    logic [Lanes*BiasWidth-1:0] word_q, word2_q;
    initial $readmemh(BiasFile, memory);
    always_ff @(posedge clk_i) begin
      word_q  <= memory[index_i];
      word2_q <= word_q;
      bias_q  <= word2_q;
    end
  end else begin : gen_block_ram
    (* rom_style = "block" *)
    logic [Lanes*BiasWidth-1:0] memory[Beats];
    logic [Lanes*BiasWidth-1:0] word_q, word2_q;
    initial $readmemh(BiasFile, memory);
    always_ff @(posedge clk_i) begin
      word_q  <= memory[index_i];
      word2_q <= word_q;
      bias_q  <= word2_q;
    end
  end

  for (genvar j = 0; j < Lanes; j++) begin : gen_lane
    logic signed [AccWidth-1:0] acc;
    assign acc = sums_i[j*AccWidth +: AccWidth];

    if (HasBias) begin : gen_add
      logic signed [BiasWidth-1:0] bias;

      assign bias = bias_q[j*BiasWidth +: BiasWidth];

      always_ff @(posedge clk_i) begin
        sum_q[j*SumWidth +: SumWidth] <= (SumWidth'(acc) <<< BiasShift) + SumWidth'(bias);
      end
    end else begin : gen_pass
      always_ff @(posedge clk_i) sum_q[j*SumWidth +: SumWidth] <= SumWidth'(acc) <<< BiasShift;
    end

    requantise #(
      .InWidth  (SumWidth),
      .InSigned (1'b1),
      .Drop     (Drop),
      .OutWidth (OutWidth),
      .OutSigned(OutSigned),
      .Rounding (Rounding),
      .Overflow (Overflow),
      .Relu     (Relu)
    ) u_requantise (
      .value_i(sum_q[j*SumWidth +: SumWidth]),
      .value_o(converted[j*OutWidth +: OutWidth])
    );
  end

  always_ff @(posedge clk_i) data_q <= converted;

  always_ff @(posedge clk_i) begin
    sum_valid_q <= valid_i;
    valid_q     <= sum_valid_q;
    if (!rst_ni) begin
      sum_valid_q <= 1'b0;
      valid_q     <= 1'b0;
    end
  end

  assign valid_o = valid_q;
  assign data_o  = data_q;

endmodule
