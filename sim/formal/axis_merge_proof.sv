// Properties of axis_merge: beats in pairs, each lane what the formula gives, in order.
module axis_merge_proof #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned Operation = 0,
  parameter int unsigned WidthA = 2,
  parameter bit SignedA = 1'b1,
  parameter int unsigned ShiftA = 0,
  parameter int unsigned WidthB = 2,
  parameter bit SignedB = 1'b0,
  parameter int unsigned ShiftB = 0,
  parameter int Drop = 1,
  parameter int unsigned OutWidth = 2,
  parameter bit OutSigned = 1'b1,
  parameter int unsigned Rounding = gatewright_pkg::RndConv,
  parameter int unsigned Overflow = gatewright_pkg::Sat,
  parameter bit Relu = 1'b0
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_a_tvalid,
  input logic [Lanes*WidthA-1:0] s_axis_a_tdata,
  input logic s_axis_a_tlast,
  input logic s_axis_b_tvalid,
  input logic [Lanes*WidthB-1:0] s_axis_b_tdata,
  input logic s_axis_b_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Bits = WidthA + ShiftA + WidthB + ShiftB + 3;  // of every number

  logic                      s_axis_a_tready, s_axis_b_tready, m_axis_tvalid, m_axis_tlast, target;
  logic [Lanes*OutWidth-1:0] m_axis_tdata, expected;

  initial assume (!rst_ni);

  axis_merge #(
    .Lanes(Lanes),
    .Operation(Operation),
    .WidthA(WidthA),
    .SignedA(SignedA),
    .ShiftA(ShiftA),
    .WidthB(WidthB),
    .SignedB(SignedB),
    .ShiftB(ShiftB),
    .Drop(Drop),
    .OutWidth(OutWidth),
    .OutSigned(OutSigned),
    .Rounding(Rounding),
    .Overflow(Overflow),
    .Relu(Relu)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Lanes * WidthA + 1),
    .Assume(1'b1)
  ) u_in_a (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_a_tvalid),
    .tready_i(s_axis_a_tready),
    .beat_i  ({s_axis_a_tlast, s_axis_a_tdata})
  );

  stream_rules #(
    .Width (Lanes * WidthB + 1),
    .Assume(1'b1)
  ) u_in_b (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_b_tvalid),
    .tready_i(s_axis_b_tready),
    .beat_i  ({s_axis_b_tlast, s_axis_b_tdata})
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
    logic [WidthA-1:0]      bits_a;
    logic [WidthB-1:0]      bits_b;
    logic signed [Bits-1:0] a, b, result;

    assign bits_a = s_axis_a_tdata[lane*WidthA +: WidthA];
    assign bits_b = s_axis_b_tdata[lane*WidthB +: WidthB];
    assign a      = {{(Bits - WidthA){SignedA & bits_a[WidthA-1]}}, bits_a} << ShiftA;
    assign b      = {{(Bits - WidthB){SignedB & bits_b[WidthB-1]}}, bits_b} << ShiftB;

    always_comb begin
      case (Operation)
        1: result = a - b;
        2: result = a * b;
        4: result = (a > b) ? a : b;
        5: result = (a < b) ? a : b;
        default: result = a + b;  // also of the mean, which drops a bit more
      endcase
    end

    requantise_formula #(
      .InWidth(Bits),
      .InSigned(1'b1),
      .Drop(Drop + ((Operation == 3) ? 1 : 0)),
      .Relu(Relu),
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
    .Frames  (5),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_a_tvalid && s_axis_b_tvalid),
    .in_tready_i (s_axis_a_tready),
    .value_i     ({s_axis_a_tlast, expected}),
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
    .Limit((Operation == 2) ? 2 : 1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_a_tvalid && s_axis_b_tvalid && m_axis_tready),
    .moved_i  ((s_axis_a_tvalid && s_axis_a_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert ((s_axis_a_tvalid && s_axis_a_tready) == (s_axis_b_tvalid && s_axis_b_tready));
      if (s_axis_a_tvalid && s_axis_b_tvalid) begin
        assume (s_axis_a_tlast == s_axis_b_tlast);
        cover (s_axis_a_tready && s_axis_a_tlast);
      end
    end
  end

endmodule
