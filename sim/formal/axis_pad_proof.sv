// Properties of axis_pad: the image in its place, zeros around it, none ahead of its image.
module axis_pad_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned Height = 2,
  parameter int unsigned Columns = 2,
  parameter int unsigned PadTop = 1,
  parameter int unsigned PadLeft = 1,
  parameter int unsigned PadBottom = 1,
  parameter int unsigned PadRight = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned OutColumns = Columns + PadLeft + PadRight;
  localparam int unsigned InBeats    = Height * Columns * Groups;
  localparam int unsigned OutBeats   = (Height + PadTop + PadBottom) * OutColumns * Groups;
  localparam int unsigned InBits     = $clog2(InBeats + 1);
  localparam int unsigned OutBits    = $clog2(OutBeats + 1);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0] m_axis_tdata;
  logic [InBits-1:0]  in, source;
  logic [OutBits-1:0] target, out;
  logic [1:0]         in_frame, out_frame;

  initial assume (!rst_ni);

  axis_pad #(
    .Width(Width),
    .Groups(Groups),
    .Height(Height),
    .Columns(Columns),
    .PadTop(PadTop),
    .PadLeft(PadLeft),
    .PadBottom(PadBottom),
    .PadRight(PadRight)
  ) u_dut (
    .*
  );

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
    .Width(Width + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Any element of the image; in_place, it is the beat out that comes next.
  (* anyconst *) logic [InBits-1:0] row, column, group;

  always_comb begin
    assume (row < Height && column < Columns && group < Groups);
    assume (target == ((OutBits'(row) + OutBits'(PadTop)) * OutBits'(OutColumns) +
                       OutBits'(column) + OutBits'(PadLeft)) * OutBits'(Groups) + OutBits'(group));
  end

  assign source = (row * InBits'(Columns) + column) * InBits'(Groups) + group;

  beat_order #(
    .Width   (Width + 1),
    .Frames  (3),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == OutBeats - 1, s_axis_tdata}),
    .source_i    (source),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (in),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  // Any place around the image: not in its rows, or not in its columns.
  (* anyconst *) logic [OutBits-1:0] out_row, out_column, out_group, padding;

  always_comb begin
    assume (out_row < Height + PadTop + PadBottom);
    assume (out_column < OutColumns && out_group < Groups);
    assume (padding == (out_row * OutBits'(OutColumns) + out_column) * OutBits'(Groups) +
                       out_group);
  end

  logic outside;

  assign outside = out_row < PadTop || out_row >= PadTop + Height ||
                   out_column < PadLeft || out_column >= PadLeft + Columns;

  always_ff @(posedge clk_i) begin
    if (rst_ni && m_axis_tvalid && outside && out == padding) begin
      assert (m_axis_tdata == '0);
      assert (m_axis_tlast == (padding == OutBeats - 1));
      cover (m_axis_tready);
    end
    // Nothing leaves ahead of its image.
    if (rst_ni && m_axis_tvalid && out == '0 && in_frame == out_frame && in == '0) begin
      assert (begun_q);
    end
  end

  logic begun_q;  // the image that comes next has been offered

  always_ff @(posedge clk_i) begin
    begun_q <= s_axis_tvalid;
    if (!rst_ni) begun_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == InBeats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
