// Properties of window_parallel: every tap of every window is its element of the image, or zero.
module window_parallel_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Lanes = 1,
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
  parameter int unsigned Taps = 2,  // per beat
  parameter int unsigned Passes = 1,
  parameter int unsigned Images = 4  // more than a buffer holds
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Lanes*Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned SpanH      = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW      = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows    = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;
  localparam int unsigned Groups     = Channels / Lanes;
  localparam int unsigned Kernel     = KernelH * KernelW;
  localparam int unsigned Beats      = (Kernel + Taps - 1) / Taps;  // of a window's pass
  localparam int unsigned InBeats    = Height * Columns * Groups;
  localparam int unsigned OutBeats   = OutRows * OutColumns * Groups * Passes * Beats;
  localparam int unsigned BeatWidth  = Lanes * Width;
  localparam int unsigned InBits     = $clog2(InBeats + 1);
  localparam int unsigned OutBits    = $clog2(OutBeats + 1);
  localparam int unsigned Bits       = $clog2(InBeats + OutBeats + 16) + 2;  // of every number

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Taps*BeatWidth-1:0] m_axis_tdata;
  logic [InBits-1:0]         in;
  logic [OutBits-1:0]        target, out;

  initial assume (!rst_ni);

  window_parallel #(
    .Width(Width),
    .Lanes(Lanes),
    .Channels(Channels),
    .Height(Height),
    .Columns(Columns),
    .KernelH(KernelH),
    .KernelW(KernelW),
    .StrideH(StrideH),
    .StrideW(StrideW),
    .DilationH(DilationH),
    .DilationW(DilationW),
    .PadTop(PadTop),
    .PadLeft(PadLeft),
    .PadBottom(PadBottom),
    .PadRight(PadRight),
    .Taps(Taps),
    .Passes(Passes)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (BeatWidth + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(Taps * BeatWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Any tap in the image: which beat out it is in and where, and which beat of the image.
  (* anyconst *) logic [Bits-1:0] row, column, group, pass, beat, place, tap_row, tap_column;

  logic [Bits-1:0]           y, x;
  logic [Taps*BeatWidth-1:0] lanes;

  assign y     = row * Bits'(StrideH) + tap_row * Bits'(DilationH) - Bits'(PadTop);
  assign x     = column * Bits'(StrideW) + tap_column * Bits'(DilationW) - Bits'(PadLeft);
  assign lanes = m_axis_tdata >> (place * BeatWidth);

  always_comb begin
    assume (row < OutRows && column < OutColumns && group < Groups && pass < Passes);
    assume (tap_row < KernelH && tap_column < KernelW && beat < Beats && place < Taps);
    assume (beat * Bits'(Taps) + place == tap_row * Bits'(KernelW) + tap_column);
    assume (y < Height && x < Columns);  // negative numbers are large ones
    assume (target == (((row * Bits'(OutColumns) + column) * Bits'(Groups) + group) *
                       Bits'(Passes) + pass) * Bits'(Beats) + beat);
  end

  beat_order #(
    .Width   (BeatWidth + 1),
    .Frames  (Images),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({beat == Beats - 1, s_axis_tdata}),
    .source_i    (InBits'((y * Bits'(Columns) + x) * Bits'(Groups) + group)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, lanes[BeatWidth-1:0]}),
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

  // Any other place in any beat out: a tap outside the image, or none.
  (* anyconst *) logic [Bits-1:0] at_row, at_column, at_group, at_pass, at_beat, at_place;
  (* anyconst *) logic [Bits-1:0] at_tap_row, at_tap_column;

  logic [Bits-1:0]           at_tap, at_y, at_x;
  logic [Taps*BeatWidth-1:0] at_lanes;

  assign at_tap   = at_beat * Bits'(Taps) + at_place;
  assign at_y     = at_row * Bits'(StrideH) + at_tap_row * Bits'(DilationH) - Bits'(PadTop);
  assign at_x     = at_column * Bits'(StrideW) + at_tap_column * Bits'(DilationW) - Bits'(PadLeft);
  assign at_lanes = m_axis_tdata >> (at_place * BeatWidth);

  always_comb begin
    assume (at_row < OutRows && at_column < OutColumns && at_group < Groups && at_pass < Passes);
    assume (at_tap_row < KernelH && at_tap_column < KernelW && at_beat < Beats && at_place < Taps);
    assume (at_tap >= Kernel || at_tap == at_tap_row * Bits'(KernelW) + at_tap_column);
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && m_axis_tvalid && (at_tap >= Kernel || at_y >= Height || at_x >= Columns) &&
        out == (((at_row * Bits'(OutColumns) + at_column) * Bits'(Groups) + at_group) *
                Bits'(Passes) + at_pass) * Bits'(Beats) + at_beat) begin
      assert (at_lanes[BeatWidth-1:0] == '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == InBeats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
