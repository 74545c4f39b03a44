// Adds the bias, converts to the output format, marks the frame's end: the end of a layer.
//
//   sums -> matvec_bias -> axis_fifo -> m_axis, tlast on each frame's last beat
//
// A vector is Beats beats of Lanes sums; a frame is Vectors vectors (the pixels of an image; 1 for
// a dense layer). last_i is not looked at (an assertion checks it): m_axis_tlast is a register of
// a counter of the beats that leave, as the output of a block RAM would come too late for the
// gates that wait for it. index_i comes 3 cycles before its beat. The arithmetic is matvec_bias's.
// Latency from a sum to the output 3 cycles (FifoDepth <= 32) or 4. The sums cannot wait: a credit
// gate in front of the core keeps account of FifoDepth (an assertion checks it).
module layer_output #(
  parameter int unsigned Lanes     = 1,     // elements per beat, >= 1
  parameter int unsigned Beats     = 128,   // beats per vector, >= 1
  parameter int unsigned Vectors   = 1,     // vectors per frame, >= 1
  parameter int unsigned AccWidth  = 24,    // bits per incoming sum, two's complement
  parameter bit          HasBias   = 1'b1,  // 0: no memory, no addition; BiasFile is not read
  parameter int unsigned BiasShift = 0,     // left shift of the incoming sum
  parameter int unsigned BiasWidth = 16,    // bits per bias, two's complement
  parameter int unsigned SumWidth  = 25,    // bits of shifted sum plus bias, two's complement
  parameter int          Drop      = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth  = 8,     // bits per output element
  parameter bit          OutSigned = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b1,  // a negative sum becomes 0 first
  parameter int unsigned FifoDepth = 32,    // beats, >= 2
  parameter              BiasFile  = "bias.mem",

  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic [IndexWidth-1:0]     index_i,
  input  logic                      valid_i,
  input  logic                      last_i,  // last beat of a vector
  input  logic [Lanes*AccWidth-1:0] sums_i,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  if (Vectors < 1) begin : gen_check_vectors
    $fatal(1, "layer_output: Vectors is %0d, must be at least 1", Vectors);
  end

  localparam int unsigned FrameBeats = Beats * Vectors;
  localparam int unsigned CountWidth = (FrameBeats > 1) ? $clog2(FrameBeats) : 1;

  logic                      out_valid, out_ready;
  logic [Lanes*OutWidth-1:0] out_data;
  logic [CountWidth-1:0]     count_q;       // beats of the frame that have left
  logic                      frame_last_q;  // the next one is its last

  matvec_bias #(
    .Lanes    (Lanes),
    .Beats    (Beats),
    .AccWidth (AccWidth),
    .HasBias  (HasBias),
    .BiasShift(BiasShift),
    .BiasWidth(BiasWidth),
    .SumWidth (SumWidth),
    .Drop     (Drop),
    .OutWidth (OutWidth),
    .OutSigned(OutSigned),
    .Rounding (Rounding),
    .Overflow (Overflow),
    .Relu     (Relu),
    .BiasFile (BiasFile)
  ) u_bias (
    .clk_i,
    .rst_ni,
    .index_i,
    .valid_i,
    .sums_i,
    .valid_o(out_valid),
    .data_o (out_data)
  );

  axis_fifo #(
    .Width    (Lanes * OutWidth),
    .Depth    (FifoDepth),
    .NeverFull(1'b1)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(out_valid),
    .s_axis_tready(out_ready),
    .s_axis_tdata (out_data),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata
  );

  assign m_axis_tlast = frame_last_q;

  always_ff @(posedge clk_i) begin
    if (m_axis_tvalid && m_axis_tready) begin
      count_q      <= frame_last_q ? '0 : count_q + 1'b1;
      frame_last_q <= FrameBeats == 1 || 32'(count_q) + 2 == FrameBeats;
    end
    if (!rst_ni) begin
      count_q      <= '0;
      frame_last_q <= FrameBeats == 1;
    end
  end

`ifdef VERILATOR
  int unsigned sum_q;  // beat of the vector that comes next

  always_ff @(posedge clk_i) begin
    if (valid_i) sum_q <= (sum_q == Beats - 1) ? 0 : sum_q + 1;
    if (!rst_ni) sum_q <= 0;
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      valid_i |-> last_i == (sum_q == Beats - 1))
    else $error("layer_output: last_i is %0d at beat %0d of %0d", last_i, sum_q, Beats);
  ResultHasRoom: assert property (@(posedge clk_i) disable iff (!rst_ni)
      out_valid |-> out_ready)
    else $error("layer_output: the output FIFO is full when a result comes");
`else
  logic unused;
  assign unused = out_ready ^ last_i;
`endif
endmodule
