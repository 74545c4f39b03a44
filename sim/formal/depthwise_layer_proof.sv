// Properties of depthwise_layer: of every window each channel's result, in order.
module depthwise_layer_proof #(
  parameter int unsigned Channels = 1,
  parameter int unsigned Height = 1,
  parameter int unsigned Columns = 2,
  parameter int unsigned KernelH = 1,
  parameter int unsigned KernelW = 2,
  parameter int unsigned StrideH = 1,
  parameter int unsigned StrideW = 1,
  parameter int unsigned PadTop = 0,
  parameter int unsigned PadLeft = 0
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned OutRows     = (Height + PadTop - KernelH) / StrideH + 1;
  localparam int unsigned OutColumns  = (Columns + PadLeft - KernelW) / StrideW + 1;
  localparam int unsigned InBeats     = Height * Columns * Channels;
  localparam int unsigned OutBeats    = OutRows * OutColumns * Channels;
  localparam int unsigned InWidth     = 1;
  localparam int unsigned WeightWidth = 2;
  localparam int unsigned AccWidth    = 3;
  localparam int unsigned OutWidth    = 2;
  localparam int unsigned ImageBits   = InBeats * InWidth;
  localparam int unsigned InBits      = $clog2(InBeats + 1);
  localparam int unsigned OutBits     = $clog2(OutBeats + 1);
  localparam int unsigned Bits        = $clog2(InBeats + OutBeats + 16) + 2;  // of every number

  logic                s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [OutWidth-1:0] m_axis_tdata, expected;
  logic [InBits-1:0]   in;
  logic [OutBits-1:0]  target;

  initial assume (!rst_ni);

  depthwise_layer #(
    .Channels    (Channels),
    .Height      (Height),
    .Columns     (Columns),
    .KernelH     (KernelH),
    .KernelW     (KernelW),
    .StrideH     (StrideH),
    .StrideW     (StrideW),
    .PadTop      (PadTop),
    .PadLeft     (PadLeft),
    .PadBottom   (0),
    .PadRight    (0),
    .Pe          (1),
    .Simd        (1),
    .InWidth     (InWidth),
    .WeightWidth (WeightWidth),
    .AccWidth    (AccWidth),
    .HasBias     (1'b0),
    .SumWidth    (AccWidth),
    .Drop        (1),
    .OutWidth    (OutWidth),
    .OutSigned   (1'b1),
    .Relu        (1'b0),
    .FifoDepth   (2)
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

  // The beat out that is looked at, and the image: with the window's last tap its result is known.
  logic [Bits-1:0]            row, column, channel, y, x, source;
  logic [ImageBits-1:0]       image, image_q;
  logic [WeightWidth-1:0]     words[Channels*KernelH*KernelW];
  logic [WeightWidth-1:0]     word;
  logic                       tap;
  logic [AccWidth-1:0]        sum;

  initial $readmemh("weights.mem", words);

  assign channel = Bits'(target) % Bits'(Channels);
  assign column  = Bits'(target) / Bits'(Channels) % Bits'(OutColumns);
  assign row     = Bits'(target) / Bits'(Channels * OutColumns);
  assign y       = row * Bits'(StrideH) - Bits'(PadTop);  // of the first tap; negative: large
  assign x       = column * Bits'(StrideW) - Bits'(PadLeft);
  assign source  = ((y + Bits'(KernelH - 1)) * Bits'(Columns) + x + Bits'(KernelW - 1)) *
                   Bits'(Channels) + channel;

  always_comb begin
    image = (image_q & ~(ImageBits'({InWidth{1'b1}}) << (in * InWidth))) |
            (ImageBits'(s_axis_tdata) << (in * InWidth));
    sum  = '0;
    word = '0;
    tap  = 1'b0;
    for (int unsigned h = 0; h < KernelH; h++) begin
      for (int unsigned w = 0; w < KernelW; w++) begin
        word = words[(channel * KernelH + h) * KernelW + w];
        tap  = image >> (((y + Bits'(h)) * Bits'(Columns) + x + Bits'(w)) * Bits'(Channels) +
                         channel);
        if (y + Bits'(h) < Height && x + Bits'(w) < Columns && tap) begin
          sum = sum + {word[WeightWidth-1], word};
        end
      end
    end
  end

  always_ff @(posedge clk_i) if (s_axis_tvalid && s_axis_tready) image_q <= image;

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
    .value_o  (expected)
  );

  beat_order #(
    .Width   (OutWidth + 1),
    .Frames  (8),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == OutBeats - 1, expected}),
    .source_i    (InBits'(source)),
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
    .Limit(24)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == InBeats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
