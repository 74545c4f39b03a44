// Keeps whole packets until they are known to be right, then gives them on as frames of a stream.
//
// A writer puts byte after byte at write_address_i, then either commits the packet with a tag or
// begins the next one over it: what was not committed never comes out. Up to Slots packets wait in
// order. write_ready_o: there is a free slot; it can only rise between commits, so who saw it high
// before the first byte may write them all. A frame's tag is on tag_o from its first beat to its
// last. Memory: Slots * 2**ceil(log2(Bytes)) bytes of block RAM. Latency 2 cycles from the commit,
// one byte per cycle; m_axis_tvalid comes from a register.
module packet_store #(
  parameter int unsigned Bytes    = 64,  // per packet, 2 to 65,536
  parameter int unsigned Slots    = 4,   // packets, a power of two, >= 2
  parameter int unsigned TagWidth = 16   // bits that go with a packet, >= 1
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     write_i,
  input  logic [$clog2(Bytes)-1:0] write_address_i,
  input  logic [7:0]               write_data_i,
  input  logic                     commit_i,  // only while write_ready_o is high
  input  logic [TagWidth-1:0]      commit_tag_i,
  output logic                     write_ready_o,

  output logic                     m_axis_tvalid,
  input  logic                     m_axis_tready,
  output logic [7:0]               m_axis_tdata,
  output logic                     m_axis_tlast,
  output logic [TagWidth-1:0]      tag_o
);

  if (Bytes < 2 || Bytes > 65_536) begin : gen_check_bytes
    $fatal(1, "packet_store: Bytes is %0d, must be 2 to 65536", Bytes);
  end
  if (Slots < 2 || (Slots & (Slots - 1)) != 0) begin : gen_check_slots
    $fatal(1, "packet_store: Slots is %0d, must be a power of two, at least 2", Slots);
  end

  localparam int unsigned AddressWidth = $clog2(Bytes);
  localparam int unsigned SlotWidth    = $clog2(Slots);
  localparam int unsigned LevelWidth   = $clog2(Slots + 1);
  localparam logic [AddressWidth-1:0] LastAddress = AddressWidth'(Bytes - 1);

  // no_rw_check: a slot is never read while it is written.
  (* ram_style = "block", no_rw_check *)
  logic [7:0] memory[Slots << AddressWidth];
  logic [TagWidth-1:0] tags[Slots];

  logic [SlotWidth-1:0]    write_slot_q, read_slot_q;
  logic [LevelWidth-1:0]   level_q;    // packets committed and not yet read to their end
  logic [AddressWidth-1:0] address_q;  // of the next byte to read
  logic                    valid_q, last_q;
  logic [7:0]              data_q;
  logic [TagWidth-1:0]     tag_q;
  logic                    fetch, done;

  assign write_ready_o = level_q != LevelWidth'(Slots);
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;
  assign tag_o         = tag_q;

  assign fetch = level_q != '0 && (!valid_q || m_axis_tready);
  assign done  = fetch && address_q == LastAddress;

  always_ff @(posedge clk_i) begin
    if (write_i) memory[{write_slot_q, write_address_i}] <= write_data_i;
    if (commit_i) tags[write_slot_q] <= commit_tag_i;
  end

  always_ff @(posedge clk_i) begin
    if (fetch) data_q <= memory[{read_slot_q, address_q}];
  end

  always_ff @(posedge clk_i) begin
    if (fetch) begin
      tag_q     <= tags[read_slot_q];
      last_q    <= done;
      address_q <= done ? '0 : address_q + 1'b1;
    end
    if (fetch || m_axis_tready) valid_q <= fetch;
    if (done) read_slot_q <= read_slot_q + 1'b1;
    if (commit_i) write_slot_q <= write_slot_q + 1'b1;
    if (commit_i != done) level_q <= commit_i ? level_q + 1'b1 : level_q - 1'b1;
    if (!rst_ni) begin
      write_slot_q <= '0;
      read_slot_q  <= '0;
      level_q      <= '0;
      address_q    <= '0;
      valid_q      <= 1'b0;
    end
  end

`ifdef VERILATOR
  CommitsWhereThereIsRoom: assert property (@(posedge clk_i) disable iff (!rst_ni)
      commit_i |-> write_ready_o)
    else $error("packet_store: a packet was committed, but there is no slot");
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast, tag_o}))
    else $error("packet_store: a beat changed while stalled");
`endif
endmodule
