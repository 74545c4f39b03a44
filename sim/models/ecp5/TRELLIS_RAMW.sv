// Model of the write side of an ECP5 slice used as memory, as nextpnr packs it: wires alone.
module TRELLIS_RAMW (
  input  logic A0, B0, C0, D0, A1, B1, C1, D1,
  output logic WDO0, WDO1, WDO2, WDO3, WADO0, WADO1, WADO2, WADO3
);

  assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
  assign {WDO3, WDO2, WDO1, WDO0}     = {B1, D1, A1, C1};

endmodule
