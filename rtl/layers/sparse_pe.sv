// One processing element of the sparse core: one product per cycle, a sum for each of its rows.
//
// It multiplies activations with the weights of its rows (slots) that are not zero.
//
//   level_queue per pick -> entries of a column -> mul_reg -> sums [2 banks][Slots]
//
// A word of a queue is an activation with its column's entries: the first entry's address and how
// many there are. last marks the last word of a vector in its queue; every queue gets one per
// vector (its number of entries may be 0). Entries come from WeightFile.mem (see weight_memory):
// {skip, weight}; an entry's slot is skip slots behind the one after the entry before it in the
// same column, or behind slot 0 for a column's first entry. A weight of 0 is a filler for a skip
// that is too far.
//
// The sums of a vector grow in one bank while those of the vector before are read from the other;
// complete_o says that a vector's sums are there, taken_i that the reader counts it as read,
// release_i that it has read the last of them. Each sum starts at 0. sum_o(t + 1) = sum of slot
// slot_i(t) in bank bank_i(t). Queues and sums are LUT RAM, or where a family has none block RAM.
//
// A column of n entries takes n cycles, a word without entries 1. Latency from a word pushed to its
// first product in a sum 9 cycles. Between two vectors nothing is lost unless both banks are full.
module sparse_pe #(
  parameter int unsigned Picks        = 2,     // queues, a power of two
  parameter int unsigned Slots        = 8,     // rows of this PE, >= 1
  parameter int unsigned Entries      = 640,   // entries of all columns, >= 1
  parameter int unsigned CountWidth   = 4,     // bits of a column's number of entries
  parameter int unsigned SkipWidth    = 3,     // bits of an entry's skip
  parameter int unsigned InWidth      = 8,     // bits per activation
  parameter bit          InSigned     = 1'b0,  // activations are two's complement
  parameter int unsigned WeightWidth  = 4,     // bits per weight
  parameter bit          WeightSigned = 1'b1,  // weights are two's complement
  parameter int unsigned AccWidth     = 20,    // bits of a sum, two's complement
  parameter int unsigned QueueDepth   = 32,    // words, a power of two
  parameter int unsigned Margin       = 6,     // see level_queue
  parameter int unsigned BankDepth    = 1024,  // see weight_memory
  parameter              WeightFile   = "entries",

  localparam int unsigned AddressWidth = (Entries > 1) ? $clog2(Entries) : 1,
  localparam int unsigned SlotWidth    = (Slots > 1) ? $clog2(Slots) : 1
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,  // synchronous

  input  logic [Picks-1:0]              push_i,
  input  logic [Picks*InWidth-1:0]      x_i,
  input  logic [Picks*AddressWidth-1:0] first_i,
  input  logic [Picks*CountWidth-1:0]   count_i,
  input  logic                          last_i,
  output logic                          crowded_o,  // a queue is nearly full

  output logic                          complete_o,
  input  logic                          taken_i,
  input  logic                          release_i,
  input  logic                          bank_i,
  input  logic [SlotWidth-1:0]          slot_i,
  output logic [AccWidth-1:0]           sum_o
);

  localparam int unsigned PWidth    = InWidth + WeightWidth;
  localparam int unsigned WordWidth = 1 + CountWidth + AddressWidth + InWidth;
  localparam int unsigned PickWidth = (Picks > 1) ? $clog2(Picks) : 1;

  // Words that wait.
  logic [Picks-1:0]                   heads_valid, crowded, pop;
  logic [2**PickWidth-1:0][WordWidth-1:0] heads;

  if (Picks == 1) begin : gen_single
    assign heads[1] = '0;  // of the queue that is not there
  end

  for (genvar p = 0; p < Picks; p++) begin : gen_queue
    level_queue #(
      .Width (WordWidth),
      .Depth (QueueDepth),
      .Margin(Margin)
    ) u_queue (
      .clk_i,
      .rst_ni,
      .push_i   (push_i[p]),
      .data_i   ({last_i, count_i[p*CountWidth +: CountWidth],
                  first_i[p*AddressWidth +: AddressWidth], x_i[p*InWidth +: InWidth]}),
      .crowded_o(crowded[p]),
      .valid_o  (heads_valid[p]),
      .head_o   (heads[p]),
      .pop_i    (pop[p])
    );
  end

  assign crowded_o = |crowded;

  // The word whose entries are read. Queues take turns; one that has given its vector's last word
  // waits for the others.
  logic [Picks-1:0]        done_q;
  logic [2**PickWidth-1:0] able;
  logic [1:0]              unread_q;   // vectors whose last word was taken, and not released
  logic                    turn_end;   // the word that is taken ends the vector
  logic                    ending_q;   // the word that is being read does
  logic                    fetch;
  logic [PickWidth-1:0]    which, next_q;  // next_q: the queue that is asked first
  logic                    word_last, word_short;  // short: one entry, or none
  logic [CountWidth-1:0]   word_count;
  logic [AddressWidth-1:0] word_first;
  logic [InWidth-1:0]      word_x;

  logic                    busy_q, first_q, end_q;
  logic [CountWidth-1:0]   left_q;    // entries after this one
  logic [AddressWidth-1:0] address_q;
  logic [InWidth-1:0]      x_q;

  assign able = (2**PickWidth)'(Picks'(heads_valid & ~done_q));

  always_comb begin
    which = next_q;
    for (int i = Picks - 1; i >= 0; i--) begin
      if (able[PickWidth'(32'(next_q) + i)]) which = PickWidth'(32'(next_q) + i);
    end
  end

  assign {word_last, word_count, word_first, word_x} = heads[which];

  assign fetch    = able != '0 && left_q == '0 && unread_q != 2'd2;
  assign word_short = word_count == '0 || 32'(word_count) == 1;
  assign turn_end = word_last && (done_q | Picks'(1) << which) == '1;

  always_comb begin
    pop        = '0;
    pop[which] = fetch;
  end

  always_ff @(posedge clk_i) begin
    first_q <= fetch;
    busy_q  <= fetch ? word_count != '0 : left_q != '0;
    // A word without entries ends the vector by itself, the others with their last entry.
    end_q   <= fetch ? turn_end && word_short : ending_q && 32'(left_q) == 1;
    if (fetch) begin
      address_q <= word_first;
      x_q       <= word_x;
      left_q    <= (word_count == '0) ? '0 : word_count - 1'b1;
      ending_q  <= turn_end;
      next_q    <= (32'(which) == Picks - 1) ? '0 : which + 1'b1;
      done_q    <= turn_end ? '0 : done_q | (Picks'(word_last) << which);
    end else if (left_q != '0) begin
      address_q <= address_q + 1'b1;
      left_q    <= left_q - 1'b1;
    end
    unread_q <= unread_q + 2'(fetch && turn_end) - 2'(release_i);
    if (!rst_ni) begin
      busy_q <= 1'b0;
      end_q  <= 1'b0;
      left_q <= '0;
      next_q <= '0;
      done_q <= '0;
      unread_q <= '0;
    end
  end

  // Entries: 3 cycles to read, 3 to multiply; the slot needs one of these.
  logic [SkipWidth+WeightWidth-1:0] entry;
  logic [PWidth-1:0]                product;
  logic [2:0][InWidth-1:0]          x_d;
  logic [5:0]                       busy_d, end_d;
  logic [2:0]                       first_d;
  logic [SlotWidth-1:0]             slot_q, slot2_q, slot3_q;

  weight_memory #(
    .Width    (SkipWidth + WeightWidth),
    .Depth    (Entries),
    .BankDepth(BankDepth),
    .File     (WeightFile)
  ) u_entries (
    .clk_i,
    .address_i(address_q),
    .word_o   (entry)
  );

  mul_reg #(
    .AWidth (InWidth),
    .ASigned(InSigned),
    .BWidth (WeightWidth),
    .BSigned(WeightSigned)
  ) u_mul (
    .clk_i,
    .a_i(x_d[2]),
    .b_i(entry[WeightWidth-1:0]),
    .p_o(product)
  );

  always_ff @(posedge clk_i) begin
    x_d     <= {x_d[1:0], x_q};
    first_d <= {first_d[1:0], first_q};
    busy_d  <= {busy_d[4:0], busy_q};
    end_d   <= {end_d[4:0], end_q};
    slot_q  <= (first_d[2] ? '0 : slot_q + 1'b1) + SlotWidth'(entry[WeightWidth +: SkipWidth]);
    slot2_q <= slot_q;
    slot3_q <= slot2_q;
    if (!rst_ni) begin
      busy_d <= '0;
      end_d  <= '0;
    end
  end

  // Sums: read in one cycle, added to and written in the next; one that is asked for again at once
  // does not come from the memory. What was not touched since the bank was released counts as 0.
  localparam bit Signed = InSigned || WeightSigned;

  // no_rw_check: a sum that is read in the cycle that writes it is not used.
  (* no_rw_check *)
  logic [AccWidth-1:0]        sums[2*2**SlotWidth];
  logic                       bank_q;     // that grows
  logic                       read_bank_q;  // that was or will be read next
  logic [1:0][2**SlotWidth-1:0] touched_q;
  logic [1:0]                 ready_q;    // vectors complete and not taken
  logic                       bank;       // of the entry that comes next
  logic                       again;      // its sum is the one that is being written
  logic [AccWidth-1:0]        read_q, written_q, grown;  // one of read_q and written_q is 0
  logic signed [PWidth:0]     signed_product;
  logic                       unused;

  // Few and small weights sum to less than there are bits in a product.
  assign unused         = ^signed_product;
  assign signed_product = {Signed & product[PWidth-1], product};

  assign bank  = bank_q ^ end_d[5];
  assign again = busy_d[5] && bank == bank_q && slot2_q == slot3_q;
  assign grown = (read_q | written_q) + AccWidth'(signed_product);

  assign complete_o = ready_q != '0;

  always_ff @(posedge clk_i) begin
    if (busy_d[5]) begin
      sums[{bank_q, slot3_q}]    <= grown;
      touched_q[bank_q][slot3_q] <= 1'b1;
    end
    read_q    <= (again || !touched_q[bank][slot2_q]) ? '0 : sums[{bank, slot2_q}];
    written_q <= again ? grown : '0;
    bank_q      <= bank;
    ready_q     <= ready_q + 2'(end_d[5]) - 2'(taken_i);
    read_bank_q <= read_bank_q ^ release_i;
    if (release_i) touched_q[read_bank_q] <= '0;
    sum_o <= touched_q[bank_i][slot_i] ? sums[{bank_i, slot_i}] : '0;
    if (!rst_ni) begin
      bank_q      <= 1'b0;
      ready_q     <= '0;
      read_bank_q <= 1'b0;
      touched_q   <= '0;
    end
  end

`ifdef VERILATOR
  // A product of a weight, not of a filler, is added.
  logic       useful /* verilator public_flat_rd */;
  logic [2:0] weight_d;  // while it is multiplied
  logic [1:0] full_q;    // banks complete and not released

  always_ff @(posedge clk_i) weight_d <= {weight_d[1:0], entry[WeightWidth-1:0] != '0};
  assign useful = busy_d[5] && weight_d[2];

  always_ff @(posedge clk_i) full_q <= rst_ni ? full_q + 2'(end_d[5]) - 2'(release_i) : '0;

  BankFree: assert property (@(posedge clk_i) disable iff (!rst_ni)
      busy_d[5] || end_d[5] |-> full_q != 2'd2)
    else $error("sparse_pe: a third vector's sums begin");
  SlotInRange: assert property (@(posedge clk_i) disable iff (!rst_ni)
      busy_d[5] |-> 32'(slot3_q) < Slots)
    else $error("sparse_pe: slot %0d of %0d", slot3_q, Slots);
`endif
endmodule
