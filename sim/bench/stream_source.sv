// Sends a file as an AXI4-Stream, at the simulator's own speed. For simulation only.
//
// The file source<index_i>.bin in the working folder holds one record per beat: a byte whose bit 0 is
// tlast, then tdata, most significant byte first, in whole bytes. Reset starts the file again.
// With idle_i above 0 it pauses at random: in each cycle with a chance of idle_i / 256, and for
// whole stretches of some 100 cycles, so that what follows runs empty. A beat once offered is held.
module stream_source #(
  parameter int unsigned Width = 8  // bits per beat
) (
  input  logic             clk_i,
  input  logic             rst_ni,    // synchronous
  input  logic [31:0]      index_i,   // names the file and picks the random sequence
  input  logic [7:0]       idle_i,    // 0: never idle of its own accord
  input  logic [31:0]      frames_i,  // frames it may have started

  output logic             m_axis_tvalid,
  input  logic             m_axis_tready,
  output logic [Width-1:0] m_axis_tdata,
  output logic             m_axis_tlast,

  output logic [31:0]      frames_o,     // frames wholly sent
  output logic [63:0]      first_beat_o  // cycle, after reset, in which the first beat was taken
);

  localparam int unsigned DataBytes   = (Width + 7) / 8;
  localparam int unsigned RecordBytes = 1 + DataBytes;
  localparam int unsigned BufferBeats = 256;

  logic [8*RecordBytes-1:0] buffer[BufferBeats];
  int                       file, beats, beat;  // file handle; beats in the buffer; the next one
  bit                       ended;              // the file has been read to its end
  bit                       asleep;
  bit [31:0]                random, started;
  bit [63:0]                cycle;
  int unsigned              seed;

  function automatic bit pause();
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    if (random[31:26] == '0) asleep = !asleep;
    return asleep || random[7:0] < idle_i;
  endfunction

  initial if ($value$plusargs("seed=%d", seed) == 0) seed = 1;

  always @(posedge clk_i) begin
    if (!rst_ni) begin
      if (file != 0) $fclose(file);
      file           = $fopen($sformatf("source%0d.bin", index_i), "rb");
      beats          = 0;
      beat           = 0;
      ended          = file == 0;
      started        = 0;
      cycle          = 0;
      if (random == 0) random = (32'h9e37_79b9 * (2 * index_i + 1) ^ seed) | 1;
      m_axis_tvalid <= 1'b0;
      m_axis_tlast  <= 1'b1;  // so that the next beat starts a frame
      frames_o      <= 0;
      first_beat_o  <= '1;
    end else begin
      if (m_axis_tvalid && m_axis_tready) begin
        if (m_axis_tlast) frames_o <= frames_o + 1;
        if (first_beat_o == '1) first_beat_o <= cycle;
      end
      cycle = cycle + 1;
      if (!m_axis_tvalid || m_axis_tready) begin
        m_axis_tvalid <= 1'b0;
        if (beat == beats && !ended) begin
          beats = $fread(buffer, file) / RecordBytes;
          beat  = 0;
          ended = beats == 0;
        end
        if (beat != beats && !(m_axis_tlast && started == frames_i) &&
            !(idle_i != 0 && pause())) begin
          if (m_axis_tlast) started = started + 1;
          m_axis_tvalid <= 1'b1;
          m_axis_tlast  <= buffer[beat][8*DataBytes];
          m_axis_tdata  <= buffer[beat][Width-1:0];
          beat = beat + 1;
        end
      end
    end
  end

endmodule
