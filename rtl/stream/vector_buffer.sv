// Repeats each vector of a stream Passes times, double-buffered.
//
// A vector is Beats beats; s_axis_tlast is not looked at (an assertion checks it). m_axis_tlast
// marks the last beat of every pass. The first pass follows the writing beat by beat, without
// waiting for the vector's end; the next vector is taken while this one is repeated.
//
// One beat per cycle, without a gap between passes or vectors. Latency of the first pass 2 cycles
// (memory of up to 32 beats) or 3 (block RAM). Memory: 2 * Beats words, LUT RAM up to 32, else
// block RAM with a register behind its output. s_axis_tready comes from a register; m_axis_tready
// reaches the read side's registers in the same cycle, but no output. Passes = 1: wires, no memory,
// latency 0; then m_axis_tlast is s_axis_tlast.
module vector_buffer #(
  parameter int unsigned Width  = 64,  // bits per beat, >= 1
  parameter int unsigned Beats  = 98,  // beats per vector, >= 1
  parameter int unsigned Passes = 8    // times each vector leaves, >= 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,  // synchronous

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  if (Width < 1 || Beats < 1 || Passes < 1) begin : gen_check_size
    $fatal(1, "vector_buffer: Width is %0d, Beats %0d, Passes %0d, must be at least 1", Width,
           Beats, Passes);
  end

  if (Passes == 1) begin : gen_wires
    assign m_axis_tvalid = s_axis_tvalid;
    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata  = s_axis_tdata;
    assign m_axis_tlast  = s_axis_tlast;

    logic unused;
    assign unused = clk_i ^ rst_ni;
  end else begin : gen_buffer
    localparam int unsigned MaxLutDepth  = 32;
    localparam int unsigned Depth        = 2 * Beats;
    localparam int unsigned AddressWidth = $clog2(Depth);
    localparam int unsigned LevelWidth   = $clog2(Depth + 1);
    localparam int unsigned BeatWidth    = (Beats > 1) ? $clog2(Beats) : 1;
    localparam int unsigned PassWidth    = $clog2(Passes);

    logic [AddressWidth-1:0] write_q, read_q;  // vectors start at 0 and at Beats in turn
    logic [LevelWidth-1:0]   used_q;           // beats written and not yet freed
    logic [LevelWidth-1:0]   fresh_q;          // beats written and not yet read in a first pass
    logic                    ready_q;          // used_q is below Depth
    logic                    fresh_any_q;      // fresh_q is not 0
    logic [BeatWidth-1:0]    beat_q;
    logic [PassWidth-1:0]    pass_q;
    logic                    upper_q;          // the vector being read starts at Beats
    logic                    first_pass_q;     // pass_q is 0
    logic                    free_q;           // a beat was read for the last time a cycle ago
    logic                    step;             // the read pipeline moves
    logic                    push, fetch, fetch_fresh, fetch_final, last_beat, last_pass;
    logic                    valid_q, last_q;  // of word_q
    logic [Width-1:0]        word_q;

    assign s_axis_tready = ready_q;
    assign push          = s_axis_tvalid && ready_q;
    assign step          = m_axis_tready || !m_axis_tvalid;
    assign fetch         = step && (!first_pass_q || fresh_any_q);
    assign last_beat     = beat_q == BeatWidth'(Beats - 1);
    assign last_pass     = pass_q == PassWidth'(Passes - 1);
    assign fetch_fresh   = fetch && first_pass_q;
    assign fetch_final   = fetch && last_pass;

    always_ff @(posedge clk_i) begin
      if (push) write_q <= (write_q == AddressWidth'(Depth - 1)) ? '0 : write_q + 1'b1;
      free_q <= fetch_final;
      if (push && !free_q) used_q <= used_q + 1'b1;
      if (free_q && !push) used_q <= used_q - 1'b1;
      if (push != free_q) ready_q <= free_q || used_q != LevelWidth'(Depth - 1);
      if (push && !fetch_fresh) fresh_q <= fresh_q + 1'b1;
      if (fetch_fresh && !push) fresh_q <= fresh_q - 1'b1;
      if (push != fetch_fresh) fresh_any_q <= push || fresh_q != LevelWidth'(1);
      if (!rst_ni) begin
        write_q     <= '0;
        free_q      <= 1'b0;
        used_q      <= '0;
        ready_q     <= 1'b1;
        fresh_q     <= '0;
        fresh_any_q <= 1'b0;
      end
    end

    always_ff @(posedge clk_i) begin
      if (fetch) begin
        beat_q <= last_beat ? '0 : beat_q + 1'b1;
        read_q <= !last_beat ? read_q + 1'b1 : (upper_q ^ last_pass) ? AddressWidth'(Beats) : '0;
        if (last_beat) begin
          pass_q       <= last_pass ? '0 : pass_q + 1'b1;
          first_pass_q <= last_pass;
          upper_q      <= upper_q ^ last_pass;
        end
      end
      if (!rst_ni) begin
        beat_q       <= '0;
        read_q       <= '0;
        pass_q       <= '0;
        first_pass_q <= 1'b1;
        upper_q      <= 1'b0;
      end
    end

    always_ff @(posedge clk_i) begin
      if (step) valid_q <= fetch;
      if (!rst_ni) valid_q <= 1'b0;
    end

    always_ff @(posedge clk_i) begin
      if (step) last_q <= last_beat;
    end

    // no_rw_check: an address is never read in the cycle that writes it (fresh_q counts only beats
    // already written, used_q only lets read ones be overwritten), so no bypass need be built.
    if (Depth <= MaxLutDepth) begin : gen_lut_ram
      // No ram_style: tools take LUT RAM for this size, and a family without it has a choice.
      (* no_rw_check *)
      logic [Width-1:0] memory[Depth];

      always_ff @(posedge clk_i) begin
        if (push) memory[write_q] <= s_axis_tdata;
      end
      always_ff @(posedge clk_i) begin
        if (step) word_q <= memory[read_q];
      end

      assign m_axis_tvalid = valid_q;
      assign m_axis_tdata  = word_q;
      assign m_axis_tlast  = last_q;
    end else begin : gen_block_ram
      (* ram_style = "block", no_rw_check *)
      logic [Width-1:0] memory[Depth];
      logic             out_valid_q, out_last_q;
      logic [Width-1:0] out_q;

      always_ff @(posedge clk_i) begin
        if (push) memory[write_q] <= s_axis_tdata;
      end
      always_ff @(posedge clk_i) begin
        if (step) word_q <= memory[read_q];
      end

      // Block RAM is slow to its output: a register behind it.
      always_ff @(posedge clk_i) begin
        if (step) out_valid_q <= valid_q;
        if (!rst_ni) out_valid_q <= 1'b0;
      end
      always_ff @(posedge clk_i) begin
        if (step) begin
          out_q      <= word_q;
          out_last_q <= last_q;
        end
      end

      assign m_axis_tvalid = out_valid_q;
      assign m_axis_tdata  = out_q;
      assign m_axis_tlast  = out_last_q;
    end

`ifdef VERILATOR
    int unsigned write_beat_q;  // beat of the vector being written

    always_ff @(posedge clk_i) begin
      if (push) write_beat_q <= (write_beat_q == Beats - 1) ? 0 : write_beat_q + 1;
      if (!rst_ni) write_beat_q <= 0;
    end

    LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
        push |-> s_axis_tlast == (write_beat_q == Beats - 1))
      else $error("vector_buffer: s_axis_tlast is %0d at beat %0d of %0d", s_axis_tlast,
                  write_beat_q, Beats);
    LevelsInRange: assert property (@(posedge clk_i) disable iff (!rst_ni)
        used_q <= LevelWidth'(Depth) && fresh_q <= used_q &&
        ready_q == (used_q != LevelWidth'(Depth)) && fresh_any_q == (fresh_q != '0))
      else $error("vector_buffer: %0d beats used, %0d fresh, of %0d", used_q, fresh_q, Depth);
    StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
        m_axis_tvalid && !m_axis_tready |=>
        m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
      else $error("vector_buffer: a beat changed while stalled");
`else
    logic unused;
    assign unused = s_axis_tlast;
`endif
  end

endmodule
