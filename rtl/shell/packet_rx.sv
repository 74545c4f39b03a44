// Takes packets out of a stream of bytes: framing and check of RFC 1662.
//
// A packet stands between flags 0x7E; in it, 0x7D and the next byte ^ 0x20 stand for one byte. Its
// last four bytes are its CRC-32. valid_o pulses with each byte of a packet, CRC included, in the
// cycle after the byte came; end_o pulses after the last, good_o with it if the CRC is right. An
// empty packet is none. After garbage, bytes lost or broken, the next flag begins anew: there is no
// state that a flag does not end. Nothing of a packet may be used before end_o with good_o.
// There is no backpressure. It does not bound the length of a packet.
module packet_rx (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       valid_i,
  input  logic [7:0] data_i,
  input  logic       error_i,  // a byte was lost: the packet is not good

  output logic       valid_o,
  output logic [7:0] data_o,
  output logic       end_o,
  output logic       good_o
);

  localparam logic [7:0]  Flag    = 8'h7E;
  localparam logic [7:0]  Escape  = 8'h7D;
  localparam logic [7:0]  Flip    = 8'h20;
  localparam logic [31:0] Residue = 32'hDEBB20E3;  // of the CRC over a packet and its own CRC

  logic        escape_q;  // the byte before was 0x7D
  logic        broken_q;  // a byte of this packet was lost
  logic        some_q;    // the packet has a byte
  logic [31:0] crc_q, crc_d;
  logic [7:0]  data_d;

  assign data_d = escape_q ? data_i ^ Flip : data_i;

  crc32_byte u_crc (
    .crc_i (crc_q),
    .data_i(data_d),
    .crc_o (crc_d)
  );

  always_ff @(posedge clk_i) begin
    data_o  <= data_d;
    valid_o <= 1'b0;
    end_o   <= 1'b0;
    good_o  <= 1'b0;
    if (error_i) begin
      broken_q <= 1'b1;
      some_q   <= 1'b1;
    end
    if (valid_i && data_i == Flag) begin
      end_o    <= some_q;
      good_o   <= some_q && !broken_q && !escape_q && crc_q == Residue;
      escape_q <= 1'b0;
      broken_q <= 1'b0;
      some_q   <= 1'b0;
      crc_q    <= '1;
    end else if (valid_i) begin
      some_q   <= 1'b1;
      escape_q <= data_i == Escape;
      if (data_i != Escape) begin
        valid_o <= 1'b1;
        crc_q   <= crc_d;
      end
    end
    if (!rst_ni) begin
      valid_o  <= 1'b0;
      end_o    <= 1'b0;
      good_o   <= 1'b0;
      escape_q <= 1'b0;
      broken_q <= 1'b0;
      some_q   <= 1'b0;
      crc_q    <= '1;
    end
  end

`ifdef VERILATOR
  GoodAtTheEnd: assert property (@(posedge clk_i) disable iff (!rst_ni) good_o |-> end_o)
    else $error("packet_rx: good outside the end of a packet");
`endif
endmodule
