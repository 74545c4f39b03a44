// Properties of packet_rx: every byte of a packet, unescaped and in order; good only if it is.
//
// The packets are those of a sender in here: bytes between flags, of any length, with anything lost
// (error_i) or given up at any time.
module packet_rx_proof #(
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic valid_i,
  input logic [7:0] data_i,
  input logic error_i
);

  localparam logic [7:0] Flag   = 8'h7E;
  localparam logic [7:0] Escape = 8'h7D;

  logic       valid_o, end_o, good_o;
  logic [7:0] data_o;

  initial assume (!rst_ni);

  packet_rx u_dut (
    .*
  );

  // What the last cycle's byte must give in this one.
  logic        escape_q, some_q, lost_q, byte_q, end_q, good_q;
  logic [7:0]  plain, plain_q;
  logic [31:0] crc_q, crc;

  assign plain = escape_q ? data_i ^ 8'h20 : data_i;

  crc32_byte u_crc (
    .crc_i (crc_q),
    .data_i(plain),
    .crc_o (crc)
  );

  always_ff @(posedge clk_i) begin
    byte_q  <= valid_i && data_i != Flag && data_i != Escape;
    end_q   <= valid_i && data_i == Flag && some_q;
    good_q  <= !lost_q && !escape_q && crc_q == 32'hDEBB20E3;
    plain_q <= plain;
    if (error_i) {lost_q, some_q} <= '1;
    if (valid_i) begin
      escape_q <= data_i == Escape;
      some_q   <= 1'b1;
      if (data_i != Flag && data_i != Escape) crc_q <= crc;
    end
    if (!rst_ni || (valid_i && data_i == Flag)) begin
      {escape_q, some_q, lost_q} <= '0;
      crc_q                      <= '1;
    end
    if (!rst_ni) {byte_q, end_q} <= '0;
  end

  // The receiver of the line never gives both.
  always_ff @(posedge clk_i) begin
    if (rst_ni) assume (!(valid_i && error_i));
    cover (rst_ni && error_i);
  end

  beat_order #(
    .Width   (8),
    .Frames  (4),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (valid_i && data_i != Flag && data_i != Escape),
    .in_tready_i (1'b1),
    .value_i     (plain),
    .source_i    (1'b0),
    .out_tvalid_i(valid_o),
    .out_tready_i(1'b1),
    .out_value_i (data_o),
    .target_o    (),
    .in_frame_o  (),
    .in_o        (),
    .out_frame_o (),
    .out_o       ()
  );

  // Its CRC is this one.
  (* hierconn *) logic [31:0] \u_dut.crc_q ;
  logic lemma;
  assign lemma = crc_q == \u_dut.crc_q ;

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (Lemmas) assert (lemma);
      else assume (lemma);
      if (!Lemmas) assert (good_o == (end_q && good_q));
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (valid_o == byte_q);  // in the cycle after it came
      assert (!byte_q || data_o == plain_q);
      assert (end_o == end_q);
      cover (end_o && !good_o);
      cover (good_o);
    end
  end

endmodule
