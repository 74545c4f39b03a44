"""Two streams joined, or one and a constant, in the form that hls4ml reads rightly.

Sums, maxima and minima of many become ones of two. A constant operand is a scale or a bias
(``scales``).
"""

from typing import Any

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.formats import exact_format
from gatewright.frontend.onnx_graph import (
    consumers,
    first_consumers,
    insert_before,
    is_constant,
    producers,
    set_attributes,
    set_shape,
    shapes,
)
from gatewright.frontend.quantizers import quant_format

JOINTS = ("Add", "Sub", "Mul", "Max", "Min", "Mean", "Sum", "Div")
OF_TWO = ("Add", "Sub", "Mul", "Max", "Min", "Mean")
AFFINE = ("Add", "Sub", "Mul", "Div")


def rewrite_joints(graph: Any) -> None:
    """Bring every joint into the form that hls4ml reads.

    Raises:
        GatewrightError: shapes that differ, a constant that is not one value per channel, a
            division or a mean that is not exact.
    """
    for node in [n for n in graph.node if n.op_type in JOINTS]:
        constants = [is_constant(graph, producers(graph), tensor) for tensor in node.input]
        if all(constants):
            continue  # of weights, folded elsewhere
        _by_twos(graph, node)
        if any(constants):
            _check_constant(graph, node)
        else:
            _check_shapes(graph, node)


def _by_twos(graph: Any, node: Any) -> None:
    """Split a joint of more than two."""
    from onnx import helper

    if node.op_type == "Sum":
        node.op_type = "Add"
    if node.op_type == "Mean" and len(node.input) != 2:
        raise GatewrightError(
            f"{node.name}: Mean of {len(node.input)} tensors; supported: of 2. Add them, and "
            "multiply by a constant"
        )
    part = 0
    while len(node.input) > 2:
        part += 1
        joined = f"{node.name}_joined{part}"
        set_shape(graph, joined, shapes(graph)[node.input[0]])
        operands, rest = list(node.input)[:2], list(node.input)[2:]
        new = helper.make_node(node.op_type, operands, [joined], f"{node.name}_part{part}")
        insert_before(graph, node, [new])
        _check_shapes(graph, new)
        node.input[:] = [joined, *rest]


def _check_shapes(graph: Any, node: Any) -> None:
    if node.op_type == "Div":
        raise GatewrightError(f"{node.name}: Div of two streams; supported: by a constant")
    known = shapes(graph)
    found = [known[tensor] for tensor in node.input]
    if len(set(found)) > 1:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of shapes {' and '.join(map(str, found))}; supported: "
            "equal shapes"
        )


def _check_constant(graph: Any, node: Any) -> None:
    """Refuse what ``scales`` has no place for."""
    drivers = producers(graph)
    if node.op_type not in AFFINE:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of a stream and a constant; supported: of two streams. "
            "Use ReLU or Clip"
        )
    products = [
        before
        for tensor in node.input
        if (before := drivers.get(tensor)) is not None and before.op_type == "MatMul"
    ]
    if node.op_type == "Add" and products and len(consumers(graph, products[0].output[0])) > 1:
        raise GatewrightError(
            f"{products[0].name}: its product is read with and without the bias of {node.name}; "
            "supported: with it"
        )


def average_types(graph: Any) -> dict[str, FixedFormat]:
    """Make every Mean hls4ml's Average; return the type of each: hls4ml's own lacks a bit.

    Raises:
        GatewrightError: the operands' formats are not known, nor that of one quantiser behind it.
    """
    types = {}
    for node in [n for n in graph.node if n.op_type == "Mean"]:
        types[node.name] = result_type(graph, node, "a Mean of values of formats not known")
        node.op_type = "Average"
        set_attributes(node)
    return types


def result_type(graph: Any, node: Any, what: str) -> FixedFormat:
    """Return the exact format of a node's result, or of the one quantiser that reads it.

    Raises:
        GatewrightError: neither is known; the message says ``what`` it is.
    """
    tensor = node.output[0]
    exact = exact_format(graph, tensor)
    if exact is not None:
        return exact
    formats = {quant_format(n, graph) if n.op_type == "Quant" else None
               for n in first_consumers(graph, tensor)}  # fmt: skip
    found = next(iter(formats)) if len(formats) == 1 else None
    if found is None or tensor in {value.name for value in graph.output}:
        raise GatewrightError(
            f"{node.name}: {what}; put a quantiser (QuantIdentity) in front of it or one behind it"
        )
    return found
