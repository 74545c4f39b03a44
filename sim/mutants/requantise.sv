// requantise with one parameter wrong, for the blocks and the fault that plusargs name.
//
// +block=<name> names the block: every conversion below an instance <name>. +format=<option>:
//   1 to 7    Rounding is option - 1
//   8 to 12   Overflow is option - 8
//   13, 14    Drop is one more, one less
//   15        Relu is the other
// Without them it is requantise, which stands beside it as requantise_plain. For simulation only.
module requantise #(
  parameter int unsigned InWidth   = 16,
  parameter bit          InSigned  = 1'b1,
  parameter int          Drop      = 4,
  parameter int unsigned OutWidth  = 8,
  parameter bit          OutSigned = 1'b1,
  parameter int unsigned Rounding  = gatewright_pkg::RndConv,
  parameter int unsigned Overflow  = gatewright_pkg::Sat,
  parameter bit          Relu      = 1'b0
) (
  input  logic [InWidth-1:0]  value_i,
  output logic [OutWidth-1:0] value_o
);

  localparam int unsigned Options = 16;  // 0: right

  logic [Options-1:0][OutWidth-1:0] value;
  int unsigned                      option;

  for (genvar k = 0; k < Options; k++) begin : gen_option
    requantise_plain #(
      .InWidth(InWidth),
      .InSigned(InSigned),
      .Drop((k == 13) ? Drop + 1 : (k == 14) ? Drop - 1 : Drop),
      .OutWidth(OutWidth),
      .OutSigned(OutSigned),
      .Rounding((k >= 1 && k <= 7) ? k - 1 : Rounding),
      .Overflow((k >= 8 && k <= 12) ? k - 8 : Overflow),
      .Relu((k == 15) ? !Relu : Relu)
    ) u_plain (
      .value_i,
      .value_o(value[k])
    );
  end

  assign value_o = value[option[3:0]];

  initial begin
    string path, block;
    int unsigned asked;
    option = 0;
    path   = $sformatf("%m");
    if ($value$plusargs("block=%s", block) != 0 && $value$plusargs("format=%d", asked) != 0) begin
      block = {".", block, "."};
      for (int i = 0; i + block.len() <= path.len(); i++) begin
        if (path.substr(i, i + block.len() - 1) == block) option = asked;
      end
    end
  end

endmodule
