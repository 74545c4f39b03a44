// The way from a serial line to a design's streams and back.
//
//   uart_rx -> packet_rx -> packet_commands -> packet_store -> axis_width -> design
//   uart_tx <- packet_tx <- packet_replies  <-                 axis_width <- design
//
// A sample is kept until its packet is known to be right and only then given to the design; a
// result goes back with the sample's tag. What the host may send is in packet_commands.sv, what it
// gets back in packet_replies.sv, the framing in packet_rx.sv. Up to Slots samples wait for the
// design, up to Inside are in it: with no more than Slots samples unanswered, none is refused.
// Info, lowest byte first: "GW", protocol version, Slots (a byte each), InBytes, OutBytes, ClockHz
// (four bytes each), the first 16 bytes of the design's hash. The design is in reset (core_rst_no)
// with rst_ni and when the host asks. led_o blinks slowly when idle and is lit while packets come.
// One clock; rx_i alone is asynchronous. It carries one stream each way.
module uart_shell #(
  parameter int unsigned  ClockHz      = 48_000_000,
  parameter int unsigned  Baud         = 3_000_000,  // at most ClockHz / 16
  parameter int unsigned  InBytes      = 64,   // per frame of the design's input, 2 to 65,536
  parameter int unsigned  InBeatBytes  = 8,    // per beat; divides InBytes
  parameter int unsigned  OutBytes     = 40,   // per frame of the design's output
  parameter int unsigned  OutBeatBytes = 4,    // per beat; divides OutBytes
  parameter int unsigned  Slots        = 4,    // a power of two, 2 to 128
  parameter int unsigned  Inside       = 16,   // samples in the design at most, 2 to 1024
  parameter int unsigned  ResetCycles  = 1024, // of the design: more than its blocks, and >= 2
  parameter logic [127:0] Hash         = '0    // of the design, its first byte lowest
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      rx_i,    // asynchronous
  output logic                      tx_o,
  output logic                      led_o,

  output logic                      core_rst_no,
  output logic                      m_axis_tvalid,  // to the design
  input  logic                      m_axis_tready,
  output logic [8*InBeatBytes-1:0]  m_axis_tdata,
  output logic                      m_axis_tlast,

  input  logic                      s_axis_tvalid,  // from the design
  output logic                      s_axis_tready,
  input  logic [8*OutBeatBytes-1:0] s_axis_tdata,
  input  logic                      s_axis_tlast,
  input  logic                      s_axis_tuser    // with tlast: the frame was malformed
);

  if (InBytes % InBeatBytes != 0 || OutBytes % OutBeatBytes != 0) begin : gen_check_beats
    $fatal(1, "uart_shell: %0d bytes in beats of %0d, %0d in beats of %0d: must be whole beats",
           InBytes, InBeatBytes, OutBytes, OutBeatBytes);
  end

  localparam logic [7:0] Version   = 8'd1;
  localparam int unsigned InfoBytes = 32;
  localparam logic [8*InfoBytes-1:0] Info = {
    Hash, 32'(ClockHz), 32'(OutBytes), 32'(InBytes), 8'(Slots), Version, "W", "G"
  };
  localparam int unsigned AddressWidth = $clog2(InBytes);

  logic                    rx_valid, rx_error, byte_valid, packet_end, packet_good;
  logic [7:0]              rx_data, byte_data;
  logic                    write, commit, write_ready;
  logic [AddressWidth-1:0] write_address;
  logic [7:0]              write_data;
  logic [15:0]             commit_tag;
  logic                    info, info_taken, restart, restart_taken, fault, fault_taken;
  logic [15:0]             info_tag, restart_tag, fault_tag;
  logic [7:0]              fault_code;
  logic                    core_rst_n;

  uart_rx #(
    .ClockHz(ClockHz),
    .Baud   (Baud)
  ) u_uart_rx (
    .clk_i,
    .rst_ni,
    .rx_i,
    .valid_o(rx_valid),
    .data_o (rx_data),
    .error_o(rx_error)
  );

  packet_rx u_packet_rx (
    .clk_i,
    .rst_ni,
    .valid_i(rx_valid),
    .data_i (rx_data),
    .error_i(rx_error),
    .valid_o(byte_valid),
    .data_o (byte_data),
    .end_o  (packet_end),
    .good_o (packet_good)
  );

  packet_commands #(
    .SampleBytes(InBytes)
  ) u_commands (
    .clk_i,
    .rst_ni,
    .valid_i        (byte_valid),
    .data_i         (byte_data),
    .end_i          (packet_end),
    .good_i         (packet_good),
    .write_o        (write),
    .write_address_o(write_address),
    .write_data_o   (write_data),
    .commit_o       (commit),
    .write_ready_i  (write_ready),
    .tag_o          (commit_tag),
    .info_o         (info),
    .info_tag_o     (info_tag),
    .info_taken_i   (info_taken),
    .reset_o        (restart),
    .reset_tag_o    (restart_tag),
    .reset_taken_i  (restart_taken),
    .fault_o        (fault),
    .fault_tag_o    (fault_tag),
    .fault_code_o   (fault_code),
    .fault_taken_i  (fault_taken)
  );

  // To the design. A sample's tag is queued with its first byte and leaves with its result.
  logic        stored_tvalid, stored_tready, stored_tlast, narrow_tready, tag_tready;
  logic [7:0]  stored_tdata;
  logic [15:0] stored_tag;
  logic        first_q;  // the byte that is next is a sample's first
  logic        hold;     // ... and its tag has no place in the queue

  packet_store #(
    .Bytes   (InBytes),
    .Slots   (Slots),
    .TagWidth(16)
  ) u_store (
    .clk_i,
    .rst_ni         (core_rst_n),
    .write_i        (write),
    .write_address_i(write_address),
    .write_data_i   (write_data),
    .commit_i       (commit && write_ready),
    .commit_tag_i   (commit_tag),
    .write_ready_o  (write_ready),
    .m_axis_tvalid  (stored_tvalid),
    .m_axis_tready  (stored_tready),
    .m_axis_tdata   (stored_tdata),
    .m_axis_tlast   (stored_tlast),
    .tag_o          (stored_tag)
  );

  assign hold          = first_q && !tag_tready;
  assign stored_tready = narrow_tready && !hold;

  always_ff @(posedge clk_i) begin
    if (stored_tvalid && stored_tready) first_q <= stored_tlast;
    if (!core_rst_n) first_q <= 1'b1;
  end

  axis_width #(
    .Width   (8),
    .InLanes (1),
    .OutLanes(InBeatBytes),
    .Elements(InBytes)
  ) u_widen (
    .clk_i,
    .rst_ni       (core_rst_n),
    .s_axis_tvalid(stored_tvalid && !hold),
    .s_axis_tready(narrow_tready),
    .s_axis_tdata (stored_tdata),
    .s_axis_tlast (stored_tlast),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

  logic        result_tag_tvalid, result_tag_tready;
  logic [15:0] result_tag_tdata;

  axis_fifo #(
    .Width(16),
    .Depth(Inside)
  ) u_tags (
    .clk_i,
    .rst_ni       (core_rst_n),
    .s_axis_tvalid(stored_tvalid && stored_tready && first_q),
    .s_axis_tready(tag_tready),
    .s_axis_tdata (stored_tag),
    .m_axis_tvalid(result_tag_tvalid),
    .m_axis_tready(result_tag_tready),
    .m_axis_tdata (result_tag_tdata)
  );

  // From the design.
  logic       result_tvalid, result_tready, result_tlast, malformed, malformed_q;
  logic [7:0] result_tdata;

  axis_width #(
    .Width   (8),
    .InLanes (OutBeatBytes),
    .OutLanes(1),
    .Elements(OutBytes)
  ) u_narrow (
    .clk_i,
    .rst_ni       (core_rst_n),
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(result_tvalid),
    .m_axis_tready(result_tready),
    .m_axis_tdata (result_tdata),
    .m_axis_tlast (result_tlast)
  );

  // Of the frame whose bytes leave: a beat is taken before its bytes go out, unless it is one byte.
  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready && s_axis_tlast) malformed_q <= s_axis_tuser;
  end
  assign malformed = (OutBeatBytes == 1) ? s_axis_tuser : malformed_q;

  logic       reply_tvalid, reply_tready, reply_tlast, abort, aborted;
  logic [7:0] reply_tdata;
  logic       line_tvalid, line_tready;
  logic [7:0] line_tdata;

  packet_replies #(
    .ResultBytes(OutBytes),
    .InfoBytes  (InfoBytes),
    .ResetCycles(ResetCycles)
  ) u_replies (
    .clk_i,
    .rst_ni,
    .info_content_i(Info),
    .info_i        (info),
    .info_tag_i    (info_tag),
    .info_taken_o  (info_taken),
    .reset_i       (restart),
    .reset_tag_i   (restart_tag),
    .reset_taken_o (restart_taken),
    .fault_i       (fault),
    .fault_tag_i   (fault_tag),
    .fault_code_i  (fault_code),
    .fault_taken_o (fault_taken),
    .result_tag_tvalid,
    .result_tag_tready,
    .result_tag_tdata,
    .result_tvalid,
    .result_tready,
    .result_tdata,
    .malformed_i   (malformed),
    .core_rst_no   (core_rst_n),
    .m_axis_tvalid (reply_tvalid),
    .m_axis_tready (reply_tready),
    .m_axis_tdata  (reply_tdata),
    .m_axis_tlast  (reply_tlast),
    .abort_o       (abort),
    .aborted_i     (aborted)
  );

  packet_tx u_packet_tx (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(reply_tvalid),
    .s_axis_tready(reply_tready),
    .s_axis_tdata (reply_tdata),
    .s_axis_tlast (reply_tlast),
    .abort_i      (abort),
    .aborted_o    (aborted),
    .m_axis_tvalid(line_tvalid),
    .m_axis_tready(line_tready),
    .m_axis_tdata (line_tdata)
  );

  uart_tx #(
    .ClockHz(ClockHz),
    .Baud   (Baud)
  ) u_uart_tx (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(line_tvalid),
    .s_axis_tready(line_tready),
    .s_axis_tdata (line_tdata),
    .tx_o
  );

  // About a second per blink; 0.1 s of light after a packet.
  localparam int unsigned BlinkWidth = $clog2(ClockHz);
  logic [BlinkWidth-1:0]   blink_q;
  logic [BlinkWidth-4:0]   light_q;

  always_ff @(posedge clk_i) begin
    blink_q <= blink_q + 1'b1;
    if (packet_end) light_q <= '1;
    else if (light_q != '0) light_q <= light_q - 1'b1;
    led_o <= blink_q[BlinkWidth-1] || light_q != '0;
    if (!rst_ni) begin
      blink_q <= '0;
      light_q <= '0;
    end
  end

  // The design's reset, registered: it goes far.
  always_ff @(posedge clk_i) core_rst_no <= core_rst_n;

  logic unused;
  assign unused = result_tlast;

`ifdef VERILATOR
  ResultsHaveTheirLength: assert property (@(posedge clk_i) disable iff (!core_rst_n)
      result_tvalid && result_tready && result_tlast |=> !result_tready)
    else $error("uart_shell: a result ended where its packet did not");
`endif
endmodule
