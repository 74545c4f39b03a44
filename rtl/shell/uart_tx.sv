// Sends bytes on an asynchronous serial line: 8 data bits, no parity, 1 stop bit, lowest first.
//
//   one bit = ClockHz / Baud cycles, met on average by a 24-bit phase accumulator
//
// A byte takes ten bits and is accepted when the one before has gone out: s_axis_tready comes from
// a register. tx_o comes from a register and is high when idle and in reset. It has no queue; put
// an axis_fifo in front for one.
module uart_tx #(
  parameter int unsigned ClockHz = 48_000_000,  // of clk_i
  parameter int unsigned Baud    = 3_000_000    // bits per second; at most ClockHz / 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       s_axis_tvalid,
  output logic       s_axis_tready,
  input  logic [7:0] s_axis_tdata,

  output logic       tx_o
);

  if (Baud < 1 || Baud > ClockHz / 16) begin : gen_check_baud
    $fatal(1, "uart_tx: Baud is %0d, must be 1 to ClockHz / 16 = %0d", Baud, ClockHz / 16);
  end

  localparam int unsigned PhaseWidth = 24;
  // Of a bit per cycle, in units of 2**-24.
  localparam logic [63:0] Step64 =
      ((64'(Baud) << PhaseWidth) + 64'(ClockHz / 2)) / 64'(ClockHz);
  localparam logic [PhaseWidth:0] Step = Step64[PhaseWidth:0];

  logic                  busy_q;
  logic [PhaseWidth-1:0] phase_q;
  logic [PhaseWidth:0]   phase_d;
  logic [3:0]            left_q;   // bits still to go after the one on the line
  logic [8:0]            shift_q;  // those bits, lowest first, the stop bit last

  assign s_axis_tready = !busy_q;
  assign phase_d       = {1'b0, phase_q} + Step;

  always_ff @(posedge clk_i) begin
    phase_q <= phase_d[PhaseWidth-1:0];
    if (!busy_q) begin
      phase_q <= '0;
      if (s_axis_tvalid) begin
        busy_q  <= 1'b1;
        left_q  <= 4'd9;
        shift_q <= {1'b1, s_axis_tdata};
        tx_o    <= 1'b0;
      end
    end else if (phase_d[PhaseWidth]) begin
      if (left_q == '0) begin
        busy_q <= 1'b0;
      end else begin
        left_q  <= left_q - 1'b1;
        shift_q <= {1'b1, shift_q[8:1]};
        tx_o    <= shift_q[0];
      end
    end
    if (!rst_ni) begin
      busy_q <= 1'b0;
      tx_o   <= 1'b1;
    end
  end

`ifdef VERILATOR
  IdleIsHigh: assert property (@(posedge clk_i) disable iff (!rst_ni) !busy_q |-> tx_o)
    else $error("uart_tx: the line is low between bytes");
`endif
endmodule
