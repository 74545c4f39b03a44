// The entries that a sparse layer's PE works on, and the sums they make, for sparse_flow.
module sparse_sums (
  input  logic       clk_i,
  input  logic       row_i,  // that is looked at
  input  logic [4:0] marked_i,  // vector that is looked at
  input  logic [4:0] growing_i,  // vector whose sums grow
  input  logic [4:0] released_i,  // the oldest that has a bank
  input  logic [3:0] held_i,  // vectors whose sums are complete and have a bank
  input  logic [1:0] waiting_i,  // columns of the vector whose words are still to be read
  input  logic [1:0][3:0] weights_i,  // of the row
  output logic       in_place_o,  // every entry is what its address says
  output logic [2:0] in_bank_o,  // what the vector's bank holds of the row
  output logic [2:0] total_o,  // with what is still to come
  input  logic       pe_done_i, pe_next_i, pe_busy_i, pe_first_i, pe_end_i, pe_x_i,
  input  logic [1:0] pe_left_i, pe_address_i,
  input  logic [2:0] pe_x_d_i, pe_first_d_i,
  input  logic [5:0] pe_busy_d_i, pe_end_d_i,
  input  logic       pe_slot_i, pe_slot2_i, pe_slot3_i,
  input  logic [3:0] pe_touched_i,
  input  logic [2:0] pe_read_i, pe_written_i,
  input  logic [2:0] pe_sums0_i, pe_sums1_i, pe_sums2_i, pe_sums3_i, entry0_i, entry1_i,
  input  logic [2:0] entry2_i,
  input  logic       mul_a_i,
  input  logic [1:0] mul_b_i,
  input  logic [2:0] mul_m_i, mul_p_i
);

  logic [3:0] pointers[2];  // of a column: {count, first entry}
  logic [2:0] entries[4];   // {skip, weight}

  initial $readmemh("pointers_000.mem", pointers);
  initial $readmemh("entries_000.mem", entries);

  // Entries that are under way in the PE: their addresses, and what they are.
  logic [5:0][1:0]          address_d;
  logic [3:0]               starts, row;  // of each entry: its column's first, its row
  logic [3:0][1:0]          after;        // entries of its column behind it
  logic [3:0][3:0]          value, gain;  // weight; what it adds to the row that is looked at
  logic                     banks_free;   // an entry's vector has a bank of its own

  always_ff @(posedge clk_i) address_d <= {address_d[4:0], pe_address_i};

  always_comb begin
    logic at;

    starts = '0;
    after  = '0;
    at     = 1'b0;
    for (int unsigned a = 0; a < 4; a++) begin
      for (int unsigned c = 0; c < 2; c++) begin
        if (32'(pointers[c][1:0]) <= a && a < 32'(pointers[c][1:0]) + 32'(pointers[c][3:2])) begin
          after[a] = 2'(32'(pointers[c][1:0]) + 32'(pointers[c][3:2]) - 1 - a);
          if (32'(pointers[c][1:0]) == a) starts[a] = 1'b1;
        end
      end
      at       = starts[a] ? entries[a][2] : ~at ^ entries[a][2];
      row[a]   = at;
      value[a] = {{2{entries[a][1]}}, entries[a][1:0]};
      gain[a]  = (row[a] == row_i) ? value[a] : '0;
    end
  end

  always_comb begin
    in_place_o = banks_free && !pe_done_i && !pe_next_i;
    if (!pe_busy_i) in_place_o &= pe_left_i == '0;
    if (pe_busy_i) begin
      in_place_o &= pe_x_i && pe_first_i == starts[pe_address_i] &&
                          pe_left_i == after[pe_address_i] &&
                          (pe_left_i == '0 || !pe_end_i) &&
                          (pe_first_i ||
                           (pe_busy_d_i[0] && address_d[0] + 1'b1 == pe_address_i));
    end
    for (int unsigned k = 0; k < 3; k++) begin
      if (pe_busy_d_i[k]) begin
        in_place_o &= pe_x_d_i[k] && pe_first_d_i[k] == starts[address_d[k]] &&
                            (starts[address_d[k]] ||
                             (pe_busy_d_i[k+1] && address_d[k+1] + 1'b1 == address_d[k]));
      end
    end
    if (pe_busy_d_i[0]) in_place_o &= entry0_i == entries[address_d[0]];
    if (pe_busy_d_i[1]) in_place_o &= entry1_i == entries[address_d[1]];
    if (pe_busy_d_i[2]) in_place_o &= entry2_i == entries[address_d[2]];
    if (pe_busy_d_i[3]) begin
      in_place_o &= mul_a_i && mul_b_i == entries[address_d[3]][1:0] &&
                          pe_slot_i == row[address_d[3]];
    end
    if (pe_busy_d_i[4]) begin
      in_place_o &= mul_m_i == 3'(value[address_d[4]]) && pe_slot2_i == row[address_d[4]];
    end
    if (pe_busy_d_i[5]) begin
      in_place_o &= mul_p_i == 3'(value[address_d[5]]) && pe_slot3_i == row[address_d[5]] &&
                    old == (pe_touched_i[grows] ? 3'(sums[grows]) : '0);
    end
  end

  // The sum that the entry in the last place is added to: it was read a cycle before.
  logic [2:0] old;
  logic [1:0] grows;

  assign old   = pe_read_i | pe_written_i;
  assign grows = {growing_i[0], pe_slot3_i};

  // The vector that is looked at: what its bank holds of the row, and what is to come.
  logic [3:0][3:0] sums;
  logic [1:0]      kept, entry;
  logic [4:0]      place;  // vector of the entry

  assign sums = {4'(pe_sums3_i), 4'(pe_sums2_i), 4'(pe_sums1_i), 4'(pe_sums0_i)};
  assign kept = {marked_i[0], row_i};

  always_comb begin
    in_bank_o = '0;
    if (pe_touched_i[kept] &&
        (5'(marked_i - released_i) < 5'(held_i) || (marked_i == growing_i && held_i <= 1))) begin
      in_bank_o = 3'(sums[kept]);
    end
    total_o      = in_bank_o;
    place      = growing_i;
    entry      = '0;
    banks_free = 1'b1;
    for (int k = 5; k >= 0; k--) begin
      if (pe_busy_d_i[k]) begin
        if (place == marked_i) total_o = total_o + 3'(gain[address_d[k]]);
        if (5'(place - released_i) > 1) banks_free = 1'b0;
      end
      place = place + 5'(pe_end_d_i[k]);
    end
    if (pe_busy_i) begin
      for (int unsigned n = 0; n < 4; n++) begin
        entry = pe_address_i + 2'(n);
        if (n <= 32'(pe_left_i) && place == marked_i) total_o = total_o + 3'(gain[entry]);
      end
      if (5'(place - released_i) > 1) banks_free = 1'b0;
    end
    for (int unsigned c = 0; c < 2; c++) if (waiting_i[c]) total_o = total_o + 3'(weights_i[c]);
  end

endmodule
