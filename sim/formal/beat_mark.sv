// Watches beats, any, one at a time, from where they come in to the steps in which they leave, when
// a beat leaves in a number of steps that only the beat itself decides.
module beat_mark #(
  parameter int unsigned Width = 1,  // bits of a beat
  parameter int unsigned Bits = 4    // of the number of steps under way
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             mark_i,   // watch this one, unless another is under way
  input  logic             in_i,     // a beat comes in
  input  logic [Width-1:0] beat_i,
  input  logic [Bits-1:0]  steps_i,  // in which it will leave, >= 1
  input  logic             out_i,    // a step leaves
  output logic             here_o,   // the step is of the watched beat
  output logic [Width-1:0] beat_o,   // the watched beat
  output logic [Bits-1:0]  step_o,   // number of the step in it
  output logic             none_o    // nothing is under way
);

  logic            marked_q;
  logic [Bits-1:0] steps_q;  // under way, all together
  logic [Bits-1:0] ahead_q;  // before the watched beat's
  logic [Bits-1:0] step_q, own_q;
  logic [1:0]      seen_q;

  assign here_o = marked_q && ahead_q == '0;
  assign step_o = step_q;
  assign none_o = steps_q == '0;

  always_ff @(posedge clk_i) begin
    steps_q <= steps_q + (in_i ? steps_i : '0) - Bits'(out_i);
    if (out_i && marked_q) begin
      if (ahead_q != '0) begin
        ahead_q <= ahead_q - 1'b1;
      end else begin
        step_q <= step_q + 1'b1;
        if (step_q + 1'b1 == own_q) begin
          marked_q <= 1'b0;
          if (seen_q != 2'd3) seen_q <= seen_q + 1'b1;
        end
      end
    end
    if (in_i && mark_i && !marked_q) begin
      marked_q <= 1'b1;
      beat_o   <= beat_i;
      own_q    <= steps_i;
      ahead_q  <= steps_q - Bits'(out_i);
      step_q   <= '0;
    end
    if (!rst_ni) begin
      marked_q <= 1'b0;
      steps_q  <= '0;
      seen_q   <= '0;
    end
  end

  always_ff @(posedge clk_i) if (rst_ni) cover (seen_q == 2'd3);

endmodule
