// A block that may move, moves: within Limit cycles in which both sides are willing.
//
// willing_i: there is something to take or to give, and nobody hinders it; moved_i: a beat went in
// or came out. Without this a block that stops for ever would lose no beat and break no rule.
module stream_progress #(
  parameter int unsigned Limit = 4  // cycles, >= 1
) (
  input logic clk_i,
  input logic rst_ni,

  input logic willing_i,
  input logic moved_i
);

  localparam int unsigned CountWidth = $clog2(Limit + 1);

  logic [CountWidth-1:0] waited_q;

  always_ff @(posedge clk_i) begin
    if (willing_i && !moved_i) waited_q <= waited_q + 1'b1;
    else waited_q <= '0;
    if (!rst_ni) waited_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && willing_i && !moved_i) assert (waited_q < Limit - 1);
    cover (rst_ni && willing_i && moved_i);
  end

endmodule
