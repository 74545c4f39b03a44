// Picks the elements that are not zero out of beats, several per cycle.
//
// In: Lanes elements per beat, lane 0 lowest, with a bit for each, s_axis_tkeep: it is not zero (an
// assertion checks it); the beat's number in its vector; s_axis_tlast on a vector's last beat. Beats
// that are all zero may be left out, but for a vector's last (see axis_nonzero). Out: up to Picks
// elements per step, in order, each with its column, number * Lanes + lane; pick_valid_o says which
// are there. last_o marks a vector's last step, which has no element where the last beat is all zero.
//
// A beat with n elements that are not zero takes max(1, ceil(n / Picks)) steps, one per cycle while
// ready_i is high; with ready_i low everything stands still. s_axis_tready depends on ready_i in the
// same cycle. Latency from a beat to its first step 3 cycles, ready_i high.
module nonzero_pick #(
  parameter int unsigned Cols  = 784,  // elements per vector, >= 1
  parameter int unsigned Lanes = 16,   // elements per beat, >= 1
  parameter int unsigned Width = 8,    // bits per element, >= 1
  parameter int unsigned Picks = 2,    // elements per step, 1 to Lanes

  localparam int unsigned ColWidth   = (Cols > 1) ? $clog2(Cols) : 1,
  localparam int unsigned Beats      = (Cols - 1) / Lanes + 1,
  localparam int unsigned BeatWidth  = (Beats > 1) ? $clog2(Beats) : 1,
  localparam int unsigned CountWidth = $clog2(Lanes + 2 * Picks + 1)
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*Width-1:0]    s_axis_tdata,
  input  logic [Lanes-1:0]          s_axis_tkeep,  // elements that are not zero
  input  logic [BeatWidth-1:0]      s_axis_tuser,  // the beat's number in its vector
  input  logic                      s_axis_tlast,

  input  logic                      ready_i,
  output logic                      valid_o,  // a step
  output logic [Picks-1:0]          pick_valid_o,
  output logic [Picks*Width-1:0]    pick_o,
  output logic [Picks*ColWidth-1:0] column_o,
  output logic                      last_o
);

  if (Picks < 1 || Picks > Lanes) begin : gen_check_picks
    $fatal(1, "nonzero_pick: Picks is %0d, must be 1 to Lanes, which is %0d", Picks, Lanes);
  end

  // The beat that is being picked from, and which of its elements are left.
  // Counted, for what ends a beat enables many registers: it should come from one.
  logic                   valid_q, last_q;
  logic                   more_q;   // it has more elements than one step takes
  logic [CountWidth-1:0]  count_q;  // elements that are left
  logic [CountWidth-1:0]  count;    // of the beat that comes
  logic [Lanes-1:0]       left_q;
  logic [BeatWidth-1:0]   from_q;
  logic [Lanes*Width-1:0] data_q;
  // One bit per lane for each pick: the lowest ones that are left.
  logic [Picks-1:0][Lanes-1:0] chosen;
  logic [Picks:0][Lanes-1:0]   rest;

  assign rest[0] = left_q;

  for (genvar p = 0; p < Picks; p++) begin : gen_choose
    assign chosen[p] = rest[p] & (~rest[p] + 1'b1);
    assign rest[p+1] = rest[p] ^ chosen[p];
  end

  assign s_axis_tready = ready_i && !more_q;
  assign count         = CountWidth'($countones(s_axis_tkeep));

  always_ff @(posedge clk_i) begin
    if (ready_i) begin
      left_q  <= rest[Picks];
      count_q <= count_q - CountWidth'(Picks);
      more_q  <= 32'(count_q) > 2 * Picks;
      if (!more_q) begin
        valid_q <= s_axis_tvalid;
        count_q <= count;
        more_q  <= s_axis_tvalid && 32'(count) > Picks;
        last_q  <= s_axis_tlast;
        from_q  <= s_axis_tuser;
        data_q  <= s_axis_tdata;
        left_q  <= s_axis_tkeep;
      end
    end
    if (!rst_ni) begin
      valid_q <= 1'b0;
      more_q  <= 1'b0;
    end
  end

  // Two cycles: lanes to choose from, then the elements and their columns.
  logic                        chosen_valid_q, chosen_last_q;
  logic [Picks-1:0][Lanes-1:0] chosen_q;
  logic [BeatWidth-1:0]        chosen_from_q;
  logic [Lanes*Width-1:0]      chosen_data_q;

  logic [Picks*Width-1:0]    picked;
  logic [Picks*ColWidth-1:0] lanes, columns;
  logic [ColWidth-1:0]       first_column;

  always_comb begin
    picked = '0;
    lanes  = '0;
    // chosen_from_q * Lanes in sums: a tool may take a multiplier for the product.
    first_column = '0;
    for (int unsigned b = 0; b < 32; b++) begin
      if (Lanes[b]) first_column += ColWidth'(chosen_from_q) << b;
    end
    for (int unsigned p = 0; p < Picks; p++) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (chosen_q[p][l]) begin
          picked[p*Width +: Width]      |= chosen_data_q[l*Width +: Width];
          lanes[p*ColWidth +: ColWidth] |= ColWidth'(l);
        end
      end
      columns[p*ColWidth +: ColWidth] = first_column + lanes[p*ColWidth +: ColWidth];
    end
  end

  always_ff @(posedge clk_i) begin
    if (ready_i) begin
      chosen_valid_q <= valid_q;
      chosen_last_q  <= last_q && !more_q;
      chosen_q       <= chosen;
      chosen_from_q  <= from_q;
      chosen_data_q  <= data_q;
      valid_o        <= chosen_valid_q;
      last_o         <= chosen_last_q;
      pick_o         <= picked;
      column_o       <= columns;
      for (int unsigned p = 0; p < Picks; p++) pick_valid_o[p] <= |chosen_q[p];
    end
    if (!rst_ni) begin
      chosen_valid_q <= 1'b0;
      valid_o        <= 1'b0;
    end
  end

`ifdef VERILATOR
  for (genvar l = 0; l < Lanes; l++) begin : gen_keep
    KeepIsNotZero: assert property (@(posedge clk_i) disable iff (!rst_ni)
        s_axis_tvalid |-> s_axis_tkeep[l] == (s_axis_tdata[l*Width +: Width] != '0))
      else $error("nonzero_pick: element %0d: tkeep is %0d, its value %0d", l, s_axis_tkeep[l],
                  s_axis_tdata[l*Width +: Width]);
  end
`endif
endmodule
