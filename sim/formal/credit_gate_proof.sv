// Properties of credit_gate: what is let in always has its place in a buffer of Credits beats.
module credit_gate_proof #(
  parameter int unsigned Results = 2,
  parameter int unsigned Passes = 1,
  parameter int unsigned LastResults = 2,
  parameter int unsigned Credits = 4
) (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tlast,
  input logic return_i
);

  localparam int unsigned Bits     = $clog2(Credits + Results + 1);
  localparam int unsigned PassBits = $clog2(Passes + 1);

  logic s_axis_tready, taken_o;

  initial assume (!rst_ni);

  credit_gate #(
    .Results(Results),
    .Passes(Passes),
    .LastResults(LastResults),
    .Credits(Credits)
  ) u_dut (
    .*
  );

  stream_rules #(
    .Width (1),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  (s_axis_tlast)
  );

  // Beats that packets were let in for and that have not left the buffer.
  logic [Bits-1:0]     claimed_q, cost;
  logic [PassBits-1:0] pass_q;
  logic                packet, last_pass;

  assign packet    = taken_o && s_axis_tlast;
  assign last_pass = pass_q == Passes - 1;
  assign cost      = last_pass ? LastResults : Results;

  always_ff @(posedge clk_i) begin
    claimed_q <= claimed_q + (packet ? cost : '0) - Bits'(return_i);
    if (packet) pass_q <= last_pass ? '0 : pass_q + 1'b1;
    if (!rst_ni) begin
      claimed_q <= '0;
      pass_q    <= '0;
    end
  end

  stream_progress #(
    .Limit(3)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid && (!s_axis_tlast || Credits - claimed_q >= Results) && !return_i),
    .moved_i  (taken_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      if (return_i) assume (claimed_q != '0);  // what leaves was let in
      assert (claimed_q <= Credits);
      assert (taken_o == (s_axis_tvalid && s_axis_tready));
      if (!s_axis_tlast) assert (s_axis_tready);
      cover (claimed_q == Credits);
      cover (packet && last_pass);
    end
  end

  if (Credits >= 2 * Results) begin : gen_both
    always_ff @(posedge clk_i) cover (rst_ni && return_i && packet);
  end

endmodule
