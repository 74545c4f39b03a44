// Puts zeros around an image.
//
// In: Height x Columns pixels row by row, Groups beats per pixel, tlast on an image's last beat (an
// assertion checks it). Out: the same with PadTop, PadLeft, PadBottom and PadRight pixels of zeros
// around it. An image's first beat, also where it is padding, waits for the image's first beat in:
// nothing leaves ahead of its image. Latency 1 cycle, one beat per cycle: an image takes as many
// cycles as it has beats on the way out. s_axis_tready depends on m_axis_tready in the same cycle.
// In front of a convolution or pooling it is not needed: window_serial pads.
module axis_pad #(
  parameter int unsigned Width     = 8,   // bits per beat, >= 1
  parameter int unsigned Groups    = 1,   // beats per pixel, >= 1
  parameter int unsigned Height    = 28,  // rows of the image, >= 1
  parameter int unsigned Columns   = 28,  // >= 1
  parameter int unsigned PadTop    = 1,   // rows of padding
  parameter int unsigned PadLeft   = 1,   // columns of padding
  parameter int unsigned PadBottom = 1,   // rows of padding
  parameter int unsigned PadRight  = 1    // columns of padding
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

  if (Width < 1 || Groups < 1 || Height < 1 || Columns < 1) begin : gen_check_size
    $fatal(1, "axis_pad: Width is %0d, Groups %0d, Height %0d, Columns %0d, must be at least 1",
           Width, Groups, Height, Columns);
  end

  localparam int unsigned OutRows     = Height + PadTop + PadBottom;
  localparam int unsigned OutColumns  = Columns + PadLeft + PadRight;
  localparam int unsigned GroupWidth  = (Groups > 1) ? $clog2(Groups) : 1;
  localparam int unsigned ColumnWidth = $clog2(OutColumns + 1);
  localparam int unsigned RowWidth    = $clog2(OutRows + 1);

  // What leaves next. The counters begin at 0 with the padding.
  logic [GroupWidth-1:0]  group_q;
  logic [ColumnWidth-1:0] column_q;
  logic [RowWidth-1:0]    row_q;
  logic                   first_q;  // of an image
  logic                   group_last, column_last, row_last;
  logic                   in_rows, in_image;

  logic                   ready, take, valid_q, last_q;
  logic [Width-1:0]       data_q;

  assign group_last  = group_q == GroupWidth'(Groups - 1);
  assign column_last = column_q == ColumnWidth'(OutColumns - 1);
  assign row_last    = row_q == RowWidth'(OutRows - 1);
  // What is below PadTop or PadLeft wraps to a large number.
  assign in_rows     = row_q - RowWidth'(PadTop) < RowWidth'(Height);
  assign in_image    = in_rows && column_q - ColumnWidth'(PadLeft) < ColumnWidth'(Columns);

  assign ready         = !valid_q || m_axis_tready;
  assign take          = ready && (s_axis_tvalid || (!in_image && !first_q));
  assign s_axis_tready = ready && in_image;

  always_ff @(posedge clk_i) begin
    if (ready) valid_q <= take;
    if (take) begin
      first_q <= group_last && column_last && row_last;
      group_q <= group_last ? '0 : group_q + 1'b1;
      if (group_last) column_q <= column_last ? '0 : column_q + 1'b1;
      if (group_last && column_last) row_q <= row_last ? '0 : row_q + 1'b1;
    end
    if (!rst_ni) begin
      valid_q  <= 1'b0;
      first_q  <= 1'b1;
      group_q  <= '0;
      column_q <= '0;
      row_q    <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ready) begin
      data_q <= in_image ? s_axis_tdata : '0;
      last_q <= group_last && column_last && row_last;
    end
  end

  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q;

`ifdef VERILATOR
  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axis_tvalid && s_axis_tready |->
      s_axis_tlast == (group_last && 32'(column_q) == PadLeft + Columns - 1 &&
                       32'(row_q) == PadTop + Height - 1))
    else $error("axis_pad: s_axis_tlast is %0d at row %0d, column %0d, with padding", s_axis_tlast,
                row_q, column_q);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_pad: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_tlast;
`endif
endmodule
