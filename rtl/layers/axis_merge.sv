// Joins two fixed-point streams, lane by lane: sum, difference, product, mean, larger, smaller.
//
//   Operation 0: a + b   1: a - b   2: a * b   3: (a + b) / 2   4: max(a, b)   5: min(a, b)
//   m_axis_tdata[lane] = convert(operation)
//
// a = s_axis_a_tdata[lane] * 2**ShiftA and b = s_axis_b_tdata[lane] * 2**ShiftB, so that both have
// one fraction; a product needs no shifts. The operation is exact; convert, its rounding, overflow
// and Relu are requantise's, Drop fraction bits fewer than the operands aligned (than the operands'
// fractions together for a product; the mean's division is done besides). Lane 0 is in the least
// significant bits. Beats are taken in pairs; tlast is a's and b's, which must agree (an assertion
// checks it). Latency 2 cycles, of a product 3; one beat per cycle. Either s_axis_*_tready depends on the other's
// tvalid, and on m_axis_tready, in the same cycle. It holds no beats for the stream that is ahead:
// put a FIFO there.
module axis_merge #(
  parameter int unsigned Lanes     = 1,     // elements per beat, >= 1
  parameter int unsigned Operation = 0,     // 0 to 5
  parameter int unsigned WidthA    = 8,     // bits per element of a, >= 1
  parameter bit          SignedA   = 1'b0,  // a is two's complement
  parameter int unsigned ShiftA    = 0,     // zeros appended to a
  parameter int unsigned WidthB    = 8,     // bits per element of b, >= 1
  parameter bit          SignedB   = 1'b0,  // b is two's complement
  parameter int unsigned ShiftB    = 0,     // zeros appended to b
  parameter int          Drop      = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth  = 8,     // bits per output element, sign included
  parameter bit          OutSigned = 1'b0,  // output is two's complement
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b0   // a negative result becomes 0 first
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_a_tvalid,
  output logic                      s_axis_a_tready,
  input  logic [Lanes*WidthA-1:0]   s_axis_a_tdata,
  input  logic                      s_axis_a_tlast,

  input  logic                      s_axis_b_tvalid,
  output logic                      s_axis_b_tready,
  input  logic [Lanes*WidthB-1:0]   s_axis_b_tdata,
  input  logic                      s_axis_b_tlast,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  localparam int unsigned Subtract = 1;
  localparam int unsigned Multiply = 2;
  localparam int unsigned Mean     = 3;
  localparam int unsigned Larger   = 4;
  localparam int unsigned Smaller  = 5;

  if (Lanes < 1 || WidthA < 1 || WidthB < 1) begin : gen_check_size
    $fatal(1, "axis_merge: Lanes is %0d, WidthA %0d, WidthB %0d, must be at least 1", Lanes, WidthA,
           WidthB);
  end
  if (Operation > Smaller) begin : gen_check_operation
    $fatal(1, "axis_merge: Operation is %0d, must be 0 to 5", Operation);
  end
  if (Operation == Multiply && ShiftA + ShiftB != 0) begin : gen_check_shift
    $fatal(1, "axis_merge: ShiftA is %0d, ShiftB %0d; a product needs neither", ShiftA, ShiftB);
  end

  // Operands with a sign bit; one bit more holds a sum or a difference.
  localparam int unsigned BitsA  = WidthA + ShiftA + (SignedA ? 0 : 1);
  localparam int unsigned BitsB  = WidthB + ShiftB + (SignedB ? 0 : 1);
  localparam int unsigned Common = (BitsA > BitsB) ? BitsA : BitsB;
  localparam int unsigned Bits   = (Operation == Multiply) ? BitsA + BitsB : Common + 1;

  // Pairs wait in front of the result's register: nowhere, or in the multipliers.
  logic                      take, pair_valid, pair_last, pair_ready;
  logic                      result_valid_q, result_last_q, result_ready, valid_q, last_q;
  logic [Lanes*Bits-1:0]     result_q;
  logic [Lanes*OutWidth-1:0] converted, data_q;

  assign result_ready    = !result_valid_q || !valid_q || m_axis_tready;
  assign s_axis_a_tready = pair_ready && s_axis_b_tvalid;
  assign s_axis_b_tready = pair_ready && s_axis_a_tvalid;
  assign take            = pair_ready && s_axis_a_tvalid && s_axis_b_tvalid;

  if (Operation == Multiply) begin : gen_pair
    logic pair_valid_q, pair_last_q;

    assign pair_ready = !pair_valid_q || result_ready;
    assign pair_valid = pair_valid_q;
    assign pair_last  = pair_last_q;

    always_ff @(posedge clk_i) begin
      if (pair_ready) pair_valid_q <= take;
      if (!rst_ni) pair_valid_q <= 1'b0;
    end
    always_ff @(posedge clk_i) begin
      if (pair_ready) pair_last_q <= s_axis_a_tlast;
    end
  end else begin : gen_no_pair
    assign pair_ready = result_ready;
    assign pair_valid = take;
    assign pair_last  = s_axis_a_tlast;
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic [WidthA-1:0]       bits_a;
    logic [WidthB-1:0]       bits_b;
    logic signed [BitsA-1:0] a;
    logic signed [BitsB-1:0] b;
    logic signed [Bits-1:0]  result;

    assign bits_a = s_axis_a_tdata[lane*WidthA +: WidthA];
    assign bits_b = s_axis_b_tdata[lane*WidthB +: WidthB];
    assign a      = BitsA'(signed'({SignedA & bits_a[WidthA-1], bits_a})) <<< ShiftA;
    assign b      = BitsB'(signed'({SignedB & bits_b[WidthB-1], bits_b})) <<< ShiftB;

    if (Operation == Multiply) begin : gen_product
      mul_parts #(
        .AWidth(BitsA),
        .BWidth(BitsB)
      ) u_mul (
        .clk_i,
        .enable_i(pair_ready),
        .a_i     (a),
        .b_i     (b),
        .p_o     (result)
      );
    end else begin : gen_aligned
      logic signed [Bits-1:0] x, y;

      assign x = Bits'(a);
      assign y = Bits'(b);

      if (Operation == Subtract) begin : gen_difference
        assign result = x - y;
      end else if (Operation == Larger) begin : gen_larger
        assign result = (x > y) ? x : y;
      end else if (Operation == Smaller) begin : gen_smaller
        assign result = (x < y) ? x : y;
      end else begin : gen_sum
        assign result = x + y;
      end
    end

    always_ff @(posedge clk_i) begin
      if (pair_valid && result_ready) result_q[lane*Bits +: Bits] <= result;
    end

    requantise #(
      .InWidth  (Bits),
      .InSigned (1'b1),
      .Drop     (Drop + ((Operation == Mean) ? 1 : 0)),
      .OutWidth (OutWidth),
      .OutSigned(OutSigned),
      .Rounding (Rounding),
      .Overflow (Overflow),
      .Relu     (Relu)
    ) u_requantise (
      .value_i(result_q[lane*Bits +: Bits]),
      .value_o(converted[lane*OutWidth +: OutWidth])
    );
  end

  always_ff @(posedge clk_i) begin
    if (result_ready) result_valid_q <= pair_valid;
    if (!valid_q || m_axis_tready) valid_q <= result_valid_q;
    if (!rst_ni) begin
      result_valid_q <= 1'b0;
      valid_q        <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (pair_valid && result_ready) result_last_q <= pair_last;
    if (!valid_q || m_axis_tready) begin
      data_q <= converted;
      last_q <= result_last_q;
    end
  end

  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

`ifdef VERILATOR
  LastsAgree: assert property (@(posedge clk_i) disable iff (!rst_ni)
      take |-> s_axis_a_tlast == s_axis_b_tlast)
    else $error("axis_merge: tlast of a is %0d, of b %0d", s_axis_a_tlast, s_axis_b_tlast);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_merge: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_b_tlast;
`endif
endmodule
