// Quotients of a stream of unsigned integers: Dividers serial dividers that take turns.
//
//   quotient = floor((head * 2**QuotientWidth + tail) / divisor),  rest = a remainder is left
//
// In: divisor above the lanes, lane 0 lowest, in a lane head above tail; the divisor is one for all
// lanes, each beat brings its own, and every head is less than it (an assertion checks it). Out: in
// a lane quotient above rest. Steps = QuotientWidth / Bits; up to Dividers beats every Steps + 2
// cycles, latency Steps + 2 cycles. Dividers = Steps + 2 takes one beat per cycle; more gain
// nothing. Bits subtractions stand behind each other. s_axis_tready comes from registers, so do the
// outputs.
module divide_stream #(
  parameter int unsigned Lanes         = 1,   // quotients per beat, >= 1
  parameter int unsigned DivisorWidth  = 20,  // bits of divisor and head, >= 1
  parameter int unsigned QuotientWidth = 10,  // a multiple of Bits
  parameter int unsigned Bits          = 1,   // of a quotient per cycle, >= 1
  parameter int unsigned Dividers      = 1,   // >= 1

  localparam int unsigned InWidth  = DivisorWidth + QuotientWidth,
  localparam int unsigned OutWidth = QuotientWidth + 1
) (
  input  logic                                  clk_i,
  input  logic                                  rst_ni,  // synchronous

  input  logic                                  s_axis_tvalid,
  output logic                                  s_axis_tready,
  input  logic [DivisorWidth+Lanes*InWidth-1:0] s_axis_tdata,
  input  logic                                  s_axis_tlast,

  output logic                                  m_axis_tvalid,
  input  logic                                  m_axis_tready,
  output logic [Lanes*OutWidth-1:0]             m_axis_tdata,
  output logic                                  m_axis_tlast
);

  if (Lanes < 1 || Dividers < 1) begin : gen_check_size
    $fatal(1, "divide_stream: Lanes is %0d, Dividers %0d, must be at least 1", Lanes, Dividers);
  end

  localparam int unsigned Steps     = QuotientWidth / Bits;
  localparam int unsigned StepWidth = $clog2(Steps + 1);

  // One bit is set: of the divider whose turn it is.
  logic [Dividers-1:0]                     load_turn_q, take_turn_q;
  logic [Dividers-1:0]                     busy, done, last;
  logic [Dividers-1:0][Lanes*OutWidth-1:0] result;
  logic                                    load, take;
  logic                                    valid_q, last_q, last_now;
  logic [Lanes*OutWidth-1:0]               data_q, data;

  assign s_axis_tready = |(load_turn_q & ~busy);
  assign load          = s_axis_tvalid && s_axis_tready;
  assign take          = |(take_turn_q & done) && (!valid_q || m_axis_tready);
  assign last_now      = |(take_turn_q & last);

  always_comb begin
    data = '0;
    for (int unsigned k = 0; k < Dividers; k++) begin
      data = data | (result[k] & {(Lanes * OutWidth){take_turn_q[k]}});
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) load_turn_q <= (load_turn_q << 1) | (load_turn_q >> (Dividers - 1));
    if (take) take_turn_q <= (take_turn_q << 1) | (take_turn_q >> (Dividers - 1));
    if (take) valid_q <= 1'b1;
    else if (m_axis_tready) valid_q <= 1'b0;
    if (!rst_ni) begin
      load_turn_q <= Dividers'(1);
      take_turn_q <= Dividers'(1);
      valid_q     <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      data_q <= data;
      last_q <= last_now;
    end
  end

  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

  for (genvar k = 0; k < Dividers; k++) begin : gen_divider
    logic                    busy_q, done_q, frame_last_q, load_this, take_this;
    logic [StepWidth-1:0]    left_q;  // steps
    logic [DivisorWidth-1:0] divisor_q;

    // load && load_turn_q[k] and take && take_turn_q[k], but not by way of all dividers.
    assign load_this = s_axis_tvalid && load_turn_q[k] && !busy_q;
    assign take_this = take_turn_q[k] && done_q && (!valid_q || m_axis_tready);
    assign busy[k]   = busy_q;
    assign done[k]   = done_q;
    assign last[k]   = frame_last_q;

    always_ff @(posedge clk_i) begin
      if (load_this) busy_q <= 1'b1;
      else if (take_this) busy_q <= 1'b0;
      if (load_this) left_q <= StepWidth'(Steps);
      else if (left_q != '0) left_q <= left_q - 1'b1;
      if (take_this) done_q <= 1'b0;
      else if (left_q == StepWidth'(1)) done_q <= 1'b1;
      if (!rst_ni) begin
        busy_q <= 1'b0;
        done_q <= 1'b0;
        left_q <= '0;
      end
    end

    always_ff @(posedge clk_i) begin
      if (load_this) begin
        divisor_q    <= s_axis_tdata[Lanes*InWidth +: DivisorWidth];
        frame_last_q <= s_axis_tlast;
      end
    end

    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
      divide_serial #(
        .QuotientWidth(QuotientWidth),
        .DivisorWidth (DivisorWidth),
        .Bits         (Bits)
      ) u_divide (
        .clk_i,
        .load_i    (load_this),
        .run_i     (left_q != '0),
        .head_i    (s_axis_tdata[lane*InWidth+QuotientWidth +: DivisorWidth]),
        .tail_i    (s_axis_tdata[lane*InWidth +: QuotientWidth]),
        .divisor_i (divisor_q),
        .quotient_o(result[k][lane*OutWidth+1 +: QuotientWidth]),
        .rest_o    (result[k][lane*OutWidth])
      );
    end
  end

`ifdef VERILATOR
  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_check
    QuotientFits: assert property (@(posedge clk_i) disable iff (!rst_ni)
        s_axis_tvalid |-> s_axis_tdata[lane*InWidth+QuotientWidth +: DivisorWidth] <
                          s_axis_tdata[Lanes*InWidth +: DivisorWidth])
      else $error("divide_stream: head %0d is not below the divisor, %0d",
                  s_axis_tdata[lane*InWidth+QuotientWidth +: DivisorWidth],
                  s_axis_tdata[Lanes*InWidth +: DivisorWidth]);
  end
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("divide_stream: a beat changed while stalled");
`endif
endmodule
