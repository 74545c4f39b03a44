// Looks each element of a stream up in a table: any function of one narrow element.
//
//   m_axis_tdata[lane] = table[s_axis_tdata[lane] - lowest]   lowest = InSigned ? -2**(InWidth-1) : 0
//
// File TableFile ($readmemh) has 2**InWidth words of OutWidth bits, that of the least input first.
// Lane 0 is in the least significant bits. Up to 64 words a table is logic, one per lane, latency 1
// cycle; longer, it is block RAM, one with two ports for each two lanes, latency 2 cycles. One beat
// per cycle. s_axis_tready depends on m_axis_tready in the same cycle, which moves every register;
// to cut that, put an axis_skid in front.
module axis_table #(
  parameter int unsigned Lanes     = 1,     // elements per beat, >= 1
  parameter int unsigned InWidth   = 8,     // bits per input element, 1 to 12
  parameter bit          InSigned  = 1'b1,  // input is two's complement
  parameter int unsigned OutWidth  = 8,     // bits per output element, >= 1
  parameter              TableFile = "table.mem"
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic                      s_axis_tvalid,
  output logic                      s_axis_tready,
  input  logic [Lanes*InWidth-1:0]  s_axis_tdata,
  input  logic                      s_axis_tlast,

  output logic                      m_axis_tvalid,
  input  logic                      m_axis_tready,
  output logic [Lanes*OutWidth-1:0] m_axis_tdata,
  output logic                      m_axis_tlast
);

  if (Lanes < 1 || OutWidth < 1) begin : gen_check_size
    $fatal(1, "axis_table: Lanes is %0d, OutWidth %0d, must be at least 1", Lanes, OutWidth);
  end
  if (InWidth < 1 || InWidth > 12) begin : gen_check_width
    $fatal(1, "axis_table: InWidth is %0d, must be 1 to 12", InWidth);
  end

  localparam int unsigned MaxLogicDepth = 64;
  localparam int unsigned Depth         = 2**InWidth;
  localparam int unsigned Latency       = (Depth <= MaxLogicDepth) ? 1 : 2;

  logic                      step;
  logic [Latency-1:0]        valid_q, last_q;
  logic [Lanes*InWidth-1:0]  address;
  logic [Lanes*OutWidth-1:0] data_q;

  assign step          = m_axis_tready || !m_axis_tvalid;
  assign s_axis_tready = step;
  assign m_axis_tvalid = valid_q[Latency-1];
  assign m_axis_tdata  = data_q;
  assign m_axis_tlast  = last_q[Latency-1];
  // The least element is at address 0: signed ones have the sign bit inverted.
  assign address       = s_axis_tdata ^ {Lanes{InWidth'(InSigned) << (InWidth - 1)}};

  always_ff @(posedge clk_i) begin
    if (step) valid_q <= Latency'({valid_q, s_axis_tvalid});
    if (!rst_ni) valid_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (step) last_q <= Latency'({last_q, s_axis_tlast});
  end

  if (Depth <= MaxLogicDepth) begin : gen_logic
    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lane
      (* rom_style = "logic" *)
      logic [OutWidth-1:0] memory[Depth];
      initial $readmemh(TableFile, memory);

      always_ff @(posedge clk_i) begin
        if (step) begin
          data_q[lane*OutWidth +: OutWidth] <= memory[address[lane*InWidth +: InWidth]];
        end
      end
    end
  end else begin : gen_block_ram
    logic [Lanes*OutWidth-1:0] word_q;

    for (genvar first = 0; first < Lanes; first += 2) begin : gen_pair
      (* rom_style = "block" *)
      logic [OutWidth-1:0] memory[Depth];
      initial $readmemh(TableFile, memory);

      always_ff @(posedge clk_i) begin
        if (step) begin
          word_q[first*OutWidth +: OutWidth] <= memory[address[first*InWidth +: InWidth]];
        end
      end

      if (first + 1 < Lanes) begin : gen_second
        always_ff @(posedge clk_i) begin
          if (step) begin
            word_q[(first+1)*OutWidth +: OutWidth] <= memory[address[(first+1)*InWidth +: InWidth]];
          end
        end
      end
    end

    // Block RAM is slow to its output: a register behind it.
    always_ff @(posedge clk_i) begin
      if (step) data_q <= word_q;
    end
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=>
      m_axis_tvalid && $stable({m_axis_tdata, m_axis_tlast}))
    else $error("axis_table: a beat changed while stalled");
`endif
endmodule
