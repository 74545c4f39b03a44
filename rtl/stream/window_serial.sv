// Gives the window of each output pixel of an image stream, beat by beat: a line buffer.
//
//   tap (kh, kw) of output pixel (r, c) = image[r*StrideH - PadTop  + kh*DilationH]
//                                              [c*StrideW - PadLeft + kw*DilationW]
//
// In: images row by row, column by column, channel last, Lanes channels per beat, tlast on an
// image's last beat (an assertion checks it). Out: the windows row by row, Lanes elements per beat:
//   ChannelOuter = 0: (kh, kw, channel group), all of it Passes times; tlast ends each pass
//   ChannelOuter = 1: (channel group, kh, kw); tlast ends each group's taps
// A tap outside the image gives PadValue in every lane and m_axis_tuser = 1. An image's first tap,
// also where it is padding, waits for the image's first beat: nothing leaves ahead of its image.
//
// Cost law, without stalls: max(Height * Row, OutRows * OutColumns * F) cycles per image, where
// Groups = Channels / Lanes, Row = Columns * Groups beats, F = Passes * KernelH * KernelW * Groups:
// the input is taken, or the windows leave, without a gap, whichever takes longer. Only where the
// rows that an output row adds arrive more slowly than its windows leave (StrideH * Row >
// OutColumns * F) and padding makes more windows (OutRows * StrideH > Height), it may be more, up
// to OutRows * StrideH * Row. Latency from the beat that a tap waits for: 2 cycles (memory of up to
// 32 beats) or 3 (block RAM).
//
// Memory, one circular buffer of beats: Window + max(step), Window = (SpanH - 1) * Row +
// SpanW * Groups being what a window spans and step what its end frees: StrideW * Groups in a row;
// at its end StrideH * Row less what the row freed before; at the image's end the image less what
// it freed before (there at least Start + 1 beats, Start = PadTop * Row + PadLeft * Groups, count
// as the window). Rounded up to 16, and to a power of two up to 32 or where that adds at most a
// third.
//
// Why it cannot hang: positions count beats of the stream; the tail is the position of the current
// window's first tap, also where that is padding. Writing stops at tail + Depth only, and Depth >=
// max(Window, Start + 1): all that the window waits for can always be written. Windows that have no
// tap in the image wait for nothing but its first beat. Why nothing is lost: the tail never passes
// the end of the image's row (or of the image) that the window starts in, and later windows have
// no taps before it. s_axis_tready comes from a register; m_axis_tready reaches registers only.
module window_serial #(
  parameter int unsigned Width        = 8,     // bits per element, >= 1
  parameter int unsigned Lanes        = 1,     // elements per beat; divides Channels
  parameter int unsigned Channels     = 4,     // >= 1
  parameter int unsigned Height       = 28,    // rows of the image, >= 1
  parameter int unsigned Columns      = 28,    // >= 1
  parameter int unsigned KernelH      = 3,     // taps per column of the kernel, >= 1
  parameter int unsigned KernelW      = 3,     // taps per row of the kernel, >= 1
  parameter int unsigned StrideH      = 1,     // >= 1
  parameter int unsigned StrideW      = 1,     // >= 1
  parameter int unsigned DilationH    = 1,     // rows from tap to tap, >= 1
  parameter int unsigned DilationW    = 1,     // columns from tap to tap, >= 1
  parameter int unsigned PadTop       = 1,     // rows of padding
  parameter int unsigned PadLeft      = 1,     // columns of padding
  parameter int unsigned PadBottom    = 1,     // rows of padding
  parameter int unsigned PadRight     = 1,     // columns of padding
  parameter int unsigned Passes       = 1,     // times each window leaves; 1 if ChannelOuter
  parameter bit          ChannelOuter = 1'b0,  // 1: channel groups outermost
  parameter logic [Width-1:0] PadValue = '0    // element outside the image
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [Lanes*Width-1:0] s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [Lanes*Width-1:0] m_axis_tdata,
  output logic                   m_axis_tlast,
  output logic                   m_axis_tuser  // this beat is padding
);

  if (Width < 1 || Lanes < 1 || Channels < 1 || Channels % Lanes != 0) begin : gen_check_lanes
    $fatal(1, "window_serial: Width is %0d, Lanes %0d, Channels %0d; Lanes must divide Channels",
           Width, Lanes, Channels);
  end
  if (KernelH < 1 || KernelW < 1 || StrideH < 1 || StrideW < 1 || DilationH < 1 || DilationW < 1)
  begin : gen_check_kernel
    $fatal(1, "window_serial: kernel %0d x %0d, stride %0d x %0d, dilation %0d x %0d; %s", KernelH,
           KernelW, StrideH, StrideW, DilationH, DilationW, "all must be at least 1");
  end
  if (Height < 1 || Columns < 1 || Height + PadTop + PadBottom < (KernelH - 1) * DilationH + 1 ||
      Columns + PadLeft + PadRight < (KernelW - 1) * DilationW + 1) begin : gen_check_size
    $fatal(1, "window_serial: %0d x %0d pixels with padding; the kernel spans %0d x %0d",
           Height + PadTop + PadBottom, Columns + PadLeft + PadRight,
           (KernelH - 1) * DilationH + 1, (KernelW - 1) * DilationW + 1);
  end
  if (Passes < 1 || (ChannelOuter && Passes != 1)) begin : gen_check_passes
    $fatal(1, "window_serial: Passes is %0d, must be at least 1, and 1 with ChannelOuter", Passes);
  end

  localparam int unsigned MaxLutDepth = 32;
  localparam int unsigned SpanH       = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW       = (KernelW - 1) * DilationW + 1;
  localparam int unsigned OutRows     = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns  = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;

  // All of these count beats of the input.
  localparam int Groups     = int'(Channels / Lanes);
  localparam int Row        = int'(Columns) * Groups;
  localparam int Frame      = int'(Height) * Row;
  localparam int StepColumn = int'(StrideW) * Groups;  // from window to window
  localparam int StepRow    = int'(StrideH) * Row;     // from output row to output row
  localparam int TapColumn  = int'(DilationW) * Groups;
  localparam int TapRow     = int'(DilationH) * Row;
  localparam int BackColumn = int'(KernelW - 1) * TapColumn;  // from a row's last tap to its first
  localparam int BackRow    = int'(KernelH - 1) * TapRow;
  localparam int Window     = BackRow + BackColumn + Groups;
  localparam int Start      = int'(PadTop) * Row + int'(PadLeft) * Groups;  // first tap: -Start
  localparam int LastColumn = int'(OutColumns - 1) * StepColumn;
  localparam int LastRow    = int'(OutRows - 1) * StepRow;

  // From a tap's position to the next one's, by the innermost loop that goes on.
  localparam int Near        = ChannelOuter ? 1 : Groups;       // beats of a tap in a row
  localparam int Repeats     = ChannelOuter ? Groups : int'(Passes);
  localparam int MoveNear    = 1;
  localparam int MoveTap     = TapColumn - (Near - 1);
  localparam int MoveTapRow  = TapRow - BackColumn - (Near - 1);
  localparam int MoveRepeat  = ChannelOuter ? 1 - BackRow - BackColumn : 1 - Window;
  localparam int MoveWindow  = StepColumn - (Window - 1);
  localparam int MoveRow     = StepRow - LastColumn - (Window - 1);
  localparam int MoveFrame   = Frame - LastRow - LastColumn - (Window - 1);
  localparam int MoveFirst   = (Near > 1) ? MoveNear : (KernelW > 1) ? MoveTap :
                               (KernelH > 1) ? MoveTapRow : (Repeats > 1) ? MoveRepeat :
                               (OutColumns > 1) ? MoveWindow : (OutRows > 1) ? MoveRow :
                               MoveFrame + Start;

  // What the end of a window frees. Windows that start behind the right or lower edge free nothing:
  // FreeColumns and FreeRows are the steps that end at or before it; a row that starts below the
  // image has no steps.
  localparam int unsigned EdgeColumns = (Columns + PadLeft) / StrideW;
  localparam int unsigned EdgeRows    = (Height + PadTop) / StrideH;
  localparam int unsigned LiveRows    = (Height + PadTop - 1) / StrideH + 1;  // that start inside
  localparam int unsigned FreeColumns = (EdgeColumns < OutColumns - 1) ? EdgeColumns
                                                                       : OutColumns - 1;
  localparam int unsigned FreeRows    = (EdgeRows < OutRows - 1) ? EdgeRows : OutRows - 1;
  localparam int FreeWindow = StepColumn;
  localparam int FreeRow    = StepRow - int'(FreeColumns) * StepColumn;
  localparam int FreeFrame  = Frame - int'(FreeRows) * StepRow -
                              ((FreeRows < LiveRows) ? int'(FreeColumns) * StepColumn : 0);

  function automatic int larger(input int a, input int b);
    larger = (a > b) ? a : b;
  endfunction

  localparam int Inner  = Window + larger((OutColumns > 1) ? FreeWindow : 0,
                                          (OutRows > 1) ? FreeRow : 0);
  localparam int Outer  = larger(Window, Start + 1) + larger(FreeFrame, 0);
  localparam int Needed = larger(larger(Inner, Outer), 16);
  localparam int Padded = 1 << $clog2(Needed);
  localparam int Depth    = (3 * Padded <= 4 * Needed || Padded <= int'(MaxLutDepth)) ? Padded
                                                                                     : Needed;

  // Positions differ by less than Reach.
  localparam int Reach = Depth + 2 * (Window + Start + StepRow + Frame + LastRow + LastColumn);
  localparam int unsigned AddressWidth = $clog2(Depth);
  localparam int unsigned CountWidth   = $clog2(Reach) + 1;  // with sign
  localparam int unsigned BeatWidth    = Lanes * Width;

  function automatic logic [AddressWidth-1:0] wrapped(input int move);  // modulo Depth
    wrapped = AddressWidth'(((move % Depth) + Depth) % Depth);
  endfunction

  // The taps, one ahead: what the next tap is and how far the one behind it is.
  localparam int unsigned NearWidth   = (Near > 1) ? $clog2(Near) : 1;
  localparam int unsigned TapWidth    = (KernelW > 1) ? $clog2(KernelW) : 1;
  localparam int unsigned TapRowWidth = (KernelH > 1) ? $clog2(KernelH) : 1;
  localparam int unsigned RepeatWidth = (Repeats > 1) ? $clog2(Repeats) : 1;
  localparam int unsigned ColumnWidth = (OutColumns > 1) ? $clog2(OutColumns) : 1;
  localparam int unsigned RowWidth    = (OutRows > 1) ? $clog2(OutRows) : 1;

  logic [NearWidth-1:0]    near_q;
  logic [TapWidth-1:0]     kw_q;
  logic [TapRowWidth-1:0]  kh_q;
  logic [RepeatWidth-1:0]  repeat_q;
  logic [ColumnWidth-1:0]  column_q;
  logic [RowWidth-1:0]     row_q;
  logic                    near_last, kw_last, kh_last, repeat_last, column_last, row_last;
  logic                    first_q;  // of an image
  logic                    pad, frees_column, frees_row;
  logic [AddressWidth-1:0] move;
  logic [CountWidth-1:0]   lead_change, freed;

  logic                    tap_valid_q, tap_pad_q, tap_last_q;
  logic                    tap_wait_q;  // for the beat at the tap's position
  logic [AddressWidth-1:0] tap_move_q;
  logic [CountWidth-1:0]   tap_lead_q, tap_freed_q;
  logic                    step, fetch, advance;

  assign near_last    = near_q == NearWidth'(Near - 1);
  assign kw_last      = kw_q == TapWidth'(KernelW - 1);
  assign kh_last      = kh_q == TapRowWidth'(KernelH - 1);
  assign repeat_last  = repeat_q == RepeatWidth'(Repeats - 1);
  assign column_last  = column_q == ColumnWidth'(OutColumns - 1);
  assign row_last     = row_q == RowWidth'(OutRows - 1);
  // An image's first tap waits for the image's first beat: lead_q counts from there, Start beats
  // from the tap. freed is one less than what is freed: see room_q.
  always_comb begin
    freed = '1;
    if (!near_last) begin
      move        = wrapped(MoveNear);
      lead_change = CountWidth'(-MoveNear);
    end else if (!kw_last) begin
      move        = wrapped(MoveTap);
      lead_change = CountWidth'(-MoveTap);
    end else if (!kh_last) begin
      move        = wrapped(MoveTapRow);
      lead_change = CountWidth'(-MoveTapRow);
    end else if (!repeat_last) begin
      move        = wrapped(MoveRepeat);
      lead_change = CountWidth'(-MoveRepeat);
    end else if (!column_last) begin
      move        = wrapped(MoveWindow);
      lead_change = CountWidth'(-MoveWindow);
      if (frees_column) freed = CountWidth'(FreeWindow - 1);
    end else if (!row_last) begin
      move        = wrapped(MoveRow);
      lead_change = CountWidth'(-MoveRow);
      if (frees_row) freed = CountWidth'(FreeRow - 1);
    end else begin
      move        = wrapped(MoveFrame);
      lead_change = CountWidth'(-MoveFrame - Start);
      freed       = CountWidth'(FreeFrame - 1);
    end
    if (first_q) lead_change = CountWidth'(Start - MoveFirst);
  end

  // All steps free, none, or the first ones.
  if (FreeColumns == OutColumns - 1 && LiveRows >= OutRows) begin : gen_all_columns
    assign frees_column = 1'b1;
  end else if (FreeColumns == 0) begin : gen_no_column
    assign frees_column = 1'b0;
  end else begin : gen_some_columns
    assign frees_column = 32'(column_q) < FreeColumns && 32'(row_q) < LiveRows;
  end

  if (FreeRows == OutRows - 1) begin : gen_all_rows
    assign frees_row = 1'b1;
  end else if (FreeRows == 0) begin : gen_no_row
    assign frees_row = 1'b0;
  end else begin : gen_some_rows
    assign frees_row = 32'(row_q) < FreeRows;
  end

  assign advance = fetch || !tap_valid_q;

  always_ff @(posedge clk_i) begin
    if (advance) begin
      tap_valid_q <= 1'b1;
      first_q     <= near_last && kw_last && kh_last && repeat_last && column_last && row_last;
      near_q      <= near_last ? '0 : near_q + 1'b1;
      if (near_last) kw_q <= kw_last ? '0 : kw_q + 1'b1;
      if (near_last && kw_last) kh_q <= kh_last ? '0 : kh_q + 1'b1;
      if (near_last && kw_last && kh_last) begin
        repeat_q <= repeat_last ? '0 : repeat_q + 1'b1;
        if (repeat_last) column_q <= column_last ? '0 : column_q + 1'b1;
        if (repeat_last && column_last) row_q <= row_last ? '0 : row_q + 1'b1;
      end
    end
    if (!rst_ni) begin
      tap_valid_q <= 1'b0;
      first_q     <= 1'b1;
      near_q      <= '0;
      kw_q        <= '0;
      kh_q        <= '0;
      repeat_q    <= '0;
      column_q    <= '0;
      row_q       <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance) begin
      tap_pad_q   <= pad;
      tap_wait_q  <= !pad || first_q;
      tap_last_q  <= near_last && kw_last && kh_last;
      tap_move_q  <= move;
      tap_lead_q  <= lead_change;
      tap_freed_q <= freed;
    end
  end

  // Where the next tap is in the image: padding where it is outside.
  if (PadTop + PadLeft + PadBottom + PadRight == 0) begin : gen_inside
    assign pad = 1'b0;
  end else begin : gen_padding
    localparam int unsigned YWidth = $clog2(Height + PadTop + PadBottom) + 1;
    localparam int unsigned XWidth = $clog2(Columns + PadLeft + PadRight) + 1;
    // Of the first tap. Not -YWidth'(...): Yosys reads that as a cast to -YWidth bits.
    localparam logic [YWidth-1:0] YFirst = YWidth'(-int'(PadTop));
    localparam logic [XWidth-1:0] XFirst = XWidth'(-int'(PadLeft));

    logic [YWidth-1:0] y_q, y_back;  // negative numbers are large ones
    logic [XWidth-1:0] x_q, x_back;  // _back: of the first tap

    assign y_back = y_q - YWidth'((KernelH - 1) * DilationH);
    assign x_back = x_q - XWidth'((KernelW - 1) * DilationW);
    assign pad    = y_q >= YWidth'(Height) || x_q >= XWidth'(Columns);

    always_ff @(posedge clk_i) begin
      if (advance && near_last) begin
        if (!kw_last) begin
          x_q <= x_q + XWidth'(DilationW);
        end else begin
          x_q <= x_back;
          y_q <= kh_last ? y_back : y_q + YWidth'(DilationH);
          if (kh_last && repeat_last) begin
            x_q <= column_last ? XFirst : x_back + XWidth'(StrideW);
            if (column_last) y_q <= row_last ? YFirst : y_back + YWidth'(StrideH);
          end
        end
      end
      if (!rst_ni) begin
        y_q <= YFirst;
        x_q <= XFirst;
      end
    end
  end

  // The buffer. lead_q: beats written from the tap's position on, less 1: negative where the tap is
  // yet to come. room_q: beats that can be written, less 1: negative where there is no room.
  logic [AddressWidth-1:0] write_q, read_q;
  logic [AddressWidth:0]   read_sum, read_less;  // read_less: the same modulo Depth
  logic [CountWidth-1:0]   lead_q, room_q;
  logic                    push;
  logic                    valid_q, last_q, pad_q;

  assign s_axis_tready = !room_q[CountWidth-1];
  assign push          = s_axis_tvalid && s_axis_tready;
  assign step          = m_axis_tready || !m_axis_tvalid;
  assign fetch         = step && tap_valid_q && !(tap_wait_q && lead_q[CountWidth-1]);

  assign read_sum  = {1'b0, read_q} + {1'b0, tap_move_q};
  assign read_less = read_sum - (AddressWidth + 1)'(Depth);

  always_ff @(posedge clk_i) begin
    if (push) write_q <= (write_q == AddressWidth'(Depth - 1)) ? '0 : write_q + 1'b1;
    if (fetch) begin
      read_q <= read_less[AddressWidth] ? read_sum[AddressWidth-1:0]
                                        : read_less[AddressWidth-1:0];
    end
    lead_q <= lead_q + (fetch ? tap_lead_q : '0) + CountWidth'(push);    // push is the carry in
    room_q <= room_q + (fetch ? tap_freed_q : '1) + CountWidth'(!push);  // here !push
    if (step) valid_q <= fetch;
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= wrapped(-Start);
      lead_q  <= '1;
      room_q  <= CountWidth'(Depth - 1 - Start);
      valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step) begin
      last_q <= tap_last_q;
      pad_q  <= tap_pad_q;
    end
  end

  // no_rw_check: an address whose beat is used is never read in the cycle that writes it (lead_q
  // counts only beats already written, room_q only lets read ones be overwritten), so no bypass
  // need be built.
  if (Depth <= int'(MaxLutDepth)) begin : gen_lut_ram
    // No ram_style: tools take LUT RAM for this size, and a family without it has a choice.
    (* no_rw_check *)
    logic [BeatWidth-1:0] memory[Depth];
    logic [BeatWidth-1:0] word_q;

    always_ff @(posedge clk_i) begin
      if (push) memory[write_q] <= s_axis_tdata;
    end
    always_ff @(posedge clk_i) begin
      if (step) word_q <= tap_pad_q ? {Lanes{PadValue}} : memory[read_q];
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = word_q;
    assign m_axis_tlast  = last_q;
    assign m_axis_tuser  = pad_q;
  end else begin : gen_block_ram
    (* ram_style = "block", no_rw_check *)
    logic [BeatWidth-1:0] memory[Depth];
    logic                 out_valid_q, out_last_q, out_pad_q;
    logic [BeatWidth-1:0] word_q, out_q;

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
        out_q      <= pad_q ? {Lanes{PadValue}} : word_q;
        out_last_q <= last_q;
        out_pad_q  <= pad_q;
      end
    end

    assign m_axis_tvalid = out_valid_q;
    assign m_axis_tdata  = out_q;
    assign m_axis_tlast  = out_last_q;
    assign m_axis_tuser  = out_pad_q;
  end

`ifdef VERILATOR
  int unsigned write_beat_q;  // beat of the image being written
  int          lead_true_q, room_true_q;

  always_ff @(posedge clk_i) begin
    if (push) write_beat_q <= (write_beat_q == 32'(Frame - 1)) ? 0 : write_beat_q + 1;
    lead_true_q <= lead_true_q + int'(push) + (fetch ? int'(signed'(tap_lead_q)) : 0);
    room_true_q <= room_true_q - int'(push) + (fetch ? int'(signed'(tap_freed_q)) + 1 : 0);
    if (!rst_ni) begin
      write_beat_q <= 0;
      lead_true_q  <= -1;
      room_true_q  <= Depth - 1 - Start;
    end
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      push |-> s_axis_tlast == (write_beat_q == 32'(Frame - 1)))
    else $error("window_serial: s_axis_tlast is %0d at beat %0d of %0d", s_axis_tlast,
                write_beat_q, Frame);
  CountsFit: assert property (@(posedge clk_i) disable iff (!rst_ni)
      int'(signed'(lead_q)) == lead_true_q && int'(signed'(room_q)) == room_true_q)
    else $error("window_serial: lead %0d, room %0d do not fit", lead_true_q, room_true_q);
  StillThere: assert property (@(posedge clk_i) disable iff (!rst_ni)
      fetch && !tap_pad_q |-> lead_true_q < Depth)
    else $error("window_serial: the tap's beat was overwritten: %0d behind it", lead_true_q);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast, m_axis_tuser}))
    else $error("window_serial: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_tlast;
`endif
endmodule
