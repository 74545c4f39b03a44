// Properties of depthwise_engine: of every pixel each channel group's result, in order.
module depthwise_engine_proof #(
  parameter int unsigned Channels = 2,
  parameter int unsigned Taps = 2,
  parameter int unsigned Pe = 1,
  parameter int unsigned Vectors = 1,  // pixels per frame
  parameter int unsigned FifoDepth = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Pe-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Groups      = Channels / Pe;
  localparam int unsigned InBeats     = Vectors * Groups * Taps;  // a frame's
  localparam int unsigned OutBeats    = Vectors * Groups;
  localparam int unsigned WeightWidth = 2;
  localparam int unsigned AccWidth    = 3;
  localparam int unsigned OutWidth    = 2;
  localparam int unsigned InBits      = $clog2(InBeats + 1);
  localparam int unsigned OutBits     = $clog2(OutBeats + 1);

  logic                   s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Pe*OutWidth-1:0] m_axis_tdata, expected;
  logic [InBits-1:0]      in;
  logic [OutBits-1:0]     target;

  initial assume (!rst_ni);

  depthwise_engine #(
    .Channels   (Channels),
    .Taps       (Taps),
    .Pe         (Pe),
    .Simd       (1),
    .Vectors    (Vectors),
    .InWidth    (1),
    .WeightWidth(WeightWidth),
    .AccWidth   (AccWidth),
    .HasBias    (1'b0),
    .SumWidth   (AccWidth),
    .Drop       (1),
    .OutWidth   (OutWidth),
    .OutSigned  (1'b1),
    .Relu       (1'b0),
    .FifoDepth  (FifoDepth)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Pe + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(Pe * OutWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // The sums of the group that comes in: with its last tap they are known.
  logic [Pe*WeightWidth-1:0] words[Groups*Taps];
  logic [Pe*WeightWidth-1:0] word;
  logic                      group_first, group_last;

  initial $readmemh("weights.mem", words);

  assign word        = words[in % (Groups * Taps)];
  assign group_first = in % Taps == 0;
  assign group_last  = in % Taps == Taps - 1;

  for (genvar k = 0; k < Pe; k++) begin : gen_lane
    logic signed [WeightWidth-1:0] weight;
    logic signed [AccWidth-1:0]    sum, sum_q;

    assign weight = word[k*WeightWidth +: WeightWidth];

    always_comb begin
      sum = group_first ? '0 : sum_q;
      if (s_axis_tdata[k]) sum = sum + weight;
    end

    always_ff @(posedge clk_i) if (s_axis_tvalid && s_axis_tready) sum_q <= sum;

    requantise_formula #(
      .InWidth(AccWidth),
      .InSigned(1'b1),
      .Drop(1),
      .OutWidth(OutWidth),
      .OutSigned(1'b1),
      .Rounding(gatewright_pkg::RndConv),
      .Overflow(gatewright_pkg::Sat)
    ) u_formula (
      .value_i  (sum),
      .divisor_i('0),
      .value_o  (expected[k*OutWidth +: OutWidth])
    );
  end

  beat_order #(
    .Width   (Pe * OutWidth + 1),
    .Frames  (8),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == OutBeats - 1, expected}),
    .source_i    (InBits'(target * Taps + Taps - 1)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (in),
    .out_frame_o (),
    .out_o       ()
  );

  stream_progress #(
    .Limit(20)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == group_last);
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
