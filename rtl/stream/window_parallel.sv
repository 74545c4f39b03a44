// Gives the window of each output pixel of an image stream, several taps per beat: line buffers.
//
//   tap (kh, kw) of output pixel (r, c) = image[r*StrideH - PadTop  + kh*DilationH]
//                                              [c*StrideW - PadLeft + kw*DilationW]
//
// In: images row by row, column by column, channel last, Lanes channels per beat, tlast on an
// image's last beat (an assertion checks it). Out: per output pixel and channel group the taps
// (kh, kw) in Beats = ceil(KernelH*KernelW / Taps) beats, Passes times, tlast on each pass's last;
// tap t of a beat stands in lanes t*Lanes and up; what is over in a pass's last beat is 0. A tap
// outside the image is 0. Several passes of several groups are not for this block: the groups are
// outermost, as a depthwise layer wants them.
//
// Cost law, without stalls: max(Height * Row, OutRows * OutColumns * Groups * F) cycles per image,
// F = Beats * Passes, Groups = Channels / Lanes, Row = Columns * Groups: a pixel per cycle where F
// and Groups are 1. Where F is greater than 1 but less than the beats to shift to the next window
// (StrideW, at a row's end what is left of the row, Gap), those beats take the time: a row costs
// max(F, Gap) + (OutColumns-1) * max(F, Shift) + OutColumns * (Groups-1) * F cycles, Shift =
// (StrideW-1)*Groups + 1, Gap = (Columns - (OutColumns-1)*StrideW - 1)*Groups + 1. An image's last
// beat may come up to Tail * Groups cycles before or behind this pace, Tail being the columns of right
// padding that the last window covers (where the image has fewer columns than that, they cost Tail *
// Groups cycles per row). Latency from the last input beat of a window's pixel to its first beat: 4
// cycles (memories of up to 32 beats) or 5.
//
//   rows in memories -> the pixels of a column under the kernel -> chain of columns -> window
//
// Row r (counted on over all images) stands in bank r mod SpanH. A bank holds Slots rows, so that
// beside the rows of an output row there is room for those that the next one adds; at an image's end
// for all that the image leaves free, unless a row takes no longer to read than to write. The chain
// goes on from a row's last column to the next row's first without a gap; taps that would reach across
// are masked. Windows of the right padding leave with the next row's columns, or without where these
// are not there yet: nothing waits for the next image.
//
// Why it cannot hang: rows before y + SpanH * Slots can be written while the output row whose first
// tap is in row y is read, and it needs none behind y + SpanH - 1. Why nothing is lost: a beat of row
// y is free when it has been read, and later output rows need rows from y + StrideH on.
//
// Legal: Lanes divides Channels; Passes = 1 or Lanes = Channels; PadTop + PadBottom less than the
// rows that the kernel spans, PadLeft + PadRight less than the columns (window_serial takes any
// padding). s_axis_tready comes from a register; m_axis_tready reaches registers and memories only.
module window_parallel #(
  parameter int unsigned Width     = 8,   // bits per element, >= 1
  parameter int unsigned Lanes     = 4,   // channels per beat and tap; divides Channels
  parameter int unsigned Channels  = 4,   // >= 1
  parameter int unsigned Height    = 28,  // rows of the image, >= 1
  parameter int unsigned Columns   = 28,  // >= 1
  parameter int unsigned KernelH   = 3,   // taps per column of the kernel, >= 1
  parameter int unsigned KernelW   = 3,   // taps per row of the kernel, >= 1
  parameter int unsigned StrideH   = 1,   // >= 1
  parameter int unsigned StrideW   = 1,   // >= 1
  parameter int unsigned DilationH = 1,   // rows from tap to tap, >= 1
  parameter int unsigned DilationW = 1,   // columns from tap to tap, >= 1
  parameter int unsigned PadTop    = 1,   // rows of padding
  parameter int unsigned PadLeft   = 1,   // columns of padding
  parameter int unsigned PadBottom = 1,   // rows of padding
  parameter int unsigned PadRight  = 1,   // columns of padding
  parameter int unsigned Taps      = 9,   // taps per beat, 1 to KernelH * KernelW
  parameter int unsigned Passes    = 1    // times each window leaves; 1 if Lanes < Channels
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,  // synchronous

  input  logic                        s_axis_tvalid,
  output logic                        s_axis_tready,
  input  logic [Lanes*Width-1:0]      s_axis_tdata,
  input  logic                        s_axis_tlast,

  output logic                        m_axis_tvalid,
  input  logic                        m_axis_tready,
  output logic [Taps*Lanes*Width-1:0] m_axis_tdata,
  output logic                        m_axis_tlast
);

  localparam int unsigned SpanH = (KernelH - 1) * DilationH + 1;
  localparam int unsigned SpanW = (KernelW - 1) * DilationW + 1;

  if (Width < 1 || Lanes < 1 || Channels < 1 || Channels % Lanes != 0) begin : gen_check_lanes
    $fatal(1, "window_parallel: Width is %0d, Lanes %0d, Channels %0d; Lanes must divide Channels",
           Width, Lanes, Channels);
  end
  if (KernelH < 1 || KernelW < 1 || StrideH < 1 || StrideW < 1 || DilationH < 1 || DilationW < 1)
  begin : gen_check_kernel
    $fatal(1, "window_parallel: kernel %0d x %0d, stride %0d x %0d, dilation %0d x %0d; %s",
           KernelH, KernelW, StrideH, StrideW, DilationH, DilationW, "all must be at least 1");
  end
  if (Height < 1 || Columns < 1 || Height + PadTop + PadBottom < SpanH ||
      Columns + PadLeft + PadRight < SpanW) begin : gen_check_size
    $fatal(1, "window_parallel: %0d x %0d pixels with padding; the kernel spans %0d x %0d",
           Height + PadTop + PadBottom, Columns + PadLeft + PadRight, SpanH, SpanW);
  end
  if (PadTop + PadBottom >= SpanH || PadLeft + PadRight >= SpanW) begin : gen_check_padding
    $fatal(1, "window_parallel: padding of %0d rows, %0d columns; a kernel that spans %0d x %0d %s",
           PadTop + PadBottom, PadLeft + PadRight, SpanH, SpanW, "needs less; take window_serial");
  end
  if (Taps < 1 || Taps > KernelH * KernelW || Passes < 1 || (Passes > 1 && Lanes != Channels))
  begin : gen_check_taps
    $fatal(1, "window_parallel: Taps is %0d of %0d, Passes %0d, Lanes %0d of %0d channels; %s",
           Taps, KernelH * KernelW, Passes, Lanes, Channels,
           "several passes take all channels at once");
  end

  localparam int unsigned MaxLutDepth = 32;
  localparam int unsigned OutRows     = (Height + PadTop + PadBottom - SpanH) / StrideH + 1;
  localparam int unsigned OutColumns  = (Columns + PadLeft + PadRight - SpanW) / StrideW + 1;
  localparam int unsigned Banks       = SpanH;
  localparam int unsigned Groups      = Channels / Lanes;
  localparam int unsigned Row         = Columns * Groups;  // beats
  localparam int unsigned BeatWidth   = Lanes * Width;
  localparam int unsigned Beats       = (KernelH * KernelW + Taps - 1) / Taps;
  localparam int unsigned F           = Beats * Passes;

  function automatic int unsigned larger(input int unsigned a, input int unsigned b);
    larger = (a > b) ? a : b;
  endfunction

  // Cycles of an output row, and the rows that there must be room for.
  localparam int unsigned Shift   = (StrideW - 1) * Groups + 1;
  localparam int unsigned Gap     = (Columns - (OutColumns - 1) * StrideW - 1) * Groups + 1;
  localparam int unsigned RowCost = larger(F, Gap) + (OutColumns - 1) * larger(F, Shift) +
                                    OutColumns * (Groups - 1) * F;
  localparam int unsigned Left    = Height - (OutRows - 1) * StrideH;  // free at an image's end
  localparam int unsigned Added   = (RowCost > Row) ? larger(StrideH, Left) : StrideH;
  localparam int unsigned Needed  = (SpanH - 1 + Added + SpanH - 1) / SpanH;
  localparam int unsigned Slots   = (SpanH * Row == 1 && Needed == 1) ? 2 : Needed;  // in turns
  localparam int unsigned Depth   = Slots * Row;

  // Of a row's windows: the column of the last tap of the first one, of the last one, and how many
  // columns the latter is behind the image.
  localparam int unsigned FirstEnd = SpanW - 1 - PadLeft;
  localparam int unsigned LastEnd  = FirstEnd + (OutColumns - 1) * StrideW;
  localparam int unsigned Tail     = (LastEnd >= Columns) ? LastEnd - (Columns - 1) : 0;

  localparam int unsigned BankWidth    = (Banks > 1) ? $clog2(Banks) : 1;
  localparam int unsigned SlotWidth    = (Slots > 1) ? $clog2(Slots) : 1;
  localparam int unsigned AddressWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned BeatOfRow    = (Row > 1) ? $clog2(Row) : 1;
  localparam int unsigned GroupWidth   = (Groups > 1) ? $clog2(Groups) : 1;
  localparam int unsigned ColumnWidth  = (Columns > 1) ? $clog2(Columns) : 1;
  localparam int unsigned RowWidth     = (OutRows > 1) ? $clog2(OutRows) : 1;
  localparam int unsigned TailWidth    = $clog2(Tail + 2);
  localparam int unsigned UntilWidth   = $clog2(((FirstEnd > StrideW) ? FirstEnd : StrideW) + 1);

  // Writing: rows go to the banks in turn.
  logic [BankWidth-1:0]    write_bank_q;
  logic [BeatOfRow-1:0]    write_beat_q;
  logic [AddressWidth-1:0] write_q;
  logic                    push, write_row_last, write_bank_last;

  assign push            = s_axis_tvalid && s_axis_tready;
  assign write_row_last  = write_beat_q == BeatOfRow'(Row - 1);
  assign write_bank_last = write_bank_q == BankWidth'(Banks - 1);

  always_ff @(posedge clk_i) begin
    if (push) begin
      write_beat_q <= write_row_last ? '0 : write_beat_q + 1'b1;
      write_q      <= write_q + 1'b1;
      if (write_row_last) begin
        write_bank_q <= write_bank_last ? '0 : write_bank_q + 1'b1;
        if (!write_bank_last) write_q <= write_q - AddressWidth'(Row - 1);
        else if (write_q == AddressWidth'(Depth - 1)) write_q <= '0;
      end
    end
    if (!rst_ni) begin
      write_beat_q <= '0;
      write_bank_q <= '0;
      write_q      <= '0;
    end
  end

  // Reading: the rows under an output row, column by column; a column is read when all its beats are
  // there. Where the first ones of a row, as many as the row before still needs for its last windows,
  // are not, that row shifts them out with empty columns, which stand between rows only.
  logic [GroupWidth-1:0]   group_q;
  logic [ColumnWidth-1:0]  column_q;
  logic [RowWidth-1:0]     row_q;
  logic [TailWidth-1:0]    tail_q;        // columns that the row before still has to shift
  logic [UntilWidth-1:0]   until_q;       // columns to the next window of this row
  logic [UntilWidth-1:0]   tail_until_q;  // and of the row before
  logic [UntilWidth-1:0]   until_next, tail_until_next;
  logic                    started_q;     // within a column: of what kind was its first beat
  logic                    empty_q;
  logic                    there, empty, issue, step, real_beat;
  logic                    begun_q;  // a column of this row was read
  logic                    begins;   // its first columns are there
  logic                    group_last, column_last, row_last, ends;  // ends: a real column
  logic                    own_window, tail_window;

  assign group_last  = group_q == GroupWidth'(Groups - 1);
  assign column_last = column_q == ColumnWidth'(Columns - 1);
  assign row_last    = row_q == RowWidth'(OutRows - 1);
  assign empty       = started_q ? empty_q : !begun_q && tail_q != '0 && !begins;
  assign issue       = step && (started_q || there || (!begun_q && tail_q != '0));
  assign real_beat   = issue && !empty;
  assign ends        = real_beat && group_last;
  assign own_window  = until_q == '0 && !empty;
  assign tail_window = tail_q != '0 && tail_until_q == '0;

  assign until_next      = (until_q == '0) ? UntilWidth'(StrideW - 1) : until_q - 1'b1;
  assign tail_until_next = (tail_until_q == '0) ? UntilWidth'(StrideW - 1) : tail_until_q - 1'b1;

  always_ff @(posedge clk_i) begin
    if (issue) begin
      group_q   <= group_last ? '0 : group_q + 1'b1;
      started_q <= !group_last;
      empty_q   <= empty;
    end
    if (issue && group_last) begin
      if (tail_q != '0) tail_q <= tail_q - 1'b1;
      tail_until_q <= tail_until_next;
    end
    if (ends) begin
      column_q <= column_last ? '0 : column_q + 1'b1;
      begun_q  <= !column_last;
      until_q  <= column_last ? UntilWidth'(FirstEnd) : until_next;
      if (column_last) begin
        row_q        <= row_last ? '0 : row_q + 1'b1;
        tail_q       <= TailWidth'(Tail);
        tail_until_q <= until_next;
      end
    end
    if (!rst_ni) begin
      group_q   <= '0;
      column_q  <= '0;
      begun_q   <= 1'b0;
      row_q     <= '0;
      tail_q    <= '0;
      until_q   <= UntilWidth'(FirstEnd);
      started_q <= 1'b0;
    end
  end

  // lead_q: beats written behind the last one of the column to read, in the last row that the output
  // row needs; negative where that is yet to come. room_q: beats that can be written, less 1.
  localparam int First = int'(SpanH) - 1 - int'(PadTop);  // last row that the first one needs
  localparam int Full  = (int'(Height) - 1 - First) / int'(StrideH);  // the last that needs no less
  localparam bit Short = First > int'(Height) - 1;        // not even the first one
  localparam int Rest  = int'(Height) - 1 - First - Full * int'(StrideH);
  localparam int FirstNeed = Short ? int'(Height) - 1 : First;
  localparam int LastNeed  = (Short || int'(OutRows) - 1 > Full) ? int'(Height) - 1
                                                  : First + (int'(OutRows) - 1) * int'(StrideH);
  localparam int Back     = int'(Row - Groups);           // from a row's last column to its first
  localparam int NextRow  = int'(StrideH) * int'(Row) - Back;
  localparam int RestRow  = Rest * int'(Row) - Back;
  localparam int NextImage = (int'(Height) + FirstNeed - LastNeed) * int'(Row) - Back;
  localparam int FreeRow   = int'(StrideH - 1) * int'(Row);  // beside what reading it freed
  localparam int FreeImage = int'(Left - 1) * int'(Row);
  localparam int Reach     = int'(Row) * int'(Banks * Slots + 2 * Height + 2 * SpanH + StrideH);
  localparam int unsigned CountWidth = $clog2(Reach) + 1;  // with sign

  logic [CountWidth-1:0] lead_q, room_q, lead_change, freed;

  always_comb begin
    lead_change = '0;
    freed       = '0;
    if (ends && !column_last) begin
      lead_change = CountWidth'(-int'(Groups));
    end else if (ends && row_last) begin
      lead_change = CountWidth'(-NextImage);
      freed       = CountWidth'(FreeImage);
    end else if (ends) begin
      lead_change = CountWidth'(Back);
      if (!Short && int'(row_q) < Full) lead_change = CountWidth'(-NextRow);
      if (!Short && int'(row_q) == Full) lead_change = CountWidth'(-RestRow);
      freed = CountWidth'(FreeRow);
    end
  end

  if (Tail > Columns) begin : gen_never_begins
    assign begins = 1'b0;
  end else if (Tail < 2) begin : gen_begins
    assign begins = there;
  end else begin : gen_ahead
    logic [CountWidth-1:0] ahead_q;  // lead_q of Tail - 1 columns later

    assign begins = !ahead_q[CountWidth-1];

    always_ff @(posedge clk_i) begin
      ahead_q <= ahead_q + lead_change + CountWidth'(push);
      if (!rst_ni) ahead_q <= CountWidth'(-FirstNeed * int'(Row) - int'(Tail * Groups));
    end
  end

  assign there         = !lead_q[CountWidth-1];
  assign s_axis_tready = !room_q[CountWidth-1];

  always_ff @(posedge clk_i) begin
    lead_q <= lead_q + lead_change + CountWidth'(push);
    room_q <= room_q + freed + CountWidth'(real_beat) - CountWidth'(push);
    if (!rst_ni) begin
      lead_q <= CountWidth'(-FirstNeed * int'(Row) - int'(Groups));
      room_q <= CountWidth'(int'(Banks * Slots - PadTop) * int'(Row) - 1);
    end
  end

  // Where the rows under an output row stand: the first one in bank bank_q, slot slot_q; what comes
  // behind the last bank is in the next slot's bank 0 and up.
  localparam int unsigned Room       = Banks * Slots;
  localparam int unsigned Start      = (Room - PadTop % Room) % Room;
  localparam int unsigned MoveImage  = Left % Room;
  localparam int unsigned MoveRow    = StrideH % Room;
  localparam int unsigned YWidth     = $clog2(Height + PadTop + PadBottom + StrideH) + 1;

  logic [BankWidth-1:0]    bank_q, bank_next;
  logic [BankWidth:0]      bank_sum;
  logic [SlotWidth-1:0]    slot_q, slot_next;
  logic [SlotWidth:0]      slot_sum;
  logic                    bank_carry;
  logic [AddressWidth-1:0] read_q, read_next_q;  // in this slot and in the next
  logic [YWidth-1:0]       y_q;  // the row of the first tap; negative numbers are large ones

  function automatic logic [AddressWidth-1:0] slot_start(input logic [SlotWidth:0] slot);
    // A choice of constants: a tool may take a multiplier for a product.
    slot_start = '0;
    for (int unsigned s = 1; s < Slots; s++) begin
      if (32'(slot) == s) slot_start = AddressWidth'(s * Row);
    end
  endfunction

  assign bank_sum   = {1'b0, bank_q} + (row_last ? (BankWidth + 1)'(MoveImage % Banks)
                                                 : (BankWidth + 1)'(MoveRow % Banks));
  assign bank_carry = 32'(bank_sum) >= Banks;
  assign bank_next  = bank_carry ? BankWidth'(bank_sum - (BankWidth + 1)'(Banks))
                                 : BankWidth'(bank_sum);
  assign slot_sum   = {1'b0, slot_q} + (row_last ? (SlotWidth + 1)'(MoveImage / Banks)
                                                 : (SlotWidth + 1)'(MoveRow / Banks)) +
                      (SlotWidth + 1)'(bank_carry);
  assign slot_next  = (32'(slot_sum) >= Slots) ? SlotWidth'(slot_sum - (SlotWidth + 1)'(Slots))
                                               : SlotWidth'(slot_sum);

  always_ff @(posedge clk_i) begin
    if (real_beat) begin
      read_q      <= read_q + 1'b1;
      read_next_q <= read_next_q + 1'b1;
    end
    if (ends && column_last) begin
      bank_q      <= bank_next;
      slot_q      <= slot_next;
      read_q      <= slot_start({1'b0, slot_next});
      read_next_q <= slot_start({1'b0, slot_next} + 1'b1);
      y_q         <= row_last ? YWidth'(-int'(PadTop)) : y_q + YWidth'(StrideH);
    end
    if (!rst_ni) begin
      bank_q      <= BankWidth'(Start % Banks);
      slot_q      <= SlotWidth'(Start / Banks);
      read_q      <= AddressWidth'(Start / Banks * Row);
      read_next_q <= AddressWidth'((Start / Banks + 1) % Slots * Row);
      y_q         <= YWidth'(-int'(PadTop));
    end
  end

  // What goes along with a beat beside its bank: which rows and columns are inside the image.
  logic [KernelH-1:0] rows_in;
  logic [KernelW-1:0] columns_in;

  for (genvar kh = 0; kh < KernelH; kh++) begin : gen_row_in
    logic [YWidth-1:0] y;

    assign y           = y_q + YWidth'(kh * DilationH);
    assign rows_in[kh] = y < YWidth'(Height);
  end

  for (genvar kw = 0; kw < KernelW; kw++) begin : gen_column_in
    localparam int unsigned Behind = (KernelW - 1 - kw) * DilationW;  // the window's last tap

    logic            own_in;
    logic [Tail+1:0] tail_in;  // where the row before still has so many columns to shift

    if (Behind == 0) begin : gen_own
      assign own_in = 1'b1;
    end else if (Behind > Columns - 1) begin : gen_never
      assign own_in = 1'b0;
    end else begin : gen_compare
      assign own_in = column_q >= ColumnWidth'(Behind);
    end

    for (genvar t = 0; t < Tail + 2; t++) begin : gen_tail_in
      localparam int End = int'(Columns) + int'(Tail) - t;  // column of the window's last tap

      assign tail_in[t] = tail_q == TailWidth'(t) && End >= int'(Behind) &&
                          End < int'(Columns + Behind);
    end

    assign columns_in[kw] = tail_window ? |tail_in : own_in;
  end

  // The banks. no_rw_check: an address is never read in the cycle that writes it (lead_q counts only
  // beats already written, room_q only lets read ones be overwritten), so no bypass need be built.
  localparam bit Block = Depth > MaxLutDepth;
  localparam int unsigned FlagWidth = 1 + BankWidth + KernelH + KernelW;

  logic [Banks*BeatWidth-1:0] words_q, words;
  logic [FlagWidth-1:0]       flags, flags_q, flags_out;
  logic                       fetched_q;  // flags_q and words_q hold a beat

  for (genvar b = 0; b < Banks; b++) begin : gen_bank
    logic                    write;
    logic [AddressWidth-1:0] read;

    assign write = push && write_bank_q == BankWidth'(b);
    if (b == Banks - 1) begin : gen_last
      assign read = read_q;
    end else begin : gen_either
      assign read = (BankWidth'(b) < bank_q) ? read_next_q : read_q;
    end

    if (Block) begin : gen_block_ram
      (* ram_style = "block", no_rw_check *)
      logic [BeatWidth-1:0] memory[Depth];

      always_ff @(posedge clk_i) begin
        if (write) memory[write_q] <= s_axis_tdata;
      end
      always_ff @(posedge clk_i) begin
        if (step) words_q[b*BeatWidth +: BeatWidth] <= memory[read];
      end
    end else begin : gen_lut_ram
      // No ram_style: tools take LUT RAM for this size, and a family without it has a choice.
      (* no_rw_check *)
      logic [BeatWidth-1:0] memory[Depth];

      always_ff @(posedge clk_i) begin
        if (write) memory[write_q] <= s_axis_tdata;
      end
      always_ff @(posedge clk_i) begin
        if (step) words_q[b*BeatWidth +: BeatWidth] <= memory[read];
      end
    end
  end

  assign flags = {own_window || tail_window, bank_q, rows_in, columns_in};

  always_ff @(posedge clk_i) begin
    if (step) flags_q <= flags;
    if (step) fetched_q <= issue;
    if (!rst_ni) fetched_q <= 1'b0;
  end

  // Block RAM is slow to its output: a register behind it.
  logic fetched;

  if (Block) begin : gen_register
    logic [Banks*BeatWidth-1:0] words2_q;
    logic [FlagWidth-1:0]       flags2_q;
    logic                       fetched2_q;

    always_ff @(posedge clk_i) begin
      if (step) begin
        words2_q <= words_q;
        flags2_q <= flags_q;
      end
    end
    always_ff @(posedge clk_i) begin
      if (step) fetched2_q <= fetched_q;
      if (!rst_ni) fetched2_q <= 1'b0;
    end
    assign words     = words2_q;
    assign flags_out = flags2_q;
    assign fetched   = fetched2_q;
  end else begin : gen_no_register
    assign words     = words_q;
    assign flags_out = flags_q;
    assign fetched   = fetched_q;
  end

  // The column: tap row kh stands in the kh-th bank from the first row's.
  localparam int unsigned ColumnBits = KernelH * BeatWidth;

  logic                  out_window;
  logic [BankWidth-1:0]  out_bank;
  logic [KernelH-1:0]    out_rows_in;
  logic [KernelW-1:0]    out_columns_in;
  logic [ColumnBits-1:0] pixels;

  assign {out_window, out_bank, out_rows_in, out_columns_in} = flags_out;

  for (genvar kh = 0; kh < KernelH; kh++) begin : gen_pixel
    always_comb begin
      pixels[kh*BeatWidth +: BeatWidth] = '0;
      for (int unsigned b = 0; b < Banks; b++) begin
        if (out_rows_in[kh] && out_bank == BankWidth'(b)) begin
          pixels[kh*BeatWidth +: BeatWidth] =
              words[((b + kh * DilationH) % Banks) * BeatWidth +: BeatWidth];
        end
      end
    end
  end

  // The chain: beat i has been shifted i times.
  localparam int unsigned Chain = (SpanW - 1) * Groups + 1;

  logic [Chain*ColumnBits-1:0] chain_q;
  logic                        head_q;    // the chain holds a beat that was not looked at yet
  logic                        window_q;  // and it ends a window
  logic [KernelW-1:0]          columns_in_q;

  always_ff @(posedge clk_i) begin
    if (step) head_q <= fetched;
    if (!rst_ni) head_q <= 1'b0;
  end

  if (Chain == 1) begin : gen_short_chain
    always_ff @(posedge clk_i) begin
      if (step && fetched) chain_q <= pixels;
    end
  end else begin : gen_chain
    always_ff @(posedge clk_i) begin
      if (step && fetched) chain_q <= {chain_q[(Chain-1)*ColumnBits-1:0], pixels};
    end
  end

  always_ff @(posedge clk_i) begin
    if (step) begin
      window_q     <= out_window;
      columns_in_q <= out_columns_in;
    end
  end

  // The window, tap (kh, kw) at kh*KernelW + kw.
  localparam int unsigned OutWidth   = Taps * BeatWidth;
  localparam int unsigned WindowBits = Beats * OutWidth;

  logic [WindowBits-1:0] window;
  logic                  complete;

  assign complete = head_q && window_q;

  for (genvar i = 0; i < Beats * Taps; i++) begin : gen_tap
    if (i < KernelH * KernelW) begin : gen_pixel
      localparam int unsigned Kh     = i / KernelW;
      localparam int unsigned Kw     = i % KernelW;
      localparam int unsigned Behind = (KernelW - 1 - Kw) * DilationW * Groups;

      assign window[i*BeatWidth +: BeatWidth] =
          columns_in_q[Kw] ? chain_q[Behind*ColumnBits + Kh*BeatWidth +: BeatWidth] : '0;
    end else begin : gen_over
      assign window[i*BeatWidth +: BeatWidth] = '0;
    end
  end

  if (F == 1) begin : gen_whole
    logic                valid_q;
    logic [OutWidth-1:0] out_q;

    assign step = m_axis_tready || !valid_q || !complete;

    always_ff @(posedge clk_i) begin
      if (m_axis_tready || !valid_q) valid_q <= complete;
      if (!rst_ni) valid_q <= 1'b0;
    end
    always_ff @(posedge clk_i) begin
      if (m_axis_tready || !valid_q) out_q <= window;
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = out_q;
    assign m_axis_tlast  = 1'b1;
  end else begin : gen_beats
    // The window's beats leave from the lowest place and go round.
    localparam int unsigned BeatsWidth  = (Beats > 1) ? $clog2(Beats) : 1;
    localparam int unsigned PassesWidth = (Passes > 1) ? $clog2(Passes) : 1;

    logic                   valid_q;
    logic [WindowBits-1:0]  held_q, turned;
    logic [BeatsWidth-1:0]  beat_q;
    logic [PassesWidth-1:0] pass_q;
    logic                   beat_last, pass_last, taken, load;

    assign beat_last = beat_q == BeatsWidth'(Beats - 1);
    assign pass_last = pass_q == PassesWidth'(Passes - 1);
    assign taken     = valid_q && m_axis_tready;
    assign load      = complete && (!valid_q || (m_axis_tready && beat_last && pass_last));
    assign step      = load || !complete;

    if (Beats == 1) begin : gen_one_beat
      assign turned = held_q;
    end else begin : gen_turn
      assign turned = {held_q[OutWidth-1:0], held_q[WindowBits-1:OutWidth]};
    end

    always_ff @(posedge clk_i) begin
      if (load) valid_q <= 1'b1;
      else if (taken && beat_last && pass_last) valid_q <= 1'b0;
      if (taken) begin
        beat_q <= beat_last ? '0 : beat_q + 1'b1;
        if (beat_last) pass_q <= pass_last ? '0 : pass_q + 1'b1;
      end
      if (!rst_ni) begin
        valid_q <= 1'b0;
        beat_q  <= '0;
        pass_q  <= '0;
      end
    end
    always_ff @(posedge clk_i) begin
      if (load) held_q <= window;
      else if (taken) held_q <= turned;
    end

    assign m_axis_tvalid = valid_q;
    assign m_axis_tdata  = held_q[OutWidth-1:0];
    assign m_axis_tlast  = beat_last;
  end

`ifdef VERILATOR
  localparam int unsigned Frame = Height * Row;

  int unsigned frame_beat_q;   // beat of the image being written
  int          lead_true_q, room_true_q;

  always_ff @(posedge clk_i) begin
    if (push) frame_beat_q <= (frame_beat_q == Frame - 1) ? 0 : frame_beat_q + 1;
    lead_true_q <= lead_true_q + int'(push) + int'(signed'(lead_change));
    room_true_q <= room_true_q - int'(push) + int'(signed'(freed)) + int'(real_beat);
    if (!rst_ni) begin
      frame_beat_q <= 0;
      lead_true_q  <= -FirstNeed * int'(Row) - int'(Groups);
      room_true_q  <= int'(Banks * Slots - PadTop) * int'(Row) - 1;
    end
  end

  LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
      push |-> s_axis_tlast == (frame_beat_q == Frame - 1))
    else $error("window_parallel: s_axis_tlast is %0d at beat %0d of %0d", s_axis_tlast,
                frame_beat_q, Frame);
  CountsFit: assert property (@(posedge clk_i) disable iff (!rst_ni)
      int'(signed'(lead_q)) == lead_true_q && int'(signed'(room_q)) == room_true_q)
    else $error("window_parallel: lead %0d, room %0d do not fit", lead_true_q, room_true_q);
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("window_parallel: a beat changed while stalled");
`else
  logic unused;
  assign unused = s_axis_tlast;
`endif
endmodule
