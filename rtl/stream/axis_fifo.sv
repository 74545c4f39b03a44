// First-in first-out buffer of exactly Depth beats.
//
// Up to 32 deep the memory is LUT RAM, read asynchronously: m_axis_tdata is the memory's output,
// latency 1 cycle. Deeper, it is block RAM whose read register is the output: latency 2 cycles.
// One beat per cycle. s_axis_tready and m_axis_tvalid come from registers: no combinational path
// runs through. A full FIFO takes its next beat the cycle after one has left.
// tlast, where there is one, travels as a bit of tdata. It does not drop beats or count frames.
// With NeverFull a beat is taken whatever s_axis_tready says: for one who knows that there is room.
module axis_fifo #(
  parameter int unsigned Width     = 8,    // bits per beat, >= 1
  parameter int unsigned Depth     = 16,   // beats, >= 2; need not be a power of two
  parameter bit          NeverFull = 1'b0  // no beat comes while s_axis_tready is low
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata
);

  if (Width < 1) begin : gen_check_width
    $fatal(1, "axis_fifo: Width is %0d, must be at least 1", Width);
  end
  if (Depth < 2) begin : gen_check_depth
    $fatal(1, "axis_fifo: Depth is %0d, must be at least 2", Depth);
  end

  localparam int unsigned MaxLutDepth  = 32;
  localparam int unsigned AddressWidth = (Depth > 2) ? $clog2(Depth) : 1;
  localparam int unsigned LevelWidth   = $clog2(Depth + 1);
  localparam logic [AddressWidth-1:0] LastAddress = AddressWidth'(Depth - 1);

  logic [AddressWidth-1:0] write_q, read_q;  // addresses
  logic [LevelWidth-1:0]   level_q;          // beats accepted and not yet taken
  logic                    ready_q;          // level_q is below Depth
  logic                    push, pop, fetch; // fetch: a beat leaves the memory

  assign s_axis_tready = ready_q;
  assign push          = s_axis_tvalid && (NeverFull || s_axis_tready);
  assign pop           = m_axis_tvalid && m_axis_tready;

  always_ff @(posedge clk_i) begin
    if (push) write_q <= (write_q == LastAddress) ? '0 : write_q + 1'b1;
    if (fetch) read_q <= (read_q == LastAddress) ? '0 : read_q + 1'b1;
    if (push != pop) begin
      level_q <= level_q + (pop ? '1 : LevelWidth'(1));  // one adder: adding all ones subtracts 1
      ready_q <= pop || level_q != LevelWidth'(Depth - 1);
    end
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      level_q <= '0;
      ready_q <= 1'b1;
    end
  end

  if (Depth <= MaxLutDepth) begin : gen_lut_ram
    // No ram_style: tools take LUT RAM for this size, and a family without it has a choice.
    logic [Width-1:0] memory[Depth];
    logic             valid_q;

    always_ff @(posedge clk_i) begin
      if (push) memory[write_q] <= s_axis_tdata;
    end

    always_ff @(posedge clk_i) begin
      if (push != pop) valid_q <= push || level_q != LevelWidth'(1);
      if (!rst_ni) valid_q <= 1'b0;
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = memory[read_q];
    assign fetch         = pop;
  end else begin : gen_block_ram
    // no_rw_check: an address is never read in the cycle that writes it (level_q counts only beats
    // already written), so no bypass need be built.
    (* ram_style = "block", no_rw_check *)
    logic [Width-1:0] memory[Depth];
    logic             valid_q;  // data_q holds a beat
    logic [Width-1:0] data_q;

    // The memory is not empty when there are more beats than the one in data_q.
    assign fetch = level_q != LevelWidth'(valid_q) && (!valid_q || m_axis_tready);

    always_ff @(posedge clk_i) begin
      if (push) memory[write_q] <= s_axis_tdata;
    end

    always_ff @(posedge clk_i) begin
      if (fetch) data_q <= memory[read_q];
    end

    always_ff @(posedge clk_i) begin
      if (fetch || pop) valid_q <= fetch;
      if (!rst_ni) valid_q <= 1'b0;
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = data_q;
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=> m_axis_tvalid && $stable(m_axis_tdata))
    else $error("axis_fifo: a beat changed while stalled");
  TakenWithRoom: assert property (@(posedge clk_i) disable iff (!rst_ni)
      push |-> s_axis_tready)
    else $error("axis_fifo: NeverFull, but a beat came while it was full");
  LevelInRange: assert property (@(posedge clk_i) disable iff (!rst_ni)
      level_q <= LevelWidth'(Depth) && ready_q == (level_q != LevelWidth'(Depth)))
    else $error("axis_fifo: level %0d of %0d, ready %0d", level_q, Depth, ready_q);
`endif
endmodule
