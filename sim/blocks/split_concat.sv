// Bench: a stream whose pixels are parted into two streams, which axis_concat joins again.
module split_concat #(
  parameter int unsigned Width  = 8,
  parameter int unsigned BeatsA = 1,
  parameter int unsigned BeatsB = 1,
  parameter int unsigned Pixels = 4,
  parameter bit          Open   = 1'b1  // branches without random stalls
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             s_axis_tvalid,
  output logic             s_axis_tready,
  input  logic [Width-1:0] s_axis_tdata,
  input  logic             s_axis_tlast,

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast
);

  int unsigned         beat_q, pixel_q;
  logic                b;  // the beat goes to the second branch
  logic [1:0]          part_tvalid, part_tready, fifo_tvalid, fifo_tready, slow_tvalid, slow_tready;
  logic [Width:0]      part_tdata;
  logic [1:0][Width:0] fifo_tdata, slow_tdata;

  assign b             = beat_q >= BeatsA;
  assign part_tvalid   = {s_axis_tvalid && b, s_axis_tvalid && !b};
  assign s_axis_tready = part_tready[b];
  assign part_tdata    = {b ? s_axis_tlast : beat_q == BeatsA - 1 && pixel_q == Pixels - 1,
                          s_axis_tdata};

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid && s_axis_tready) begin
      beat_q <= (beat_q == BeatsA + BeatsB - 1) ? 0 : beat_q + 1;
      if (beat_q == BeatsA + BeatsB - 1) pixel_q <= (pixel_q == Pixels - 1) ? 0 : pixel_q + 1;
    end
    if (!rst_ni) begin
      beat_q  <= 0;
      pixel_q <= 0;
    end
  end

  for (genvar k = 0; k < 2; k++) begin : gen_branch
    axis_fifo #(
      .Width(Width + 1),
      .Depth((k == 0) ? 2 : 7)
    ) u_fifo (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(part_tvalid[k]),
      .s_axis_tready(part_tready[k]),
      .s_axis_tdata (part_tdata),
      .m_axis_tvalid(fifo_tvalid[k]),
      .m_axis_tready(fifo_tready[k]),
      .m_axis_tdata (fifo_tdata[k])
    );

    throttle #(
      .Width(Width + 1),
      .Open (Open),
      .Seed ((k == 0) ? 16'hACE1 : 16'h1D0D)
    ) u_throttle (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(fifo_tvalid[k]),
      .s_axis_tready(fifo_tready[k]),
      .s_axis_tdata (fifo_tdata[k]),
      .m_axis_tvalid(slow_tvalid[k]),
      .m_axis_tready(slow_tready[k]),
      .m_axis_tdata (slow_tdata[k])
    );
  end

  axis_concat #(
    .Width (Width),
    .BeatsA(BeatsA),
    .BeatsB(BeatsB)
  ) u_concat (
    .clk_i,
    .rst_ni,
    .s_axis_a_tvalid(slow_tvalid[0]),
    .s_axis_a_tready(slow_tready[0]),
    .s_axis_a_tdata (slow_tdata[0][Width-1:0]),
    .s_axis_a_tlast (slow_tdata[0][Width]),
    .s_axis_b_tvalid(slow_tvalid[1]),
    .s_axis_b_tready(slow_tready[1]),
    .s_axis_b_tdata (slow_tdata[1][Width-1:0]),
    .s_axis_b_tlast (slow_tdata[1][Width]),
    .m_axis_tvalid,
    .m_axis_tready,
    .m_axis_tdata,
    .m_axis_tlast
  );
endmodule
