// Properties of sparse_conv_layer: see sparse_flow.
module sparse_conv_layer_proof (
  input logic clk_i,
  input logic rst_ni,
  input logic s_axis_tvalid,
  input logic s_axis_tdata,
  input logic s_axis_tlast,
  input logic m_axis_tready
);

  sparse_flow #(
    .Conv(1'b1)
  ) u_flow (
    .*
  );

endmodule
