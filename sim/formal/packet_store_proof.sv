// Properties of packet_store: what was committed comes out, whole, once and in order; nothing else.
module packet_store_proof #(
  parameter int unsigned Bytes = 2,
  parameter int unsigned Slots = 2,
  parameter int unsigned TagWidth = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic write_i,
  input logic [$clog2(Bytes)-1:0] write_address_i,
  input logic [7:0] write_data_i,
  input logic commit_i,
  input logic [TagWidth-1:0] commit_tag_i,
  input logic m_axis_tready
);

  localparam int unsigned Frames = 2 * Slots;  // a power of two, more than are in it
  localparam int unsigned Width  = TagWidth + 1 + 8;

  logic                      write_ready_o, m_axis_tvalid, m_axis_tlast;
  logic [7:0]                m_axis_tdata;
  logic [TagWidth-1:0]       tag_o;
  logic [$clog2(Frames)-1:0] in_frame, out_frame, level;
  logic                      in;
  logic [$clog2(Bytes+1)-1:0] target, out;

  initial assume (!rst_ni);

  packet_store #(
    .Bytes   (Bytes),
    .Slots   (Slots),
    .TagWidth(TagWidth)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width(Width)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({tag_o, m_axis_tlast, m_axis_tdata})
  );

  // The byte that the next packet has at the target's address, and whether it has one.
  logic       written_q, here;
  logic [7:0] byte_q;

  assign here = write_i && write_address_i == target;

  always_ff @(posedge clk_i) begin
    if (here) byte_q <= write_data_i;
    if (commit_i) written_q <= 1'b0;
    else if (here) written_q <= 1'b1;
    if (!rst_ni) written_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (write_i) assume (write_ready_o && write_address_i < Bytes);
      if (commit_i) assume (write_ready_o && (written_q || here));
      cover (commit_i && level == Slots - 1);
      cover (write_i && here && written_q);  // a packet begun anew over one that was given up
    end
  end

  // A frame goes in with its commit, in one beat, and comes out in Bytes.
  beat_order #(
    .Width   (Width),
    .Frames  (Frames),
    .InBeats (1),
    .OutBeats(Bytes)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (commit_i),
    .in_tready_i (1'b1),
    .value_i     ({commit_tag_i, 1'(target == Bytes - 1), here ? write_data_i : byte_q}),
    .source_i    (1'b0),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({tag_o, m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_frame),
    .in_o        (in),
    .out_frame_o (out_frame),
    .out_o       (out)
  );

  assign level = in_frame - out_frame;

  stream_progress #(
    .Limit(2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(m_axis_tready && level != '0),
    .moved_i  (m_axis_tvalid)
  );

  // A slot is free again when its last byte has left the memory: that byte may wait at the output.
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (level <= Slots + 1);
      assert (write_ready_o == (level < Slots || level - (m_axis_tvalid && m_axis_tlast) < Slots));
    end
  end

endmodule
