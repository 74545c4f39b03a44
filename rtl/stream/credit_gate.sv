// Lets packets into a free-running pipeline only while their results have a place to go.
//
// A packet ends with tlast and makes Results beats of output (every Passes-th one LastResults of
// them), which end in a buffer of Credits beats. The packet's last beat waits until that buffer is
// sure to have room for all of them; the beats before it pass, as they make no output. return_i is
// high in each cycle in which a beat leaves the buffer.
//
//   taken_o = s_axis_tvalid && s_axis_tready;  the data goes round this block
//
// Latency 0: s_axis_tready depends on s_axis_tlast in the same cycle, on no other input. A returned
// credit serves 2 cycles later. Throughput one beat per cycle where Credits covers the pipeline:
// with a packet's last beat every P cycles and its r-th credit (from 0) returned L + r cycles after
// that, Credits >= Results * (1 + ceil((L + 2 + Results) / P)) never holds a packet back.
module credit_gate #(
  parameter int unsigned Results     = 16,  // output beats per packet, >= 1
  parameter int unsigned Passes      = 1,   // packets per vector, >= 1
  parameter int unsigned LastResults = 16,  // output beats of a vector's last packet, 1 to Results
  parameter int unsigned Credits     = 32   // beats the buffer holds, >= Results
) (
  input  logic clk_i,
  input  logic rst_ni,  // synchronous

  input  logic s_axis_tvalid,
  output logic s_axis_tready,
  input  logic s_axis_tlast,
  output logic taken_o,

  input  logic return_i
);

  if (Results < 1 || LastResults < 1 || LastResults > Results || Passes < 1) begin : gen_check_size
    $fatal(1, "credit_gate: Results is %0d, LastResults %0d, Passes %0d; needed: %s", Results,
           LastResults, Passes, "1 <= LastResults <= Results, Passes >= 1");
  end
  if (Credits < Results) begin : gen_check_credits
    $fatal(1, "credit_gate: Credits is %0d, must be at least Results, which is %0d", Credits,
           Results);
  end

  localparam int unsigned CountWidth = $clog2(Credits + 1);
  localparam int unsigned PassWidth  = (Passes > 1) ? $clog2(Passes) : 1;
  localparam bit          Uneven     = Results != LastResults;

  logic                  open_q;     // credits_q covers a packet
  logic [CountWidth-1:0] credits_q;  // beats of the buffer that no packet has a claim on
  logic [CountWidth-1:0] cost;
  logic                  taken_last;

  assign s_axis_tready = open_q || !s_axis_tlast;
  assign taken_o       = s_axis_tvalid && s_axis_tready;
  assign taken_last    = s_axis_tvalid && s_axis_tlast && open_q;

  if (Uneven && Passes > 1) begin : gen_uneven
    logic [PassWidth-1:0] pass_q;
    logic                 last_pass;

    assign last_pass = pass_q == PassWidth'(Passes - 1);
    assign cost      = last_pass ? CountWidth'(LastResults) : CountWidth'(Results);

    always_ff @(posedge clk_i) begin
      if (taken_last) pass_q <= last_pass ? '0 : pass_q + 1'b1;
      if (!rst_ni) pass_q <= '0;
    end
  end else begin : gen_even
    assign cost = CountWidth'(LastResults);  // a single pass is the last one
  end

  // open_q looks ahead by one packet and leaves out a credit that returns in the same cycle, so it
  // is never high too early.
  always_ff @(posedge clk_i) begin
    if (taken_last) credits_q <= credits_q - cost + CountWidth'(return_i);
    else credits_q <= credits_q + CountWidth'(return_i);
    if (taken_last) open_q <= 32'(credits_q) >= 2 * Results;
    else open_q <= 32'(credits_q) >= Results;
    if (!rst_ni) begin
      credits_q <= CountWidth'(Credits);
      open_q    <= 1'b0;
    end
  end

`ifdef VERILATOR
  CreditsInRange: assert property (@(posedge clk_i) disable iff (!rst_ni)
      32'(credits_q) <= Credits && (!open_q || 32'(credits_q) >= Results))
    else $error("credit_gate: %0d credits of %0d, open %0d", credits_q, Credits, open_q);
`endif
endmodule
