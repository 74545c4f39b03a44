// Properties of divide_stream: every quotient and its rest, in order.
module divide_stream_proof #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned DivisorWidth = 2,
  parameter int unsigned QuotientWidth = 2,
  parameter int unsigned Bits = 1,
  parameter int unsigned Dividers = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [DivisorWidth+Lanes*(DivisorWidth+QuotientWidth)-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned InWidth  = DivisorWidth + QuotientWidth;
  localparam int unsigned OutWidth = QuotientWidth + 1;
  localparam int unsigned Steps    = QuotientWidth / Bits;

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast, target;
  logic [Lanes*OutWidth-1:0] m_axis_tdata, expected;
  logic [InWidth-1:0]        divisor;

  initial assume (!rst_ni);

  divide_stream #(
    .Lanes(Lanes),
    .DivisorWidth(DivisorWidth),
    .QuotientWidth(QuotientWidth),
    .Bits(Bits),
    .Dividers(Dividers)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (DivisorWidth + Lanes * InWidth + 1),
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

  assign divisor = s_axis_tdata[Lanes*InWidth +: DivisorWidth];

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic [InWidth-1:0] dividend, quotient;

    assign dividend = s_axis_tdata[lane*InWidth +: InWidth];
    assign quotient = dividend / divisor;
    assign expected[lane*OutWidth +: OutWidth] =
        {quotient[QuotientWidth-1:0], quotient * divisor != dividend};

    always_ff @(posedge clk_i) begin
      if (rst_ni && s_axis_tvalid) begin
        assume (dividend >> QuotientWidth < divisor);  // the quotient fits
        cover (s_axis_tready && quotient[QuotientWidth-1:0] == '1);
      end
    end
  end

  beat_order #(
    .Width   (Lanes * OutWidth + 1),
    .Frames  (Dividers + 3),
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
    .Limit(Steps + 2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

endmodule
