// Passes on only the elements of vectors that are not zero, several per cycle.
//
//   s_axis -> axis_fifo (beats that are not all zero) -> Picks elements per cycle, with columns
//
// In: Lanes elements per beat, lane 0 lowest, ceil(Cols/Lanes) beats per vector, tlast on the last.
// Out: up to Picks elements per step, in order, each with its column; pick_valid_o says which are
// there. last_o marks a vector's last step, which has no element where the last beat is all zero.
//
// A beat with n elements that are not zero takes max(1, ceil(n / Picks)) steps; an all-zero beat
// that is not a vector's last takes none, and costs a cycle on the way in alone. One step per cycle
// while ready_i is high; with ready_i low everything behind the FIFO stands still. s_axis_tready
// comes from a register. Latency from a beat to its first step 5 cycles (Depth <= 32), ready_i
// high.
module nonzero_pick #(
  parameter int unsigned Cols  = 784,  // elements per vector, >= 1
  parameter int unsigned Lanes = 16,   // elements per beat, >= 1
  parameter int unsigned Width = 8,    // bits per element, >= 1
  parameter int unsigned Picks = 2,    // elements per step, 1 to Lanes
  parameter int unsigned Depth = 8,    // beats that wait for their steps, >= 2

  localparam int unsigned ColWidth = (Cols > 1) ? $clog2(Cols) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*Width-1:0]    s_axis_tdata,
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

  localparam int unsigned Beats     = (Cols - 1) / Lanes + 1;
  localparam int unsigned BeatWidth = (Beats > 1) ? $clog2(Beats) : 1;

  // Elements of a beat that are not zero.
  function automatic logic [Lanes-1:0] present(logic [Lanes*Width-1:0] data);
    for (int unsigned l = 0; l < Lanes; l++) present[l] = |data[l*Width +: Width];
  endfunction

  logic [BeatWidth-1:0]   beat_q;  // of the vector, on the way in
  logic                   worth;   // the beat is kept
  logic                   head_valid, head_ready, head_last;
  logic [BeatWidth-1:0]   head_beat;
  logic [Lanes*Width-1:0] head_data;

  assign worth = |s_axis_tdata || s_axis_tlast;

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) beat_q <= s_axis_tlast ? '0 : beat_q + 1'b1;
    if (!rst_ni) beat_q <= '0;
  end

  axis_fifo #(
    .Width(1 + BeatWidth + Lanes * Width),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(s_axis_tvalid && worth),
    .s_axis_tready,
    .s_axis_tdata ({s_axis_tlast, beat_q, s_axis_tdata}),
    .m_axis_tvalid(head_valid),
    .m_axis_tready(head_ready),
    .m_axis_tdata ({head_last, head_beat, head_data})
  );

  // The beat that is being picked from, and which of its elements are left.
  logic                   valid_q, last_q, finished;
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

  assign finished   = !valid_q || rest[Picks] == '0;
  assign head_ready = ready_i && finished;

  always_ff @(posedge clk_i) begin
    if (ready_i) begin
      left_q <= rest[Picks];
      if (finished) begin
        valid_q <= head_valid;
        last_q  <= head_last;
        from_q  <= head_beat;
        data_q  <= head_data;
        left_q  <= present(head_data);
      end
    end
    if (!rst_ni) valid_q <= 1'b0;
  end

  // Two cycles: lanes to choose from, then the elements and their columns.
  logic                        chosen_valid_q, chosen_last_q;
  logic [Picks-1:0][Lanes-1:0] chosen_q;
  logic [BeatWidth-1:0]        chosen_from_q;
  logic [Lanes*Width-1:0]      chosen_data_q;

  always_ff @(posedge clk_i) begin
    if (ready_i) begin
      chosen_valid_q <= valid_q;
      chosen_last_q  <= last_q && rest[Picks] == '0;
      chosen_q       <= chosen;
      chosen_from_q  <= from_q;
      chosen_data_q  <= data_q;
      valid_o        <= chosen_valid_q;
      last_o         <= chosen_last_q;
      for (int unsigned p = 0; p < Picks; p++) begin
        logic [Width-1:0]    element;
        logic [ColWidth-1:0] column;

        element = '0;
        column  = '0;
        for (int unsigned l = 0; l < Lanes; l++) begin
          element |= {Width{chosen_q[p][l]}} & chosen_data_q[l*Width +: Width];
          column  |= {ColWidth{chosen_q[p][l]}} & ColWidth'(l);
        end
        pick_valid_o[p]                  <= |chosen_q[p];
        pick_o[p*Width +: Width]         <= element;
        column_o[p*ColWidth +: ColWidth] <= ColWidth'(chosen_from_q) * ColWidth'(Lanes) + column;
      end
    end
    if (!rst_ni) begin
      chosen_valid_q <= 1'b0;
      valid_o        <= 1'b0;
    end
  end

`ifdef VERILATOR
  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (32'(beat_q) == Beats - 1))
    else $error("nonzero_pick: tlast is %0d at beat %0d of %0d", s_axis_tlast, beat_q, Beats);
`endif
endmodule
