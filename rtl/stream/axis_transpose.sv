// Exchanges the axes of an image: row, column and channel in any order.
//
//   axis k of the result is axis Axis<k> of the source, 0 row, 1 column, 2 channel; that is,
//   result[i0][i1][i2] = source[j], j[Axis0] = i0, j[Axis1] = i1, j[Axis2] = i2
//
// In and out one element per beat, the last axis fastest, tlast on an image's last beat (an
// assertion checks it). Where the channel stays last, an element may be all lanes of a beat: then
// Channels counts beats.
//
// One beat per cycle, no gap between images: one is written while the one before is read. Latency
// from an image's last beat to its first result 2 cycles (memory of up to 32 beats) or 3 (block
// RAM). Memory: two images. s_axis_tready comes from a register; m_axis_tready reaches registers
// only.
module axis_transpose #(
  parameter int unsigned Width    = 8,   // bits per element, >= 1
  parameter int unsigned Height   = 8,   // rows of the source, >= 1
  parameter int unsigned Columns  = 8,   // of the source, >= 1
  parameter int unsigned Channels = 4,   // of the source, >= 1
  parameter int unsigned Axis0    = 2,   // these three: 0, 1 and 2 in any order
  parameter int unsigned Axis1    = 0,
  parameter int unsigned Axis2    = 1
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

  if (Width < 1 || Height < 1 || Columns < 1 || Channels < 1) begin : gen_check_size
    $fatal(1, "axis_transpose: Width is %0d, image %0d x %0d x %0d, must be at least 1", Width,
           Height, Columns, Channels);
  end
  if (Axis0 > 2 || Axis1 > 2 || Axis2 > 2 || Axis0 == Axis1 || Axis0 == Axis2 || Axis1 == Axis2)
  begin : gen_check_axes
    $fatal(1, "axis_transpose: axes are %0d, %0d, %0d, must be 0, 1 and 2 in any order", Axis0,
           Axis1, Axis2);
  end

  localparam int unsigned MaxLutDepth = 32;
  localparam int unsigned Size  = Height * Columns * Channels;
  localparam int unsigned Depth = 2 * Size;

  function automatic int unsigned count(input int unsigned axis);  // elements along it
    count = (axis == 0) ? Height : (axis == 1) ? Columns : Channels;
  endfunction
  function automatic int stride(input int unsigned axis);  // from one to the next, in the source
    stride = (axis == 0) ? int'(Columns * Channels) : (axis == 1) ? int'(Channels) : 1;
  endfunction

  // From an element's address to the next one's, by the innermost axis that goes on.
  localparam int Move2 = stride(Axis2);
  localparam int Move1 = stride(Axis1) - int'(count(Axis2) - 1) * stride(Axis2);
  localparam int Move0 = stride(Axis0) - int'(count(Axis1) - 1) * stride(Axis1) -
                         int'(count(Axis2) - 1) * stride(Axis2);

  localparam int unsigned AddressWidth = $clog2(Depth);
  localparam int unsigned Width0       = (count(Axis0) > 1) ? $clog2(count(Axis0)) : 1;
  localparam int unsigned Width1       = (count(Axis1) > 1) ? $clog2(count(Axis1)) : 1;
  localparam int unsigned Width2       = (count(Axis2) > 1) ? $clog2(count(Axis2)) : 1;

  logic [AddressWidth-1:0] write_q, read_q;  // images start at 0 and at Size in turn
  logic [1:0]              full_q;           // images written and not yet read, 0 to 2
  logic                    ready_q;          // full_q is below 2
  logic                    any_q;            // full_q is not 0
  logic                    push, push_last, step, fetch, fetch_last;
  logic [Width0-1:0]       i0_q;
  logic [Width1-1:0]       i1_q;
  logic [Width2-1:0]       i2_q;
  logic                    last0, last1, last2;
  logic                    upper_q;          // the image being read starts at Size
  logic                    valid_q, last_q;  // of word_q
  logic [Width-1:0]        word_q;

  assign s_axis_tready = ready_q;
  assign push          = s_axis_tvalid && ready_q;
  assign push_last     = push && (write_q == AddressWidth'(Size - 1) ||
                                  write_q == AddressWidth'(Depth - 1));
  assign step          = m_axis_tready || !m_axis_tvalid;
  assign fetch         = step && any_q;
  assign last0         = i0_q == Width0'(count(Axis0) - 1);
  assign last1         = i1_q == Width1'(count(Axis1) - 1);
  assign last2         = i2_q == Width2'(count(Axis2) - 1);
  assign fetch_last    = fetch && last0 && last1 && last2;

  always_ff @(posedge clk_i) begin
    if (push) write_q <= (write_q == AddressWidth'(Depth - 1)) ? '0 : write_q + 1'b1;
    if (push_last && !fetch_last) begin
      full_q  <= full_q + 1'b1;
      ready_q <= full_q == '0;
      any_q   <= 1'b1;
    end
    if (fetch_last && !push_last) begin
      full_q  <= full_q - 1'b1;
      ready_q <= 1'b1;
      any_q   <= full_q != 2'd1;
    end
    if (!rst_ni) begin
      write_q <= '0;
      full_q  <= '0;
      ready_q <= 1'b1;
      any_q   <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fetch) begin
      i2_q <= last2 ? '0 : i2_q + 1'b1;
      if (last2) i1_q <= last1 ? '0 : i1_q + 1'b1;
      if (last2 && last1) i0_q <= last0 ? '0 : i0_q + 1'b1;
      if (!last2) read_q <= read_q + AddressWidth'(Move2);
      else if (!last1) read_q <= read_q + AddressWidth'(Move1);
      else if (!last0) read_q <= read_q + AddressWidth'(Move0);
      else read_q <= upper_q ? '0 : AddressWidth'(Size);
      if (fetch_last) upper_q <= !upper_q;
    end
    if (!rst_ni) begin
      i0_q    <= '0;
      i1_q    <= '0;
      i2_q    <= '0;
      read_q  <= '0;
      upper_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step) valid_q <= fetch;
    if (!rst_ni) valid_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (step) last_q <= last0 && last1 && last2;
  end

  // no_rw_check: an address is never read in the cycle that writes it (an image is read once all of
  // it is written, and written over once all of it is read), so no bypass need be built.
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
  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      push |-> s_axis_tlast == push_last)
    else $error("axis_transpose: s_axis_tlast is %0d at beat %0d of images of %0d", s_axis_tlast,
                write_q, Size);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_transpose: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_tlast;
`endif
endmodule
