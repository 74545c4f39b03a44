// Folded matrix-vector core: Pe rows at once, Simd products per row and cycle.
//
//   sums[row] = sum over c of x[c] * weight[row][c]     exact, AccWidth bits, two's complement
//
// A vector is given Groups = ceil(Rows/Pe) times, each time (a pass) in Beats = ceil(Cols/Simd)
// beats, last_i on a pass's last. PE k computes row g*Pe + k in pass g; lane l of beat b is column
// b*Simd + l. Results leave in row order, OutLanes per beat, ceil(Rows/OutLanes) beats per vector,
// last_o on the last; lanes beyond Rows hold what their padded weights give.
//
// Cost law: F = Groups * Beats cycles per vector, one beat per cycle, no gap between passes or
// vectors; gaps in valid_i are allowed anywhere. Latency: index_o of a pass's first result comes
// 7 + Levels + Delay cycles after the pass's last beat, data 3 cycles later; Levels =
// ceil(log2(Simd)), Delay = 0 where OutLanes <= Group, else max(0, Ranks - Pe/OutLanes).
//
// PEs stand in Ranks = ceil(Pe/Group) ranks of Group (the last may be smaller). Each has its own
// weight memory (see matvec_rank) and hands activations and address to the next a cycle later, so
// that no activation drives more than Group multipliers. Word g*Beats + b of rank r holds
// the weights of PEs r*Group.. for beat b of pass g; padded rows and columns hold 0.
//
// Legal: OutLanes divides Pe; Pe/OutLanes <= Beats (results leave before the next pass's come);
// Delay < Beats (ranks are read before they are overwritten); up to 1000 ranks.
// No stall: nothing here waits; let a credit gate admit beats only when results have a place to go.
module matvec_folded #(
  parameter int unsigned Rows         = 128,   // >= 1
  parameter int unsigned Cols         = 784,   // >= 1
  parameter int unsigned Pe           = 16,    // rows at once, >= 1
  parameter int unsigned Simd         = 8,     // columns at once, >= 1
  parameter int unsigned Group        = 1,     // PEs per rank, 1 to Pe
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 6,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 24,    // bits per sum, two's complement
  parameter int unsigned BankDepth    = 1024,  // words per bank of a weight memory
  parameter              WeightFile   = "weights",  // <WeightFile>_<rank, three digits>.mem

  localparam int unsigned OutBeats   = (Rows + OutLanes - 1) / OutLanes,
  localparam int unsigned IndexWidth = (OutBeats > 1) ? $clog2(OutBeats) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,  // synchronous

  input  logic                         valid_i,
  input  logic                         last_i,   // last beat of a pass
  input  logic [Simd*InWidth-1:0]      x_i,

  output logic [IndexWidth-1:0]        index_o,  // beat of the vector, 3 cycles before its data
  output logic                         valid_o,
  output logic                         last_o,   // last beat of a vector
  output logic [OutLanes*AccWidth-1:0] sums_o
);

  localparam int unsigned Beats  = (Cols + Simd - 1) / Simd;
  localparam int unsigned Passes = (Rows + Pe - 1) / Pe;
  localparam int unsigned Depth  = Passes * Beats;
  localparam int unsigned Ranks  = (Pe + Group - 1) / Group;
  localparam int unsigned Steps  = Pe / OutLanes;
  localparam int unsigned Levels = (Simd > 1) ? $clog2(Simd) : 0;
  localparam int unsigned Delay  = (OutLanes > Group && Ranks > Steps) ? Ranks - Steps : 0;
  localparam int unsigned FlagStages   = 6 + Levels;  // from a beat to its sum in rank 0
  localparam int unsigned AddressWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned XWidth       = Simd * InWidth;

  if (Group < 1 || Group > Pe) begin : gen_check_group
    $fatal(1, "matvec_folded: Group is %0d, must be 1 to Pe, which is %0d", Group, Pe);
  end
  if (OutLanes < 1 || Pe % OutLanes != 0) begin : gen_check_lanes
    $fatal(1, "matvec_folded: OutLanes is %0d, must divide Pe, which is %0d", OutLanes, Pe);
  end
  if (Steps > Beats) begin : gen_check_steps
    $fatal(1, "matvec_folded: Pe / OutLanes is %0d, must be at most ceil(Cols / Simd) = %0d",
           Steps, Beats);
  end
  if (Delay >= Beats) begin : gen_check_delay
    $fatal(1, "matvec_folded: Ranks - Pe/OutLanes is %0d, must be below ceil(Cols/Simd) = %0d%s",
           Delay, Beats, "; a Group of at least OutLanes is always enough");
  end

  // What rank r works on: registers handed from rank to rank. Reset leaves last without valid,
  // which clears the totals and nothing else; it need not reach ranks above 0, as what it leaves in
  // rank 0 follows there behind all older flags and before all newer ones.
  logic [Ranks-1:0][AddressWidth-1:0] address_q;
  logic [Ranks-1:0][XWidth-1:0]       x_q;
  logic [FlagStages+Ranks-2:0]        valid_q, last_q;  // stage FlagStages - 1 is rank 0's
  logic [XWidth-1:0]                  x_head_q, x_head2_q;
  logic [Pe*AccWidth-1:0]             results;
  logic                               address_last, go;

  assign address_last = address_q[0] == AddressWidth'(Depth - 1);

  always_ff @(posedge clk_i) begin
    if (valid_i) address_q[0] <= address_last ? '0 : address_q[0] + 1'b1;
    if (!rst_ni) address_q[0] <= '0;
    for (int unsigned r = 1; r < Ranks; r++) address_q[r] <= address_q[r-1];
  end

  always_ff @(posedge clk_i) begin
    x_head_q  <= x_i;
    x_head2_q <= x_head_q;
    x_q[0]    <= x_head2_q;
    for (int unsigned r = 1; r < Ranks; r++) x_q[r] <= x_q[r-1];
  end

  always_ff @(posedge clk_i) begin
    valid_q[0] <= valid_i;
    last_q[0]  <= valid_i && last_i;
    for (int unsigned s = 1; s < FlagStages + Ranks - 1; s++) begin
      valid_q[s] <= valid_q[s-1];
      last_q[s]  <= last_q[s-1];
    end
    if (!rst_ni) begin
      valid_q[FlagStages-1:0] <= '0;
      last_q[FlagStages-1:0]  <= '1;
    end
  end

  for (genvar r = 0; r < Ranks; r++) begin : gen_rank
    localparam int unsigned Pes = (r == Ranks - 1) ? Pe - r * Group : Group;

    matvec_rank #(
      .Pes         (Pes),
      .Simd        (Simd),
      .InWidth     (InWidth),
      .InSigned    (InSigned),
      .WeightWidth (WeightWidth),
      .WeightSigned(WeightSigned),
      .AccWidth    (AccWidth),
      .Depth       (Depth),
      .BankDepth   (BankDepth),
      .SingleBeat  (Beats == 1),
      .Rank        (r),
      .WeightFile  (WeightFile)
    ) u_rank (
      .clk_i,
      .address_i(address_q[r]),
      .x_i      (x_q[r]),
      .valid_i  (valid_q[FlagStages-1+r]),
      .last_i   (last_q[FlagStages-1+r]),
      .result_o (results[r*Group*AccWidth +: Pes*AccWidth])
    );
  end

  // The serialiser starts when no later step can overtake the rank it reads.
  assign go = valid_q[FlagStages-1] && last_q[FlagStages-1];

  logic go_delayed;

  if (Delay == 0) begin : gen_no_delay
    assign go_delayed = go;
  end else begin : gen_delay
    logic [Delay-1:0] go_q;

    always_ff @(posedge clk_i) begin
      go_q <= Delay'({go_q, go});
      if (!rst_ni) go_q <= '0;
    end

    assign go_delayed = go_q[Delay-1];
  end

  matvec_serialise #(
    .Rows    (Rows),
    .Pe      (Pe),
    .OutLanes(OutLanes),
    .Width   (AccWidth)
  ) u_serialise (
    .clk_i,
    .rst_ni,
    .go_i     (go_delayed),
    .results_i(results),
    .index_o,
    .valid_o,
    .last_o,
    .data_o   (sums_o)
  );

