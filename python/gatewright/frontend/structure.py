"""What the graph must look like: quantisers, constant operands."""

from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.function_formats import own_format
from gatewright.frontend.onnx_graph import (
    first_consumers,
    insert_before,
    is_constant,
    producers,
    set_constant,
)
from gatewright.frontend.operators import FOLDED, SUPPORTED
from gatewright.frontend.quantizers import constant, exact_quant, find_quantizers, quant_format

WEIGHTED = ("MatMul", "Conv")


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
        if node.op_type == "Add" and is_constant(graph, producers(graph), node.input[1]):
            before = producers(graph)[node.input[0]]
            quantized_operand(graph, node, 1, f"{before.name}: bias")


def one_scale(graph: Any, node: Any) -> None:
    """Make a scale (and zero point) of many equal values one value, whatever the axes."""
    for index in (1, 2):
        value = constant(graph, node.input[index])
        if value is not None and value.size > 1:
            set_constant(graph, node.input[index], np.asarray(value.ravel()[0]))


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
