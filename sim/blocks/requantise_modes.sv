// Every rounding and overflow mode of requantise side by side, for its bench.
//
// Lane rounding * 5 + overflow of the output is the input converted by that pair of modes.
// Combinational.
module requantise_modes #(
  parameter int unsigned InWidth   = 8,
  parameter bit          InSigned  = 1'b1,
  parameter int          Drop      = 4,
  parameter int unsigned OutWidth  = 4,
  parameter bit          OutSigned = 1'b1,
  parameter bit          Relu      = 1'b0
) (
  input  logic                   clk_i,   // unused
  input  logic                   rst_ni,  // unused

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [InWidth-1:0]     s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [35*OutWidth-1:0] m_axis_tdata,
  output logic                   m_axis_tlast
);

  assign m_axis_tvalid = s_axis_tvalid;
  assign m_axis_tlast  = s_axis_tlast;
  assign s_axis_tready = m_axis_tready;

  for (genvar rounding = 0; rounding < 7; rounding++) begin : gen_rounding
    for (genvar overflow = 0; overflow < 5; overflow++) begin : gen_overflow
      requantise #(
        .InWidth  (InWidth),
        .InSigned (InSigned),
        .Drop     (Drop),
        .OutWidth (OutWidth),
        .OutSigned(OutSigned),
        .Rounding (rounding),
        .Overflow (overflow),
        .Relu     (Relu)
      ) u_requantise (
        .value_i(s_axis_tdata),
        .value_o(m_axis_tdata[(rounding*5+overflow)*OutWidth+:OutWidth])
      );
    end
  end

endmodule
