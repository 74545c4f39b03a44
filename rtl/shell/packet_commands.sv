// Judges packets from the host: a sample goes on, a request is answered, a fault is reported.
//
// A packet is kind, tag (two bytes, lowest first; it comes back with the answer), payload, CRC:
//   0x01 sample   payload of SampleBytes bytes: written out as it comes, committed when it is right
//   0x02 info     no payload
//   0x03 reset    no payload
// Faults (fault_code_o): 1 CRC or a lost byte (the tag is not trusted: 0), 2 length, 3 no free slot
// for the sample, 4 unknown kind. A request stays up until it is taken; one that comes before the
// last of its kind was taken replaces it, so a host that asks twice may get one answer. Outputs
// come from registers, one cycle after the end of the packet. Never waits for anything.
module packet_commands #(
  parameter int unsigned SampleBytes = 64  // 2 to 65,536
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,  // synchronous

  input  logic                           valid_i,  // from packet_rx
  input  logic [7:0]                     data_i,
  input  logic                           end_i,
  input  logic                           good_i,

  output logic                           write_o,  // to packet_store
  output logic [$clog2(SampleBytes)-1:0] write_address_o,
  output logic [7:0]                     write_data_o,
  output logic                           commit_o,
  input  logic                           write_ready_i,

  output logic [15:0]                    tag_o,       // of the packet that is committed
  output logic                           info_o,      // asked for, until taken
  output logic [15:0]                    info_tag_o,
  input  logic                           info_taken_i,
  output logic                           reset_o,     // asked for, until taken
  output logic [15:0]                    reset_tag_o,
  input  logic                           reset_taken_i,
  output logic                           fault_o,     // to report, until taken
  output logic [15:0]                    fault_tag_o,
  output logic [7:0]                     fault_code_o,
  input  logic                           fault_taken_i
);

  if (SampleBytes < 2 || SampleBytes > 65_536) begin : gen_check_bytes
    $fatal(1, "packet_commands: SampleBytes is %0d, must be 2 to 65536", SampleBytes);
  end

  localparam logic [7:0] KindSample = 8'h01;
  localparam logic [7:0] KindInfo   = 8'h02;
  localparam logic [7:0] KindReset  = 8'h03;
  localparam logic [7:0] FaultCrc    = 8'd1;
  localparam logic [7:0] FaultLength = 8'd2;
  localparam logic [7:0] FaultFull   = 8'd3;
  localparam logic [7:0] FaultKind   = 8'd4;

  localparam int unsigned HeaderBytes  = 3;
  localparam int unsigned CrcBytes     = 4;
  localparam int unsigned AddressWidth = $clog2(SampleBytes);
  localparam int unsigned CountWidth   = 17 + 1;  // 65,536 bytes, header and CRC
  localparam logic [CountWidth-1:0] Bare   = CountWidth'(HeaderBytes + CrcBytes);
  localparam logic [CountWidth-1:0] Sample = CountWidth'(HeaderBytes + SampleBytes + CrcBytes);
  localparam logic [CountWidth-1:0] Most   = Sample + 1'b1;  // no more is counted

  logic [CountWidth-1:0] count_q;  // bytes of the packet so far
  logic [CountWidth-1:0] address;
  logic [7:0]            kind_q;
  logic [15:0]           tag_q;
  logic                  room_q;   // there was a free slot when the packet began
  logic                  is_sample, right_length;
  logic [7:0]            code;     // of the fault; 0: none

  assign address         = count_q - CountWidth'(HeaderBytes);
  assign tag_o           = tag_q;
  assign is_sample       = kind_q == KindSample;
  assign right_length    = count_q == (is_sample ? Sample : Bare);

  always_comb begin
    code = 8'd0;
    if (!good_i) code = FaultCrc;
    else if (kind_q != KindSample && kind_q != KindInfo && kind_q != KindReset) code = FaultKind;
    else if (!right_length) code = FaultLength;
    else if (is_sample && !room_q) code = FaultFull;
  end

  always_ff @(posedge clk_i) begin
    write_o         <= valid_i && room_q && count_q >= CountWidth'(HeaderBytes) &&
                       address < CountWidth'(SampleBytes);
    write_address_o <= address[AddressWidth-1:0];
    write_data_o    <= data_i;
    commit_o        <= 1'b0;
    if (valid_i) begin
      if (count_q == CountWidth'(0)) begin
        kind_q <= data_i;
        room_q <= write_ready_i;
      end
      if (count_q == CountWidth'(1)) tag_q[7:0] <= data_i;
      if (count_q == CountWidth'(2)) tag_q[15:8] <= data_i;
      if (count_q != Most) count_q <= count_q + 1'b1;
    end
    if (info_taken_i) info_o <= 1'b0;
    if (reset_taken_i) reset_o <= 1'b0;
    if (fault_taken_i) fault_o <= 1'b0;
    if (end_i) begin
      count_q <= '0;
      if (code != '0) begin
        fault_o      <= 1'b1;
        fault_tag_o  <= code == FaultCrc ? '0 : tag_q;
        fault_code_o <= code;
      end else if (is_sample) begin
        commit_o <= 1'b1;
      end else if (kind_q == KindInfo) begin
        info_o     <= 1'b1;
        info_tag_o <= tag_q;
      end else begin
        reset_o     <= 1'b1;
        reset_tag_o <= tag_q;
      end
    end
    if (!rst_ni) begin
      write_o  <= 1'b0;
      commit_o <= 1'b0;
      info_o   <= 1'b0;
      reset_o  <= 1'b0;
      fault_o  <= 1'b0;
      count_q  <= '0;
      room_q   <= 1'b0;
    end
  end

endmodule
