// Receives bytes from an asynchronous serial line: 8 data bits, no parity, 1 stop bit, lowest
// first.
//
//   one bit = ClockHz / Baud cycles, met on average by a 24-bit phase accumulator
//
// rx_i may be asynchronous: two flip-flops take it into the clock domain. A bit is sampled once, in
// its middle, so that sender and receiver may be 4 % apart at 16 cycles per bit. valid_o pulses for
// one cycle, half a bit into the stop bit; if the stop bit is not there, error_o pulses instead and
// the byte is forgotten, and nothing starts before the line has been idle again. There is no
// backpressure: who reads takes a byte per ten bits. It does not find the baud rate.
module uart_rx #(
  parameter int unsigned ClockHz = 48_000_000,  // of clk_i
  parameter int unsigned Baud    = 3_000_000    // bits per second; at most ClockHz / 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       rx_i,    // idle high; asynchronous

  output logic       valid_o,
  output logic [7:0] data_o,
  output logic       error_o
);

  if (Baud < 1 || Baud > ClockHz / 16) begin : gen_check_baud
    $fatal(1, "uart_rx: Baud is %0d, must be 1 to ClockHz / 16 = %0d", Baud, ClockHz / 16);
  end

  localparam int unsigned PhaseWidth = 24;
  // Of a bit per cycle, in units of 2**-24.
  localparam logic [63:0] Step64 =
      ((64'(Baud) << PhaseWidth) + 64'(ClockHz / 2)) / 64'(ClockHz);
  localparam logic [PhaseWidth:0] Step = Step64[PhaseWidth:0];
  localparam logic [PhaseWidth-1:0] Half = {1'b1, {(PhaseWidth - 1) {1'b0}}};

  typedef enum logic [1:0] {
    Idle,   // the line is high
    Bits,   // start, data and stop bit
    Broken  // no stop bit came: wait until the line is high
  } state_e;

  state_e                state_q;
  logic [1:0]            sync_q;   // the line, one and two cycles old
  logic [PhaseWidth-1:0] phase_q;
  logic [PhaseWidth:0]   phase_d;
  logic [3:0]            bit_q;    // 0: start, 1 to 8: data, 9: stop
  logic [7:0]            data_q;
  logic                  line, middle;

  assign line    = sync_q[1];
  assign phase_d = {1'b0, phase_q} + Step;
  assign middle  = phase_d[PhaseWidth];  // of a bit, as the phase begins at one half
  assign data_o  = data_q;

  always_ff @(posedge clk_i) begin
    sync_q  <= {sync_q[0], rx_i};
    valid_o <= 1'b0;
    error_o <= 1'b0;
    phase_q <= phase_d[PhaseWidth-1:0];
    unique case (state_q)
      Idle: begin
        phase_q <= Half;
        bit_q   <= '0;
        if (!line) state_q <= Bits;
      end
      Bits: begin
        if (middle) begin
          bit_q <= bit_q + 1'b1;
          if (bit_q == 4'd0) begin
            if (line) state_q <= Idle;  // a spike, no start bit
          end else if (bit_q == 4'd9) begin
            valid_o <= line;
            error_o <= !line;
            state_q <= line ? Idle : Broken;
          end else begin
            data_q <= {line, data_q[7:1]};
          end
        end
      end
      default: if (line) state_q <= Idle;
    endcase
    if (!rst_ni) begin
      sync_q  <= '1;
      state_q <= Idle;
      valid_o <= 1'b0;
      error_o <= 1'b0;
    end
  end

`ifdef VERILATOR
  OneOrTheOther: assert property (@(posedge clk_i) disable iff (!rst_ni) !(valid_o && error_o))
    else $error("uart_rx: a byte was both received and broken");
`endif
endmodule
