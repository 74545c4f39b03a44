"""Pooling that hls4ml does not compute exactly, as layers that it does.

An average becomes a depthwise convolution with 1/count. Where count is no power of two, 1/count is
rounded, and a small constant and a truncation bring the sum onto a grid so fine that the quantiser
behind it gives what it gives for the exact quotient (``Reciprocal``). The hardware graph has an
average again: the adapter recognises the weights.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.onnx_graph import (
    attributes,
    first_consumers,
    insert_before,
    set_attributes,
    set_constant,
    set_shape,
    shapes,
)
from gatewright.frontend.quantizers import constant, exact_quant, make_quant, quant_format
from gatewright.frontend.structure import never_negative, quantised_as


@dataclass(frozen=True)
class Reciprocal:
    """``floor(sum * weight + bias)`` on a grid is ``floor(sum / count)`` on it, for every sum.

    Attributes:
        weight: 1 / count, rounded to 2**-bits.
        bias: More than the error of any sum, less than the distance to the next grid point.
        fraction: Fraction bits of the grid.
    """

    weight: float
    bias: float
    fraction: int


def reciprocal(count: int, source: FixedFormat, fraction: int) -> Reciprocal:
    """Return how to divide sums of ``count`` values of ``source`` by ``count``.

    In units of the grid, quotients that are not on it are at least 1/count away from it. The bias
    is 2**-(guard+1), at most half of that, and the error of the rounded weight stays below it.
    """
    guard = (count - 1).bit_length()
    bits = source.width + (fraction - source.fraction) + 2 * guard + 1
    weight = round(2**bits / count) / 2**bits
    return Reciprocal(weight, 2.0 ** -(fraction + guard + 1), fraction)


def fraction_for(count: int, source: FixedFormat, target: FixedFormat) -> int:
    """Return the fraction bits of a grid that keeps quotients on their side of ``target``'s ties.

    Ties and quotients are multiples of 1/count of a unit of the finer of both; a grid of at most
    1/count keeps every quotient beyond a tie beyond it after truncation.
    """
    return max(source.fraction, target.fraction + 1) + (count - 1).bit_length()


def rewrite_pools(graph: Any) -> None:
    """Rewrite every pooling that hls4ml does not compute exactly.

    Raises:
        GatewrightError: one that cannot be rewritten exactly; the message says why.
    """
    for node in list(graph.node):
        if node.op_type in ("GlobalMaxPool", "GlobalAveragePool", "ReduceMean"):
            _name_the_window(graph, node)
        if node.op_type == "AveragePool":
            _average(graph, node)
        if node.op_type == "MaxPool":
            _pad_first(graph, node)


def _name_the_window(graph: Any, node: Any) -> None:
    """Make pooling over the whole image one with a kernel."""
    known = shapes(graph)
    source = known[node.input[0]]
    if node.op_type == "ReduceMean":
        _check_axes(graph, node, source)
        _keep_axes(graph, node, source)
    node.op_type = "MaxPool" if node.op_type == "GlobalMaxPool" else "AveragePool"
    axes = len(source) - 2
    values: dict[str, Any] = {"kernel_shape": list(source[2:]), "pads": [0] * (2 * axes)}
    if node.op_type == "AveragePool":
        values["count_include_pad"] = 0
    set_attributes(node, strides=[1] * axes, dilations=[1] * axes, **values)


def _check_axes(graph: Any, node: Any, source: tuple[int, ...]) -> None:
    given = attributes(node)
    axes = given.get("axes")
    if axes is None and len(node.input) > 1:
        value = constant(graph, node.input[1])
        axes = [] if value is None else value.tolist()
    found = sorted(axis % len(source) for axis in axes or ())
    if len(source) < 3 or found != list(range(2, len(source))):
        raise GatewrightError(
            f"{node.name}: ReduceMean of shape {source} over axes {found}; supported: all axes "
            "behind the channels (global average pooling)"
        )


def _keep_axes(graph: Any, node: Any, source: tuple[int, ...]) -> None:
    """Where the mean drops its axes, let a Flatten do that."""
    from onnx import helper

    keep = attributes(node).get("keepdims", 1)
    del node.input[1:]
    if keep:
        return
    inner = f"{node.name}_kept"
    flatten = helper.make_node("Flatten", [inner], list(node.output), f"{node.name}_flatten")
    node.output[:] = [inner]
    set_shape(graph, inner, (*source[:2], *[1] * (len(source) - 2)))
    graph.node.insert(list(graph.node).index(node) + 1, flatten)


def _average(graph: Any, node: Any) -> None:
    """Replace an average by a depthwise convolution of the same name."""
    from onnx import helper

    given = attributes(node)
    if any(given["pads"]) and not given["count_include_pad"]:
        raise GatewrightError(
            f"{node.name}: AveragePool with pads {given['pads']} that do not count; supported: "
            "pads of 0, or count_include_pad=1"
        )
    count = prod(given["kernel_shape"])
    channels = shapes(graph)[node.input[0]][1]
    exact = count & (count - 1) == 0
    division = None if exact else _division(graph, node, count)
    weight = np.full((channels, 1, *given["kernel_shape"]), 1 / count, dtype=np.float32)
    bias = []
    if division is not None:
        weight[:] = division.weight
        bias = [_constant(graph, node, "bias", np.full(channels, division.bias, np.float32))]
    operands = [node.input[0], _constant(graph, node, "weight", weight), *bias]
    out = node.output[0] if division is None else f"{node.name}_sum"
    conv = helper.make_node("Conv", operands, [out], node.name)
    window = {key: given[key] for key in ("kernel_shape", "strides", "dilations", "pads")}
    set_attributes(conv, group=channels, **window)
    new = [conv]
    if division is not None:
        source = quantised_as(graph, node.input[0])
        assert source is not None  # noqa: S101 - _division refused it
        set_shape(graph, out, shapes(graph)[node.output[0]])
        new.append(_truncation(graph, node, out, source, division))
    insert_before(graph, node, new)
    graph.node.remove(node)


def _division(graph: Any, node: Any, count: int) -> Reciprocal:
    """Return the constants of an average over a count that is no power of two."""
    source = quantised_as(graph, node.input[0])
    readers = list(first_consumers(graph, node.output[0]))
    outputs = {value.name for value in graph.output}
    if (
        source is None
        or not readers
        or node.output[0] in outputs
        or any(n.op_type != "Quant" for n in readers)
    ):
        raise GatewrightError(
            f"{node.name}: an average over {count} values, which is no power of two, needs a "
            "quantiser right before and right after it (QuantIdentity)"
        )
    fractions = [fraction_for(count, source, quant_format(n, graph)) for n in readers]
    return reciprocal(count, source, max(fractions))


def _truncation(graph: Any, node: Any, tensor: str, source: FixedFormat, r: Reciprocal) -> Any:
    """Return a quantiser that truncates onto the grid; averages stay within the source's range."""
    width = source.width + r.fraction - source.fraction
    return make_quant(
        graph, f"{node.name}_grid", tensor, node.output[0], width, -r.fraction,
        signed=source.signed, rounding_mode="FLOOR",
    )  # fmt: skip


