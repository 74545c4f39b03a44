// Properties of matvec_serialise: the results of a pass in order, at the cycle that is promised.
module matvec_serialise_proof #(
  parameter int unsigned Rows = 3,  // elements per vector
  parameter int unsigned Pe = 2,  // results per pass
  parameter int unsigned OutLanes = 1,
  parameter int unsigned Width = 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic go_i,
  input logic [Pe*Width-1:0] results_i
);

  localparam int unsigned Beats      = (Rows + OutLanes - 1) / OutLanes;
  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int unsigned Steps      = Pe / OutLanes;
  localparam int unsigned StepBits   = $clog2(Steps + 1);
  localparam int unsigned LaneWidth  = OutLanes * Width;

  logic [IndexWidth-1:0] index_o;
  logic                  valid_o, last_o;
  logic [LaneWidth-1:0]  data_o;

  initial assume (!rst_ni);

  matvec_serialise #(
    .Rows(Rows),
    .Pe(Pe),
    .OutLanes(OutLanes),
    .Width(Width)
  ) u_dut (
    .*
  );

  // What reads the results: a beat of Steps at a time, fewer in a vector's last pass.
  logic                  go_q, busy;
  logic [StepBits-1:0]   step_q;   // 0: no pass is being read, else the beat of it, from 1
  logic [IndexWidth-1:0] index_q;
  logic                  index_last;
  logic [LaneWidth-1:0]  beat;
  logic [Pe*Width-1:0]   results_q;

  assign busy       = go_q || step_q != '0;
  assign index_last = index_q == Beats - 1;
  assign beat       = results_i >> (step_q * LaneWidth);

  always_ff @(posedge clk_i) begin
    go_q      <= go_i;
    results_q <= results_i;
    if (busy) begin
      step_q  <= (step_q == Steps - 1 || index_last) ? '0 : step_q + 1'b1;
      index_q <= index_last ? '0 : index_q + 1'b1;
    end
    if (!rst_ni) begin
      go_q    <= 1'b0;
      step_q  <= '0;
      index_q <= '0;
    end
  end

  // The beats read in the three cycles before this one.
  logic [2:0][LaneWidth-1:0] beats_q;
  logic [2:0]                busy_q, last_q;

  always_ff @(posedge clk_i) begin
    beats_q <= {beats_q[1:0], beat};
    last_q  <= {last_q[1:0], index_last};
    busy_q  <= {busy_q[1:0], busy};
    if (!rst_ni) busy_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (go_q) assume (step_q == '0);                              // passes do not overlap
      if (busy && !go_q) assume (results_i == results_q);           // they stay while being read
      if (busy) assert (index_o == index_q);
      assert (valid_o == busy_q[2]);
      if (valid_o) assert (last_o == last_q[2] && data_o == beats_q[2]);
      cover (go_q && busy_q[0]);         // a pass right behind another
      cover (busy && !go_q);
      cover (valid_o && last_o);
      cover (&busy_q && valid_o);        // three beats
    end
  end

endmodule
