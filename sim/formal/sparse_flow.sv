// A sparse layer, or a sparse convolution of a 1 x 1 kernel, with its properties: of every vector
// each row's result, the formula's, in order; and the lemma that proves them by induction.
//
// The lemma follows one vector, any, and one row: the row's sum in the vector's bank and what the
// vector's words that are under way will add to it are together what came in of it.
module sparse_flow #(
  parameter bit Conv = 1'b0,
  // Weights, row by row, the first lowest: 1, 0; -1, -2. What the memories hold.
  parameter logic [7:0] Matrix = 8'b10110001
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  localparam int unsigned Rows     = 2;
  localparam int unsigned Cols     = 2;
  localparam int unsigned Vectors  = Conv ? 2 : 1;  // per frame
  localparam int unsigned AccWidth = 3;
  localparam int unsigned OutWidth = 2;
  localparam int unsigned Limit    = 40;

  logic                s_axis_tready, m_axis_tvalid, m_axis_tlast, frame_end;
  logic [OutWidth-1:0] m_axis_tdata, expected;
  logic [1:0]          in, out, target;
  logic [4:0]          in_vector, out_vector;  // modulo 32

  initial assume (!rst_ni);

  if (Conv) begin : g_u
    sparse_conv_layer #(
      .Channels   (Cols),
      .Height     (1),
      .Columns    (Vectors),
      .KernelH    (1),
      .KernelW    (1),
      .PadTop     (0),
      .PadLeft    (0),
      .PadBottom  (0),
      .PadRight   (0),
      .OutChannels(Rows),
      .Pe         (1),
      .Simd       (1),
      .InWidth    (1),
      .WeightWidth(2),
      .AccWidth   (AccWidth),
      .Entries    (4),
      .CountWidth (2),
      .SkipWidth  (1),
      .QueueDepth (8),
      .HasBias    (1'b0),
      .SumWidth   (AccWidth),
      .Drop       (1),
      .OutWidth   (OutWidth),
      .OutSigned  (1'b1),
      .Relu       (1'b0),
      .FifoDepth  (2)
    ) u (
      .*
    );
  end else begin : g_u
    sparse_layer #(
      .Rows       (Rows),
      .Cols       (Cols),
      .Pe         (1),
      .Lanes      (1),
      .Picks      (1),
      .InWidth    (1),
      .WeightWidth(2),
      .AccWidth   (AccWidth),
      .Entries    (4),
      .CountWidth (2),
      .SkipWidth  (1),
      .QueueDepth (8),
      .HasBias    (1'b0),
      .SumWidth   (AccWidth),
      .Drop       (1),
      .OutWidth   (OutWidth),
      .OutSigned  (1'b1),
      .Relu       (1'b0),
      .FifoDepth  (2)
    ) \u.u_layer (
      .*
    );
  end

  stream_rules #(
    .Width (2),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  stream_rules #(
    .Width(OutWidth + 1)
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(m_axis_tvalid),
    .tready_i(m_axis_tready),
    .beat_i  ({m_axis_tlast, m_axis_tdata})
  );

  // The sum of the row that is looked at: with the vector's last beat it is known.
  logic [1:0][3:0] weights;  // of the row
  logic [AccWidth-1:0]      so_far, sum, sum_q;

  for (genvar c = 0; c < Cols; c++) begin : gen_weight
    logic [1:0] bits;
    assign bits       = Matrix >> ((32'(target) * Cols + c) * 2);
    assign weights[c] = {{2{bits[1]}}, bits};
  end

  assign so_far = (in == '0) ? '0 : sum_q;
  assign sum    = so_far + (s_axis_tdata ? 3'(weights[in[0]]) : '0);

  always_ff @(posedge clk_i) if (s_axis_tvalid && s_axis_tready) sum_q <= sum;

  requantise_formula #(
    .InWidth(AccWidth),
    .InSigned(1'b1),
    .Drop(1),
    .OutWidth(OutWidth),
    .OutSigned(1'b1),
    .Rounding(gatewright_pkg::RndConv),
    .Overflow(gatewright_pkg::Sat)
  ) u_formula (
    .value_i  (sum),
    .divisor_i('0),
    .value_o  (expected)
  );

  assign frame_end = Vectors == 1 || in_vector[0];

  beat_order #(
    .Width   (OutWidth + 1),
    .Frames  (32),
    .InBeats (Cols),
    .OutBeats(Rows)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     ({frame_end && target == Rows - 1, expected}),
    .source_i    (2'(Cols - 1)),
    .out_tvalid_i(m_axis_tvalid),
    .out_tready_i(m_axis_tready),
    .out_value_i ({m_axis_tlast, m_axis_tdata}),
    .target_o    (target),
    .in_frame_o  (in_vector),
    .in_o        (in),
    .out_frame_o (out_vector),
    .out_o       (out)
  );

  stream_progress #(
    .Limit(Limit)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && m_axis_tready),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (m_axis_tvalid && m_axis_tready))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == (in == Cols - 1 && (!Conv || frame_end)));
      cover (s_axis_tready && s_axis_tlast);
    end
  end

  // What the lemma looks at in the block.
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.u_nonzero.u_fifo.level_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_nonzero.u_fifo.read_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_nonzero.u_fifo.write_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_nonzero.u_fifo.ready_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_nonzero.u_fifo.m_axis_tvalid ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.u_nonzero.u_fifo.gen_lut_ram.memory[0] ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.u_nonzero.u_fifo.gen_lut_ram.memory[1] ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_nonzero.beat_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.valid_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.last_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.left_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.more_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.from_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.data_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.chosen_valid_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.chosen_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.chosen_last_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.chosen_from_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.chosen_data_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.valid_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.pick_valid_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.pick_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.column_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_pick.last_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.open_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.valid_d ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.last_d ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.picks_d ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.x_d ;
  (* hierconn *) logic [3:0]
    \g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.gen_logic.read_q ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.words_q ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.word_q ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.level_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.read_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.write_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.valid_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.crowded_o ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.head_o ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[0] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[1] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[2] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[3] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[4] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[5] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[6] ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[7] ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.done_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.next_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.unread_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.ending_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.busy_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.first_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.x_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.left_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.address_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.x_d ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.first_d ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.busy_d ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_d ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot2_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot3_q ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.touched_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.bank_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.read_bank_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.ready_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.sum_o ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.read_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.written_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[0] ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[1] ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[2] ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[3] ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.gen_logic.read_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.words_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.word_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.a_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.b_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.m_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.p_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_core.credits_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.all_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.index_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.step_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.slot_next_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.bank_next_q ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.go_d ;
  (* hierconn *) logic [3:0] \g_u.u.u_layer.u_core.end_d ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.bank_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.slot_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.release_q ;
  (* hierconn *) logic [5:0] \g_u.u.u_layer.u_core.sums_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_core.sums_o ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_order.gen_logic.read_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_order.words_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_core.u_order.word_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.u_bias.sum_valid_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.u_bias.valid_q ;
  (* hierconn *) logic [2:0] \g_u.u.u_layer.u_output.u_bias.sum_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_output.u_bias.data_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_output.u_fifo.level_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.u_fifo.read_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.u_fifo.write_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.u_fifo.ready_q ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_output.u_fifo.gen_lut_ram.memory[0] ;
  (* hierconn *) logic [1:0] \g_u.u.u_layer.u_output.u_fifo.gen_lut_ram.memory[1] ;
  (* hierconn *) logic [Conv:0] \g_u.u.u_layer.u_output.count_q ;
  (* hierconn *) logic \g_u.u.u_layer.u_output.frame_last_q ;
  (* hierconn *) logic \g_u.u.window_tlast ;
  (* hierconn *) logic \u_order.u_watch.held_q , \u_order.u_watch.early_q ;
  (* hierconn *) logic [2:0] \u_order.u_watch.value_q ;
  (* hierconn *) logic [4:0] \u_order.frame ;
  (* hierconn *) logic [5:0] \u_progress.waited_q ;

  logic fifo_beat, pe_ending, pe_end, out_all, out_release, bias_sum_valid, bias_valid;
  logic [1:0] pe_unread, pe_left, pe_ready, out_credits, result_level;
  logic [5:0] pe_end_d;
  logic [3:0] out_go_d, out_end_d;

  assign fifo_beat = \g_u.u.u_layer.u_core.u_nonzero.beat_q ;
  assign pe_unread = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.unread_q ;
  assign pe_ending = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.ending_q ;
  assign pe_end = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_q ;
  assign pe_left = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.left_q ;
  assign pe_end_d = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_d ;
  assign pe_ready = \g_u.u.u_layer.u_core.gen_pe[0].u_pe.ready_q ;
  assign out_credits = \g_u.u.u_layer.u_core.credits_q ;
  assign out_all = \g_u.u.u_layer.u_core.all_q ;
  assign out_go_d = \g_u.u.u_layer.u_core.go_d ;
  assign out_end_d = \g_u.u.u_layer.u_core.end_d ;
  assign out_release = \g_u.u.u_layer.u_core.release_q ;
  assign bias_sum_valid = \g_u.u.u_layer.u_output.u_bias.sum_valid_q ;
  assign bias_valid = \g_u.u.u_layer.u_output.u_bias.valid_q ;
  assign result_level = \g_u.u.u_layer.u_output.u_fifo.level_q ;

  // Numbers of vectors and of beats out, modulo 32 and 64: what was asked of the PE to be read,
  // what is complete in it, what the words under way belong to.
  logic [3:0] under_way;  // beats out that were read and have not left
  logic [5:0] asked, sought;  // beat that is asked for next; that the proof looks at
  logic [4:0] asked_vector, growing, fetched, released, marked;
  logic [3:0] held;       // vectors complete or read, and not released
  logic [3:0] ends;       // vectors whose last entries are under way in the PE
  logic       pending;    // the word that is being read ends its vector

  assign marked       = \u_order.frame ;
  assign sought       = {marked, target[0]};
  assign under_way    = 4'(out_go_d[0]) + 4'(out_go_d[1]) + 4'(out_go_d[2]) + 4'(out_go_d[3]) +
                        4'(bias_sum_valid) + 4'(bias_valid) + 4'(result_level);
  assign asked        = {out_vector, out[0]} + 6'(under_way);
  assign asked_vector = asked[5:1];
  assign held         = 4'(pe_ready) + 4'(out_go_d[0] && out_end_d[0]) + 4'(out_release);
  assign growing      = asked_vector + 5'(pe_ready);
  assign released     = growing - 5'(held);
  assign pending      = pe_ending && pe_left != '0;
  assign ends         = 4'(pe_end_d[0]) + 4'(pe_end_d[1]) + 4'(pe_end_d[2]) + 4'(pe_end_d[3]) +
                        4'(pe_end_d[4]) + 4'(pe_end_d[5]) + 4'(pe_end);
  assign fetched      = growing + 5'(ends) + 5'(pending);

  logic                counted, moving, watched, summed;
  logic                well_formed, closed, entries_in_place, results_in_place;
  logic [4:0]          behind;
  logic [1:0]          waiting;
  logic [5:0]          words_rest, rest, out_beat;
  logic [AccWidth-1:0] in_bank, total, want_q;
  logic [OutWidth-1:0] wanted;

  assign out_beat = {out_vector, out[0]};

  assign counted =
      5'(fetched + behind) == in_vector && (!Conv || \g_u.u.window_tlast == in[0]) &&
      in < Cols && out < Rows && fifo_beat == in[0] &&
      4'(out_credits) + under_way == 2 && out_credits <= 2 && result_level <= 2 &&
      4'(pe_unread) == held + ends + 4'(pending) &&
      held + ends + 4'(pending) <= 2;

  sparse_words u_words (
    .in_i(in),
    .place_i(5'(marked - fetched)),
    .well_formed_o(well_formed),
    .closed_o(closed),
    .behind_o(behind),
    .waiting_o(waiting),
    .rest_o(words_rest),
    .fifo_level_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.level_q ),
    .fifo_read_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.read_q ),
    .fifo_write_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.write_q ),
    .fifo_ready_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.ready_q ),
    .fifo_valid_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.m_axis_tvalid ),
    .fifo0_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.gen_lut_ram.memory[0] ),
    .fifo1_i(\g_u.u.u_layer.u_core.u_nonzero.u_fifo.gen_lut_ram.memory[1] ),
    .pick0_valid_i(\g_u.u.u_layer.u_core.u_pick.valid_q ),
    .pick0_last_i(\g_u.u.u_layer.u_core.u_pick.last_q ),
    .pick0_left_i(\g_u.u.u_layer.u_core.u_pick.left_q ),
    .pick0_more_i(\g_u.u.u_layer.u_core.u_pick.more_q ),
    .pick0_from_i(\g_u.u.u_layer.u_core.u_pick.from_q ),
    .pick0_x_i(\g_u.u.u_layer.u_core.u_pick.data_q ),
    .pick1_valid_i(\g_u.u.u_layer.u_core.u_pick.chosen_valid_q ),
    .pick1_picks_i(\g_u.u.u_layer.u_core.u_pick.chosen_q ),
    .pick1_last_i(\g_u.u.u_layer.u_core.u_pick.chosen_last_q ),
    .pick1_from_i(\g_u.u.u_layer.u_core.u_pick.chosen_from_q ),
    .pick1_x_i(\g_u.u.u_layer.u_core.u_pick.chosen_data_q ),
    .pick2_valid_i(\g_u.u.u_layer.u_core.u_pick.valid_o ),
    .pick2_picks_i(\g_u.u.u_layer.u_core.u_pick.pick_valid_o ),
    .pick2_x_i(\g_u.u.u_layer.u_core.u_pick.pick_o ),
    .pick2_column_i(\g_u.u.u_layer.u_core.u_pick.column_o ),
    .pick2_last_i(\g_u.u.u_layer.u_core.u_pick.last_o ),
    .read_open_i(\g_u.u.u_layer.u_core.open_q ),
    .read_valid_d_i(\g_u.u.u_layer.u_core.valid_d ),
    .read_last_d_i(\g_u.u.u_layer.u_core.last_d ),
    .read_picks_d_i(\g_u.u.u_layer.u_core.picks_d ),
    .read_x_d_i(\g_u.u.u_layer.u_core.x_d ),
    .pointer0_i(\g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.gen_logic.read_q ),
    .pointer1_i(\g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.words_q ),
    .pointer2_i(\g_u.u.u_layer.u_core.gen_pe[0].gen_pointer[0].u_pointers.word_q ),
    .queue_level_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.level_q ),
    .queue_read_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.read_q ),
    .queue_write_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.write_q ),
    .queue_valid_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.valid_o ),
    .queue_crowded_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.crowded_o ),
    .queue_head_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.head_o ),
    .queue0_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[0] ),
    .queue1_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[1] ),
    .queue2_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[2] ),
    .queue3_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[3] ),
    .queue4_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[4] ),
    .queue5_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[5] ),
    .queue6_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[6] ),
    .queue7_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.gen_queue[0].u_queue.memory[7] ),
    .pe_left_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.left_q )
  );

  sparse_sums u_sums (
    .clk_i,
    .row_i(target[0]),
    .marked_i(marked),
    .growing_i(growing),
    .released_i(released),
    .held_i(held),
    .waiting_i(waiting),
    .weights_i(weights),
    .in_place_o(entries_in_place),
    .in_bank_o(in_bank),
    .total_o(total),
    .pe_done_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.done_q ),
    .pe_next_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.next_q ),
    .pe_busy_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.busy_q ),
    .pe_first_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.first_q ),
    .pe_end_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_q ),
    .pe_x_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.x_q ),
    .pe_left_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.left_q ),
    .pe_address_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.address_q ),
    .pe_x_d_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.x_d ),
    .pe_first_d_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.first_d ),
    .pe_busy_d_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.busy_d ),
    .pe_end_d_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.end_d ),
    .pe_slot_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot_q ),
    .pe_slot2_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot2_q ),
    .pe_slot3_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.slot3_q ),
    .pe_touched_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.touched_q ),
    .pe_read_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.read_q ),
    .pe_written_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.written_q ),
    .pe_sums0_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[0] ),
    .pe_sums1_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[1] ),
    .pe_sums2_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[2] ),
    .pe_sums3_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.sums[3] ),
    .entry0_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.gen_logic.read_q ),
    .entry1_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.words_q ),
    .entry2_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_entries.word_q ),
    .mul_a_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.a_q ),
    .mul_b_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.b_q ),
    .mul_m_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.m_q ),
    .mul_p_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.u_mul.p_q )
  );

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready && in == Cols - 1 && in_vector == marked) want_q <= sum;
  end

  always_comb begin
    summed = 1'b1;
    if (5'(marked - released) < 5'(in_vector - released)) summed = total == want_q;
    if (marked == in_vector) summed = total == so_far;
  end

  requantise_formula #(
    .InWidth(AccWidth),
    .InSigned(1'b1),
    .Drop(1),
    .OutWidth(OutWidth),
    .OutSigned(1'b1),
    .Rounding(gatewright_pkg::RndConv),
    .Overflow(gatewright_pkg::Sat)
  ) u_wanted (
    .value_i  (want_q),
    .divisor_i('0),
    .value_o  (wanted)
  );

  sparse_results #(
    .Vectors(Vectors)
  ) u_results (
    .asked_i(asked),
    .out_beat_i(out_beat),
    .sought_i(sought),
    .want_i(want_q),
    .wanted_i(wanted),
    .growing_i(growing),
    .released_i(released),
    .held_i(held),
    .in_bank_i(in_bank),
    .valid_i(m_axis_tvalid),
    .in_place_o(results_in_place),
    .pe_touched_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.touched_q ),
    .pe_bank_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.bank_q ),
    .pe_read_bank_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.read_bank_q ),
    .pe_ready_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.ready_q ),
    .pe_sum_i(\g_u.u.u_layer.u_core.gen_pe[0].u_pe.sum_o ),
    .out_all_i(\g_u.u.u_layer.u_core.all_q ),
    .out_index_i(\g_u.u.u_layer.u_core.index_q ),
    .out_step_i(\g_u.u.u_layer.u_core.step_q ),
    .out_slot_next_i(\g_u.u.u_layer.u_core.slot_next_q ),
    .out_bank_next_i(\g_u.u.u_layer.u_core.bank_next_q ),
    .out_go_d_i(\g_u.u.u_layer.u_core.go_d ),
    .out_end_d_i(\g_u.u.u_layer.u_core.end_d ),
    .out_bank_i(\g_u.u.u_layer.u_core.bank_q ),
    .out_slot_i(\g_u.u.u_layer.u_core.slot_q ),
    .out_release_i(\g_u.u.u_layer.u_core.release_q ),
    .out_sums_i(\g_u.u.u_layer.u_core.sums_q ),
    .out_sum_i(\g_u.u.u_layer.u_core.sums_o ),
    .order0_i(\g_u.u.u_layer.u_core.u_order.gen_logic.read_q ),
    .order1_i(\g_u.u.u_layer.u_core.u_order.words_q ),
    .order2_i(\g_u.u.u_layer.u_core.u_order.word_q ),
    .bias_sum_valid_i(\g_u.u.u_layer.u_output.u_bias.sum_valid_q ),
    .bias_valid_i(\g_u.u.u_layer.u_output.u_bias.valid_q ),
    .bias_sum_i(\g_u.u.u_layer.u_output.u_bias.sum_q ),
    .bias_data_i(\g_u.u.u_layer.u_output.u_bias.data_q ),
    .result_level_i(\g_u.u.u_layer.u_output.u_fifo.level_q ),
    .result_read_i(\g_u.u.u_layer.u_output.u_fifo.read_q ),
    .result_write_i(\g_u.u.u_layer.u_output.u_fifo.write_q ),
    .result_ready_i(\g_u.u.u_layer.u_output.u_fifo.ready_q ),
    .result0_i(\g_u.u.u_layer.u_output.u_fifo.gen_lut_ram.memory[0] ),
    .result1_i(\g_u.u.u_layer.u_output.u_fifo.gen_lut_ram.memory[1] ),
    .frame_count_i(\g_u.u.u_layer.u_output.count_q ),
    .frame_last_i(\g_u.u.u_layer.u_output.frame_last_q )
  );

  always_comb begin
    watched = !\u_order.u_watch.early_q &&
              \u_order.u_watch.held_q == (6'(sought - out_beat) < 6'({in_vector, 1'b0} - out_beat));
    if (\u_order.u_watch.held_q ) begin
      watched &= \u_order.u_watch.value_q ==
                 {target == Rows - 1 && (Vectors == 1 || marked[0]), wanted};
    end
  end

  // Cycles until the block moves again, when it stands still with both sides willing.
  always_comb begin
    rest = 6'd16 + (pending ? 6'(pe_left) : words_rest);
    if (pe_end) rest = 6'd16;
    for (int unsigned k = 0; k < 6; k++) if (pe_end_d[k]) rest = 6'(15 - k);
    if (pe_ready != '0) rest = 6'd9;
    if (out_all) rest = 6'd8;
    for (int unsigned k = 0; k < 4; k++) if (out_go_d[k]) rest = 6'(7 - k);
    if (bias_sum_valid) rest = 6'd3;
    if (bias_valid) rest = 6'd2;
    if (s_axis_tready || m_axis_tvalid) rest = 6'd1;
    moving = 7'(\u_progress.waited_q ) + 7'(rest) < Limit;
  end

  logic lemma;

  assign lemma = counted && well_formed && closed && entries_in_place && summed &&
                 results_in_place && watched && moving;

  always_ff @(posedge clk_i) if (rst_ni) assert (lemma);

endmodule
