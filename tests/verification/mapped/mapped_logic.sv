// Adders, a wide multiplexer, registers with enable, reset and set: what a slice is made of.
module mapped_logic (
  input  logic         clk_i,
  input  logic [127:0] random_i,
  output logic [39:0]  y_o
);

  logic [15:0] sum_q, count_q;
  logic [6:0]  picked_q;
  logic        set_q;

  initial begin
    sum_q    = '0;
    count_q  = '0;
    picked_q = '0;
    set_q    = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (random_i[0]) sum_q <= random_i[16:1] - random_i[32:17];
    if (random_i[36:33] == '0) count_q <= '0;
    else if (random_i[37]) count_q <= count_q + random_i[53:38];
    picked_q <= {6'(random_i[69:54] > random_i[85:70]), random_i[64 + 6'(random_i[127:122])]};
    set_q    <= random_i[90:87] == '0 || (set_q ^ random_i[91]);
  end

  assign y_o = {set_q, picked_q, count_q, sum_q};

endmodule
