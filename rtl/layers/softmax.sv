// Softmax over the channels of each pixel, by a table and an exact quotient.
//
//   e[c] = table[max(x) - x[c]],   y[c] = convert(e[c] / sum(e))
//
// In and out one channel per beat, channels in order, pixel after pixel, tlast on an image's last
// beat. File TableFile ($readmemh) has 2**InWidth unsigned words of TableWidth bits; the first must
// not be 0. The quotient is computed to the bit behind the last one kept, with a sticky bit for what
// is left, so that convert (requantise's; OutFraction fraction bits) sees it exactly.
//
//   s_axis -> maximum, axis_fifo -> subtract -> axis_table -> sum, axis_fifo -> divide_stream
//          -> requantise -> m_axis
//
// Steps = ceil((max(OutFraction + 1, 1) + 1) / Bits). Cycles per pixel, back to back: Channels + 1
// or Channels * (Steps + 2) / Dividers, whichever is more, Dividers = 1 to Steps + 2 (between the two
// up to a cycle more). Latency from a pixel's last beat to its first result, where no earlier pixel
// is still being computed: Channels + Steps + TableLatency + 5 cycles, TableLatency = 1 (up to 64
// words) or 2. A pixel is buffered twice, in FIFOs of Channels + 4 elements: LUT RAM up to 32, else
// block RAM. s_axis_tready comes from registers.
module softmax #(
  parameter int unsigned Channels    = 10,    // elements per pixel, >= 1
  parameter int unsigned InWidth     = 8,     // bits per input element, 1 to 12
  parameter bit          InSigned    = 1'b1,  // input is two's complement
  parameter int unsigned TableWidth  = 16,    // bits per word of the table, >= 1
  parameter int          OutFraction = 8,     // fraction bits of an output element
  parameter int unsigned OutWidth    = 8,     // bits per output element, sign included
  parameter bit          OutSigned   = 1'b0,  // output is two's complement
  parameter int unsigned Rounding    = gatewright_pkg::RndConv,
  parameter int unsigned Overflow    = gatewright_pkg::Sat,
  parameter int unsigned Bits        = 1,     // of a quotient per cycle and divider, >= 1
  parameter int unsigned Dividers    = 1,     // at once, >= 1
  parameter              TableFile   = "table.mem"
) (
  input  logic                clk_i,
  input  logic                rst_ni,  // synchronous

  input  logic                s_axis_tvalid,
  output logic                s_axis_tready,
  input  logic [InWidth-1:0]  s_axis_tdata,
  input  logic                s_axis_tlast,

  output logic                m_axis_tvalid,
  input  logic                m_axis_tready,
  output logic [OutWidth-1:0] m_axis_tdata,
  output logic                m_axis_tlast
);

  if (Channels < 1 || TableWidth < 1 || Bits < 1) begin : gen_check_size
    $fatal(1, "softmax: Channels is %0d, TableWidth %0d, Bits %0d, must be at least 1", Channels,
           TableWidth, Bits);
  end

  localparam int unsigned Depth         = Channels + 4;
  localparam int unsigned CountWidth    = (Channels > 1) ? $clog2(Channels) : 1;
  localparam int unsigned SumWidth      = TableWidth + $clog2(Channels);
  localparam int unsigned Kept          = (OutFraction > 0) ? OutFraction + 2 : 2;
  localparam int unsigned QuotientWidth = (Kept + Bits - 1) / Bits * Bits;

  // The maximum of the pixel that comes in; then of the pixel in the FIFO.
  logic [CountWidth-1:0] in_count_q;
  logic [InWidth-1:0]    key, highest_q, higher, max_q;
  logic                  max_valid_q;
  logic                  in_last, take, x_ready, x_valid, x_last, x_frame_last, x_take;
  logic [InWidth-1:0]    x;

  // So that unsigned comparison orders them, signed elements have the sign bit inverted.
  assign key           = s_axis_tdata ^ (InWidth'(InSigned) << (InWidth - 1));
  assign in_last       = in_count_q == CountWidth'(Channels - 1);
  assign s_axis_tready = x_ready && !(in_last && max_valid_q);
  assign take          = s_axis_tvalid && s_axis_tready;
  assign higher        = (in_count_q == '0 || key > highest_q) ? key : highest_q;

  always_ff @(posedge clk_i) begin
    if (take) in_count_q <= in_last ? '0 : in_count_q + 1'b1;
    if (take && in_last) max_valid_q <= 1'b1;
    else if (x_take && x_last) max_valid_q <= 1'b0;
    if (!rst_ni) begin
      in_count_q  <= '0;
      max_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) highest_q <= higher;
    if (take && in_last) max_q <= higher;
  end

  axis_fifo #(
    .Width(InWidth + 2),
    .Depth(Depth)
  ) u_x_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(s_axis_tvalid && !(in_last && max_valid_q)),
    .s_axis_tready(x_ready),
    .s_axis_tdata ({s_axis_tlast, in_last, key}),
    .m_axis_tvalid(x_valid),
    .m_axis_tready(x_take),
    .m_axis_tdata ({x_frame_last, x_last, x})
  );

  // How far each element is below the maximum, and the table.
  logic                  below_valid_q, below_last_q, below_ready;
  logic [InWidth-1:0]    below_q;
  logic                  e_valid, e_ready, e_frame_last;
  logic [TableWidth-1:0] e;

  assign x_take = x_valid && max_valid_q && (!below_valid_q || below_ready);

  always_ff @(posedge clk_i) begin
    if (!below_valid_q || below_ready) below_valid_q <= x_take;
    if (!rst_ni) below_valid_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (x_take) begin
      below_q      <= max_q - x;
      below_last_q <= x_frame_last;
    end
  end

  axis_table #(
    .Lanes    (1),
    .InWidth  (InWidth),
    .InSigned (1'b0),
    .OutWidth (TableWidth),
    .TableFile(TableFile)
  ) u_table (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(below_valid_q),
    .s_axis_tready(below_ready),
    .s_axis_tdata (below_q),
    .s_axis_tlast (below_last_q),
    .m_axis_tvalid(e_valid),
    .m_axis_tready(e_ready),
    .m_axis_tdata (e),
    .m_axis_tlast (e_frame_last)
  );

  // The sum of the pixel that comes from the table; then of the pixel in the FIFO.
  logic [CountWidth-1:0] e_count_q;
  logic [SumWidth-1:0]   total_q, total, sum_q;
  logic                  sum_valid_q;
  logic                  e_last, e_take, e_fifo_ready;
  logic                  n_valid, n_ready, n_last, n_frame_last, n_take;
  logic [TableWidth-1:0] n;  // the numerators

  assign e_last  = e_count_q == CountWidth'(Channels - 1);
  assign e_ready = e_fifo_ready && !(e_last && sum_valid_q);
  assign e_take  = e_valid && e_ready;
  assign total   = total_q + SumWidth'(e);
  assign n_take  = n_valid && sum_valid_q && n_ready;

  always_ff @(posedge clk_i) begin
    if (e_take) begin
      e_count_q <= e_last ? '0 : e_count_q + 1'b1;
      total_q   <= e_last ? '0 : total;
    end
    if (e_take && e_last) sum_valid_q <= 1'b1;
    else if (n_take && n_last) sum_valid_q <= 1'b0;
    if (!rst_ni) begin
      e_count_q   <= '0;
      total_q     <= '0;
      sum_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (e_take && e_last) sum_q <= total;
  end

  axis_fifo #(
    .Width(TableWidth + 2),
    .Depth(Depth)
  ) u_e_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(e_valid && !(e_last && sum_valid_q)),
    .s_axis_tready(e_fifo_ready),
    .s_axis_tdata ({e_frame_last, e_last, e}),
    .m_axis_tvalid(n_valid),
    .m_axis_tready(n_take),
    .m_axis_tdata ({n_frame_last, n_last, n})
  );

  logic                   value_valid, value_ready, value_last;
  logic [QuotientWidth:0] value;  // the quotient, QuotientWidth fraction bits with the sticky one

  divide_stream #(
    .Lanes        (1),
    .DivisorWidth (SumWidth),
    .QuotientWidth(QuotientWidth),
    .Bits         (Bits),
    .Dividers     (Dividers)
  ) u_divide (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(n_valid && sum_valid_q),
    .s_axis_tready(n_ready),
    .s_axis_tdata ({sum_q, SumWidth'(n >> 1), n[0], (QuotientWidth - 1)'(0)}),
    .s_axis_tlast (n_frame_last),
    .m_axis_tvalid(value_valid),
    .m_axis_tready(value_ready),
    .m_axis_tdata (value),
    .m_axis_tlast (value_last)
  );

  axis_quantise #(
    .Lanes    (1),
    .InWidth  (QuotientWidth + 1),
    .InSigned (1'b0),
    .Drop     (int'(QuotientWidth) - OutFraction),
    .OutWidth (OutWidth),
    .OutSigned(OutSigned),
    .Rounding (Rounding),
    .Overflow (Overflow),
    .Relu     (1'b0)
  ) u_convert (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(value_valid),
    .s_axis_tready(value_ready),
    .s_axis_tdata (value),
    .s_axis_tlast (value_last),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );

`ifdef VERILATOR
  LastEndsAPixel: assert property (@(posedge clk_i) disable iff (!rst_ni)
      take && s_axis_tlast |-> in_last)
    else $error("softmax: s_axis_tlast at channel %0d of %0d", in_count_q, Channels);
`endif
endmodule
