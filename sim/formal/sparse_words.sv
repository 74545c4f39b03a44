// The words of a sparse layer's activations on their way, for sparse_flow: one per activation that
// is not zero, or that is its vector's last. Two columns; the pointers are pointers_000.mem's.
module sparse_words (
  input  logic [1:0] in_i,  // beat of the vector that comes in next
  input  logic [4:0] place_i,  // of the vector that is looked at: so many end before it
  output logic       well_formed_o,  // the words, and the queues that they are in
  output logic       closed_o,  // a word not its vector's last has the last behind it
  output logic [4:0] behind_o,  // vectors that end in the words
  output logic [1:0] waiting_o,  // columns of the vector that is looked at with a word, not zero
  output logic [5:0] rest_o,  // cycles until a vector's entries were read
  input  logic [1:0] fifo_level_i,
  input  logic       fifo_read_i, fifo_write_i, fifo_ready_i, fifo_valid_i,
  input  logic [3:0] fifo0_i, fifo1_i,
  input  logic       pick0_valid_i, pick0_last_i, pick0_left_i, pick0_from_i, pick0_x_i,
  input  logic       pick0_more_i,
  input  logic       pick1_valid_i, pick1_picks_i, pick1_last_i, pick1_from_i, pick1_x_i,
  input  logic       pick2_valid_i, pick2_picks_i, pick2_x_i, pick2_column_i, pick2_last_i,
  input  logic       read_open_i,
  input  logic [2:0] read_valid_d_i, read_last_d_i, read_picks_d_i, read_x_d_i,
  input  logic [3:0] pointer0_i, pointer1_i, pointer2_i, queue_level_i,
  input  logic [2:0] queue_read_i, queue_write_i,
  input  logic       queue_valid_i, queue_crowded_i,
  input  logic [5:0] queue_head_i,
  input  logic [5:0] queue0_i, queue1_i, queue2_i, queue3_i, queue4_i, queue5_i, queue6_i,
  input  logic [5:0] queue7_i,
  input  logic [1:0] pe_left_i
);

  logic [3:0] pointers[2];  // of a column: {count, first entry}

  initial $readmemh("pointers_000.mem", pointers);

  // Words by age, the oldest first: 0 to 7 in the queue, 8 to 10 while the pointers are read, 11 to
  // 13 in nonzero_pick, 14 and 15 in axis_nonzero. A word is {last, x}; the last is column 1.
  localparam int unsigned Words = 16;

  // An element of a power of two of bits: an index never leads to a bit that is not there.
  logic [7:0][7:0]       queue;
  logic [1:0][3:0]       beats;
  logic [Words-1:0]      there, last, x, formed;
  logic [Words-1:0][4:0] ahead;  // vectors that end before it
  logic [Words-1:0][2:0] slot;

  // A word with its column's entries, as the PE's queue holds it.
  function automatic logic [7:0] word(logic l, logic a);
    word = {2'b00, l, a ? pointers[l][3:2] : 2'd0, pointers[l][1:0], a};
  endfunction

  assign queue = {8'(queue7_i), 8'(queue6_i), 8'(queue5_i), 8'(queue4_i),
                  8'(queue3_i), 8'(queue2_i), 8'(queue1_i), 8'(queue0_i)};
  assign beats = {fifo1_i, fifo0_i};

  always_comb begin
    there  = '0;
    last   = '0;
    x      = '0;
    formed = '0;
    for (int unsigned i = 0; i < 8; i++) begin
      slot[i]   = queue_read_i + 3'(i);
      there[i]  = 4'(i) < queue_level_i;
      last[i]   = queue[slot[i]][5];
      x[i]      = queue[slot[i]][0];
      formed[i] = queue[slot[i]] == word(last[i], x[i]);
    end
    for (int unsigned i = 0; i < 3; i++) begin
      slot[8+i]  = '0;
      there[8+i] = read_valid_d_i[2-i];
      last[8+i]  = read_last_d_i[2-i];
      x[8+i]     = read_x_d_i[2-i];
    end
    formed[8]  = read_picks_d_i[2] == x[8] && pointer2_i == pointers[last[8]];
    formed[9]  = read_picks_d_i[1] == x[9] && pointer1_i == pointers[last[9]];
    formed[10] = read_picks_d_i[0] == x[10] && pointer0_i == pointers[last[10]];
    there[13:11]  = {pick0_valid_i, pick1_valid_i, pick2_valid_i};
    last[13:11]   = {pick0_last_i, pick1_last_i, pick2_last_i};
    x[13:11]      = {pick0_x_i, pick1_x_i, pick2_x_i};
    formed[13:11] = {pick0_left_i == x[13] && pick0_from_i == last[13],
                     pick1_picks_i == x[12] && pick1_from_i == last[12],
                     pick2_picks_i == x[11] && pick2_column_i == last[11]};
    for (int unsigned i = 0; i < 2; i++) begin
      slot[14+i]   = 3'(fifo_read_i ^ 1'(i));
      there[14+i]  = 2'(i) < fifo_level_i;
      last[14+i]   = beats[slot[14+i][0]][3];
      x[14+i]      = beats[slot[14+i][0]][0];
      formed[14+i] = beats[slot[14+i][0]][2:1] == {last[14+i], x[14+i]};
    end
    slot[13:11] = '0;
  end

  always_comb begin
    behind_o = '0;
    for (int unsigned i = 0; i < Words; i++) begin
      ahead[i] = behind_o;
      if (there[i] && last[i]) behind_o = behind_o + 1'b1;
    end
    waiting_o = '0;
    for (int unsigned i = 0; i < Words; i++) begin
      if (there[i] && x[i] && ahead[i] == place_i) waiting_o[last[i]] = 1'b1;
    end
  end

  always_comb begin
    logic open_end;

    well_formed_o =
        !pick0_more_i && fifo_level_i <= 2 && fifo_ready_i == (fifo_level_i != 2) &&
        fifo_write_i == fifo_read_i + fifo_level_i[0] && fifo_valid_i == (fifo_level_i != 0) &&
        queue_write_i == queue_read_i + queue_level_i[2:0] &&
        (queue_valid_i ? queue_level_i != 0 && queue[queue_read_i] == 8'(queue_head_i)
                       : queue_level_i <= 1) &&
        queue_crowded_i == (queue_level_i >= 2) && (!read_open_i || queue_level_i <= 2) &&
        4'(read_valid_d_i[0]) + 4'(read_valid_d_i[1]) + 4'(read_valid_d_i[2]) + queue_level_i <= 6;
    closed_o = 1'b1;
    open_end = 1'b0;
    for (int unsigned i = 0; i < Words; i++) begin
      if (there[i]) begin
        if (!formed[i] || (!last[i] && !x[i])) well_formed_o = 1'b0;
        if (open_end && !last[i]) closed_o = 1'b0;
        open_end = !last[i];
      end
    end
    if (open_end && in_i != 1) closed_o = 1'b0;
  end

  // Cycles until the next vector's last word was read, and its entries.
  logic [1:0] steps;
  logic [5:0] work;
  logic       found;

  always_comb begin
    steps  = '0;
    work   = 6'(pe_left_i);
    rest_o = 6'd30;
    found  = 1'b0;
    for (int unsigned i = 0; i < Words; i++) begin
      if (there[i] && !found) begin
        steps = x[i] ? pointers[last[i]][3:2] : '0;
        work  = work + ((steps == '0) ? 6'd1 : 6'(steps));
        found = last[i];
        if (last[i]) begin
          rest_o = work + 6'(!queue_valid_i) + ((i < 8) ? 6'd0 : 6'(i - 7)) +
                   6'(i > 10 && !read_open_i);
        end
      end
    end
  end

endmodule
