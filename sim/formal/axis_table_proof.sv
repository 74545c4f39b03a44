// Properties of axis_table: each element is the word of the table that is its own, in order.
module axis_table_proof #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned InWidth = 2,
  parameter bit InSigned = 1'b1,
  parameter int unsigned OutWidth = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Lanes*InWidth-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast, target;
  logic [Lanes*OutWidth-1:0] m_axis_tdata, expected;
  logic [OutWidth-1:0]       words[2**InWidth];

  initial $readmemh("table.mem", words);

  initial assume (!rst_ni);

  axis_table #(
    .Lanes(Lanes),
    .InWidth(InWidth),
    .InSigned(InSigned),
    .OutWidth(OutWidth)
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

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic [InWidth-1:0] element, index;

    assign element = s_axis_tdata[lane*InWidth +: InWidth];
    assign index   = InSigned ? element + InWidth'(2**(InWidth-1)) : element;  // the least first
    assign expected[lane*OutWidth +: OutWidth] = words[index];
  end

  beat_order #(
    .Width   (Lanes * OutWidth + 1),
    .Frames  (4),
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
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
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

endmodule
