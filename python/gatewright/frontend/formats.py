"""The format that holds every value of a tensor of a prepared ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gatewright import graph as g
from gatewright.fixed import FixedFormat, format_for_range, quantize
from gatewright.frontend.function_formats import function_format, own_format
from gatewright.frontend.onnx_graph import (
    UNCHANGED,
    attributes,
    is_constant,
    producers,
    values_behind,
)
from gatewright.frontend.quantizers import quant_format

MERGES = {
    "Add": g.Combination.ADD,
    "Sub": g.Combination.SUBTRACT,
    "Mul": g.Combination.MULTIPLY,
    "Mean": g.Combination.AVERAGE,
    "Average": g.Combination.AVERAGE,
    "Max": g.Combination.MAXIMUM,
    "Min": g.Combination.MINIMUM,
}


def exact_format(graph: Any, tensor: str) -> FixedFormat | None:
    """Return a format that holds every value ``tensor`` can have, exactly; None: not known."""
    node = producers(graph).get(tensor)
    if node is None:
        return None
    found = own_format(graph, node)
    if found is not None:
        return FixedFormat(found.signed, found.width, found.integer)
    if node.op_type == "Pool" and attributes(node)["average"]:
        return None
    if node.op_type in (*UNCHANGED, "Pad", "Resize", "Transpose", "Pool", "Upsample"):
        return exact_format(graph, node.input[0])
    if node.op_type == "Concat":
        return common_format([exact_format(graph, name) for name in node.input])
    if node.op_type in ("MatMul", "Conv"):
        return _of_sum(graph, node, node.input[2] if len(node.input) > 2 else None)
    if node.op_type == "Add" and is_constant(graph, producers(graph), node.input[1]):
        return _of_sum(graph, producers(graph)[node.input[0]], node.input[1])
    return _of_element(graph, node)


def _of_element(graph: Any, node: Any) -> FixedFormat | None:
    """Return the format of an elementwise function of one or two streams."""
    sources = [exact_format(graph, name) for name in node.input]
    first = sources[0]
    if first is not None and (found := function_format(node, first)) is not None:
        return found
    if node.op_type == "Relu" and first is not None:
        return format_for_range(0, max(first.max_int, 1), first.fraction)
    if node.op_type in MERGES and len(sources) == 2:
        second = sources[1]
        if first is not None and second is not None:
            kind = MERGES[node.op_type]
            found = g.merged_format(kind, first, second)
            if kind is g.Combination.AVERAGE:  # one more bit holds the half
                found = FixedFormat(found.signed, found.width, found.integer - 1)
            return found
    return None


def common_format(formats: Sequence[FixedFormat | None]) -> FixedFormat | None:
    """Return the narrowest format that holds what each of ``formats`` holds."""
    known = [fmt for fmt in formats if fmt is not None]
    if not known or len(known) < len(formats):
        return None
    fraction = max(fmt.fraction for fmt in known)
    lows = [fmt.min_int << (fraction - fmt.fraction) for fmt in known]
    highs = [fmt.max_int << (fraction - fmt.fraction) for fmt in known]
    return format_for_range(min(lows), max(highs), fraction)


def _of_sum(graph: Any, node: Any, bias: str | None) -> FixedFormat | None:
    """Return the format of a matrix product or a convolution, from its weights."""
    source = exact_format(graph, node.input[0])
    if source is None or node.op_type not in ("MatMul", "Conv"):
        return None
    weight, weight_format = integers_of(graph, node.input[1])
    rows = weight.T if node.op_type == "MatMul" else weight.reshape(len(weight), -1)
    bias_values, bias_format = (None, None) if bias is None else integers_of(graph, bias)
    out = g.StreamType(source, (len(rows),))
    dense = g.Dense(
        name=node.name, origin=node.name, inputs=(), out=out, weight=rows,
        weight_format=weight_format,
        bias=None if bias_values is None else np.resize(bias_values, len(rows)),
        bias_format=bias_format,
    )  # fmt: skip
    return g.sum_range(dense, source).total


def integers_of(graph: Any, tensor: str) -> tuple[Any, FixedFormat]:
    """Return a quantised constant's integers and format."""
    fmt = quant_format(producers(graph)[tensor], graph)
    return quantize(values_behind(graph, tensor)[1].astype(np.float64), fmt), fmt
