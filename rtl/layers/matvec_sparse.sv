// Sparse matrix-vector core: only non-zero weights are stored, zero activations are skipped.
//
//   s_axis -> axis_nonzero -> nonzero_pick -> where each PE's entries of the column begin -> sparse_pe x Pe
//          -> sums of slot 0 of all PEs in row order, slot 1, ... -> index_o, valid_o, sums_o
//
// In: Lanes activations per beat, ceil(Cols/Lanes) beats per vector, tlast on the last. Out:
// OutLanes sums per beat in row order, ceil(Rows/OutLanes) beats per vector, last_o on the last;
// sums cannot wait: return_i tells of each beat that left a buffer of Credits beats behind it.
// index_o is the beat's number, 3 cycles early. Row k*Pe + i is row slot k of one of the PEs: a
// permutation for each slot, given by OrderFile.mem: for each output beat the PEs of its lanes,
// lane 0 lowest.
//
// Memories of PE p, three digits: PointerFile_p.mem, a word per column: {count, address of the
// column's first entry}; WeightFile_p.mem: see sparse_pe. A column without entries in a PE is not
// given to it.
//
// The cycles of a vector depend on its values: at least max(ceil(Cols/Lanes), steps of
// nonzero_pick, entries of the busiest PE, ceil(Rows/OutLanes) + 1); a PE may be QueueDepth words
// behind the others before these wait. Never more than the largest of: that last one + 1; S and 1
// per beat and pick, S being the sum over columns of the most entries a PE has of it, at least 1
// each; and (S + Picks + ceil(Rows/OutLanes) + 9) / 2, for there are two banks of sums. Latency
// from a vector's last beat to its first sum, with empty queues: 22 cycles and the entries that
// were left. s_axis_tready comes from a register.
module matvec_sparse #(
  parameter int unsigned Rows         = 128,   // output elements per vector, >= 1
  parameter int unsigned Cols         = 784,   // input elements per vector, >= 1
  parameter int unsigned Pe           = 16,    // processing elements, >= 1
  parameter int unsigned Lanes        = 16,    // activations per input beat, >= 1
  parameter int unsigned Picks        = 2,     // activations per cycle, a power of two <= Lanes
  parameter int unsigned OutLanes     = 1,     // elements per output beat, divides Pe
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 4,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits of a sum, two's complement
  parameter int unsigned Entries      = 640,   // of the PE that has most, >= 1
  parameter int unsigned CountWidth   = 4,     // bits of a column's number of entries
  parameter int unsigned SkipWidth    = 3,     // bits of an entry's skip
  parameter int unsigned QueueDepth   = 32,    // words per queue, a power of two > 6
  parameter int unsigned Credits      = 32,    // beats of the buffer behind, >= 1
  parameter int unsigned BankDepth    = 1024,  // see weight_memory
  parameter              PointerFile  = "pointers",
  parameter              WeightFile   = "entries",
  parameter              OrderFile    = "order",

  localparam int unsigned OutBeats   = (Rows - 1) / OutLanes + 1,
  localparam int unsigned IndexWidth = (OutBeats > 1) ? $clog2(OutBeats) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,  // synchronous

  input  logic                         s_axis_tvalid,
  output logic                         s_axis_tready,
  input  logic [Lanes*InWidth-1:0]     s_axis_tdata,
  input  logic                         s_axis_tlast,

  input  logic                         return_i,
  output logic [IndexWidth-1:0]        index_o,
  output logic                         valid_o,
  output logic                         last_o,
  output logic [OutLanes*AccWidth-1:0] sums_o
);

  localparam int unsigned ColWidth     = (Cols > 1) ? $clog2(Cols) : 1;
  localparam int unsigned Beats        = (Cols - 1) / Lanes + 1;  // per vector
  localparam int unsigned BeatWidth    = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int unsigned AddressWidth = (Entries > 1) ? $clog2(Entries) : 1;
  localparam int unsigned Slots        = (Rows - 1) / Pe + 1;
  localparam int unsigned SlotWidth    = (Slots > 1) ? $clog2(Slots) : 1;
  localparam int unsigned PeWidth      = (Pe > 1) ? $clog2(Pe) : 1;
  localparam int unsigned Steps        = Pe / OutLanes;  // output beats per slot
  localparam int unsigned StepWidth    = (Steps > 1) ? $clog2(Steps) : 1;
  localparam int unsigned CreditWidth  = $clog2(Credits + 1);
  // Words on their way to the queues when open_q falls: pointers' three cycles and its own.
  localparam int unsigned Margin       = 6;

  if (Rows < 1 || Cols < 1 || Pe < 1 || OutLanes < 1 || Pe % OutLanes != 0) begin : gen_check_size
    $fatal(1, "matvec_sparse: Rows %0d, Cols %0d, Pe %0d, OutLanes %0d: needed: %s", Rows, Cols,
           Pe, OutLanes, "all >= 1, OutLanes divides Pe");
  end

  logic                      kept_tvalid, kept_tready, kept_tlast;
  logic [Lanes*InWidth-1:0]  kept_tdata;
  logic [Lanes-1:0]          kept_tkeep;
  logic [BeatWidth-1:0]      kept_beat;
  logic                      open_q;  // no queue is nearly full
  logic                      step, step_last;
  logic [Picks-1:0]          step_picks;
  logic [Picks*InWidth-1:0]  step_x;
  logic [Picks*ColWidth-1:0] step_columns;

  axis_nonzero #(
    .Cols (Cols),
    .Lanes(Lanes),
    .Width(InWidth)
  ) u_nonzero (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast,
    .m_axis_tvalid(kept_tvalid),
    .m_axis_tready(kept_tready),
    .m_axis_tdata (kept_tdata),
    .m_axis_tkeep (kept_tkeep),
    .m_axis_tuser (kept_beat),
    .m_axis_tlast (kept_tlast)
  );

  nonzero_pick #(
    .Cols (Cols),
    .Lanes(Lanes),
    .Width(InWidth),
    .Picks(Picks)
  ) u_pick (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(kept_tvalid),
    .s_axis_tready(kept_tready),
    .s_axis_tdata (kept_tdata),
    .s_axis_tkeep (kept_tkeep),
    .s_axis_tuser (kept_beat),
    .s_axis_tlast (kept_tlast),
    .ready_i     (open_q),
    .valid_o     (step),
    .pick_valid_o(step_picks),
    .pick_o      (step_x),
    .column_o    (step_columns),
    .last_o      (step_last)
  );

  // While the pointers are read.
  logic [2:0]                      valid_d, last_d;
  logic [2:0][Picks-1:0]           picks_d;
  logic [2:0][Picks*InWidth-1:0]   x_d;

  always_ff @(posedge clk_i) begin
    valid_d <= {valid_d[1:0], step && open_q};
    last_d  <= {last_d[1:0], step_last};
    picks_d <= {picks_d[1:0], step_picks};
    x_d     <= {x_d[1:0], step_x};
    if (!rst_ni) valid_d <= '0;
  end

  logic [Pe-1:0]               crowded, complete;
  logic [Pe-1:0][AccWidth-1:0] sums;
  logic                        taken, release_q, bank_q;
  logic [SlotWidth-1:0]        slot_q;

  always_ff @(posedge clk_i) open_q <= rst_ni && crowded == '0;

  for (genvar p = 0; p < Pe; p++) begin : gen_pe
    // ASCII digits of the PE's number.
    localparam logic [7:0] Hundreds = 8'd48 + 8'(p / 100);
    localparam logic [7:0] Tens     = 8'd48 + 8'(p / 10 % 10);
    localparam logic [7:0] Ones     = 8'd48 + 8'(p % 10);

    logic [Picks*AddressWidth-1:0] first;
    logic [Picks*CountWidth-1:0]   count;
    logic [Picks-1:0]              push;

    for (genvar k = 0; k < Picks; k++) begin : gen_pointer
      logic [CountWidth-1:0] entries;

      weight_memory #(
        .Width    (CountWidth + AddressWidth),
        .Depth    (Cols),
        .BankDepth(BankDepth),
        .File     ({PointerFile, "_", Hundreds, Tens, Ones})
      ) u_pointers (
        .clk_i,
        .address_i(step_columns[k*ColWidth +: ColWidth]),
        .word_o   ({entries, first[k*AddressWidth +: AddressWidth]})
      );

      assign count[k*CountWidth +: CountWidth] = picks_d[2][k] ? entries : '0;
      assign push[k] = valid_d[2] && (last_d[2] || (picks_d[2][k] && entries != '0));
    end

    sparse_pe #(
      .Picks       (Picks),
      .Slots       (Slots),
      .Entries     (Entries),
      .CountWidth  (CountWidth),
      .SkipWidth   (SkipWidth),
      .InWidth     (InWidth),
      .InSigned    (InSigned),
      .WeightWidth (WeightWidth),
      .WeightSigned(WeightSigned),
      .AccWidth    (AccWidth),
      .QueueDepth  (QueueDepth),
      .Margin      (Margin),
      .BankDepth   (BankDepth),
      .WeightFile  ({WeightFile, "_", Hundreds, Tens, Ones})
    ) u_pe (
      .clk_i,
      .rst_ni,
      .push_i    (push),
      .x_i       (x_d[2]),
      .first_i   (first),
      .count_i   (count),
      .last_i    (last_d[2]),
      .crowded_o (crowded[p]),
      .complete_o(complete[p]),
      .taken_i   (taken),
      .release_i (release_q),
      .bank_i    (bank_q),
      .slot_i    (slot_q),
      .sum_o     (sums[p])
    );
  end

  // Reads a vector's sums out, one output beat per cycle, while there is room behind.
  logic [CreditWidth-1:0]          credits_q;
  logic                            all_q;   // every PE has a vector's sums
  logic                            go, last;
  logic [IndexWidth-1:0]           index_q;
  logic [StepWidth-1:0]            step_q;
  logic [3:0]                      go_d, end_d;
  logic                            bank_next_q;
  logic [SlotWidth-1:0]            slot_next_q;
  logic [OutLanes*PeWidth-1:0]     order;
  logic [2**PeWidth-1:0][AccWidth-1:0] sums_q;  // no index leads out of it

  assign last  = 32'(index_q) == OutBeats - 1;
  assign go    = all_q && credits_q != '0;
  assign taken = go && last;

  always_ff @(posedge clk_i) begin
    // A vector that is being counted as taken in this cycle may have been the only one.
    all_q     <= &complete && !taken;
    credits_q <= credits_q - CreditWidth'(go) + CreditWidth'(return_i);
    if (go) begin
      index_q     <= last ? '0 : index_q + 1'b1;
      step_q      <= (last || 32'(step_q) == Steps - 1) ? '0 : step_q + 1'b1;
      slot_next_q <= last ? '0 : slot_next_q + SlotWidth'(32'(step_q) == Steps - 1);
      bank_next_q <= bank_next_q ^ last;
    end
    bank_q    <= bank_next_q;
    slot_q    <= slot_next_q;
    go_d      <= {go_d[2:0], go};
    end_d     <= {end_d[2:0], last};
    index_o   <= index_q;
    sums_q    <= (2**PeWidth*AccWidth)'(sums);
    release_q <= go_d[0] && end_d[0];
    for (int unsigned l = 0; l < OutLanes; l++) begin
      sums_o[l*AccWidth +: AccWidth] <= sums_q[order[l*PeWidth +: PeWidth]];
    end
    if (!rst_ni) begin
      all_q       <= 1'b0;
      credits_q   <= CreditWidth'(Credits);
      index_q     <= '0;
      step_q      <= '0;
      slot_next_q <= '0;
      bank_next_q <= 1'b0;
      go_d        <= '0;
      release_q   <= 1'b0;
    end
  end

  weight_memory #(
    .Width    (OutLanes * PeWidth),
    .Depth    (OutBeats),
    .BankDepth(BankDepth),
    .File     (OrderFile)
  ) u_order (
    .clk_i,
    .address_i(index_q),
    .word_o   (order)
  );

`ifdef VERILATOR
  longint unsigned useful_macs_q /* verilator public_flat_rd */;  // since reset; no fillers
  logic [Pe-1:0]   useful;

  for (genvar p = 0; p < Pe; p++) begin : gen_useful
    assign useful[p] = gen_pe[p].u_pe.useful;
  end

  always_ff @(posedge clk_i) begin
    useful_macs_q <= rst_ni ? useful_macs_q + 64'($countones(useful)) : 0;
  end
`endif

  assign valid_o = go_d[3];
  assign last_o  = end_d[3];

endmodule
