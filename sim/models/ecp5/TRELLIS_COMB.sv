// Model of half an ECP5 slice as nextpnr packs it: a LUT4 with carry, multiplexer or 16 x 1 memory.
//
//   LOGIC        F = INITVAL[{D, C, B, A}]
//   CCU2         F = LUT4 ^ FCI, FCO = LUT4 ? FCI : LUT2(B, A); CCU2_INJECT1 "YES": F = LUT4, and
//                FCO = LUT4 & FCI
//   DPRAM        F = memory[{D, C, B, A}]; WRE writes WD at {WAD0, WAD2, WAD1, WAD3} on WCK
//   RAMW_BLOCK   nothing: its place is taken by the memory's write side
//   OFX = M ? F1 : F (PFUMX), or M ? FXB : FXA where IsMux6 is set (L6MUX21)
//
// It replaces Yosys' model of the same name, whose FCO is not driven, and whose DPRAM takes INITVAL
// in another order than nextpnr writes it. Other modes are an error at elaboration.
module TRELLIS_COMB #(
  parameter string MODE         = "LOGIC",
  parameter logic [15:0] INITVAL      = 16'd0,
  parameter string CCU2_INJECT1 = "NO",
  parameter string WREMUX       = "WRE",
  parameter string WCKMUX       = "WCK",
  parameter bit    IsMux6       = 1'b0  // FXA and FXB are connected
) (
  input  logic A, B, C, D, M,
  input  logic FCI, F1, FXA, FXB,
  input  logic DI0, DI1,  // lead to the flip-flops of the slice
  input  logic WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
  output logic F, FCO, OFX
);

  logic lut4;

  if (MODE == "LOGIC" || MODE == "RAMW_BLOCK") begin : gen_logic
    assign F   = lut4;
    assign FCO = 1'b0;
  end else if (MODE == "CCU2") begin : gen_carry
    logic inject;
    assign inject = CCU2_INJECT1 == "YES";
    assign F      = lut4 ^ (FCI & !inject);
    assign FCO    = lut4 ? FCI : (INITVAL[{2'b00, B, A}] & !inject);
  end else if (MODE == "DPRAM") begin : gen_memory
    logic [15:0] memory;
    initial memory = INITVAL;
    always_ff @(posedge WCK) if (WRE) memory[{WAD0, WAD2, WAD1, WAD3}] <= WD;
    assign F   = memory[{D, C, B, A}];
    assign FCO = 1'b0;
  end else begin : gen_check_mode
    $fatal(1, "TRELLIS_COMB: MODE is %s, must be LOGIC, CCU2, DPRAM or RAMW_BLOCK", MODE);
  end
  if (WREMUX != "WRE" || WCKMUX != "WCK") begin : gen_check_write
    $fatal(1, "TRELLIS_COMB: WREMUX is %s, WCKMUX is %s, only WRE and WCK are modelled", WREMUX,
           WCKMUX);
  end

  assign lut4 = INITVAL[{D, C, B, A}];
  assign OFX  = IsMux6 ? (M ? FXB : FXA) : (M ? F1 : F);

endmodule
