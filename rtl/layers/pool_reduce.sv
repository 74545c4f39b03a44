// Maximum or average of each Taps beats of a stream, lane by lane: the arithmetic of a pooling.
//
//   maximum:  y = convert(max over the taps that are not padding)
//   average:  y = convert(sum / count)    count = Taps, or the taps that are not padding
//
// convert is requantise's, exact in every rounding mode, also where count is no power of two: the
// quotient is computed to the bit behind the last one kept, with a sticky bit for what is left.
// In: Taps beats per window, tlast on the last, tuser = 1 on padding, whose data are 0
// (window_serial with ChannelOuter = 1). Out: one beat per window, tlast on every Results-th. A
// window must have a tap that counts (an assertion checks it).
//
// One beat per cycle, no gap between windows. Latency from a window's last beat 2 cycles; with a
// division, where an average's count is no power of two or varies, 4 + Steps cycles: the quotient's
// InWidth + max(0, 1 - Drop) bits one per step, or two where Taps < 2 + these; then, too, as many
// dividers as it takes to keep up. s_axis_tready depends on m_axis_tready in the same cycle.
module pool_reduce #(
  parameter int unsigned Lanes        = 1,     // elements per beat, >= 1
  parameter int unsigned Taps         = 4,     // beats per window, >= 1
  parameter int unsigned Results      = 196,   // windows per frame, >= 1
  parameter bit          Average      = 1'b0,  // 0: maximum
  parameter bit          CountPadding = 1'b1,  // padding counts in an average
  parameter int unsigned InWidth      = 8,     // bits per input element
  parameter bit          InSigned     = 1'b0,  // input elements are two's complement
  parameter int          Drop         = 0,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth     = 8,     // bits per output element
  parameter bit          OutSigned    = 1'b0,  // output elements are two's complement
  parameter int unsigned Rounding     = gatewright_pkg::RndConv,
  parameter int unsigned Overflow     = gatewright_pkg::Sat
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*InWidth-1:0]  s_axis_tdata,
  input  logic                      s_axis_tlast,
  input  logic                      s_axis_tuser,  // padding

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  if (Lanes < 1 || Taps < 1 || Results < 1 || InWidth < 1) begin : gen_check_size
    $fatal(1, "pool_reduce: Lanes is %0d, Taps %0d, Results %0d, InWidth %0d, must be at least 1",
           Lanes, Taps, Results, InWidth);
  end

  localparam int unsigned TapBits     = $clog2(Taps);
  localparam int unsigned CountWidth  = $clog2(Taps + 1);
  localparam bit          Divide      = Average && (CountPadding ? (1 << TapBits) != Taps
                                                                 : Taps > 1);
  localparam int unsigned TotalWidth  = InWidth + (Average ? TapBits : 0);
  localparam int unsigned ResultWidth = (Results > 1) ? $clog2(Results) : 1;

  // The window so far; with total_valid_q all of it.
  logic                        first_q;  // no tap of the window has counted yet
  logic                        total_valid_q, total_ready;
  logic [Lanes*TotalWidth-1:0] total_q;
  logic                        take, counts;

  assign s_axis_tready = !total_valid_q || total_ready;
  assign take          = s_axis_tvalid && s_axis_tready;
  assign counts        = (Average && CountPadding) || !s_axis_tuser;

  always_ff @(posedge clk_i) begin
    if (s_axis_tready) total_valid_q <= s_axis_tvalid && s_axis_tlast;
    if (take) first_q <= s_axis_tlast || (first_q && !counts);
    if (!rst_ni) begin
      total_valid_q <= 1'b0;
      first_q       <= 1'b1;
    end
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    logic [InWidth-1:0]    x;
    logic [TotalWidth-1:0] total;

    assign x     = s_axis_tdata[lane*InWidth +: InWidth];
    assign total = total_q[lane*TotalWidth +: TotalWidth];

    if (Average) begin : gen_sum
      // Divided is what is never negative: signed elements plus 2**(InWidth - 1).
      logic [InWidth-1:0]    from_smallest;
      logic [TotalWidth-1:0] wide;

      assign from_smallest = x ^ (InWidth'(Divide && InSigned) << (InWidth - 1));

      if (InSigned && !Divide) begin : gen_signed
        assign wide = TotalWidth'(signed'(from_smallest));
      end else begin : gen_unsigned
        assign wide = TotalWidth'(from_smallest);
      end

      always_ff @(posedge clk_i) begin
        if (take && counts) begin
          total_q[lane*TotalWidth +: TotalWidth] <= first_q ? wide : total + wide;
        end
      end
    end else begin : gen_max
      // So that unsigned comparison orders them, signed elements have the sign bit inverted.
      localparam logic [InWidth-1:0] Flip = InWidth'(InSigned) << (InWidth - 1);

      always_ff @(posedge clk_i) begin
        if (take && counts && (first_q || (x ^ Flip) > (total ^ Flip))) begin
          total_q[lane*TotalWidth +: TotalWidth] <= x;
        end
      end
    end
  end

  // What is converted: the maximum, the sum as it is, or the quotient with its sticky bit.
  localparam int unsigned Guard = (Drop < 1) ? 1 - Drop : 0;  // quotient bits behind the point
  localparam int unsigned Bits  = (InWidth + Guard + 2 > Taps) ? 2 : 1;  // per step
  localparam int unsigned Steps = (InWidth + Guard + Bits - 1) / Bits;
  localparam int unsigned Dividers = (Steps + 2 + Taps - 1) / Taps;  // to keep up
  localparam int unsigned QuotientWidth = Steps * Bits;  // a bit more may come behind
  localparam int unsigned ValueWidth    = Divide ? QuotientWidth + 1 : TotalWidth;
  localparam int ValueDrop = Divide ? Drop + int'(QuotientWidth - InWidth) + 1
                                    : Drop + (Average ? int'(TapBits) : 0);

  logic                        value_valid, value_ready;
  logic [Lanes*ValueWidth-1:0] value;

  if (Divide) begin : gen_divide
    localparam int unsigned LaneWidth = CountWidth + QuotientWidth;

    logic [CountWidth-1:0]      count;
    logic [Lanes*LaneWidth-1:0] dividends;
    logic                       value_last;

    if (CountPadding) begin : gen_all
      assign count = CountWidth'(Taps);
    end else begin : gen_inside
      logic [CountWidth-1:0] count_q;

      always_ff @(posedge clk_i) begin
        if (take && counts) count_q <= first_q ? CountWidth'(1) : count_q + 1'b1;
      end

      assign count = count_q;
    end

    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_dividend
      // Above the element's bits: less than what was added up, so less than count.
      assign dividends[lane*LaneWidth +: LaneWidth] = {
          CountWidth'(total_q[lane*TotalWidth+InWidth +: TapBits]),
          QuotientWidth'(total_q[lane*TotalWidth +: InWidth]) << (QuotientWidth - InWidth)};
    end

    logic [Lanes*ValueWidth-1:0] quotients;

    divide_stream #(
      .Lanes        (Lanes),
      .DivisorWidth (CountWidth),
      .QuotientWidth(QuotientWidth),
      .Bits         (Bits),
      .Dividers     (Dividers)
    ) u_divide (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(total_valid_q),
      .s_axis_tready(total_ready),
      .s_axis_tdata ({count, dividends}),
      .s_axis_tlast (1'b1),
      .m_axis_tvalid(value_valid),
      .m_axis_tready(value_ready),
      .m_axis_tdata (quotients),
      .m_axis_tlast (value_last)
    );

    // Back from never negative to signed.
    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_quotient
      assign value[lane*ValueWidth +: ValueWidth] =
          quotients[lane*ValueWidth +: ValueWidth] ^ (ValueWidth'(InSigned) << (ValueWidth - 1));
    end

    logic unused;
    assign unused = value_last;
  end else begin : gen_no_divide
    assign value_valid = total_valid_q;
    assign total_ready = value_ready;
    assign value       = total_q;
  end

  logic                      valid_q, last_q, result_last;
  logic [Lanes*OutWidth-1:0] converted, data_q;
  logic [ResultWidth-1:0]    result_q;  // of the frame

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_convert
    requantise #(
      .InWidth  (ValueWidth),
      .InSigned (InSigned),
      .Drop     (ValueDrop),
      .OutWidth (OutWidth),
      .OutSigned(OutSigned),
      .Rounding (Rounding),
      .Overflow (Overflow)
    ) u_requantise (
      .value_i(value[lane*ValueWidth +: ValueWidth]),
      .value_o(converted[lane*OutWidth +: OutWidth])
    );
  end

  assign value_ready   = !valid_q || m_axis_tready;
  assign result_last   = result_q == ResultWidth'(Results - 1);
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

  always_ff @(posedge clk_i) begin
    if (value_ready) valid_q <= value_valid;
    if (value_valid && value_ready) result_q <= result_last ? '0 : result_q + 1'b1;
    if (!rst_ni) begin
      valid_q  <= 1'b0;
      result_q <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (value_ready) begin
      data_q <= converted;
      last_q <= result_last;
    end
  end

`ifdef VERILATOR
  int unsigned tap_q;

  always_ff @(posedge clk_i) begin
    if (take) tap_q <= (tap_q == Taps - 1) ? 0 : tap_q + 1;
    if (!rst_ni) tap_q <= 0;
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      take |-> s_axis_tlast == (tap_q == Taps - 1))
    else $error("pool_reduce: s_axis_tlast is %0d at tap %0d of %0d", s_axis_tlast, tap_q, Taps);
  SomethingCounts: assert property (@(posedge clk_i) disable iff (!rst_ni)
      take && s_axis_tlast |-> !first_q || counts)
    else $error("pool_reduce: a window is nothing but padding");
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("pool_reduce: a beat changed while stalled");
`endif
endmodule
