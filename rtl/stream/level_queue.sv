// Queue that says early that it is nearly full; it never makes its writer wait.
//
// A word pushed shows at the head from the second cycle on, and then in every cycle until it is
// popped; head_o comes from the memory's own output register, so that LUT RAM and block RAM serve
// alike. crowded_o comes from a register: with a push in every cycle it rises Margin or more
// pushes before the queue is full, so that a writer Margin - 1 cycles behind it loses nothing.
// Pushing into a full queue or popping an empty one is the user's fault (assertions).
module level_queue #(
  parameter int unsigned Width  = 24,  // bits per word, >= 1
  parameter int unsigned Depth  = 32,  // words, a power of two > Margin
  parameter int unsigned Margin = 6    // words that may still come when crowded_o rises, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             push_i,
  input  logic [Width-1:0] data_i,
  output logic             crowded_o,

  output logic             valid_o,  // there is a head
  output logic [Width-1:0] head_o,
  input  logic             pop_i
);

  localparam int unsigned PointerWidth = (Depth > 1) ? $clog2(Depth) : 1;

  if (2**PointerWidth != Depth || Depth <= Margin || Margin < 1) begin : gen_check_depth
    $fatal(1, "level_queue: Depth is %0d, Margin %0d; needed: %s", Depth, Margin,
           "a power of two, more than Margin, which is at least 1");
  end

  // No ram_style: a family without LUT RAM takes block RAM. no_rw_check: what is read in the cycle
  // that writes it is not shown.
  (* no_rw_check *)
  logic [Width-1:0]        memory[Depth];
  logic [PointerWidth-1:0] write_q, read_q, read;
  logic [PointerWidth:0]   level_q, level;

  assign level = level_q + (PointerWidth + 1)'(push_i) - (PointerWidth + 1)'(pop_i);
  assign read  = read_q + PointerWidth'(pop_i);

  always_ff @(posedge clk_i) head_o <= memory[read];

  always_ff @(posedge clk_i) begin
    if (push_i) memory[write_q] <= data_i;
    write_q   <= write_q + PointerWidth'(push_i);
    read_q    <= read;
    level_q   <= level;
    valid_o   <= level_q != (PointerWidth + 1)'(pop_i);
    crowded_o <= 32'(level) > Depth - Margin - 1;
    if (!rst_ni) begin
      write_q   <= '0;
      read_q    <= '0;
      level_q   <= '0;
      valid_o   <= 1'b0;
      crowded_o <= 1'b0;
    end
  end

`ifdef VERILATOR
  NeverOverflows: assert property (@(posedge clk_i) disable iff (!rst_ni)
      push_i |-> 32'(level_q) < Depth)
    else $error("level_queue: pushed into while full");
  NeverUnderflows: assert property (@(posedge clk_i) disable iff (!rst_ni)
      pop_i |-> valid_o)
    else $error("level_queue: popped while empty");
`endif
endmodule
