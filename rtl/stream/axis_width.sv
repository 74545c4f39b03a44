// Changes the number of elements per beat of a stream.
//
// A frame is Elements elements, lane 0 of a beat first; its last beat carries tlast and, where
// Elements is no multiple of the lanes, zeros in the lanes above the last element (on the way in
// such lanes are ignored). Of InLanes and OutLanes one must divide the other.
// InLanes == OutLanes: wires. InLanes < OutLanes: one output register is filled lane group by lane
// group; latency 1 cycle after the group that completes it. InLanes > OutLanes: a register is
// loaded and shifted out; latency 1 cycle. The narrow side moves one beat per cycle, with no gap
// between beats or frames. s_axis_tready depends on m_axis_tready in the same cycle; to cut that,
// put an axis_skid in front. It does not repair frames of a wrong length (axis_frame_guard does).
module axis_width #(
  parameter int unsigned Width    = 8,  // bits per element, >= 1
  parameter int unsigned InLanes  = 1,  // elements per input beat
  parameter int unsigned OutLanes = 4,  // elements per output beat; divides InLanes or is divided
  parameter int unsigned Elements = 10  // elements per frame, >= 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [InLanes*Width-1:0]  s_axis_tdata,
  input  logic                      s_axis_tlast,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [OutLanes*Width-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  if (Width < 1 || Elements < 1) begin : gen_check_sizes
    $fatal(1, "axis_width: Width is %0d and Elements %0d, must be at least 1", Width, Elements);
  end
  if (InLanes < 1 || OutLanes < 1 || (InLanes % OutLanes != 0 && OutLanes % InLanes != 0))
  begin : gen_check_lanes
    $fatal(1, "axis_width: %0d lanes in, %0d out: one must divide the other", InLanes, OutLanes);
  end

  localparam int unsigned InBeats = (Elements + InLanes - 1) / InLanes;
  // Elements in the frame's last input beat: InLanes, or less.
  localparam int unsigned LastElements = (Elements - 1) % InLanes + 1;

  // The input with the padding of the frame's last beat set to zero.
  logic [InLanes*Width-1:0] beat;

  for (genvar lane = 0; lane < InLanes; lane++) begin : gen_lane
    if (lane < LastElements) begin : gen_element
      assign beat[lane*Width+:Width] = s_axis_tdata[lane*Width+:Width];
    end else begin : gen_padding
      assign beat[lane*Width+:Width] = s_axis_tlast ? '0 : s_axis_tdata[lane*Width+:Width];
    end
  end

  if (InLanes == OutLanes) begin : gen_equal
    assign m_axis_tvalid = s_axis_tvalid;
    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata  = beat;
    assign m_axis_tlast  = s_axis_tlast;

  end else if (InLanes < OutLanes) begin : gen_widen
    localparam int unsigned Groups     = OutLanes / InLanes;
    localparam int unsigned LastGroups = (InBeats - 1) % Groups + 1;  // in a frame's last beat
    localparam int unsigned GroupWidth = $clog2(Groups);

    logic [GroupWidth-1:0] group_q;  // where the next input beat goes
    logic                  valid_q, last_q;
    logic [OutLanes*Width-1:0] data_q;

    assign s_axis_tready = !valid_q || m_axis_tready;

    always_ff @(posedge clk_i) begin
      if (s_axis_tready) begin
        valid_q <= 1'b0;
        if (s_axis_tvalid) begin
          group_q <= group_q + 1'b1;
          if (s_axis_tlast || group_q == GroupWidth'(Groups - 1)) begin
            group_q <= '0;
            valid_q <= 1'b1;
          end
        end
      end
      if (!rst_ni) begin
        group_q <= '0;
        valid_q <= 1'b0;
      end
    end

    // A group is loaded until its beat has come. Above group 0 that can be in any cycle: a register
    // that waits to leave has group_q at 0.
    always_ff @(posedge clk_i) begin
      if (s_axis_tready && group_q == '0) data_q[0+:InLanes*Width] <= beat;
      if (s_axis_tready) last_q <= s_axis_tlast;
    end

    for (genvar group = 1; group < Groups; group++) begin : gen_group
      always_ff @(posedge clk_i) begin
        if (group_q == GroupWidth'(group)) begin
          data_q[group*InLanes*Width+:InLanes*Width] <= beat;
        end else if (group >= LastGroups && group_q == '0 && s_axis_tready) begin
          data_q[group*InLanes*Width+:InLanes*Width] <= '0;  // padding, unless filled later
        end
      end
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = data_q;
    assign m_axis_tlast  = last_q;

  end else begin : gen_narrow
    localparam int unsigned Groups     = InLanes / OutLanes;
    localparam int unsigned LastGroups = (LastElements + OutLanes - 1) / OutLanes;
    localparam int unsigned GroupWidth = $clog2(Groups + 1);

    logic [GroupWidth-1:0]    left_q;  // lane groups still to leave, 0 to Groups
    logic                     last_q;  // they end a frame
    logic                     final_q; // left_q is 1: the beat's last group is on the output
    logic [InLanes*Width-1:0] data_q;

    assign m_axis_tvalid = left_q != '0;
    assign s_axis_tready = !m_axis_tvalid || (m_axis_tready && final_q);
    assign m_axis_tdata  = data_q[OutLanes*Width-1:0];
    assign m_axis_tlast  = last_q && final_q;

    always_ff @(posedge clk_i) begin
      if (s_axis_tready) begin
        left_q  <= '0;
        final_q <= 1'b0;
        if (s_axis_tvalid) begin
          left_q  <= s_axis_tlast ? GroupWidth'(LastGroups) : GroupWidth'(Groups);
          final_q <= s_axis_tlast && LastGroups == 1;
        end
      end else if (m_axis_tready) begin
        left_q  <= left_q - 1'b1;
        final_q <= left_q == GroupWidth'(2);
      end
      if (!rst_ni) begin
        left_q  <= '0;
        final_q <= 1'b0;
      end
    end

    always_ff @(posedge clk_i) begin
      if (s_axis_tready) begin
        data_q <= beat;
        last_q <= s_axis_tlast;
      end else if (m_axis_tready) begin
        data_q <= data_q >> (OutLanes * Width);
      end
    end
  end

`ifdef VERILATOR
  int unsigned beat_q;

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) beat_q <= s_axis_tlast ? 0 : beat_q + 1;
    if (!rst_ni) beat_q <= 0;
  end

  FrameLength: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (beat_q == InBeats - 1))
    else $error("axis_width: tlast is %0d on beat %0d of a frame of %0d beats",
                s_axis_tlast, beat_q, InBeats);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_width: a beat changed while stalled");
`endif
endmodule
