// Stalls a stream at random, for stress tests: between all blocks of a design at once.
//
// Each beat passes only while the gate is open; once offered behind it a beat stays. The gate closes
// for a cycle with a chance of +stalls=N of 256 (0: never), and one time in 64 of these for up to 63
// cycles, so that what is in front of it fills up and what is behind it runs dry. No storage: a beat
// leaves in the cycle in which it comes in.
//
// Watchdog: an error names the stream if its reader leaves a beat waiting for +watchdog=N cycles
// (0: never). Of a deadlock that is the stream that stood still first. Another one tells if a beat
// that was offered and not taken changes or goes.
module axis_stall #(
  parameter int unsigned Width = 8,
  parameter              Name  = "stream",
  parameter logic [31:0] Seed  = 32'd1  // not 0
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  localparam int unsigned ResetCycles = 1000;  // more than a reset takes through any design

  int unsigned stalls, watchdog;
  logic [31:0] random_q, random;
  logic [5:0]  closed_q;  // cycles to go
  logic        offered_q;
  int unsigned waiting_q;

  initial begin
    if (!$value$plusargs("stalls=%d", stalls)) stalls = 0;
    if (!$value$plusargs("watchdog=%d", watchdog)) watchdog = 0;
  end

  // xorshift32 (G. Marsaglia, 2003)
  always_comb begin
    random = random_q ^ (random_q << 13);
    random = random ^ (random >> 17);
    random = random ^ (random << 5);
  end

  assign m_axis_tvalid = s_axis_tvalid && (offered_q || closed_q == '0);
  assign s_axis_tready = m_axis_tready && (offered_q || closed_q == '0);
  assign m_axis_tdata  = s_axis_tdata;
  assign m_axis_tlast  = s_axis_tlast;

  always_ff @(posedge clk_i) begin
    random_q  <= random;
    offered_q <= m_axis_tvalid && !m_axis_tready;
    if (closed_q != '0) closed_q <= closed_q - 1'b1;
    else if (32'(random[7:0]) < stalls) closed_q <= (random[13:8] == '0) ? random[19:14] : 6'd1;
    waiting_q <= (m_axis_tvalid && !m_axis_tready) ? waiting_q + 1 : 0;
    if (!rst_ni) begin
      random_q  <= Seed;
      offered_q <= 1'b0;
      closed_q  <= '0;
      waiting_q <= 0;
    end
  end

  Taken: assert property (@(posedge clk_i) disable iff (!rst_ni)
      watchdog == 0 || waiting_q < watchdog)
    else $error("stream %s: its reader has left a beat waiting for %0d cycles", Name, waiting_q);

  // A reset goes through a design block by block: what happens shortly before this one's is no fault.
  logic             left_q;    // a beat was offered and not taken
  logic [Width:0]   beat_q;    // which
  int unsigned      broken_q;  // cycles since it changed or went; 0: it did not

  always_ff @(posedge clk_i) begin
    left_q <= s_axis_tvalid && !s_axis_tready;
    beat_q <= {s_axis_tlast, s_axis_tdata};
    if (broken_q != 0) broken_q <= broken_q + 1;
    else if (left_q && (!s_axis_tvalid || beat_q != {s_axis_tlast, s_axis_tdata})) broken_q <= 1;
    if (!rst_ni) begin
      left_q   <= 1'b0;
      broken_q <= 0;
    end
  end

  BeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni) broken_q < ResetCycles)
    else $error("stream %s: a beat changed or went before it was taken, %0d cycles ago", Name,
                broken_q);
endmodule
