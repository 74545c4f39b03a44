// Properties of sparse_layer: of every vector each row's result, the formula's, in order.
module sparse_layer_proof #(
  parameter int unsigned Rows = 2,
  parameter int unsigned Cols = 2,
  parameter int unsigned Pe = 1,
  parameter int unsigned Entries = 4,  // the last is not used
  parameter int unsigned Most = 0,  // vectors that come; 0: no end of them
  parameter bit Data = 1'b1,  // 0: the activations of all vectors are those of the first
  // Weights, row by row, the first lowest: 1, 0; -1, -2. What the memories hold.
  parameter logic [2*Rows*Cols-1:0] Matrix = 8'b10110001
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned WeightWidth = 2;
  localparam int unsigned AccWidth    = 3;
  localparam int unsigned OutWidth    = 2;
  localparam int unsigned InBits      = $clog2(Cols + 1);
  localparam int unsigned OutBits     = $clog2(Rows + 1);

  logic                s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [OutWidth-1:0] m_axis_tdata, expected;
  logic [InBits-1:0]   in;
  logic [OutBits-1:0]  target;

  initial assume (!rst_ni);

  sparse_layer #(
    .Rows       (Rows),
    .Cols       (Cols),
    .Pe         (Pe),
    .Lanes      (1),
    .Picks      (1),
    .OutLanes   (1),
    .InWidth    (1),
    .WeightWidth(WeightWidth),
    .AccWidth   (AccWidth),
    .Entries    (Entries),
    .CountWidth (2),
    .SkipWidth  (1),
    .QueueDepth (8),
    .HasBias    (1'b0),
    .SumWidth   (AccWidth),
    .Drop       (1),
    .OutWidth   (OutWidth),
    .OutSigned  (1'b1),
    .Relu       (1'b0),
    .FifoDepth  (2)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (2),
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

  // The sum of the row that is looked at: with the vector's last beat it is known.
  logic signed [WeightWidth-1:0] weight;
  logic signed [AccWidth-1:0]    sum, sum_q;

  assign weight = Matrix >> ((32'(target) * Cols + 32'(in)) * WeightWidth);

  always_comb begin
    sum = (in == '0) ? '0 : sum_q;
    if (s_axis_tdata) sum = sum + weight;
  end

  always_ff @(posedge clk_i) if (s_axis_tvalid && s_axis_tready) sum_q <= sum;

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
    .Frames  (32),
    .InBeats (Cols),
    .OutBeats(Rows)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({target == Rows - 1, expected}),
    .source_i    (InBits'(Cols - 1)),
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
    .Limit(40)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  (* anyconst *) logic [Cols-1:0] vector;

  logic [7:0] came_q;

  always_ff @(posedge clk_i) begin
    if (Most != 0 && came_q == Most) assume (!s_axis_tvalid);
    if (s_axis_tvalid && s_axis_tready && s_axis_tlast) came_q <= came_q + 1'b1;
    if (!rst_ni) came_q <= '0;
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == Cols - 1));
      if (!Data) assume (s_axis_tdata == vector[in]);
      cover (s_axis_tready && s_axis_tlast);
    end
  end

endmodule
