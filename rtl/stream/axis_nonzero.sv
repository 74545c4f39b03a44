// Passes on only the beats of vectors that are not all zero, with their numbers.
//
//   s_axis -> numbered, all-zero beats dropped -> axis_fifo -> m_axis
//
// In: Lanes elements per beat, ceil(Cols/Lanes) beats per vector, tlast on the last. Out: the beats
// with an element that is not zero, and each vector's last; m_axis_tuser is the beat's number in its
// vector, from 0; m_axis_tkeep has a bit per element: it is not zero. A dropped beat costs a cycle
// on the way in alone. s_axis_tready comes from a register; latency 1 cycle (Depth <= 32). A
// vector's length must be exact; an assertion checks tlast.
module axis_nonzero #(
  parameter int unsigned Cols  = 784,  // elements per vector, >= 1
  parameter int unsigned Lanes = 16,   // elements per beat, >= 1
  parameter int unsigned Width = 8,    // bits per element, >= 1
  parameter int unsigned Depth = 8,    // beats that wait to leave, >= 2

  localparam int unsigned Beats     = (Cols - 1) / Lanes + 1,
  localparam int unsigned BeatWidth = (Beats > 1) ? $clog2(Beats) : 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [Lanes*Width-1:0] s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [Lanes*Width-1:0] m_axis_tdata,
  output logic [Lanes-1:0]       m_axis_tkeep,
  output logic [BeatWidth-1:0]   m_axis_tuser,
  output logic                   m_axis_tlast
);

  if (Cols < 1 || Lanes < 1 || Width < 1) begin : gen_check_sizes
    $fatal(1, "axis_nonzero: Cols %0d, Lanes %0d, Width %0d: each must be at least 1", Cols, Lanes,
           Width);
  end

  logic [BeatWidth-1:0] beat_q;  // of the vector, on the way in

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) beat_q <= s_axis_tlast ? '0 : beat_q + 1'b1;
    if (!rst_ni) beat_q <= '0;
  end

  // Found before the queue, not behind it: what counts them there is the longer way.
  logic [Lanes-1:0] present;

  for (genvar l = 0; l < Lanes; l++) begin : gen_present
    assign present[l] = |s_axis_tdata[l*Width +: Width];
  end

  axis_fifo #(
    .Width(1 + BeatWidth + Lanes + Lanes * Width),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(s_axis_tvalid && (present != '0 || s_axis_tlast)),
    .s_axis_tready,
    .s_axis_tdata ({s_axis_tlast, beat_q, present, s_axis_tdata}),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata ({m_axis_tlast, m_axis_tuser, m_axis_tkeep, m_axis_tdata})
  );

`ifdef VERILATOR
  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (32'(beat_q) == Beats - 1))
    else $error("axis_nonzero: tlast is %0d at beat %0d of %0d", s_axis_tlast, beat_q, Beats);
`endif
endmodule
