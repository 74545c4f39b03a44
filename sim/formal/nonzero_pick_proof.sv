// Properties of nonzero_pick: a beat's elements that are not zero leave in order, Picks per step,
// each with its value and column, and nothing else does; last_o stands on a vector's last step.
module nonzero_pick_proof #(
  parameter int unsigned Cols = 4,
  parameter int unsigned Lanes = 2,
  parameter int unsigned Picks = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic mark_i,  // a beat to watch
  input logic s_axis_tvalid,
  input logic [Lanes*Width-1:0] s_axis_tdata,
  input logic [BeatWidth-1:0] s_axis_tuser,
  input logic s_axis_tlast,
  input logic ready_i
);

  localparam int unsigned Width     = 2;
  localparam int unsigned Beats     = (Cols - 1) / Lanes + 1;
  localparam int unsigned BeatWidth = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int unsigned ColWidth  = (Cols > 1) ? $clog2(Cols) : 1;
  localparam int unsigned Bits      = $clog2(4 * Lanes + 4);

  logic                      s_axis_tready, valid_o, last_o;
  logic [Lanes-1:0]          s_axis_tkeep;
  logic [Picks-1:0]          pick_valid_o;
  logic [Picks*Width-1:0]    pick_o;
  logic [Picks*ColWidth-1:0] column_o;

  initial assume (!rst_ni);

  for (genvar l = 0; l < Lanes; l++) begin : gen_keep
    assign s_axis_tkeep[l] = s_axis_tdata[l*Width +: Width] != '0;
  end

  nonzero_pick #(
    .Cols (Cols),
    .Lanes(Lanes),
    .Width(Width),
    .Picks(Picks)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (1 + BeatWidth + Lanes * Width),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  ({s_axis_tlast, s_axis_tuser, s_axis_tdata})
  );

  stream_rules #(
    .Width(1 + Picks * (1 + Width + ColWidth))
  ) u_out (
    .clk_i,
    .rst_ni,
    .tvalid_i(valid_o),
    .tready_i(ready_i),
    .beat_i  ({last_o, pick_valid_o, pick_o, column_o})
  );

  // How many elements of a beat are not zero, and in how many steps they leave.
  function automatic logic [Bits-1:0] elements(logic [Lanes*Width-1:0] data);
    elements = '0;
    for (int unsigned l = 0; l < Lanes; l++) elements += Bits'(data[l*Width +: Width] != '0);
  endfunction

  function automatic logic [Bits-1:0] steps(logic [Lanes*Width-1:0] data);
    steps = (data == '0) ? Bits'(1) : (elements(data) + Bits'(Picks - 1)) / Bits'(Picks);
  endfunction

  logic                   here, last;
  logic [BeatWidth-1:0]   number;
  logic [Lanes*Width-1:0] data;
  logic [Bits-1:0]        step;

  beat_mark #(
    .Width(1 + BeatWidth + Lanes * Width),
    .Bits (Bits)
  ) u_mark (
    .clk_i,
    .rst_ni,
    .mark_i,
    .in_i   (s_axis_tvalid && s_axis_tready),
    .beat_i ({s_axis_tlast, s_axis_tuser, s_axis_tdata}),
    .steps_i(steps(s_axis_tdata)),
    .out_i  (valid_o && ready_i),
    .here_o (here),
    .beat_o ({last, number, data}),
    .step_o (step),
    .none_o ()
  );

  // What must leave with the watched beat's step.
  logic [Picks-1:0]          pick_valid;
  logic [Picks*Width-1:0]    pick;
  logic [Picks*ColWidth-1:0] column;

  always_comb begin
    logic [Bits-1:0] count;

    pick_valid = '0;
    pick       = '0;
    column     = '0;
    count      = '0;
    for (int unsigned l = 0; l < Lanes; l++) begin
      if (data[l*Width +: Width] != '0) begin
        for (int unsigned p = 0; p < Picks; p++) begin
          if (count == step * Bits'(Picks) + Bits'(p)) begin
            pick_valid[p]                  = 1'b1;
            pick[p*Width +: Width]         = data[l*Width +: Width];
            column[p*ColWidth +: ColWidth] = ColWidth'(number) * ColWidth'(Lanes) + ColWidth'(l);
          end
        end
        count = count + 1'b1;
      end
    end
  end

  stream_progress #(
    .Limit(4)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && ready_i),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || (valid_o && ready_i))
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && valid_o && here) begin
      assert (pick_valid_o == pick_valid);
      assert (last_o == (last && step + 1'b1 == steps(data)));
      for (int unsigned p = 0; p < Picks; p++) begin
        if (pick_valid[p]) begin
          assert (pick_o[p*Width +: Width] == pick[p*Width +: Width]);
          assert (column_o[p*ColWidth +: ColWidth] == column[p*ColWidth +: ColWidth]);
        end
      end
      cover (last_o && data == '0);
      cover (step == Bits'((Lanes - 1) / Picks));
    end
  end

endmodule
