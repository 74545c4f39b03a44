// The rules of one AXI4-Stream port: a beat that is offered stays, unchanged, until it is taken.
//
// Assume = 0: what a block must keep on its output. Assume = 1: what it may rely on at its input.
// A cover shows a beat that was held back and is taken. Nothing is asked across a reset.
module stream_rules #(
  parameter int unsigned Width  = 8,    // bits of all that belongs to a beat
  parameter bit          Assume = 1'b0
) (
  input logic             clk_i,
  input logic             rst_ni,

  input logic             tvalid_i,
  input logic             tready_i,
  input logic [Width-1:0] beat_i
);

  logic             stalled_q;
  logic [Width-1:0] beat_q;

  initial stalled_q = 1'b0;

  always_ff @(posedge clk_i) begin
    stalled_q <= rst_ni && tvalid_i && !tready_i;
    beat_q    <= beat_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && stalled_q) begin
      if (Assume) begin
        assume (tvalid_i && beat_i == beat_q);
      end else begin
        assert (tvalid_i);          // taken back
        assert (beat_i == beat_q);  // changed
      end
      cover (tready_i);
    end
  end

endmodule
