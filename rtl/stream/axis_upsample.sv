// Repeats each row of an image FactorH times, each pixel FactorW times: nearest neighbour.
//
//   s_axis -> vector_buffer (a row, FactorH times) -> vector_buffer (a pixel, FactorW times)
//          -> m_axis
//
// In: Height x Columns pixels row by row, Groups beats per pixel, tlast on an image's last beat (an
// assertion checks it). Out likewise, FactorH * Height x FactorW * Columns pixels. One beat per
// cycle: an image takes as many cycles as it has beats on the way out. Latency 0 cycles for a factor
// of 1, else 2 (memory of up to 32 beats) or 3, the two together. Memory: two rows unless FactorH =
// 1, two pixels unless FactorW = 1; see vector_buffer. s_axis_tready comes from a register unless
// both factors are 1.
module axis_upsample #(
  parameter int unsigned Width   = 8,   // bits per beat, >= 1
  parameter int unsigned Groups  = 1,   // beats per pixel, >= 1
  parameter int unsigned Height  = 14,  // rows of the image, >= 1
  parameter int unsigned Columns = 14,  // >= 1
  parameter int unsigned FactorH = 2,   // times each row leaves, >= 1
  parameter int unsigned FactorW = 2    // times each pixel of a row leaves, >= 1
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

  if (Groups < 1 || Height < 1 || Columns < 1 || FactorH < 1 || FactorW < 1)
  begin : gen_check_size
    $fatal(1, "axis_upsample: Groups is %0d, Height %0d, Columns %0d, factors %0d x %0d; %s",
           Groups, Height, Columns, FactorH, FactorW, "all must be at least 1");
  end

  localparam int unsigned Row        = Columns * Groups;
  localparam int unsigned Beats      = FactorH * Height * FactorW * Row;
  localparam int unsigned BeatWidth  = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int unsigned RowWidth   = (Row > 1) ? $clog2(Row) : 1;
  localparam int unsigned GroupWidth = (Groups > 1) ? $clog2(Groups) : 1;

  // Ends of rows in and of pixels between the buffers, which look at them in simulation only.
  logic [RowWidth-1:0]   in_q;
  logic [GroupWidth-1:0] group_q;
  logic                  in_last, group_last;
  logic                  row_tvalid, row_tready, row_tlast;
  logic [Width-1:0]      row_tdata;

  assign in_last    = in_q == RowWidth'(Row - 1);
  assign group_last = group_q == GroupWidth'(Groups - 1);

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) in_q <= in_last ? '0 : in_q + 1'b1;
    if (row_tvalid && row_tready) group_q <= group_last ? '0 : group_q + 1'b1;
    if (!rst_ni) begin
      in_q    <= '0;
      group_q <= '0;
    end
  end

  vector_buffer #(
    .Width (Width),
    .Beats (Row),
    .Passes(FactorH)
  ) u_row (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .s_axis_tlast (in_last),
    .m_axis_tvalid(row_tvalid),
    .m_axis_tready(row_tready),
    .m_axis_tdata (row_tdata),
    .m_axis_tlast (row_tlast)
  );

  logic pixel_tlast;

  vector_buffer #(
    .Width (Width),
    .Beats (Groups),
    .Passes(FactorW)
  ) u_pixel (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid(row_tvalid),
    .s_axis_tready(row_tready),
    .s_axis_tdata (row_tdata),
    .s_axis_tlast (group_last),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast (pixel_tlast)
  );

  logic [BeatWidth-1:0] out_q;  // the beat of the image that leaves

  assign m_axis_tlast = out_q == BeatWidth'(Beats - 1);

  always_ff @(posedge clk_i) begin
    if (m_axis_tvalid && m_axis_tready) out_q <= m_axis_tlast ? '0 : out_q + 1'b1;
    if (!rst_ni) out_q <= '0;
  end

`ifdef VERILATOR
  int unsigned row_q;  // of the image that comes in

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready && in_last) row_q <= (row_q == Height - 1) ? 0 : row_q + 1;
    if (!rst_ni) row_q <= 0;
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (in_last && row_q == Height - 1))
    else $error("axis_upsample: s_axis_tlast is %0d at beat %0d of row %0d", s_axis_tlast, in_q,
                row_q);
`endif

  logic unused;
  assign unused = ^{s_axis_tlast, row_tlast, pixel_tlast};

endmodule
