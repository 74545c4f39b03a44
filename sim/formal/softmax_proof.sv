// Properties of softmax: every element is what the table and the exact quotient give, in order.
module softmax_proof #(
  parameter int unsigned Channels = 2,
  parameter int unsigned InWidth = 1,
  parameter bit InSigned = 1'b1,
  parameter int unsigned TableWidth = 2,
  parameter int OutFraction = 1,
  parameter int unsigned OutWidth = 2,
  parameter bit OutSigned = 1'b0,
  parameter int unsigned Rounding = gatewright_pkg::RndConv,
  parameter int unsigned Overflow = gatewright_pkg::Sat,
  parameter int unsigned Bits = 1,
  parameter int unsigned Dividers = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [InWidth-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned CountBits = $clog2(Channels + 1);
  localparam int unsigned SumWidth  = TableWidth + $clog2(Channels);

  logic                 s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [OutWidth-1:0]  m_axis_tdata, expected;
  logic [CountBits-1:0] in_q, target;
  logic [TableWidth-1:0] words[2**InWidth];

  initial $readmemh("table.mem", words);

  initial assume (!rst_ni);

  softmax #(
    .Channels(Channels),
    .InWidth(InWidth),
    .InSigned(InSigned),
    .TableWidth(TableWidth),
    .OutFraction(OutFraction),
    .OutWidth(OutWidth),
    .OutSigned(OutSigned),
    .Rounding(Rounding),
    .Overflow(Overflow),
    .Bits(Bits),
    .Dividers(Dividers)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (InWidth + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(OutWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // The pixel that comes in: with its last element all results are known.
  logic [Channels-1:0][InWidth-1:0] pixel, pixel_q;
  logic [InWidth-1:0]               highest;
  logic [SumWidth-1:0]              total;
  logic [TableWidth-1:0]            numerator;

  always_comb begin
    pixel = pixel_q;
    for (int unsigned c = 0; c < Channels; c++) begin
      if (in_q == c) pixel[c] = InSigned ? s_axis_tdata ^ InWidth'(2**(InWidth-1)) : s_axis_tdata;
    end
    highest = '0;
    for (int unsigned c = 0; c < Channels; c++) begin
      if (pixel[c] > highest) highest = pixel[c];
    end
    total     = '0;
    numerator = '0;
    for (int unsigned c = 0; c < Channels; c++) begin
      total = total + words[InWidth'(highest-pixel[c])];
      if (target == c) numerator = words[InWidth'(highest-pixel[c])];
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      pixel_q <= pixel;
      in_q    <= (in_q == Channels - 1) ? '0 : in_q + 1'b1;
    end
    if (!rst_ni) in_q <= '0;
  end

  requantise_formula #(
    .InWidth(TableWidth),
    .InSigned(1'b0),
    .Drop(-OutFraction),
    .DivisorWidth(SumWidth),
    .OutWidth(OutWidth),
    .OutSigned(OutSigned),
    .Rounding(Rounding),
    .Overflow(Overflow)
  ) u_formula (
    .value_i  (numerator),
    .divisor_i(total),
    .value_o  (expected)
  );

  beat_order #(
    .Width   (OutWidth),
    .Frames  (8),
    .InBeats (1),
    .OutBeats(Channels)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid && in_q == Channels - 1),
    .in_tready_i (s_axis_tready),
    .value_i     (expected),
    .source_i    (1'b0),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i (m_axis_tdata),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  stream_progress #(
    .Limit(16)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      if (in_q != Channels - 1) assume (!s_axis_tlast);  // an image ends with a pixel
      cover (s_axis_tready && s_axis_tlast);
      cover (s_axis_tready && !s_axis_tlast && in_q == Channels - 1);
    end
  end

endmodule
