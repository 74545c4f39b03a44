// Properties of uart_rx: whatever the line did before, once it was quiet every byte is received.
//
// The line is anything at first; then it is quiet for longer than a byte; then bytes come, two
// cycles per bit, at any distance.
module uart_rx_proof (
  input logic clk_i,
  input logic rst_ni,
  input logic noise_i,   // the line's level at first
  input logic noisy_i,   // it goes on
  input logic start_i,
  input logic [7:0] data_i
);

  localparam int unsigned Quiet = 2 * 11 + 4;  // a byte, and what is on its way through

  logic       rx_i, valid_o, error_o;
  logic [7:0] data_o;

  initial assume (!rst_ni);

  uart_rx #(
    .ClockHz(2),
    .Baud   (1)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .rx_i,
    .valid_o,
    .data_o,
    .error_o
  );

  logic       clean_q;  // the noise is over
  logic [4:0] quiet_q;  // cycles since, up to Quiet
  logic [4:0] left_q;   // cycles of the byte on the line, this one included
  logic [9:0] bits_q;   // stop bit, data, start bit
  logic       starts, expects;

  assign expects = clean_q && quiet_q == Quiet;
  assign starts  = expects && start_i && left_q <= 1;

  always_ff @(posedge clk_i) begin
    if (!noisy_i) clean_q <= 1'b1;
    if (clean_q && quiet_q != Quiet) quiet_q <= quiet_q + 1'b1;
    if (starts) begin
      left_q <= 5'd20;
      bits_q <= {1'b1, data_i, 1'b0};
    end else if (left_q != '0) begin
      left_q <= left_q - 1'b1;
      if (left_q[0]) bits_q <= {1'b1, bits_q[9:1]};
    end
    if (!rst_ni) begin
      clean_q <= 1'b0;
      quiet_q <= '0;
      left_q  <= '0;
    end
  end

  assign rx_i = !clean_q ? noise_i : (left_q == '0) ? 1'b1 : bits_q[0];

  logic [1:0] in_frame, out_frame;

  beat_order #(
    .Width   (8),
    .Frames  (4),
    .InBeats (1),
    .OutBeats(1)
  ) u_order (
    .clk_i,
    .rst_ni,
    .in_tvalid_i (starts),
    .in_tready_i (1'b1),
    .value_i     (data_i),
    .source_i    (1'b0),
    .out_tvalid_i(valid_o && expects),
    .out_tready_i(1'b1),
    .out_value_i (data_o),
    .target_o    (),
    .in_frame_o  (in_frame),
    .in_o        (),
    .out_frame_o (out_frame),
    .out_o       ()
  );

  stream_progress #(
    .Limit(24)
  ) u_progress (
    .clk_i,
    .rst_ni,
    .willing_i(in_frame != out_frame),
    .moved_i  (valid_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(valid_o && error_o));
      if (expects) assert (!error_o);
      cover (error_o);
    end
  end

endmodule