`ifdef VERILATOR
  // Counters of a simulation: what is useful leaves out padded rows and columns.
  longint unsigned cycle_q       /* verilator public_flat_rd */;  // since reset
  longint unsigned useful_macs_q /* verilator public_flat_rd */;
  longint unsigned beats_q       /* verilator public_flat_rd */;  // beats taken: busy cycles
  longint unsigned first_beat_q  /* verilator public_flat_rd */;  // cycle of the first beat
  longint unsigned last_beat_q   /* verilator public_flat_rd */;  // cycle of the latest beat
  int unsigned     pass_q, beat_q, rows_now, cols_now;

  assign rows_now = (pass_q == Passes - 1) ? Rows - pass_q * Pe : Pe;
  assign cols_now = (beat_q == Beats - 1) ? Cols - beat_q * Simd : Simd;

  always_ff @(posedge clk_i) begin
    cycle_q <= cycle_q + 1;
    if (valid_i) begin
      useful_macs_q <= useful_macs_q + 64'(rows_now * cols_now);
      beats_q       <= beats_q + 1;
      last_beat_q   <= cycle_q;
      if (beats_q == 0) first_beat_q <= cycle_q;
      beat_q <= (beat_q == Beats - 1) ? 0 : beat_q + 1;
      if (beat_q == Beats - 1) pass_q <= (pass_q == Passes - 1) ? 0 : pass_q + 1;
    end
    if (!rst_ni) begin
      cycle_q       <= 0;
      useful_macs_q <= 0;
      beats_q       <= 0;
      first_beat_q  <= 0;
      last_beat_q   <= 0;
      pass_q        <= 0;
      beat_q        <= 0;
    end
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      valid_i |-> last_i == (beat_q == Beats - 1))
    else $error("matvec_folded: last_i is %0d at beat %0d of %0d", last_i, beat_q, Beats);
`endif
endmodule