def _constant(graph: Any, node: Any, what: str, value: Any) -> str:
    """Add a constant with its exact quantiser; return the quantiser's output."""
    name = f"{node.name}_{what}"
    set_constant(graph, name, value)
    quantizer = exact_quant(graph, name, name, f"{node.name}: {what}")
    insert_before(graph, node, [quantizer])
    return str(quantizer.output[0])


def _pad_first(graph: Any, node: Any) -> None:
    """Pad in front of a maximum: hls4ml's own padded maximum is wrong.

    Raises:
        GatewrightError: values may be negative, so that zeros would count.
    """
    from onnx import helper

    given = attributes(node)
    pads = given["pads"]
    if not any(pads):
        return
    if not never_negative(graph, node.input[0]):
        raise GatewrightError(
            f"{node.name}: MaxPool with pads {pads} of values that may be negative; hls4ml pads "
            "with zeros. Put a ReLU in front, or use pads of 0"
        )
    axes = len(pads) // 2
    whole = np.array([0, 0, *pads[:axes], 0, 0, *pads[axes:]], dtype=np.int64)
    constant_name, out = f"{node.name}_pads", f"{node.name}_padded"
    set_constant(graph, constant_name, whole)
    source = shapes(graph)[node.input[0]]
    ends = len(source)
    sizes = [size + whole[i] + whole[i + ends] for i, size in enumerate(source)]
    set_shape(graph, out, [int(size) for size in sizes])
    pad = helper.make_node("Pad", [node.input[0], constant_name], [out], f"{node.name}_pad")
    insert_before(graph, node, [pad])
    node.input[0] = out
    set_attributes(node, **{**given, "pads": [0] * len(pads)})
