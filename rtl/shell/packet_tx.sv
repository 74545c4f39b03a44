// Puts packets on a stream of bytes: framing and check of RFC 1662.
//
//   0x7E, the bytes, their CRC-32 lowest byte first, 0x7E; in between 0x7E and 0x7D go out as 0x7D
//   and the byte ^ 0x20
//
// Output: up to one byte per cycle, from a register; a byte that is escaped takes two.
// s_axis_tready depends on m_axis_tready in the same cycle. abort_i, held until aborted_o, ends the
// packet that is on its way with 0x7D 0x7E, which no receiver takes for good; between packets
// nothing is sent.
module packet_tx (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       s_axis_tvalid,
  output logic       s_axis_tready,
  input  logic [7:0] s_axis_tdata,
  input  logic       s_axis_tlast,   // the last byte before the CRC

  input  logic       abort_i,
  output logic       aborted_o,      // no packet is on its way, and none begins: one cycle

  output logic       m_axis_tvalid,
  input  logic       m_axis_tready,
  output logic [7:0] m_axis_tdata
);

  localparam logic [7:0] Flag   = 8'h7E;
  localparam logic [7:0] Escape = 8'h7D;
  localparam logic [7:0] Flip   = 8'h20;

  typedef enum logic [1:0] {
    Idle,   // between packets
    Bytes,  // of the stream
    Check,  // the CRC, then the flag
    Close   // the flag of a packet that was given up
  } state_e;

  state_e      state_q;
  logic        valid_q;    // data_q waits to be taken
  logic [7:0]  data_q;
  logic        flipped_q;  // data_q is 0x7D, and flip_q comes after it
  logic [7:0]  flip_q;
  logic [2:0]  left_q;     // bytes of the CRC still to go
  logic [31:0] crc_q, crc_d;
  logic        advance;    // data_q is free at the next edge
  logic        free;       // ... and nothing has to come after it
  logic [7:0]  next;       // byte to send: of the stream or of the CRC
  logic        special;    // ... which must be escaped
  logic        sends;      // ... and is

  assign advance       = !valid_q || m_axis_tready;
  assign free          = advance && !flipped_q;
  assign s_axis_tready = state_q == Bytes && free && !abort_i;
  assign aborted_o     = abort_i && state_q == Idle;
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;

  assign next    = state_q == Check ? ~crc_q[7:0] : s_axis_tdata;
  assign special = next == Flag || next == Escape;
  assign sends   = (s_axis_tvalid && s_axis_tready) || (state_q == Check && free && left_q != '0);

  crc32_byte u_crc (
    .crc_i (crc_q),
    .data_i(s_axis_tdata),
    .crc_o (crc_d)
  );

  always_ff @(posedge clk_i) begin
    if (advance) begin
      valid_q   <= 1'b0;
      flipped_q <= 1'b0;
    end
    if (advance && flipped_q) begin
      valid_q <= 1'b1;
      data_q  <= flip_q;
    end
    if (sends) begin
      valid_q   <= 1'b1;
      data_q    <= special ? Escape : next;
      flipped_q <= special;
      flip_q    <= next ^ Flip;
    end
    unique case (state_q)
      Idle: begin
        crc_q  <= '1;
        left_q <= 3'd4;
        if (s_axis_tvalid && free && !abort_i) begin
          valid_q <= 1'b1;
          data_q  <= Flag;
          state_q <= Bytes;
        end
      end
      Bytes: begin
        if (abort_i && free) begin
          valid_q <= 1'b1;
          data_q  <= Escape;
          state_q <= Close;
        end else if (sends) begin
          crc_q <= crc_d;
          if (s_axis_tlast) state_q <= Check;
        end
      end
      Check: begin
        if (sends) begin
          crc_q  <= {8'hFF, crc_q[31:8]};
          left_q <= left_q - 1'b1;
        end else if (free) begin
          valid_q <= 1'b1;
          data_q  <= Flag;
          state_q <= Idle;
        end
      end
      default: begin  // Close
        if (free) begin
          valid_q <= 1'b1;
          data_q  <= Flag;
          state_q <= Idle;
        end
      end
    endcase
    if (!rst_ni) begin
      valid_q   <= 1'b0;
      flipped_q <= 1'b0;
      state_q   <= Idle;
    end
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=> m_axis_tvalid && $stable(m_axis_tdata))
    else $error("packet_tx: a byte changed while stalled");
`endif
endmodule
