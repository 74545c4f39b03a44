// Every beat that comes out is the one that it should be, in its place: for one stream in, one out.
//
// Beats are numbered from reset on: frame, modulo Frames, and beat of the frame, InBeats of them on
// the way in and OutBeats on the way out; a frame out comes from a frame in. Frames must be more
// than the block has begun and not finished. target_o is any beat of any frame out: the block's
// proof gives in source_i the beat of the same frame in that decides it, in value_i what must come
// out if the beat offered at the input is that one, in out_value_i what is on the output. As
// target_o is any, all beats are proved at once. A proof may assume something of target_o.
module beat_order #(
  parameter int unsigned Width    = 1,  // bits of a value
  parameter int unsigned Frames   = 3,  // >= 2
  parameter int unsigned InBeats  = 1,  // per frame
  parameter int unsigned OutBeats = 1,  // per frame

  localparam int unsigned FrameBits = $clog2(Frames),
  localparam int unsigned InBits    = $clog2(InBeats + 1),
  localparam int unsigned OutBits   = $clog2(OutBeats + 1)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 in_tvalid_i,
  input  logic                 in_tready_i,
  input  logic [Width-1:0]     value_i,
  input  logic [InBits-1:0]    source_i,

  input  logic                 out_tvalid_i,
  input  logic                 out_tready_i,
  input  logic [Width-1:0]     out_value_i,

  output logic [OutBits-1:0]   target_o,
  output logic [FrameBits-1:0] in_frame_o,  // what comes next on the way in
  output logic [InBits-1:0]    in_o,
  output logic [FrameBits-1:0] out_frame_o, // likewise on the way out
  output logic [OutBits-1:0]   out_o
);

  (* anyconst *) logic [FrameBits-1:0] frame;
  (* anyconst *) logic [OutBits-1:0]   target;

  logic [FrameBits-1:0] in_frame_q, out_frame_q;
  logic [InBits-1:0]    in_q;
  logic [OutBits-1:0]   out_q;
  logic [1:0]           left_q;  // beats that have left, up to 3
  logic                 taken, left, made, here, in_last, out_last;

  assign taken    = in_tvalid_i && in_tready_i;
  assign left     = out_tvalid_i && out_tready_i;
  assign in_last  = in_q == InBeats - 1;
  assign out_last = out_q == OutBeats - 1;
  assign made     = in_tvalid_i && in_frame_q == frame && in_q == source_i;
  assign here     = out_tvalid_i && out_frame_q == frame && out_q == target;

  assign target_o    = target;
  assign in_frame_o  = in_frame_q;
  assign in_o        = in_q;
  assign out_frame_o = out_frame_q;
  assign out_o       = out_q;

  always_comb assume (frame < Frames && target < OutBeats);

  always_ff @(posedge clk_i) begin
    if (taken) in_q <= in_last ? '0 : in_q + 1'b1;
    if (taken && in_last) in_frame_q <= (in_frame_q == Frames - 1) ? '0 : in_frame_q + 1'b1;
    if (left) out_q <= out_last ? '0 : out_q + 1'b1;
    if (left && out_last) out_frame_q <= (out_frame_q == Frames - 1) ? '0 : out_frame_q + 1'b1;
    if (left && left_q != '1) left_q <= left_q + 1'b1;
    if (!rst_ni) begin
      in_frame_q  <= '0;
      in_q        <= '0;
      out_frame_q <= '0;
      out_q       <= '0;
      left_q      <= '0;
    end
  end

  always_ff @(posedge clk_i) cover (rst_ni && left_q == '1);  // three beats

  beat_watch #(
    .Width(Width)
  ) u_watch (
    .clk_i,
    .rst_ni,
    .made_i     (made),
    .known_i    (made && in_tready_i),
    .value_i,
    .here_i     (here),
    .left_i     (here && out_tready_i),
    .out_value_i
  );

endmodule
