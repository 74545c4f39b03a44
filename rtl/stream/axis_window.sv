// Gives the window of each output pixel of an image stream, by what suits the taps per beat.
//
// Taps = 1: the windows, their order, tlast and tuser are window_serial's, and so are cost law,
// latency and memory, but for one case: a kernel of one tap that steps pixel by pixel over an image
// without padding, each window once (a pointwise convolution in one pass), is the image itself. Then
// this is wires and a counter for tlast: no memory, latency 0, s_axis_tready is m_axis_tready. (In
// several passes window_serial is as small as a vector_buffer.)
//
// Taps > 1: all is window_parallel's. The padding is 0, m_axis_tuser too, channel groups are
// outermost (so that Lanes < Channels needs ChannelOuter).
module axis_window #(
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
  parameter int unsigned Taps         = 1,     // taps per beat, 1 to KernelH * KernelW
  parameter logic [Width-1:0] PadValue = '0    // element outside the image
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
  output logic                        m_axis_tlast,
  output logic                        m_axis_tuser  // this beat is padding
);

  localparam bit Wires = KernelH * KernelW == 1 && StrideH * StrideW == 1 && Passes == 1 &&
                         PadTop + PadLeft + PadBottom + PadRight == 0;

  if (Taps > 1 && (PadValue != '0 || (Lanes < Channels && !ChannelOuter))) begin : gen_check_taps
    $fatal(1, "axis_window: Taps is %0d, PadValue %0d, Lanes %0d of %0d channels; several taps %s",
           Taps, PadValue, Lanes, Channels, "need PadValue 0 and ChannelOuter or all channels");
  end

  if (Taps > 1) begin : gen_parallel
    window_parallel #(
      .Width    (Width),
      .Lanes    (Lanes),
      .Channels (Channels),
      .Height   (Height),
      .Columns  (Columns),
      .KernelH  (KernelH),
      .KernelW  (KernelW),
      .StrideH  (StrideH),
      .StrideW  (StrideW),
      .DilationH(DilationH),
      .DilationW(DilationW),
      .PadTop   (PadTop),
      .PadLeft  (PadLeft),
      .PadBottom(PadBottom),
      .PadRight (PadRight),
      .Taps     (Taps),
      .Passes   (Passes)
    ) u_parallel (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid,
      .s_axis_tready,
      .s_axis_tdata,
      .s_axis_tlast,
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tlast
    );
    assign m_axis_tuser = 1'b0;
  end else if (!Wires) begin : gen_window
    window_serial #(
      .Width       (Width),
      .Lanes       (Lanes),
      .Channels    (Channels),
      .Height      (Height),
      .Columns     (Columns),
      .KernelH     (KernelH),
      .KernelW     (KernelW),
      .StrideH     (StrideH),
      .StrideW     (StrideW),
      .DilationH   (DilationH),
      .DilationW   (DilationW),
      .PadTop      (PadTop),
      .PadLeft     (PadLeft),
      .PadBottom   (PadBottom),
      .PadRight    (PadRight),
      .Passes      (Passes),
      .ChannelOuter(ChannelOuter),
      .PadValue    (PadValue)
    ) u_serial (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid,
      .s_axis_tready,
      .s_axis_tdata,
      .s_axis_tlast,
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tlast,
      .m_axis_tuser
    );
  end else begin : gen_wires
    localparam int unsigned Groups = ChannelOuter ? 1 : Channels / Lanes;  // beats of a window

    if (Width < 1 || Lanes < 1 || Channels < 1 || Channels % Lanes != 0) begin : gen_check_lanes
      $fatal(1, "axis_window: Width is %0d, Lanes %0d, Channels %0d; Lanes must divide Channels",
             Width, Lanes, Channels);
    end

    assign m_axis_tvalid = s_axis_tvalid;
    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata  = s_axis_tdata;
    assign m_axis_tuser  = 1'b0;

    if (Groups == 1) begin : gen_one_beat
      assign m_axis_tlast = 1'b1;
    end else begin : gen_beats
      localparam int unsigned GroupWidth = $clog2(Groups);

      logic [GroupWidth-1:0] group_q;

      assign m_axis_tlast = group_q == GroupWidth'(Groups - 1);

      always_ff @(posedge clk_i) begin
        if (s_axis_tvalid && s_axis_tready) group_q <= m_axis_tlast ? '0 : group_q + 1'b1;
        if (!rst_ni) group_q <= '0;
      end
    end

`ifdef VERILATOR
    localparam int unsigned Frame = Height * Columns * Channels / Lanes;

    int unsigned beat_q;  // of the image

    always_ff @(posedge clk_i) begin
      if (s_axis_tvalid && s_axis_tready) beat_q <= (beat_q == Frame - 1) ? 0 : beat_q + 1;
      if (!rst_ni) beat_q <= 0;
    end

    LastInPlace: assert property (@(posedge clk_i) disable iff (!rst_ni)
        s_axis_tvalid && s_axis_tready |-> s_axis_tlast == (beat_q == Frame - 1))
      else $error("axis_window: s_axis_tlast is %0d at beat %0d of %0d", s_axis_tlast, beat_q,
                  Frame);
`endif
    logic unused;
    assign unused = ^{clk_i, rst_ni, s_axis_tlast};
  end

endmodule
