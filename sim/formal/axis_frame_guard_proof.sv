// Properties of axis_frame_guard: whatever the frames in are, frames out have Beats beats.
module axis_frame_guard_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Beats = 2,  // per frame
  parameter int unsigned Frames = 2
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Width-1:0] s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready,
  input logic bad_tready
);

  localparam int unsigned Bits      = $clog2(Beats + 1);
  localparam int unsigned Period    = Frames + 2;
  localparam int unsigned FrameBits = $clog2(Period);

  logic             s_axis_tready, m_axis_tvalid, m_axis_tlast, bad_tvalid, bad_tdata;
  logic             short_o, long_o;
  logic [Width-1:0] m_axis_tdata;

  initial assume (!rst_ni);

  axis_frame_guard #(
    .Width(Width),
    .Beats(Beats),
    .Frames(Frames)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Width + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(Width + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  stream_rules #(
    .Width(1)
  ) u_bad (
    .clk_i,
    .rst_ni,
    .tvalid_i(bad_tvalid),
    .tready_i(bad_tready),
    .beat_i  (bad_tdata)
  );

  // Frames are counted where they end: by tlast on the way in, by Beats on the way out, one bit
  // each on the bad stream. in_beat_q stays at Beats in what is too long.
  logic [FrameBits-1:0] in_frame_q, out_frame_q, bad_frame_q;
  logic [Bits-1:0]      in_beat_q, out_beat_q;
  logic                 taken, left, bad_left, decided, right_length;

  assign taken        = s_axis_tvalid && s_axis_tready;
  assign left         = m_axis_tvalid && m_axis_tready;
  assign bad_left     = bad_tvalid && bad_tready;
  assign right_length = in_beat_q == Beats - 1 && s_axis_tlast;
  assign decided      = in_beat_q == Beats - 1 || (in_beat_q < Beats && s_axis_tlast);

  function automatic logic [FrameBits-1:0] next(input logic [FrameBits-1:0] frame);
    next = (frame == Period - 1) ? '0 : frame + 1'b1;
  endfunction

  always_ff @(posedge clk_i) begin
    if (taken) in_beat_q <= s_axis_tlast ? '0 : (in_beat_q == Beats) ? in_beat_q : in_beat_q + 1'b1;
    if (taken && s_axis_tlast) in_frame_q <= next(in_frame_q);
    if (left) out_beat_q <= (out_beat_q == Beats - 1) ? '0 : out_beat_q + 1'b1;
    if (left && out_beat_q == Beats - 1) out_frame_q <= next(out_frame_q);
    if (bad_left) bad_frame_q <= next(bad_frame_q);
    if (!rst_ni) begin
      in_frame_q  <= '0;
      in_beat_q   <= '0;
      out_frame_q <= '0;
      out_beat_q  <= '0;
      bad_frame_q <= '0;
    end
  end

  // Any beat of any frame: the one that came in, or zero where the frame ended before.
  (* anyconst *) logic [FrameBits-1:0] frame;
  (* anyconst *) logic [Bits-1:0]      beat;
  logic                                given, filled;

  always_comb assume (frame < Period && beat < Beats);

  assign given  = s_axis_tvalid && in_frame_q == frame && in_beat_q == beat;
  assign filled = s_axis_tvalid && in_frame_q == frame && in_beat_q < beat && s_axis_tlast;

  beat_watch #(
    .Width(Width)
  ) u_beat (
    .clk_i,
    .rst_ni,
    .made_i     (given || filled),
    .known_i    ((given || filled) && s_axis_tready),
    .value_i    (given ? s_axis_tdata : '0),
    .here_i     (m_axis_tvalid && out_frame_q == frame && out_beat_q == beat),
    .left_i     (left && out_frame_q == frame && out_beat_q == beat),
    .out_value_i(m_axis_tdata)
  );

  // Any frame's bit: whether its length was wrong.
  beat_watch #(
    .Width(1)
  ) u_bit (
    .clk_i,
    .rst_ni,
    .made_i     (s_axis_tvalid && in_frame_q == frame && decided),
    .known_i    (taken && in_frame_q == frame && decided),
    .value_i    (!right_length),
    .here_i     (bad_tvalid && bad_frame_q == frame),
    .left_i     (bad_left && bad_frame_q == frame),
    .out_value_i(bad_tdata)
  );

  logic short_q, long_q;

  always_ff @(posedge clk_i) begin
    short_q <= rst_ni && taken && in_beat_q < Beats - 1 && s_axis_tlast;
    long_q  <= rst_ni && taken && in_beat_q == Beats - 1 && !s_axis_tlast;
  end

  stream_progress #(
    .Limit(2)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready && bad_tready),
    .moved_i  (taken || left)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (m_axis_tvalid) assert (m_axis_tlast == (out_beat_q == Beats - 1));
      if (started_q) assert (short_o == short_q && long_o == long_q);
      cover (long_q);
      cover (bad_left && !bad_tdata);
    end
  end

  if (Beats > 1) begin : gen_short
    always_ff @(posedge clk_i) cover (rst_ni && short_q);
  end

  logic started_q;  // there was a cycle out of reset or in it

  initial started_q = 1'b0;

  always_ff @(posedge clk_i) started_q <= 1'b1;

endmodule
