// Properties of axis_rectify: each element is what the formula gives, in order.
module axis_rectify_proof #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned InWidth = 3,
  parameter bit InSigned = 1'b1,
  parameter bit HasSlope = 1'b1,
  parameter int Threshold = 0,
  parameter bit PerChannel = 1'b0,  // slopes of two channels
  parameter int Slope = 1,
  parameter int unsigned SlopeWidth = 2,
  parameter bit SlopeSigned = 1'b1,
  parameter int SlopeFraction = 1,
  parameter bit HasLow = 1'b0,
  parameter bit HasHigh = 1'b0,
  parameter int Low = -2,
  parameter int High = 3,
  parameter int unsigned BoundFraction = 0,
  parameter int Drop = 1,
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
  input logic m_axis_tready
);

  localparam int unsigned Bits     = InWidth + SlopeWidth + 16;  // of every number
  localparam int unsigned Fraction = 4;  // bits behind the input's last place
  localparam int unsigned Channels = 2 * Lanes;

  localparam int unsigned Latency  = 1 + (HasSlope ? 4 : 0) + ((HasLow || HasHigh) ? 1 : 0);

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast, target;
  logic [2:0]                in_number, out_number, under_way;
  logic [Lanes*OutWidth-1:0] m_axis_tdata, expected;
  logic [Lanes*SlopeWidth-1:0] slopes[2];
  logic                      beat_q;  // of the pixel

  initial $readmemh("slopes.mem", slopes);

  initial assume (!rst_ni);

  axis_rectify #(
    .Lanes(Lanes),
    .InWidth(InWidth),
    .InSigned(InSigned),
    .HasSlope(HasSlope),
    .Threshold(Threshold),
    .PerChannel(PerChannel),
    .Slope(Slope),
    .SlopeWidth(SlopeWidth),
    .SlopeSigned(SlopeSigned),
    .SlopeFraction(SlopeFraction),
    .Channels(Channels),
    .HasLow(HasLow),
    .HasHigh(HasHigh),
    .Low(Low),
    .High(High),
    .BoundFraction(BoundFraction),
    .Drop(Drop),
    .OutWidth(OutWidth),
    .OutSigned(OutSigned),
    .Rounding(Rounding),
    .Overflow(Overflow)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Lanes * InWidth + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
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

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) beat_q <= !beat_q;
    if (!rst_ni) beat_q <= 1'b0;
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic [InWidth-1:0]     element;
    logic [SlopeWidth-1:0]  word;
    logic signed [Bits-1:0] x, slope, result;

    assign element = s_axis_tdata[lane*InWidth +: InWidth];
    assign word    = PerChannel ? slopes[beat_q][lane*SlopeWidth +: SlopeWidth] : Slope;
    assign x       = {{(Bits - InWidth){InSigned & element[InWidth-1]}}, element};
    assign slope   = {{(Bits - SlopeWidth){SlopeSigned & word[SlopeWidth-1]}}, word};

    always_comb begin
      result = x <<< Fraction;
      if (HasSlope && x <= Threshold) result = (slope * x) <<< (Fraction - SlopeFraction);
      if (HasLow && result < Bits'(Low) <<< (Fraction - BoundFraction)) begin
        result = Bits'(Low) <<< (Fraction - BoundFraction);
      end
      if (HasHigh && result > Bits'(High) <<< (Fraction - BoundFraction)) begin
        result = Bits'(High) <<< (Fraction - BoundFraction);
      end
    end

    requantise_formula #(
      .InWidth(Bits),
      .InSigned(1'b1),
      .Drop(Drop + int'(Fraction)),
      .Relu(1'b0),
      .OutWidth(OutWidth),
      .OutSigned(OutSigned),
      .Rounding(Rounding),
      .Overflow(Overflow)
    ) u_formula (
      .value_i  (result),
      .divisor_i('0),
      .value_o  (expected[lane*OutWidth +: OutWidth])
    );
  end

  beat_order #(
    .Width   (Lanes * OutWidth + 1),
    .Frames  (8),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({s_axis_tlast, expected}),
    .source_i    (target),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_number),
    .in_o        (),
    .out_frame_o (out_number),
    .out_o       ()
  );

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  // What is between the input's number and the output's is in the pipeline.
  (* hierconn *) logic [Latency-1:0] \u_dut.valid_q ;

  always_comb begin
    under_way = '0;
    for (int unsigned k = 0; k < Latency; k++) under_way = under_way + \u_dut.valid_q [k];
  end

  always_ff @(posedge clk_i) if (rst_ni) assert (3'(in_number - out_number) == under_way);

endmodule
