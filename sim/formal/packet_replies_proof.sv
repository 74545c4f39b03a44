// Properties of packet_replies: each answer has its kind, its tag, its length and its bytes.
//
// Resets = 0: the host asks for none: results in order, none lost. Resets = 1: it may at any time:
// what was on its way is given up, the design is in reset for ResetCycles, then the answer comes.
module packet_replies_proof #(
  parameter int unsigned ResultBytes = 2,
  parameter int unsigned InfoBytes = 2,
  parameter int unsigned ResetCycles = 2,
  parameter bit Resets = 1'b0
) (
  input logic clk_i,
  input logic rst_ni,
  input logic info_i,
  input logic [15:0] info_tag_i,
  input logic reset_i,
  input logic [15:0] reset_tag_i,
  input logic fault_i,
  input logic [15:0] fault_tag_i,
  input logic [7:0] fault_code_i,
  input logic result_tag_tvalid,
  input logic [15:0] result_tag_tdata,
  input logic result_tvalid,
  input logic [7:0] result_tdata,
  input logic malformed_i,
  input logic m_axis_tready,
  input logic aborted_i
);

  localparam logic [7:0] Result = 8'h81;
  localparam logic [7:0] Info   = 8'h82;
  localparam logic [7:0] Reset  = 8'h83;
  localparam logic [7:0] Fault  = 8'hFF;

  logic       info_taken_o, reset_taken_o, fault_taken_o, result_tag_tready, result_tready;
  logic       core_rst_no, m_axis_tvalid, m_axis_tlast, abort_o;
  logic [7:0] m_axis_tdata;
  (* anyconst *) logic [8*InfoBytes-1:0] info_content_i;

  initial assume (!rst_ni);

  packet_replies #(
    .ResultBytes(ResultBytes),
    .InfoBytes  (InfoBytes),
    .ResetCycles(ResetCycles)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (16),
    .Assume(1'b1)
  ) u_tag (
    .clk_i,
    .rst_ni  (core_rst_no),
    .tvalid_i(result_tag_tvalid),
    .tready_i(result_tag_tready),
    .beat_i  (result_tag_tdata)
  );

  stream_rules #(
    .Width (8),
    .Assume(1'b1)
  ) u_result (
    .clk_i,
    .rst_ni  (core_rst_no),
    .tvalid_i(result_tvalid),
    .tready_i(result_tready),
    .beat_i  (result_tdata)
  );

  // A reset takes back the byte of a result that was offered; nothing else is.
  stream_rules #(
    .Width(9)
  ) u_out (
    .clk_i,
    .rst_ni  (rst_ni && !reset_i),
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // The packet that is sent, or comes next: its kind, its tag, the place of the byte in it.
  logic [7:0]  kind_q, code_q;
  logic [15:0] tag_q;
  logic [3:0]  place_q, length;
  logic        malformed_q, taken, left, payload;

  assign taken   = info_taken_o || fault_taken_o || reset_taken_o ||
                   (result_tag_tvalid && result_tag_tready);
  assign left    = m_axis_tvalid && m_axis_tready;
  assign payload = kind_q == Result && place_q >= 3 && place_q < 3 + ResultBytes;

  always_comb begin
    case (kind_q)
      Result: length = 4 + ResultBytes;
      Info: length = 3 + InfoBytes;
      Reset: length = 3;
      default: length = 4;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (info_taken_o) {kind_q, tag_q} <= {Info, info_tag_i};
    else if (fault_taken_o) {kind_q, tag_q} <= {Fault, fault_tag_i};
    else if (reset_taken_o) {kind_q, tag_q} <= {Reset, reset_tag_i};
    else if (taken) {kind_q, tag_q} <= {Result, result_tag_tdata};
    if (fault_taken_o) code_q <= fault_code_i;
    if (left && payload) malformed_q <= malformed_i;
    if (left) place_q <= (place_q == length - 1) ? '0 : place_q + 1'b1;
    if (aborted_i || !rst_ni) place_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert ($onehot0({info_taken_o, fault_taken_o, reset_taken_o,
                        result_tag_tvalid && result_tag_tready}));
      if (taken) assert (place_q == '0 && !m_axis_tvalid);
      if (info_taken_o) assert (info_i && !fault_i && !reset_i);
      if (fault_taken_o) assert (fault_i && !reset_i);
      if (m_axis_tvalid) begin
        assert (m_axis_tlast == (place_q == length - 1));
        case (place_q)
          0: assert (m_axis_tdata == kind_q);
          1: assert (m_axis_tdata == tag_q[7:0]);
          2: assert (m_axis_tdata == tag_q[15:8]);
          default: begin
            if (kind_q == Info)
              assert (m_axis_tdata == 8'(info_content_i >> 8 * (place_q - 3)));
            if (kind_q == Fault) assert (m_axis_tdata == code_q);
            if (payload) assert (m_axis_tdata == result_tdata && result_tvalid);
            if (kind_q == Result && !payload) assert (m_axis_tdata == {7'd0, malformed_q});
          end
        endcase
        cover (kind_q == Fault && m_axis_tlast && m_axis_tready);
        cover (kind_q == Info && m_axis_tlast && m_axis_tready);
      end
      assert ((result_tvalid && result_tready) == (left && payload));
    end
  end

  // Requests stay until they are taken; the sender gives up only what it is asked to.
  logic        info_q, fault_q, reset_q;
  logic [15:0] reset_tag_q;

  always_ff @(posedge clk_i) begin
    info_q      <= rst_ni && info_i && !info_taken_o;
    fault_q     <= rst_ni && fault_i && !fault_taken_o;
    reset_q     <= rst_ni && reset_i && !reset_taken_o;
    reset_tag_q <= reset_tag_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (info_q) assume (info_i);
      if (fault_q) assume (fault_i);
      if (reset_q) assume (reset_i && reset_tag_i == reset_tag_q);
      if (aborted_i) assume (abort_o);
      cover (info_q && info_taken_o);
      cover (fault_q && fault_taken_o);
    end
  end

  stream_progress #(
    .Limit(2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(m_axis_tready && !reset_i && result_tvalid &&
               (info_i || fault_i || result_tag_tvalid || place_q != '0)),
    .moved_i  (taken || left)
  );

  if (!Resets) begin : gen_order
    logic [$clog2(ResultBytes+1)-1:0] target;

    always_ff @(posedge clk_i) begin
      if (rst_ni) assume (!reset_i);
      cover (rst_ni && kind_q == Result && left && m_axis_tlast);
    end

    beat_order #(
      .Width   (8),
      .Frames  (2),
      .InBeats (ResultBytes),
      .OutBeats(ResultBytes)
    ) u_order (
      .clk_i,
      .rst_ni,
      .in_tvalid_i (result_tvalid),
      .in_tready_i (result_tready),
      .value_i     (result_tdata),
      .source_i    (target),
      .out_tvalid_i(m_axis_tvalid && payload),
      .out_tready_i(m_axis_tready),
      .out_value_i (m_axis_tdata),
      .target_o    (target),
      .in_frame_o  (),
      .in_o        (),
      .out_frame_o (),
      .out_o       ()
    );
  end else begin : gen_resets
    logic [2:0] held_q;  // cycles of the design's reset so far
    logic       given_up_q;

    always_ff @(posedge clk_i) begin
      held_q     <= core_rst_no ? '0 : held_q + 1'b1;
      given_up_q <= rst_ni && aborted_i;
    end

    always_ff @(posedge clk_i) begin
      if (rst_ni) begin
        if (given_up_q) assert (!core_rst_no && reset_i);
        if (!core_rst_no) assert (reset_taken_o == (held_q == ResetCycles - 1));
        if (!core_rst_no) assert (!m_axis_tvalid && place_q == '0);
        if (reset_taken_o) assert (!core_rst_no);
        cover (reset_taken_o);
        cover (aborted_i && place_q > 3);
      end
      if (!rst_ni) held_q <= '0;
    end

    // From the request, past a packet that is no result: kind, tag, the longest payload.
    stream_progress #(
      .Limit(3 + InfoBytes + 4 + ResetCycles)
    ) u_reset_progress (
      .clk_i,
      .rst_ni,
      .willing_i(reset_i && m_axis_tready && aborted_i == abort_o),
      .moved_i  (reset_taken_o)
    );
  end

endmodule
