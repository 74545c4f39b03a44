// Properties of pool_reduce: one beat for each window, its maximum or mean as the formula has it.
module pool_reduce_proof #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned Taps = 3,
  parameter int unsigned Results = 2,
  parameter bit Average = 1'b0,
  parameter bit CountPadding = 1'b1,
  parameter int unsigned InWidth = 2,
  parameter bit InSigned = 1'b1,
  parameter int Drop = 0,
  parameter int unsigned OutWidth = 2,
  parameter bit OutSigned = 1'b1,
  parameter int unsigned Rounding = gatewright_pkg::RndConv,
  parameter int unsigned Overflow = gatewright_pkg::Sat
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Lanes*InWidth-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic s_axis_tuser,
  input logic m_axis_tready
);

  localparam int unsigned CountBits = $clog2(Taps + 1);
  localparam int unsigned SumBits   = InWidth + CountBits + 1;
  localparam bit          Divide    = Average && Taps > 1;

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Lanes*OutWidth-1:0] m_axis_tdata, expected;
  logic [CountBits-1:0]      in_q, count_q, count;  // taps, and those that count
  logic                      counts;
  logic [$clog2(Results+1)-1:0] target;

  initial assume (!rst_ni);

  pool_reduce #(
    .Lanes(Lanes),
    .Taps(Taps),
    .Results(Results),
    .Average(Average),
    .CountPadding(CountPadding),
    .InWidth(InWidth),
    .InSigned(InSigned),
    .Drop(Drop),
    .OutWidth(OutWidth),
    .OutSigned(OutSigned),
    .Rounding(Rounding),
    .Overflow(Overflow)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Lanes * InWidth + 2),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tuser, s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(Lanes * OutWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  assign counts = (Average && CountPadding) || !s_axis_tuser;
  assign count  = ((in_q == '0) ? '0 : count_q) + CountBits'(counts);

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      in_q    <= (in_q == Taps - 1) ? '0 : in_q + 1'b1;
      count_q <= count;
    end
    if (!rst_ni) in_q <= '0;
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic signed [SumBits-1:0] x, so_far, so_far_q;
    logic [InWidth-1:0]        element;
    logic                      none;  // no tap counted before this one

    assign element = s_axis_tdata[lane*InWidth +: InWidth];
    assign x       = {{(SumBits - InWidth){InSigned & element[InWidth-1]}}, element};
    assign none    = in_q == '0 || count_q == '0;

    always_comb begin
      so_far = none ? '0 : so_far_q;
      if (counts && Average) so_far = so_far + x;
      else if (counts && (none || x > so_far)) so_far = x;
    end

    always_ff @(posedge clk_i) if (s_axis_tvalid && s_axis_tready) so_far_q <= so_far;

    requantise_formula #(
      .InWidth(SumBits),
      .InSigned(1'b1),
      .Drop(Drop),
      .Relu(1'b0),
      .DivisorWidth(Divide ? CountBits : 0),
      .OutWidth(OutWidth),
      .OutSigned(OutSigned),
      .Rounding(Rounding),
      .Overflow(Overflow)
    ) u_formula (
      .value_i  (so_far),
      .divisor_i(Divide ? count : 1),
      .value_o  (expected[lane*OutWidth +: OutWidth])
    );
  end

  beat_order #(
    .Width   (Lanes * OutWidth + 1),
    .Frames  (6),
    .InBeats (Results),
    .OutBeats(Results)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid && in_q == Taps - 1),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == Results - 1, expected}),
    .source_i    (target),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  stream_progress #(
    .Limit(InWidth + 5)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in_q == Taps - 1));
      assume (!s_axis_tlast || count != '0);                // some tap counts
      assume (!s_axis_tuser || s_axis_tdata == '0);         // padding is zero
      cover (s_axis_tready && s_axis_tlast && s_axis_tuser);
      cover (s_axis_tready && s_axis_tlast && count == Taps);
    end
  end

endmodule
