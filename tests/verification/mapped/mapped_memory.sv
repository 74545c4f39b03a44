// A memory with initial contents, to be mapped to block RAM or LUTs, driven by random bits.
//
// Kind 0: read only; 1: one port writes, one reads; 2, 3, 4: one port, which when it writes reads the
// old value, the new value, nothing; 5: as 1, bytes of 9 bits written apart;
// 6: as 1, read at once (no register).
// Reset of the read register: 0 none, 1 synchronous, 2 asynchronous.
module mapped_memory #(
  parameter int unsigned Kind  = 0,
  parameter int unsigned Width = 36,
  parameter int unsigned Depth = 512,
  parameter int unsigned Reset = 0,
  parameter              Style = "block",
  parameter              File  = "memory.mem"
) (
  input  logic             clk_i,
  input  logic [127:0]     random_i,
  output logic [Width-1:0] y_o
);

  localparam int unsigned AddressWidth = $clog2(Depth);
  localparam int unsigned Bytes        = (Width + 8) / 9;

  (* ram_style = Style, rom_style = Style *)
  logic [Width-1:0] memory[Depth];

  logic [AddressWidth-1:0] address_a, address_b;
  logic [Width-1:0]        data, q;
  logic                    write, enable_a, enable_b, reset;

  initial $readmemh(File, memory);

  assign address_a = random_i[0 +: AddressWidth];
  assign address_b = random_i[127:125] == '0 ? address_a : random_i[16 +: AddressWidth];
  assign write     = random_i[30];
  assign enable_a  = random_i[33:32] != '0;
  assign enable_b  = random_i[35:34] != '0;
  assign reset     = random_i[40:36] == '0;
  assign data      = random_i[48 +: Width];

  if (Kind != 6) begin : gen_initial
    initial q = '0;
  end

  if (Kind == 0) begin : gen_rom
    always_ff @(posedge clk_i) if (enable_a) q <= memory[address_a];
  end else if (Kind == 1 || Kind == 5) begin : gen_write_read
    if (Kind == 1) begin : gen_whole
      always_ff @(posedge clk_i) if (write) memory[address_a] <= data;
    end else begin : gen_bytes
      always_ff @(posedge clk_i) begin
        for (int i = 0; i < Bytes; i++) begin
          if (write && random_i[41 + i]) memory[address_a][9*i +: 9] <= data[9*i +: 9];
        end
      end
    end
    if (Reset == 0) begin : gen_no_reset
      always_ff @(posedge clk_i) if (enable_b) q <= memory[address_b];
    end else if (Reset == 1) begin : gen_sync
      always_ff @(posedge clk_i) begin
        if (reset) q <= '0;
        else if (enable_b) q <= memory[address_b];
      end
    end else begin : gen_async
      always_ff @(posedge clk_i, posedge reset) begin
        if (reset) q <= '0;
        else if (enable_b) q <= memory[address_b];
      end
    end
  end else if (Kind <= 4) begin : gen_one_port
    always_ff @(posedge clk_i) begin
      if (enable_a) begin
        if (write) memory[address_a] <= data;
        if (!write || Kind == 2) q <= memory[address_a];
        else if (Kind == 3) q <= data;
      end
    end
  end else begin : gen_at_once
    always_ff @(posedge clk_i) if (write) memory[address_a] <= data;
    assign q = memory[address_b];
  end

  assign y_o = q;

endmodule
