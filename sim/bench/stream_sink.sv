// Writes an AXI4-Stream to a file, at the simulator's own speed. For simulation only.
//
// The file sink<index_i>_<phase_i>.bin in the working folder gets one record per beat, in words of 32
// bits, lowest first: flags (bit 0 tlast, bit 1 tuser), the cycle (two words, 0 at the end of
// reset), note_i (two words each), tdata. A reset starts a new file under phase_i's name.
// With stall_i above 0 tready is low at random: in each cycle with a chance of stall_i / 256, and
// for whole stretches of some 100 cycles, so that what stands before it fills up; 256: always.
module stream_sink #(
  parameter int unsigned Width = 8,  // bits per beat
  parameter int unsigned Notes = 1,  // 64-bit values to write down with each beat
  parameter bit          Rules = 1'b1  // a beat once offered must be held
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,   // synchronous
  input  logic [31:0]            index_i,  // names the file and picks the random sequence
  input  logic [8:0]             stall_i,  // 0: always ready
  input  logic [31:0]            phase_i,

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [Width-1:0]       s_axis_tdata,
  input  logic                   s_axis_tlast,
  input  logic                   s_axis_tuser,
  input  logic [Notes-1:0][63:0] note_i,

  output logic [31:0]            beats_o,  // beats taken
  output logic [31:0]            frames_o  // tlast seen
);

  localparam int unsigned DataBits = (Width + 31) / 32 * 32;

  int          file;
  bit          asleep;
  bit [31:0]   random;
  bit [63:0]   cycle;
  int unsigned seed;

  function automatic bit pause();
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    if (random[31:26] == '0) asleep = !asleep;
    return asleep || 9'(random[7:0]) < stall_i;
  endfunction

  initial if ($value$plusargs("seed=%d", seed) == 0) seed = 1;

  always @(posedge clk_i) begin
    if (!rst_ni) begin
      if (file != 0) $fclose(file);
      file           = 0;
      cycle          = 0;
      if (random == 0) random = (32'h85eb_ca6b * (2 * index_i + 1) ^ seed) | 1;
      s_axis_tready <= 1'b0;
      beats_o       <= 0;
      frames_o      <= 0;
    end else begin
      if (file == 0) file = $fopen($sformatf("sink%0d_%0d.bin", index_i, phase_i), "wb");
      s_axis_tready <= !(stall_i != 0 && pause());
      if (s_axis_tvalid && s_axis_tready) begin
        $fwrite(file, "%u", {DataBits'(s_axis_tdata), note_i, cycle, 30'b0,
                             s_axis_tuser, s_axis_tlast});
        beats_o <= beats_o + 1;
        if (s_axis_tlast) begin
          frames_o <= frames_o + 1;
          if (frames_o % 64 == 63) $fflush(file);
        end
      end
      cycle = cycle + 1;
    end
  end

  if (Rules) begin : gen_rules
    OfferedBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
        s_axis_tvalid && !s_axis_tready |=>
        s_axis_tvalid && $stable({s_axis_tdata, s_axis_tlast, s_axis_tuser}))
      else $error("stream_sink %0d: a beat that was offered was not held", index_i);
  end

  final if (file != 0) $fclose(file);

endmodule
