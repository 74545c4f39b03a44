// The sums of a sparse layer that are read, and the results on their way out, for sparse_flow.
//
// Beats out are numbered from reset on, modulo 64: two per vector, a row each.
module sparse_results #(
  parameter int unsigned Vectors = 1  // per frame, 1 or 2
) (
  input  logic [5:0] asked_i,  // beat that is asked for next
  input  logic [5:0] out_beat_i,  // beat that leaves next
  input  logic [5:0] sought_i,  // beat that is looked at
  input  logic [2:0] want_i,  // its sum
  input  logic [1:0] wanted_i,  // its value
  input  logic [4:0] growing_i,  // see sparse_sums
  input  logic [4:0] released_i,
  input  logic [3:0] held_i,
  input  logic [2:0] in_bank_i,
  input  logic       valid_i,  // a beat is offered
  output logic       in_place_o,
  input  logic [3:0] pe_touched_i,
  input  logic       pe_bank_i, pe_read_bank_i,
  input  logic [1:0] pe_ready_i,
  input  logic [2:0] pe_sum_i,
  input  logic       out_all_i, out_index_i, out_step_i, out_slot_next_i, out_bank_next_i,
  input  logic [3:0] out_go_d_i, out_end_d_i,
  input  logic       out_bank_i, out_slot_i, out_release_i,
  input  logic [5:0] out_sums_i,
  input  logic [2:0] out_sum_i,
  input  logic       order0_i, order1_i, order2_i, bias_sum_valid_i, bias_valid_i,
  input  logic [2:0] bias_sum_i,
  input  logic [1:0] bias_data_i, result_level_i,
  input  logic       result_read_i, result_write_i, result_ready_i,
  input  logic [1:0] result0_i, result1_i,
  input  logic [Vectors-1:0]frame_count_i,
  input  logic       frame_last_i
);

  logic [5:0] beat;
  logic [1:0] stored;

  always_comb begin
    in_place_o =
        out_index_i == asked_i[0] && out_slot_next_i == asked_i[0] && !out_step_i &&
        out_bank_next_i == asked_i[1] &&
        ((!out_all_i && !out_index_i) || pe_ready_i != '0) &&
        out_release_i == (out_go_d_i[1] && out_end_d_i[1]) && pe_bank_i == growing_i[0] &&
        pe_read_bank_i == released_i[0] &&
        (held_i != '0 || pe_touched_i[{!growing_i[0], 1'b0}+:2] == '0) &&
        result_read_i == out_beat_i[0] &&
        result_write_i == out_beat_i[0] + result_level_i[0] &&
        result_ready_i == (result_level_i != 2) && valid_i == (result_level_i != '0) &&
        frame_last_i == (out_beat_i[0] && (Vectors == 1 || out_beat_i[1])) &&
        frame_count_i == out_beat_i[Vectors-1:0];
    beat = asked_i;
    if (out_go_d_i[0]) begin
      beat = beat - 1'b1;
      in_place_o &= out_end_d_i[0] == beat[0] && out_bank_i == beat[1] && out_slot_i == beat[0] &&
        !order0_i && (beat != sought_i || in_bank_i == want_i);
    end
    if (out_go_d_i[1]) begin
      beat = beat - 1'b1;
      in_place_o &= out_end_d_i[1] == beat[0] && !order1_i &&
        (beat != sought_i || pe_sum_i == want_i);
    end
    if (out_go_d_i[2]) begin
      beat = beat - 1'b1;
      in_place_o &= !order2_i && (beat != sought_i || out_sums_i[2:0] == want_i);
    end
    if (out_go_d_i[3]) begin
      beat = beat - 1'b1;
      in_place_o &= beat != sought_i || out_sum_i == want_i;
    end
    if (bias_sum_valid_i) begin
      beat = beat - 1'b1;
      in_place_o &= beat != sought_i || bias_sum_i == want_i;
    end
    if (bias_valid_i) begin
      beat = beat - 1'b1;
      in_place_o &= beat != sought_i || bias_data_i == wanted_i;
    end
    stored = '0;
    for (int unsigned i = 0; i < 2; i++) begin
      stored = (result_read_i ^ 1'(i)) ? result1_i : result0_i;
      beat   = out_beat_i + 6'(i);
      if (2'(i) < result_level_i && beat == sought_i) in_place_o &= stored == wanted_i;
    end
  end

endmodule
