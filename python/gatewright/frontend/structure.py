"""What the graph must look like: operators, quantisers, constant operands."""

from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.function_formats import own_format
from gatewright.frontend.onnx_graph import (
    RESHAPING,
    first_consumers,
    insert_before,
    is_constant,
    producers,
    set_constant,
    shapes,
)
from gatewright.frontend.quantizers import constant, exact_quant, find_quantizers, quant_format
from gatewright.frontend.tables import BY_TABLE, INSIDE

# What may stand in the graph, and what to do instead of what may not.
SUPPORTED = (
    "Quant", "BipolarQuant", "Gemm", "MatMul", "Conv", "Add", "Concat", "Relu", "MaxPool",
    "GlobalMaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceMax", "Pad",
    "Identity", "Dropout", *RESHAPING,
    "LeakyRelu", "PRelu", "ThresholdedRelu", "Clip", *BY_TABLE, "BatchNormalization", "Sub",
)  # fmt: skip
FOLDED = ("Constant", "Shape", "Gather", "Cast", "Slice", "Mul", "Transpose", "IntQuant",
          "ReduceSum", "GatherND", "Div", *INSIDE)  # fmt: skip
INSTEAD = {
    "Trunc": "use a Quant (QuantIdentity) there",
    "Softmax": "leave it out (the largest logit is the largest probability), or use "
    "gatewright.nets.parts.TableSoftmax, which holds the table that the hardware has",
    "LogSoftmax": "leave it out: the largest logit is the largest probability",
}
WEIGHTED = ("MatMul", "Conv")


def check_operators(graph: Any) -> None:
    """Refuse operators by name, all of them at once."""
    wrong = [n for n in graph.node if n.op_type not in (*SUPPORTED, *FOLDED)]
    if wrong:
        lines = [
            f"  {n.name or n.output[0]}: {n.op_type}; "
            + INSTEAD.get(n.op_type, "build it from the operators below")
            for n in wrong
        ]
        raise GatewrightError(
            "operators that are not supported:\n"
            + "\n".join(lines)
            + f"\nSupported: {', '.join(SUPPORTED)}."
        )


def check_structure(graph: Any) -> None:
    """Check quantisers and operands; give exact constants without a quantiser one.

    Raises:
        GatewrightError: the first node that hls4ml or the hardware would not do exactly.
    """
    for node in graph.node:
        if node.op_type in FOLDED:
            raise GatewrightError(
                f"{node.name}: {node.op_type} of a value that depends on the input; supported: "
                f"{', '.join(SUPPORTED)} (and {node.op_type} of constants)"
            )
    for node in find_quantizers(graph):
        quant_format(node, graph)
        one_scale(graph, node)
    for node in list(graph.node):
        if node.op_type in WEIGHTED:
            quantized_operand(graph, node, 1, f"{node.name}: weight")
        if node.op_type == "Conv" and len(node.input) > 2:
            quantized_operand(graph, node, 2, f"{node.name}: bias")
        if node.op_type == "Add":
            check_add(graph, node)


def one_scale(graph: Any, node: Any) -> None:
    """Make a scale (and zero point) of many equal values one value, whatever the axes."""
    for index in (1, 2):
        value = constant(graph, node.input[index])
        if value is not None and value.size > 1:
            set_constant(graph, node.input[index], np.asarray(value.ravel()[0]))


def check_add(graph: Any, node: Any) -> None:
    """Check that an Add is the bias of a MatMul (constant last) or joins two streams."""
    drivers = producers(graph)
    if is_constant(graph, drivers, node.input[0]):
        node.input[0], node.input[1] = node.input[1], node.input[0]
    before = drivers.get(node.input[0])
    if is_constant(graph, drivers, node.input[1]):
        if before is None or before.op_type != "MatMul":
            raise GatewrightError(
                f"{node.name}: an Add of a constant that is not the bias of a Linear layer; "
                "supported: an Add of a constant right after MatMul or Gemm, or of two streams. "
                "Give a convolution its own bias"
            )
        quantized_operand(graph, node, 1, f"{before.name}: bias")
        return
    first, second = (shapes(graph)[tensor] for tensor in node.input)
    if first != second:
        raise GatewrightError(
            f"{node.name}: an Add of shapes {first} and {second}; supported: equal shapes"
        )


def quantized_operand(graph: Any, node: Any, index: int, what: str) -> None:
    """See to it that an operand is a quantised constant.

    Raises:
        GatewrightError: it depends on the input, or it is a constant without a quantiser whose
            values no format of 24 bits holds.
    """
    drivers = producers(graph)
    tensor = node.input[index]
    if not is_constant(graph, drivers, tensor):
        raise GatewrightError(
            f"{what} of {node.op_type} depends on the input; it must be a constant"
        )
    if tensor not in drivers:
        quantizer = exact_quant(graph, tensor, f"{node.name}_{index}", what)
        insert_before(graph, node, [quantizer])
        node.input[index] = quantizer.output[0]


def input_format(graph: Any, tensor: str) -> FixedFormat:
    """Return the format of the quantiser (one, or several that are alike) at an input.

    Raises:
        GatewrightError: nothing reads the input, or something else than a quantiser, or quantisers
            that differ.
    """
    found = {}
    for node in first_consumers(graph, tensor):
        fmt = own_format(graph, node)
        if fmt is None:
            raise GatewrightError(
                f"{node.name}: {node.op_type} reads the network's input {tensor} before any "
                "quantiser; the hardware needs integers: put a QuantIdentity in front "
                "(power-of-two scale)"
            )
        found[node.name] = fmt
    if not found:
        raise GatewrightError(f"input {tensor}: no node reads it; leave it out")
    if len(set(found.values())) != 1:
        texts = ", ".join(f"{name}: {fmt}" for name, fmt in found.items())
        raise GatewrightError(
            f"input {tensor} is quantised in {len(found)} ways ({texts}); 1 is supported: share "
            "one QuantIdentity"
        )
    return next(iter(found.values()))
