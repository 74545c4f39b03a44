"""Gemm -> MatMul and Add: hls4ml's ONNX reader takes no Gemm."""

from typing import Any

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import attributes, insert_before


def gemm_to_matmul(graph: Any) -> None:
    """Replace each Gemm by a MatMul of the same name and an Add.

    Raises:
        GatewrightError: alpha or beta is not 1, or the first operand is transposed.
    """
    from onnx import helper

    for node in [n for n in graph.node if n.op_type == "Gemm"]:
        given = attributes(node)
        scale = given.get("alpha", 1.0), given.get("beta", 1.0)
        if scale != (1.0, 1.0) or given.get("transA", 0):
            raise GatewrightError(
                f"{node.name}: Gemm with alpha, beta = {scale[0]:g}, {scale[1]:g} and transA = "
                f"{given.get('transA', 0)}; allowed: 1, 1 and 0. Write it as a Linear layer"
            )
        new = []
        weight = node.input[1]
        if given.get("transB", 0):
            weight = f"{node.name}_transposed"
            new.append(
                helper.make_node(
                    "Transpose", [node.input[1]], [weight], f"{node.name}_transpose", perm=[1, 0]
                )
            )
        has_bias = len(node.input) > 2 and node.input[2] != ""
        product = f"{node.name}_product" if has_bias else node.output[0]
        new.append(helper.make_node("MatMul", [node.input[0], weight], [product], node.name))
        if has_bias:
            operands = [product, node.input[2]]
            new.append(helper.make_node("Add", operands, list(node.output), f"{node.name}_bias"))
        insert_before(graph, node, new)
        graph.node.remove(node)
