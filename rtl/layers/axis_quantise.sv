// Converts each lane of a fixed-point stream to another format.
//
//   m_axis_tdata[lane] = convert(s_axis_tdata[lane])
//
// The conversion, its rounding and its overflow are those of requantise. Lane 0 is in the least
// significant bits. Latency 1 cycle, one beat per cycle. s_axis_tready depends on m_axis_tready
// in the same cycle; to cut that, put an axis_skid in front. Padding lanes are converted like any
// other: zero stays zero.
module axis_quantise #(
  parameter int unsigned Lanes     = 1,     // elements per beat, >= 1
  parameter int unsigned InWidth   = 16,    // bits per input element, sign included
  parameter bit          InSigned  = 1'b1,  // input is two's complement
  parameter int          Drop      = 4,     // fraction bits dropped; negative: zeros appended
  parameter int unsigned OutWidth  = 8,     // bits per output element, sign included
  parameter bit          OutSigned = 1'b1,  // output is two's complement
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b0   // a negative input becomes 0 first
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

  if (Lanes < 1) begin : gen_check_lanes
    $fatal(1, "axis_quantise: Lanes is %0d, must be at least 1", Lanes);
  end

  logic                      valid_q, last_q;
  logic [Lanes*OutWidth-1:0] data_d, data_q;

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
    requantise #(
      .InWidth  (InWidth),
      .InSigned (InSigned),
      .Drop     (Drop),
      .OutWidth (OutWidth),
      .OutSigned(OutSigned),
      .Rounding (Rounding),
      .Overflow (Overflow),
      .Relu     (Relu)
    ) u_requantise (
      .value_i(s_axis_tdata[lane*InWidth+:InWidth]),
      .value_o(data_d[lane*OutWidth+:OutWidth])
    );
  end

  assign s_axis_tready = !valid_q || m_axis_tready;
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

  always_ff @(posedge clk_i) begin
    if (s_axis_tready) valid_q <= s_axis_tvalid;
    if (!rst_ni) valid_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tready) begin
      data_q <= data_d;
      last_q <= s_axis_tlast;
    end
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_quantise: a beat changed while stalled");
`endif
endmodule
