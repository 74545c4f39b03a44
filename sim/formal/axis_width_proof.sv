// Properties of axis_width: every element of a frame, in its lane; zeros above the last one.
module axis_width_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned InLanes = 1,
  parameter int unsigned OutLanes = 2,
  parameter int unsigned Elements = 3  // per frame
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [InLanes*Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned InBeats  = (Elements + InLanes - 1) / InLanes;  // per frame
  localparam int unsigned OutBeats = (Elements + OutLanes - 1) / OutLanes;
  localparam int unsigned InBits   = $clog2(InBeats + 1);
  localparam int unsigned OutBits  = $clog2(OutBeats + 1);
  localparam int unsigned Bits     = $clog2(OutBeats * OutLanes + InBeats * InLanes);

  logic                      s_axis_tready, m_axis_tvalid, m_axis_tlast;
  logic [OutLanes*Width-1:0] m_axis_tdata;
  logic [InBits-1:0]         in;
  logic [OutBits-1:0]        target, out;

  initial assume (!rst_ni);

  axis_width #(
    .Width(Width),
    .InLanes(InLanes),
    .OutLanes(OutLanes),
    .Elements(Elements)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (InLanes * Width + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(OutLanes * Width + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // Any lane of any beat out is an element, and has its place in a beat in.
  (* anyconst *) logic [Bits-1:0]   lane, from_lane;
  (* anyconst *) logic [InBits-1:0] source;

  logic [Bits-1:0]           element;
  logic [OutLanes*Width-1:0] out_lanes, out_lanes_now;
  logic [InLanes*Width-1:0]  in_lanes;

  assign element   = Bits'(target) * Bits'(OutLanes) + lane;
  assign in_lanes  = s_axis_tdata >> (from_lane * Width);
  assign out_lanes = m_axis_tdata >> (lane * Width);

  always_comb begin
    assume (lane < OutLanes && element < Elements && from_lane < InLanes);
    assume (Bits'(source) * Bits'(InLanes) + from_lane == element);
  end

  beat_order #(
    .Width   (Width),
    .Frames  (3),
    .InBeats (InBeats),
    .OutBeats(OutBeats)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     (in_lanes[Width-1:0]),
    .source_i    (source),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i (out_lanes[Width-1:0]),
    .target_o    (target),
    .in_frame_o  (),
    .in_o        (in),
    .out_frame_o (),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(1)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (s_axis_tvalid) assume (s_axis_tlast == (in == InBeats - 1));
      if (m_axis_tvalid) begin
        assert (m_axis_tlast == (out == OutBeats - 1));
        // Above the last element.
        if (m_axis_tlast && OutBeats * OutLanes > Elements) begin
          assert (m_axis_tdata >> ((Elements - (OutBeats - 1) * OutLanes) * Width) == '0);
        end
      end
      cover (s_axis_tvalid && s_axis_tready && s_axis_tlast);
    end
  end

endmodule
