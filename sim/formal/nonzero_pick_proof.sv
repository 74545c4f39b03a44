// Properties of nonzero_pick: each element that is not zero leaves once, in order, with its column;
// one step per vector is marked last, behind all of its elements.
module nonzero_pick_proof #(
  parameter int unsigned Cols = 3,
  parameter int unsigned Lanes = 2,
  parameter int unsigned Picks = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [Lanes-1:0] s_axis_tdata,  // elements of one bit
  input logic s_axis_tlast,
  input logic ready_i
);

  localparam int unsigned Beats    = (Cols - 1) / Lanes + 1;
  localparam int unsigned Padded   = Beats * Lanes;
  localparam int unsigned ColWidth = (Cols > 1) ? $clog2(Cols) : 1;
  localparam int unsigned BeatBits = $clog2(Beats + 1);
  localparam int unsigned Frames   = 16;  // vectors are numbered modulo that

  logic                      s_axis_tready, valid_o, last_o;
  logic [Picks-1:0]          pick_valid_o, pick_o;
  logic [Picks*ColWidth-1:0] column_o;

  initial assume (!rst_ni);

  nonzero_pick #(
    .Cols (Cols),
    .Lanes(Lanes),
    .Width(1),
    .Picks(Picks),
    .Depth(2)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (Lanes + 1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tdata})
  );

  // Of one vector, any, the elements that came in and those that have left.
  (* anyconst *) logic [3:0] watched;
  logic [3:0]          in_vector_q, out_vector_q;
  logic [BeatBits-1:0] beat_q;
  logic [Padded-1:0]   came_q, left_q, leaving;
  logic                behind;  // an element leaves after one of a higher column
  logic                done_q, beat_last, step;

  assign beat_last = beat_q == Beats - 1;
  assign step      = valid_o && ready_i;

  always_comb begin
    leaving = '0;
    behind  = 1'b0;
    for (int unsigned p = 0; p < Picks; p++) begin
      if (pick_valid_o[p]) begin
        if (((left_q | leaving) >> column_o[p*ColWidth +: ColWidth]) != '0) behind = 1'b1;
        leaving[column_o[p*ColWidth +: ColWidth]] = 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      beat_q <= beat_last ? '0 : beat_q + 1'b1;
      if (beat_last) in_vector_q <= in_vector_q + 1'b1;
      if (in_vector_q == watched) came_q[beat_q*Lanes +: Lanes] <= s_axis_tdata;
    end
    if (step) begin
      if (last_o) out_vector_q <= out_vector_q + 1'b1;
      if (out_vector_q == watched && !done_q) begin
        left_q <= left_q | leaving;
        done_q <= last_o;
      end
    end
    if (!rst_ni) begin
      beat_q       <= '0;
      in_vector_q  <= '0;
      out_vector_q <= '0;
      came_q       <= '0;
      left_q       <= '0;
      done_q       <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && s_axis_tvalid) begin
      assume (s_axis_tlast == beat_last);
      if (beat_last) assume (s_axis_tdata >> (Cols - (Beats - 1) * Lanes) == '0);  // no such column
      assume (in_vector_q != 4'hf);  // before their numbers come again
      cover (s_axis_tready && beat_last && s_axis_tdata == '0);
      cover (s_axis_tready && !beat_last && s_axis_tdata == '0 && in_vector_q == 4'd1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && step && out_vector_q == watched && !done_q) begin
      assert (!behind);
      assert ((leaving & ~came_q) == '0);  // nothing made
      assert ((pick_valid_o & ~pick_o) == '0);  // the value: one bit, not zero
      if (last_o) begin
        assert ((left_q | leaving) == came_q);  // nothing lost
        cover (came_q == Padded'((1 << Cols) - 1));
        cover (came_q == '0 && watched == 4'd2);
      end
    end
  end

  stream_progress #(
    .Limit(6)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && ready_i),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || step)
  );

endmodule
