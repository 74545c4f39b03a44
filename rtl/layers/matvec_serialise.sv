// Reads the result registers of a folded core's PEs in order, OutLanes per cycle.
//
// A pulse on go_i says that the results of a pass are there from the next cycle on: then beats of
// OutLanes elements follow in Pe / OutLanes cycles without a gap (PE k*OutLanes + j is lane j of
// beat k). A vector's last pass stops after the last of its Rows. last_o marks the vector's last
// beat; what its lanes beyond Rows hold is what their PEs computed (0 for zero weights).
//
//   go_i at t: beat k's index_o at t + 1 + k, its valid_o, last_o and data_o at t + 4 + k
//
// index_o counts the beats of a vector, for a memory that is read 3 cycles ahead of the data. go_i
// may come again after Pe / OutLanes cycles. Free-running: no stall; put a FIFO behind.
module matvec_serialise #(
  parameter int unsigned Rows     = 128,  // elements per vector, >= 1
  parameter int unsigned Pe       = 16,   // results per pass, >= 1
  parameter int unsigned OutLanes = 1,    // elements per beat, divides Pe
  parameter int unsigned Width    = 24,   // bits per element

  localparam int unsigned Beats      = (Rows + OutLanes - 1) / OutLanes,  // per vector
  localparam int unsigned IndexWidth = (Beats > 1) ? $clog2(Beats) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      go_i,
  input  logic [Pe*Width-1:0]       results_i,

  output logic [IndexWidth-1:0]     index_o,
  output logic                      valid_o,
  output logic                      last_o,
  output logic [OutLanes*Width-1:0] data_o
);

  if (OutLanes < 1 || Pe % OutLanes != 0) begin : gen_check_lanes
    $fatal(1, "matvec_serialise: OutLanes is %0d, must divide Pe, which is %0d", OutLanes, Pe);
  end

  localparam int unsigned Steps       = Pe / OutLanes;  // beats per pass
  localparam int unsigned StepWidth   = (Steps > 1) ? $clog2(Steps) : 1;
  // Inputs of a first multiplexer: about as many as the second one has.
  localparam int unsigned Radix       = (StepWidth > 4) ? 2**((StepWidth + 1) / 2) : 4;
  localparam int unsigned Groups      = (Steps + Radix - 1) / Radix;
  localparam int unsigned GroupWidth  = (Groups > 1) ? $clog2(Groups) : 1;
  localparam int unsigned SelectWidth = (StepWidth < $clog2(Radix)) ? StepWidth : $clog2(Radix);
  localparam int unsigned LaneWidth   = OutLanes * Width;

  logic                       running_q, active, step_end, vector_end;
  logic [StepWidth-1:0]       step_q;
  logic [IndexWidth-1:0]      index_q;
  logic [2:0]                 valid_q, last_q;  // of picked_q, merged_q, data_q
  logic [Groups*LaneWidth-1:0] picked_q;
  logic [LaneWidth-1:0]       merged_q, data_q;
  logic                       go_q;

  assign active     = go_q || running_q;
  assign vector_end = index_q == IndexWidth'(Beats - 1);
  assign step_end   = vector_end || step_q == StepWidth'(Steps - 1);

  always_ff @(posedge clk_i) begin
    go_q <= go_i;
    if (active) begin
      running_q <= !step_end;
      step_q    <= step_end ? '0 : step_q + 1'b1;
      index_q   <= vector_end ? '0 : index_q + 1'b1;
    end
    valid_q <= {valid_q[1:0], active};
    if (!rst_ni) begin
      go_q      <= 1'b0;
      running_q <= 1'b0;
      step_q    <= '0;
      index_q   <= '0;
      valid_q   <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    last_q <= {last_q[1:0], vector_end};
    data_q <= merged_q;
  end

  // First multiplexers: one of at most Radix beats each. Places beyond Steps repeat the last beat.
  for (genvar g = 0; g < Groups; g++) begin : gen_group
    localparam int unsigned Inputs = (g == Groups - 1) ? Steps - g * Radix : Radix;
    logic [(2**SelectWidth)*LaneWidth-1:0] choices;

    for (genvar i = 0; i < 2**SelectWidth; i++) begin : gen_choice
      localparam int unsigned Step = g * Radix + ((i < Inputs) ? i : Inputs - 1);
      assign choices[i*LaneWidth +: LaneWidth] = results_i[Step*LaneWidth +: LaneWidth];
    end

    always_ff @(posedge clk_i) begin
      picked_q[g*LaneWidth +: LaneWidth] <=
          choices[step_q[SelectWidth-1:0]*LaneWidth +: LaneWidth];
    end
  end

  // Second multiplexer: one of the first ones' outputs.
  if (Groups > 1) begin : gen_second
    logic [GroupWidth-1:0] group_q;

    always_ff @(posedge clk_i) begin
      group_q  <= GroupWidth'(step_q >> SelectWidth);
      merged_q <= picked_q[group_q*LaneWidth +: LaneWidth];
    end
  end else begin : gen_one
    always_ff @(posedge clk_i) merged_q <= picked_q;
  end

  assign index_o = index_q;
  assign valid_o = valid_q[2];
  assign last_o  = last_q[2];
  assign data_o  = data_q;

`ifdef VERILATOR
  GoWhileReading: assert property (@(posedge clk_i) disable iff (!rst_ni)
      go_q |-> !running_q)
    else $error("matvec_serialise: results of a pass came while the last ones were being read");
`endif
endmodule
