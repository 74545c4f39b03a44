// Leaky, parametric and thresholded ReLU, and clipping, on each lane of a fixed-point stream.
//
//   r = x > Threshold ? x : slope * x     (HasSlope; else r = x)
//   y = convert(min(max(r, Low), High))   (HasLow, HasHigh; else that bound does not apply)
//
// Exact before convert, whose rounding and overflow are requantise's. x and Threshold are in units
// of the input's last place; a slope in 2**-SlopeFraction; Low and High in 2**-BoundFraction of the
// input's last place. Lane 0 is in the least significant bits. One Slope for all, or with
// PerChannel a memory of ceil(Channels/Lanes) words of Lanes slopes, lane 0 lowest, SlopeWidth bits
// each, which are used in turn, from reset on; file SlopeFile ($readmemh). Up to 32 deep it is
// logic, else block RAM.
//
// Latency 1 cycle, 4 more with HasSlope, 1 more with a bound; one beat per cycle. s_axis_tready
// depends on m_axis_tready in the same cycle, which moves every register; to cut that, put an
// axis_skid in front. The plain ReLU and a conversion alone are axis_quantise's.
module axis_rectify #(
  parameter int unsigned Lanes         = 1,     // elements per beat, >= 1
  parameter int unsigned InWidth       = 16,    // bits per input element, sign included, >= 1
  parameter bit          InSigned      = 1'b1,  // input is two's complement
  parameter bit          HasSlope      = 1'b1,  // 0: the next seven are unused
  parameter logic signed [63:0] Threshold = 0,  // any integer
  parameter bit          PerChannel    = 1'b0,  // slopes from SlopeFile; 0: Slope
  parameter logic signed [63:0] Slope  = 1,     // fits SlopeWidth bits
  parameter int unsigned SlopeWidth    = 8,     // bits per slope, sign included, 1 to 18
  parameter bit          SlopeSigned   = 1'b1,  // slopes are two's complement
  parameter int          SlopeFraction = 3,     // fraction bits of the slopes; may be negative
  parameter int unsigned Channels      = 1,     // with PerChannel: elements per pixel, >= 1
  parameter bit          HasLow        = 1'b0,  // 1: nothing below Low
  parameter bit          HasHigh       = 1'b0,  // 1: nothing above High
  parameter logic signed [63:0] Low    = 0,     // <= High, where there are both
  parameter logic signed [63:0] High   = 0,
  parameter int unsigned BoundFraction = 0,     // fraction bits of the bounds beyond the input's
  parameter int          Drop          = 4,     // fraction bits dropped of the input's; may be < 0
  parameter int unsigned OutWidth      = 8,     // bits per output element, sign included
  parameter bit          OutSigned     = 1'b1,  // output is two's complement
  parameter int unsigned Rounding      = gatewright_pkg::RndConv,
  parameter int unsigned Overflow      = gatewright_pkg::Sat,
  parameter              SlopeFile     = "slopes.mem"
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*InWidth-1:0]  s_axis_tdata,
  input  logic                      s_axis_tlast,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  if (Lanes < 1 || InWidth < 1 || Channels < 1 || SlopeWidth < 1 || SlopeWidth > 18)
  begin : gen_check_size
    $fatal(1, "axis_rectify: Lanes is %0d, InWidth %0d, Channels %0d, SlopeWidth %0d; %s", Lanes,
           InWidth, Channels, SlopeWidth, "all must be at least 1, SlopeWidth at most 18");
  end
  if (HasLow && HasHigh && Low > High) begin : gen_check_bounds
    $fatal(1, "axis_rectify: Low is %0d, must be at most High, which is %0d", Low, High);
  end

  localparam bit          Bounded = HasLow || HasHigh;
  localparam int unsigned Latency = 1 + (HasSlope ? 4 : 0) + (Bounded ? 1 : 0);

  function automatic int larger(input int a, input int b);
    larger = (a > b) ? a : b;
  endfunction
  function automatic int bits(input logic signed [63:0] number);  // in two's complement
    bits = 1;
    while (bits < 64 && number >>> (bits - 1) != (number[63] ? -1 : 0)) bits++;
  endfunction

  // Results, before they are converted, have Guard fraction bits more than the input.
  localparam int Guard      = larger((HasSlope && SlopeFraction > 0) ? SlopeFraction : 0,
                                     Bounded ? int'(BoundFraction) : 0);
  localparam int BoundShift = Guard - int'(BoundFraction);
  localparam int SlopeShift = Guard - SlopeFraction;
  localparam int XBits      = int'(InWidth) + (InSigned ? 0 : 1);
  localparam int SlopeBits  = int'(SlopeWidth) + (SlopeSigned ? 0 : 1);
  localparam int ProductBits = XBits + SlopeBits;
  localparam int RectifiedBits = larger(XBits + Guard, HasSlope ? ProductBits + SlopeShift : 0);
  localparam int BoundBits  = larger(HasLow ? bits(Low) + BoundShift : 0,
                                     HasHigh ? bits(High) + BoundShift : 0);
  localparam int ValueBits  = larger(RectifiedBits, BoundBits);

  logic                   step;
  logic [Latency-1:0]     valid_q, last_q;
  logic [Lanes*XBits-1:0] x;
  logic [Lanes*ValueBits-1:0] value;    // rectified
  logic [Lanes*ValueBits-1:0] clipped;

  assign step          = m_axis_tready || !m_axis_tvalid;
  assign s_axis_tready = step;
  assign m_axis_tvalid = valid_q[Latency-1];
  assign m_axis_tlast  = last_q[Latency-1];

  always_ff @(posedge clk_i) begin
    if (step) valid_q <= Latency'({valid_q, s_axis_tvalid});
    if (!rst_ni) valid_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (step) last_q <= Latency'({last_q, s_axis_tlast});
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_in
    logic [InWidth-1:0] element;
    assign element = s_axis_tdata[lane*InWidth +: InWidth];
    assign x[lane*XBits +: XBits] = XBits'({InSigned & element[InWidth-1], element});
  end

  if (HasSlope) begin : gen_slope
    logic [Lanes*SlopeWidth-1:0] slope_q;

    if (PerChannel) begin : gen_memory
      localparam int unsigned MaxLogicDepth = 32;
      localparam int unsigned Groups        = (Channels + Lanes - 1) / Lanes;
      localparam int unsigned AddressWidth  = (Groups > 1) ? $clog2(Groups) : 1;

      logic [AddressWidth-1:0]     group_q;
      logic [Lanes*SlopeWidth-1:0] word_q;

      always_ff @(posedge clk_i) begin
        if (step && s_axis_tvalid) begin
          group_q <= (group_q == AddressWidth'(Groups - 1)) ? '0 : group_q + 1'b1;
        end
        if (!rst_ni) group_q <= '0;
      end

      if (Groups <= MaxLogicDepth) begin : gen_logic
        (* rom_style = "logic" *)
        logic [Lanes*SlopeWidth-1:0] memory[Groups];
        initial $readmemh(SlopeFile, memory);
        always_ff @(posedge clk_i) if (step) word_q <= memory[group_q];
      end else begin : gen_block_ram
        (* rom_style = "block" *)
        logic [Lanes*SlopeWidth-1:0] memory[Groups];
        initial $readmemh(SlopeFile, memory);
        always_ff @(posedge clk_i) if (step) word_q <= memory[group_q];
      end

      always_ff @(posedge clk_i) if (step) slope_q <= word_q;
    end else begin : gen_constant
      assign slope_q = {Lanes{SlopeWidth'(Slope)}};
    end

    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
      logic signed [XBits-1:0]       x_now, x_q, x2_q, x3_q;
      logic                          above_q, above2_q, above3_q;
      logic signed [SlopeBits-1:0]   slope;
      logic [SlopeWidth-1:0]         slope_raw;
      logic signed [ProductBits-1:0] product;
      logic signed [ValueBits-1:0]   value_q;

      assign x_now     = x[lane*XBits +: XBits];
      assign slope_raw = slope_q[lane*SlopeWidth +: SlopeWidth];
      assign slope     = SlopeBits'({SlopeSigned & slope_raw[SlopeWidth-1], slope_raw});

      mul_parts #(
        .AWidth(XBits),
        .BWidth(SlopeBits)
      ) u_mul (
        .clk_i,
        .enable_i(step),
        .a_i     (x2_q),
        .b_i     (slope),
        .p_o     (product)
      );

      always_ff @(posedge clk_i) begin
        if (step) begin
          x_q      <= x_now;
          above_q  <= 64'(x_now) > Threshold;
          x2_q     <= x_q;
          above2_q <= above_q;
          x3_q     <= x2_q;
          above3_q <= above2_q;
          value_q  <= above3_q ? ValueBits'(x3_q) << Guard : ValueBits'(product) << SlopeShift;
        end
      end

      assign value[lane*ValueBits +: ValueBits] = value_q;
    end
  end else begin : gen_no_slope
    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
      logic signed [XBits-1:0] x_now;
      assign x_now = x[lane*XBits +: XBits];
      assign value[lane*ValueBits +: ValueBits] = ValueBits'(x_now) << Guard;
    end
  end

  if (Bounded) begin : gen_clip
    localparam logic signed [ValueBits-1:0] Least    = ValueBits'(Low) << BoundShift;
    localparam logic signed [ValueBits-1:0] Greatest = ValueBits'(High) << BoundShift;

    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
      logic signed [ValueBits-1:0] unclipped, clipped_q;

      assign unclipped = value[lane*ValueBits +: ValueBits];

      always_ff @(posedge clk_i) begin
        if (step) begin
          clipped_q <= unclipped;
          if (HasLow && unclipped < Least) clipped_q <= Least;
          if (HasHigh && unclipped > Greatest) clipped_q <= Greatest;
        end
      end

      assign clipped[lane*ValueBits +: ValueBits] = clipped_q;
    end
  end else begin : gen_no_clip
    assign clipped = value;
  end

  logic [Lanes*OutWidth-1:0] converted, data_q;

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_convert
    requantise #(
      .InWidth  (ValueBits),
      .InSigned (1'b1),
      .Drop     (Drop + Guard),
      .OutWidth (OutWidth),
      .OutSigned(OutSigned),
      .Rounding (Rounding),
      .Overflow (Overflow),
      .Relu     (1'b0)
    ) u_requantise (
      .value_i(clipped[lane*ValueBits +: ValueBits]),
      .value_o(converted[lane*OutWidth +: OutWidth])
    );
  end

  always_ff @(posedge clk_i) begin
    if (step) data_q <= converted;
  end

  assign m_axis_tdata = data_q;

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_rectify: a beat changed while stalled");
`endif
endmodule
