// Index of the first largest element of each frame.
//
//   index = min { i : x[i] = max(x) }
//
// Lane 0 is in the least significant bits. One beat leaves per frame, 1 + ceil(log2(Lanes)) cycles
// after the frame's last beat arrived; its tlast is 1. One beat per cycle; no gap between frames.
// The lanes of a beat are compared in a tree with a register after each level, then with the best
// so far. s_axis_tready depends on m_axis_tready in the same cycle. Lanes of the last beat above the
// last element are ignored.
module argmax #(
  parameter int unsigned Width      = 8,     // bits per element, sign included
  parameter bit          Signed     = 1'b1,  // elements are two's complement
  parameter int unsigned Lanes      = 1,     // elements per beat, >= 1
  parameter int unsigned Elements   = 10,    // elements per frame, >= 1
  parameter int unsigned IndexWidth = 4      // bits of the index; holds Elements - 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [Lanes*Width-1:0] s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [IndexWidth-1:0]  m_axis_tdata,
  output logic                   m_axis_tlast
);

  if (Width < 1 || Lanes < 1 || Elements < 1) begin : gen_check_sizes
    $fatal(1, "argmax: Width is %0d, Lanes %0d and Elements %0d, must be at least 1",
           Width, Lanes, Elements);
  end
  if (IndexWidth < 1 || IndexWidth > 32 || (IndexWidth < 32 && (Elements - 1) >> IndexWidth != 0))
  begin : gen_check_index
    $fatal(1, "argmax: IndexWidth is %0d, must hold %0d and be at most 32",
           IndexWidth, Elements - 1);
  end

  localparam int unsigned Levels       = $clog2(Lanes);
  localparam int unsigned Leaves       = 1 << Levels;
  localparam int unsigned LastElements = (Elements - 1) % Lanes + 1;  // in the last beat

  // Node n of the tree has the children 2n and 2n + 1; the root is 1, lane l is Leaves + l. So that
  // unsigned comparison orders them, keys of signed elements have the sign bit inverted. Lanes
  // without an element get the smallest key, 0: they stand right of all others, and on a tie the
  // left child wins.
  logic [2*Leaves-1:1][Width-1:0]      key;
  logic [2*Leaves-1:1][IndexWidth-1:0] lane_of;

  for (genvar lane = 0; lane < Leaves; lane++) begin : gen_leaf
    assign lane_of[Leaves+lane] = IndexWidth'(lane);
    if (lane < Lanes) begin : gen_lane
      logic [Width-1:0] lane_key;
      assign lane_key = s_axis_tdata[lane*Width+:Width] ^ (Width'(Signed) << (Width - 1));
      assign key[Leaves+lane] = (lane >= LastElements && s_axis_tlast) ? '0 : lane_key;
    end else begin : gen_none
      assign key[Leaves+lane] = '0;
    end
  end

  for (genvar node = 1; node < Leaves; node++) begin : gen_node
    logic                  right;  // the right child is larger
    logic [Width-1:0]      key_q;
    logic [IndexWidth-1:0] lane_q;

    assign right         = key[2*node+1] > key[2*node];
    assign key[node]     = key_q;
    assign lane_of[node] = lane_q;

    always_ff @(posedge clk_i) begin
      if (s_axis_tready) begin
        key_q  <= right ? key[2*node+1] : key[2*node];
        lane_q <= right ? lane_of[2*node+1] : lane_of[2*node];
      end
    end
  end

  logic beat_valid, beat_last;  // at the root

  if (Levels == 0) begin : gen_no_tree
    assign beat_valid = s_axis_tvalid;
    assign beat_last  = s_axis_tlast;
  end else begin : gen_flags
    logic [Levels-1:0] valid_q, last_q;

    always_ff @(posedge clk_i) begin
      if (s_axis_tready) valid_q <= Levels'({valid_q, s_axis_tvalid});
      if (!rst_ni) valid_q <= '0;
    end
    always_ff @(posedge clk_i) begin
      if (s_axis_tready) last_q <= Levels'({last_q, s_axis_tlast});
    end

    assign beat_valid = valid_q[Levels-1];
    assign beat_last  = last_q[Levels-1];
  end

  logic                  valid_q;  // index_q is a result
  logic                  first_q;  // the next beat is the first of its frame
  logic [IndexWidth-1:0] base_q;   // index of the next beat's lane 0
  logic [IndexWidth-1:0] index_q;  // of the largest so far
  logic [Width-1:0]      best_q;   // its key
  logic                  take;

  assign s_axis_tready = !valid_q || m_axis_tready;
  assign take          = beat_valid && s_axis_tready;
  assign m_axis_tvalid = valid_q;
  assign m_axis_tdata  = index_q;
  assign m_axis_tlast  = 1'b1;

  always_ff @(posedge clk_i) begin
    if (s_axis_tready) valid_q <= beat_valid && beat_last;
    if (take) begin
      first_q <= beat_last;
      base_q  <= beat_last ? '0 : base_q + IndexWidth'(Lanes);
    end
    if (!rst_ni) begin
      valid_q <= 1'b0;
      first_q <= 1'b1;
      base_q  <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take && (first_q || key[1] > best_q)) begin
      best_q  <= key[1];
      index_q <= base_q + lane_of[1];
    end
  end

`ifdef VERILATOR
  StalledBeatHeld: assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axis_tvalid && !m_axis_tready |=> m_axis_tvalid && $stable(m_axis_tdata))
    else $error("argmax: a beat changed while stalled");
`endif
endmodule
