// Watches one kind of beat, from where its value is known to where it must come out.
//
// made_i: the input that decides the beat is offered; value_i is what must come out. known_i: that
// input is taken. here_i: the beat is on the output, with out_value_i. left_i: it is taken there.
// Between two such beats on the way in there must be one on the way out, and the other way round:
// so none is lost, made or repeated. It may be on the output as soon as its input is offered.
module beat_watch #(
  parameter int unsigned Width = 1  // bits of a value
) (
  input logic             clk_i,
  input logic             rst_ni,

  input logic             made_i,
  input logic             known_i,
  input logic [Width-1:0] value_i,

  input logic             here_i,
  input logic             left_i,
  input logic [Width-1:0] out_value_i
);

  logic             held_q;   // it is known and has not left
  logic             early_q;  // it has left, its input is still offered
  logic [Width-1:0] value_q;

  always_ff @(posedge clk_i) begin
    if (known_i) value_q <= value_i;
    if (known_i != left_i) begin
      held_q  <= known_i && !early_q;
      early_q <= left_i && !held_q;
    end
    if (!rst_ni) begin
      held_q  <= 1'b0;
      early_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (here_i) assert (held_q || made_i);  // made from nothing
      if (here_i) assert (!early_q);          // repeated
      if (known_i) assert (!held_q);          // lost
      if (here_i) assert (out_value_i == (held_q ? value_q : value_i));
      cover (left_i);
    end
  end

endmodule
