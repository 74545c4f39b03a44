// Makes the answers to the host, one packet at a time, as bytes for packet_tx.
//
// A packet is kind, tag (two bytes, lowest first), payload:
//   0x81 result   the ResultBytes bytes of a frame, then 1 if the design called it malformed, else
//   0 0x82 info     InfoBytes bytes, lowest first
//   0x83 reset    nothing: what was on its way is gone, and the design has been reset
//   0xFF fault    its code
// Between packets a reset goes first, then faults, info, results. A reset does not wait for a
// result that is on its way: that packet is aborted. core_rst_no is low for ResetCycles cycles
// after it. m_axis_tvalid of a result's payload depends on result_tvalid in the same cycle, and so
// does result_tready on m_axis_tready. It waits for the line and, within a result, for the design.
module packet_replies #(
  parameter int unsigned ResultBytes = 40,    // per frame, >= 1
  parameter int unsigned InfoBytes   = 32,    // 2 to 32
  parameter int unsigned ResetCycles = 1024   // of the design, >= 2
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic [8*InfoBytes-1:0] info_content_i,
  input  logic                   info_i,
  input  logic [15:0]            info_tag_i,
  output logic                   info_taken_o,
  input  logic                   reset_i,
  input  logic [15:0]            reset_tag_i,
  output logic                   reset_taken_o,
  input  logic                   fault_i,
  input  logic [15:0]            fault_tag_i,
  input  logic [7:0]             fault_code_i,
  output logic                   fault_taken_o,

  input  logic                   result_tag_tvalid,
  output logic                   result_tag_tready,
  input  logic [15:0]            result_tag_tdata,
  input  logic                   result_tvalid,
  output logic                   result_tready,
  input  logic [7:0]             result_tdata,
  input  logic                   malformed_i,  // with a result's last byte

  output logic                   core_rst_no,

  output logic                   m_axis_tvalid,  // to packet_tx
  input  logic                   m_axis_tready,
  output logic [7:0]             m_axis_tdata,
  output logic                   m_axis_tlast,
  output logic                   abort_o,
  input  logic                   aborted_i
);

  if (ResultBytes < 1) begin : gen_check_result
    $fatal(1, "packet_replies: ResultBytes is %0d, must be at least 1", ResultBytes);
  end
  if (InfoBytes < 2 || InfoBytes > 32) begin : gen_check_info
    $fatal(1, "packet_replies: InfoBytes is %0d, must be 2 to 32", InfoBytes);
  end
  if (ResetCycles < 2) begin : gen_check_reset
    $fatal(1, "packet_replies: ResetCycles is %0d, must be at least 2", ResetCycles);
  end

  localparam int unsigned LongerBytes = (ResultBytes > InfoBytes) ? ResultBytes : InfoBytes;
  localparam int unsigned CountLimit  =
      (LongerBytes > ResetCycles) ? LongerBytes : ResetCycles;
  localparam int unsigned CountWidth  = $clog2(CountLimit + 1);

  typedef enum logic [2:0] {
    Idle,
    Kind,
    TagLow,
    TagHigh,
    Payload,
    Last,     // the byte that ends the payload of a result
    Abort,    // end the packet on its way
    Restart   // the design is in reset
  } state_e;

  localparam logic [7:0] KindResult = 8'h81;
  localparam logic [7:0] KindInfo   = 8'h82;
  localparam logic [7:0] KindReset  = 8'h83;
  localparam logic [7:0] KindFault  = 8'hFF;

  state_e                 state_q;
  logic [7:0]             kind_q;
  logic [15:0]            tag_q;
  logic [CountWidth-1:0]  count_q;
  logic [8*InfoBytes-1:0] payload_q;  // of info or fault: bytes still to go
  logic                   malformed_q;
  logic                   moves, is_result, last_payload;

  assign moves        = m_axis_tvalid && m_axis_tready;
  assign is_result    = kind_q == KindResult;
  assign last_payload = count_q == CountWidth'(1);

  assign info_taken_o      = state_q == Idle && !reset_i && !fault_i && info_i;
  assign fault_taken_o     = state_q == Idle && !reset_i && fault_i;
  assign reset_taken_o     = state_q == Restart && last_payload;
  assign result_tag_tready = state_q == Idle && !reset_i && !fault_i && !info_i;
  assign result_tready     = state_q == Payload && is_result && m_axis_tready && !reset_i;
  assign abort_o           = state_q == Abort;
  assign core_rst_no       = rst_ni && state_q != Restart;

  always_comb begin
    unique case (state_q)
      Kind, TagLow, TagHigh, Last: m_axis_tvalid = 1'b1;
      Payload: m_axis_tvalid = !is_result || (result_tvalid && !reset_i);
      default: m_axis_tvalid = 1'b0;
    endcase
    unique case (state_q)
      Kind: m_axis_tdata = kind_q;
      TagLow: m_axis_tdata = tag_q[7:0];
      TagHigh: m_axis_tdata = tag_q[15:8];
      Last: m_axis_tdata = {7'd0, malformed_q};
      default: m_axis_tdata = is_result ? result_tdata : payload_q[7:0];
    endcase
    unique case (state_q)
      TagHigh: m_axis_tlast = kind_q == KindReset;
      Payload: m_axis_tlast = !is_result && last_payload;
      default: m_axis_tlast = state_q == Last;
    endcase
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      Idle: begin
        payload_q <= info_content_i;
        if (reset_i) begin
          kind_q  <= KindReset;
          tag_q   <= reset_tag_i;
          state_q <= Abort;
        end else if (fault_i) begin
          kind_q         <= KindFault;
          tag_q          <= fault_tag_i;
          payload_q[7:0] <= fault_code_i;
          count_q        <= CountWidth'(1);
          state_q        <= Kind;
        end else if (info_i) begin
          kind_q  <= KindInfo;
          tag_q   <= info_tag_i;
          count_q <= CountWidth'(InfoBytes);
          state_q <= Kind;
        end else if (result_tag_tvalid) begin
          kind_q  <= KindResult;
          tag_q   <= result_tag_tdata;
          count_q <= CountWidth'(ResultBytes);
          state_q <= Kind;
        end
      end
      Kind: if (moves) state_q <= TagLow;
      TagLow: if (moves) state_q <= TagHigh;
      TagHigh: if (moves) state_q <= kind_q == KindReset ? Idle : Payload;
      Payload: begin
        if (moves) begin
          count_q     <= count_q - 1'b1;
          payload_q   <= {8'd0, payload_q[8*InfoBytes-1:8]};
          malformed_q <= malformed_i;
          if (last_payload) state_q <= is_result ? Last : Idle;
        end else if (is_result && reset_i) begin
          kind_q  <= KindReset;
          tag_q   <= reset_tag_i;
          state_q <= Abort;
        end
      end
      Last: if (moves) state_q <= Idle;
      Abort: begin
        count_q <= CountWidth'(ResetCycles);
        if (aborted_i) state_q <= Restart;
      end
      default: begin  // Restart
        count_q <= count_q - 1'b1;
        if (last_payload) state_q <= Kind;
      end
    endcase
    if (!rst_ni) state_q <= Idle;
  end

endmodule
