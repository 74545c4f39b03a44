// Properties of axis_upsample: each row FactorH times, each pixel of it FactorW times.
module axis_upsample_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned Height = 1,
  parameter int unsigned Columns = 2,
  parameter int unsigned FactorH = 2,
  parameter int unsigned FactorW = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned InBeats  = Height * Columns * Groups;
  localparam int unsigned OutBeats = FactorH * FactorW * InBeats;
  localparam int unsigned InBits   = $clog2(InBeats + 1);
  localparam int unsigned OutBits  = $clog2(OutBeats + 1);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [Width-1:0] m_axis_tdata;
  logic [InBits-1:0]  in, source;
  logic [OutBits-1:0] target, out;

  initial assume (!rst_ni);

  axis_upsample #(
    .Width(Width),
    .Groups(Groups),
    .Height(Height),
    .Columns(Columns),
    .FactorH(FactorH),
    .FactorW(FactorW)
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

  // Any element of the image, and any of its copies.
  (* anyconst *) logic [OutBits-1:0] row, column, group, copy_h, copy_w;

  always_comb begin
    assume (row < Height && column < Columns && group < Groups);
    assume (copy_h < FactorH && copy_w < FactorW);
    assume (target == (((row * OutBits'(FactorH) + copy_h) * OutBits'(Columns) + column) *
                       OutBits'(FactorW) + copy_w) * OutBits'(Groups) + group);
  end

  assign source = InBits'((row * OutBits'(Columns) + column) * OutBits'(Groups) + group);

  beat_order #(
    .Width   (Width + 1),
    .Frames  ((Height > 1) ? 4 : 8),
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

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == InBeats - 1));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
