// One byte further in the CRC-32 of RFC 1662 (that of Ethernet and zlib).
//
//   crc_o = the remainder after eight more bits, polynomial 0xEDB88320 (reflected), lowest bit
//   first
//
// Combinational, without a table: 32 exclusive ors of at most 12 bits. A packet begins with all
// ones in crc_i and sends the complement of the last crc_o, lowest byte first; a receiver that runs
// on over those four bytes ends at 0xDEBB20E3.
module crc32_byte (
  input  logic [31:0] crc_i,
  input  logic [7:0]  data_i,
  output logic [31:0] crc_o
);

  localparam logic [31:0] Polynomial = 32'hEDB88320;

  logic [8:0][31:0] step;  // after so many bits

  assign step[0] = crc_i ^ {24'd0, data_i};
  for (genvar i = 0; i < 8; i++) begin : gen_bit
    assign step[i+1] = {1'b0, step[i][31:1]} ^ (step[i][0] ? Polynomial : 32'd0);
  end
  assign crc_o = step[8];

endmodule
