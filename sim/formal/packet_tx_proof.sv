// Properties of packet_tx: a receiver that undoes the escapes gets each byte, then the CRC.
//
// Aborts = 0: packets of Bytes bytes, none given up: every byte and its place. Aborts = 1: packets
// of any length may be given up at any time: one that ends with a flag alone is whole.
module packet_tx_proof #(
  parameter int unsigned Bytes = 2,
  parameter bit Aborts = 1'b0,
  parameter bit Lemmas = 1'b0  // 1: prove what the proof relies on
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [7:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic abort_i,
  input logic m_axis_tready
);

  localparam logic [7:0] Flag   = 8'h7E;
  localparam logic [7:0] Escape = 8'h7D;

  logic       s_axis_tready, aborted_o, m_axis_tvalid;
  logic [7:0] m_axis_tdata;

  initial assume (!rst_ni);

  packet_tx u_dut (
    .*
  );

  stream_rules #(
    .Width(8)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  (m_axis_tdata)
  );

  // A receiver: inside a packet, after an escape, a byte.
  logic       inside_q, escape_q, taken, left, is_byte;
  logic [7:0] plain;

  assign taken   = s_axis_tvalid && s_axis_tready;
  assign left    = m_axis_tvalid && m_axis_tready;
  assign is_byte = m_axis_tvalid && m_axis_tdata != Flag && m_axis_tdata != Escape;
  assign plain   = escape_q ? m_axis_tdata ^ 8'h20 : m_axis_tdata;

  always_ff @(posedge clk_i) begin
    if (left) escape_q <= m_axis_tdata == Escape;
    if (left && m_axis_tdata == Flag) inside_q <= !inside_q;
    if (!rst_ni) begin
      escape_q <= 1'b0;
      inside_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && m_axis_tvalid) begin
      assert (inside_q || m_axis_tdata == Flag);          // nothing between packets
      assert (!(escape_q && m_axis_tdata == Escape));
      if (is_byte && escape_q) assert (plain == Flag || plain == Escape);
      cover (is_byte && escape_q);
    end
  end

  (* hierconn *) logic [1:0]  \u_dut.state_q ;
  (* hierconn *) logic        \u_dut.flipped_q ;
  (* hierconn *) logic [7:0]  \u_dut.flip_q ;
  (* hierconn *) logic [2:0]  \u_dut.left_q ;
  (* hierconn *) logic [31:0] \u_dut.crc_q ;

  if (!Aborts) begin : gen_whole
    localparam int unsigned OutBytes = Bytes + 4;

    logic [1:0]                    in_frame, out_frame;
    logic [$clog2(Bytes+1)-1:0]    source, in;
    logic [$clog2(OutBytes+1)-1:0] target, out;
    logic [31:0]                   crc_q, crc;
    logic [7:0]                    value;

    stream_rules #(
      .Width (9),
      .Assume(1'b1)
    ) u_in (
      .clk_i,
      .rst_ni,
      .tvalid_i(s_axis_tvalid),
      .tready_i(s_axis_tready),
      .beat_i  ({s_axis_tlast, s_axis_tdata})
    );

    crc32_byte u_crc (
      .crc_i (in == '0 ? 32'hFFFFFFFF : crc_q),
      .data_i(s_axis_tdata),
      .crc_o (crc)
    );

    always_ff @(posedge clk_i) if (taken) crc_q <= crc;

    assign source = target < Bytes ? target : Bytes - 1;
    assign value  = target < Bytes ? s_axis_tdata : ~crc[8*2'(target-Bytes)+:8];

    beat_order #(
      .Width   (8),
      .Frames  (4),
      .InBeats (Bytes),
      .OutBeats(OutBytes)
    ) u_order (
      .clk_i,
      .rst_ni,
      .in_tvalid_i (s_axis_tvalid),
      .in_tready_i (s_axis_tready),
      .value_i     (value),
      .source_i    (source),
      .out_tvalid_i(is_byte),
      .out_tready_i(m_axis_tready),
      .out_value_i (plain),
      .target_o    (target),
      .in_frame_o  (in_frame),
      .in_o        (in),
      .out_frame_o (out_frame),
      .out_o       (out)
    );

    stream_progress #(
      .Limit(2)
    ) u_progress (
      .clk_i,
      .rst_ni,
      .willing_i(m_axis_tready && (s_axis_tvalid || (inside_q && in == '0))),
      .moved_i  (taken || m_axis_tvalid)
    );

    // Where the block is: what it has taken and not sent says it.
    localparam logic [1:0] InBytes = 2'd1, InCheck = 2'd2;
    (* hierconn *) logic [1:0]  \u_order.frame ;
    (* hierconn *) logic        \u_order.u_watch.held_q ;
    (* hierconn *) logic        \u_order.u_watch.early_q ;
    (* hierconn *) logic [7:0]  \u_order.u_watch.value_q ;

    logic        pending, flipped, held, current, place, checks, line, lemma;
    logic [2:0]  sent;
    logic [7:0]  waiting;
    logic [31:0] rest;

    assign flipped = \u_dut.flipped_q ;
    assign held    = \u_order.u_watch.held_q ;
    assign pending = m_axis_tvalid && m_axis_tdata != Flag;
    assign waiting = flipped ? \u_dut.flip_q ^ 8'h20 : plain;
    assign sent    = 3'd4 - \u_dut.left_q ;
    assign rest    = (crc_q >> 8 * sent) | ~(32'hFFFFFFFF >> 8 * sent);
    assign current = out_frame == \u_order.frame ;

    always_comb begin
      case (\u_dut.state_q )
        InBytes: place = \u_dut.left_q == 4 && in < Bytes && in_frame == out_frame &&
            out + pending == in && inside_q == !(m_axis_tvalid && !pending) &&
            (in == '0 || pending || !m_axis_tvalid) &&
            \u_dut.crc_q == (in == '0 ? 32'hFFFFFFFF : crc_q);
        InCheck: place = \u_dut.left_q <= 4 && in == '0 && inside_q &&
            (m_axis_tvalid == pending) && \u_dut.crc_q == rest &&
            ((sent == 4 && !pending) ? out == '0 && in_frame == out_frame :
             out + pending == Bytes + sent && in_frame == 2'(out_frame + 1));
        default: place = \u_dut.state_q == '0 && in == '0 && out == '0 && !pending &&
            in_frame == out_frame && inside_q == m_axis_tvalid;
      endcase
    end
    assign line = (!escape_q || (pending && !flipped)) &&
        (!flipped || (pending && m_axis_tdata == Escape)) &&
        (!pending || (flipped || escape_q) == (waiting == Flag || waiting == Escape));
    assign checks = !\u_order.u_watch.early_q  && out < OutBytes &&
        (!(pending && out >= Bytes) || waiting == ~crc_q[8*2'(out-Bytes)+:8]) &&
        (target < Bytes ? held == (current && pending && out == target) :
         held == (current && in_frame != out_frame && out <= target)) &&
        (!held || \u_order.u_watch.value_q ==
         (target < Bytes ? waiting : ~crc_q[8*2'(target-Bytes)+:8]));
    assign lemma = place && line && checks;

    always_ff @(posedge clk_i) begin
      if (rst_ni) begin
        if (Lemmas) assert (lemma);
        else assume (lemma);
      end
    end

    always_ff @(posedge clk_i) begin
      if (rst_ni) begin
        assume (!abort_i);
        if (s_axis_tvalid) assume (s_axis_tlast == (in == Bytes - 1));
        // A flag where a packet begins or ends, nowhere else.
        if (m_axis_tvalid && m_axis_tdata == Flag) assert (out == '0 && !escape_q);
        cover (left && m_axis_tdata == Flag && inside_q);
      end
    end
  end else begin : gen_aborts
    logic       whole_q;   // the last byte of a packet has been taken
    logic [2:0] checks_q;  // bytes out since, with what was still on its way, up to 7
    logic       abort_q;   // it was asked for and not answered

    always_ff @(posedge clk_i) begin
      abort_q <= rst_ni && abort_i && !aborted_o;
      if (taken) whole_q <= s_axis_tlast;
      if (left && m_axis_tdata == Flag && inside_q) whole_q <= 1'b0;
      if (taken && s_axis_tlast) checks_q <= '0;
      else if (left && is_byte && checks_q != '1) checks_q <= checks_q + 1'b1;
      if (!rst_ni) whole_q <= 1'b0;
    end

    stream_progress #(
      .Limit(12)  // four escaped bytes of the CRC, a byte before, a flag
    ) u_progress (
      .clk_i,
      .rst_ni,
      .willing_i(m_axis_tready && abort_i),
      .moved_i  (aborted_o)
    );

    always_ff @(posedge clk_i) begin
      if (rst_ni) begin
        if (abort_q) assume (abort_i);  // held
        if (abort_i) assert (!s_axis_tready);
        if (m_axis_tvalid && m_axis_tdata == Flag && inside_q) begin
          assert (escape_q || (whole_q && checks_q >= 4));
          cover (escape_q && m_axis_tready);
          cover (!escape_q && m_axis_tready);
        end
        cover (abort_q && aborted_o);
      end
    end
  end

endmodule
