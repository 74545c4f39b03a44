// Properties of uart_tx: a uart_rx at the other end gets each byte once and in order, none broken.
//
// With two cycles per bit, the fewest that have a middle; both count them in the same way.
module uart_tx_proof (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic [7:0] s_axis_tdata
);

  localparam int unsigned ByteCycles = 2 * 10 + 1;

  logic       s_axis_tready, tx, valid, error;
  logic [7:0] data;
  logic [1:0] in_frame, out_frame;

  initial assume (!rst_ni);

  uart_tx #(
    .ClockHz(2),
    .Baud   (1)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .s_axis_tvalid,
    .s_axis_tready,
    .s_axis_tdata,
    .tx_o(tx)
  );

  uart_rx #(
    .ClockHz(2),
    .Baud   (1)
  ) u_rx (
    .clk_i,
    .rst_ni,
    .rx_i   (tx),
    .valid_o(valid),
    .data_o (data),
    .error_o(error)
  );

  stream_rules #(
    .Width (8),
    .Assume(1'b1)
  ) u_in (
    .clk_i,
    .rst_ni,
    .tvalid_i(s_axis_tvalid),
    .tready_i(s_axis_tready),
    .beat_i  (s_axis_tdata)
  );

  beat_order #(
    .Width   (8),
    .Frames  (4),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (s_axis_tvalid),
    .in_tready_i (s_axis_tready),
    .value_i     (s_axis_tdata),
    .source_i    (1'b0),
    .out_tvalid_i(valid),
    .out_tready_i(1'b1),
    .out_value_i (data),
    .target_o    (),
    .in_frame_o  (in_frame),
    .in_o        (),
    .out_frame_o (out_frame),
    .out_o       ()
  );

  stream_progress #(
    .Limit(ByteCycles + 3)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(s_axis_tvalid || in_frame != out_frame),
    .moved_i  ((s_axis_tvalid && s_axis_tready) || valid)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!error);
      if (s_axis_tready) assert (tx);  // idle is high
    end
  end

endmodule
