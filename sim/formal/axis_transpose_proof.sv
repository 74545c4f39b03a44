// Properties of axis_transpose: every element of an image, with its axes exchanged.
module axis_transpose_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Height = 1,
  parameter int unsigned Columns = 2,
  parameter int unsigned Channels = 2,
  parameter int unsigned Axis0 = 0,
  parameter int unsigned Axis1 = 2,
  parameter int unsigned Axis2 = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Size = Height * Columns * Channels;
  localparam int unsigned Bits = $clog2(Size + 1);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0] m_axis_tdata;
  logic [Bits-1:0] in, source, target, out;

  initial assume (!rst_ni);

  axis_transpose #(
    .Width(Width),
    .Height(Height),
    .Columns(Columns),
    .Channels(Channels),
    .Axis0(Axis0),
    .Axis1(Axis1),
    .Axis2(Axis2)
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

  // Any element: where it is in the source, and in the result.
  (* anyconst *) logic [Bits-1:0] row, column, channel;

  function automatic int unsigned count(input int unsigned axis);  // elements along it
    count = (axis == 0) ? Height : (axis == 1) ? Columns : Channels;
  endfunction

  logic [Bits-1:0] i0, i1, i2;

  assign i0 = (Axis0 == 0) ? row : (Axis0 == 1) ? column : channel;
  assign i1 = (Axis1 == 0) ? row : (Axis1 == 1) ? column : channel;
  assign i2 = (Axis2 == 0) ? row : (Axis2 == 1) ? column : channel;

  always_comb begin
    assume (row < Height && column < Columns && channel < Channels);
    assume (target == (i0 * Bits'(count(Axis1)) + i1) * Bits'(count(Axis2)) + i2);
  end

  assign source = (row * Bits'(Columns) + column) * Bits'(Channels) + channel;

  beat_order #(
    .Width   (Width + 1),
    .Frames  (4),
    .InBeats (Size),
    .OutBeats(Size)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == Size - 1, s_axis_tdata}),
    .source_i    (source),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (in),
    .out_frame_o (),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(4)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == Size - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
