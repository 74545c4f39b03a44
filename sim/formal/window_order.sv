// The order of windows: every tap of every window is its element of the image, or padding. For a
// block with the parameters and the streams of window_serial; Lanes is 1.
module window_order #(
  parameter int unsigned Width = 1,
  parameter int unsigned Channels = 1,
  parameter int unsigned Height = 1,
  parameter int unsigned Columns = 3,
  parameter int unsigned KernelH = 1,
  parameter int unsigned KernelW = 2,
  parameter int unsigned StrideH = 1,
  parameter int unsigned StrideW = 1,
  parameter int unsigned DilationH = 1,
  parameter int unsigned DilationW = 1,
  parameter int unsigned PadTop = 0,
  parameter int unsigned PadLeft = 0,
  parameter int unsigned PadBottom = 0,
  parameter int unsigned PadRight = 0,
  parameter int unsigned Passes = 1,
  parameter bit ChannelOuter = 1'b0
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tready,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tvalid,
  input logic m_axis_tready,
  input logic [Width-1:0] m_axis_tdata,
  input logic m_axis_tlast,
  input logic m_axis_tuser
);

  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;
  localparam int unsigned InBeats    = Height * Columns * Channels;
  localparam int unsigned Taps       = KernelH * KernelW * Channels;
  localparam int unsigned OutBeats   = OutRows * OutColumns * Passes * Taps;
  localparam int unsigned InBits     = $clog2(InBeats + 1);
  localparam int unsigned OutBits    = $clog2(OutBeats + 1);
  localparam int unsigned Images     = 2 + (16 + InBeats - 1) / InBeats;  // a buffer holds so many
  localparam int unsigned Bits       = $clog2(InBeats + OutBeats + 16) + 2;  // of every number

  logic [InBits-1:0]  in;
  logic [OutBits-1:0] target, out;

  stream_rules #(
    .Width (Width + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(Width + 2)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tuser, m_axis_tlast, m_axis_tdata})
  );

  // Any tap of any window: which beat out it is, and which element of the image.
  (* anyconst *) logic [Bits-1:0] row, column, pass, tap_row, tap_column, channel;

  logic [Bits-1:0] window, tap, y, x, out_beat;
  logic            in_image, last;

  assign window   = row * Bits'(OutColumns) + column;
  assign tap      = ChannelOuter
                    ? (channel * Bits'(KernelH) + tap_row) * Bits'(KernelW) + tap_column
                    : (tap_row * Bits'(KernelW) + tap_column) * Bits'(Channels) + channel;
  assign out_beat = (window * Bits'(Passes) + pass) * Bits'(Taps) + tap;
  assign y        = row * Bits'(StrideH) + tap_row * Bits'(DilationH) - Bits'(PadTop);
  assign x        = column * Bits'(StrideW) + tap_column * Bits'(DilationW) - Bits'(PadLeft);
  assign in_image   = y < Height && x < Columns;  // negative numbers are large ones
  assign last     = tap_row == KernelH - 1 && tap_column == KernelW - 1 &&
                    (ChannelOuter || channel == Channels - 1);

  always_comb begin
    assume (row < OutRows && column < OutColumns && pass < Passes);
    assume (tap_row < KernelH && tap_column < KernelW && channel < Channels);
    assume (target == out_beat && in_image);
  end

  beat_order #(
    .Width   (Width + 2),
    .Frames  (Images),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({1'b0, last, s_axis_tdata}),
    .source_i    (InBits'((y * Bits'(Columns) + x) * Bits'(Channels) + channel)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tuser, m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (in),
    .out_frame_o (),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(8)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  // Any tap that is padding.
  (* anyconst *) logic [Bits-1:0] pad_row, pad_column, pad_pass, pad_tap_row, pad_tap_col;
  (* anyconst *) logic [Bits-1:0] pad_channel;

  logic [Bits-1:0] pad_tap, pad_beat, pad_y, pad_x;
  logic            pad_last;

  assign pad_tap  = ChannelOuter
                    ? (pad_channel * Bits'(KernelH) + pad_tap_row) * Bits'(KernelW) + pad_tap_col
                    : (pad_tap_row * Bits'(KernelW) + pad_tap_col) * Bits'(Channels) + pad_channel;
  assign pad_beat = ((pad_row * Bits'(OutColumns) + pad_column) * Bits'(Passes) + pad_pass) *
                    Bits'(Taps) + pad_tap;
  assign pad_y    = pad_row * Bits'(StrideH) + pad_tap_row * Bits'(DilationH) - Bits'(PadTop);
  assign pad_x    = pad_column * Bits'(StrideW) + pad_tap_col * Bits'(DilationW) - Bits'(PadLeft);
  assign pad_last = pad_tap_row == KernelH - 1 && pad_tap_col == KernelW - 1 &&
                    (ChannelOuter || pad_channel == Channels - 1);

  always_comb begin
    assume (pad_row < OutRows && pad_column < OutColumns && pad_pass < Passes);
    assume (pad_tap_row < KernelH && pad_tap_col < KernelW && pad_channel < Channels);
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && m_axis_tvalid && out == pad_beat && !(pad_y < Height && pad_x < Columns)) begin
      assert (m_axis_tuser && m_axis_tdata == '0 && m_axis_tlast == pad_last);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == InBeats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
