"""Activations that are arithmetic: LeakyRelu, PRelu, ThresholdedRelu, Clip, on any format."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray
from gatewright.frontend import own_nodes
from gatewright.frontend.function_formats import exact_integers
from gatewright.frontend.onnx_graph import (
    attributes,
    insert_before,
    is_constant,
    producers,
    shapes,
    values_behind,
)
from gatewright.frontend.tables import MAX_SLOPE_BITS

MAX_BOUND_BITS = 24  # of a Clip's bound, fraction included


def rewrite_activations(graph: Any) -> None:
    """Put our own nodes in the place of activations that are arithmetic.

    Raises:
        GatewrightError: a slope or a bound that depends on the input or has too many bits; the
            message names the node and the nearest that would do.
    """
    for node in list(graph.node):
        new = None
        if node.op_type == "LeakyRelu":
            alpha = np.array([attributes(node).get("alpha", 0.01)])
            new = _rectifier(node, *slopes(node, alpha), 0.0)
        elif node.op_type == "PRelu":
            new = _rectifier(node, *slopes(node, by_channel(graph, node, 1, "slope")), 0.0)
        elif node.op_type == "ThresholdedRelu":
            threshold = float(attributes(node).get("alpha", 1.0))
            new = _rectifier(node, np.zeros(1, np.int64), FixedFormat(False, 1, 1), threshold)
        elif node.op_type == "Clip":
            new = _clip(graph, node)
        if new is not None:
            insert_before(graph, node, [new])
            graph.node.remove(node)


def by_channel(graph: Any, node: Any, index: int, what: str) -> NDArray[np.float64]:
    """Return a constant operand as one value, or one for each channel of the other operand.

    Raises:
        GatewrightError: it depends on the input, or has another shape.
    """
    if not is_constant(graph, producers(graph), node.input[index]):
        raise GatewrightError(
            f"{node.name}: the {what} of {node.op_type} depends on the input; it must be a constant"
        )
    value = values_behind(graph, node.input[index])[1].astype(np.float64)
    source = shapes(graph)[node.input[1 - index]]
    channels = source[1]
    if value.size == 1:
        return value.reshape(1)
    # A constant's axes are the image's last ones: the channels stand before the pixels.
    axes = (1,) * (len(source) - value.ndim) + value.shape
    if len(axes) != len(source) or axes[1] != channels or prod(axes) != channels:
        raise GatewrightError(
            f"{node.name}: the {what} of {node.op_type} has shape {value.shape} for a tensor of "
            f"shape {source}; supported: one value, or one for each of the {channels} channels"
        )
    return value.reshape(channels)


def slopes(node: Any, values: NDArray[np.float64]) -> tuple[IntArray, FixedFormat]:
    """Return slopes as integers and their format.

    Raises:
        GatewrightError: they need more than ``MAX_SLOPE_BITS`` bits.
    """
    found = exact_integers(values)
    if found is None or found[1].width > MAX_SLOPE_BITS:
        worst = float(values[np.argmax(np.abs(values * 256 % 1))])
        raise GatewrightError(
            f"{node.name}: {node.op_type} with slope {worst:.9g}, which needs more than "
            f"{MAX_SLOPE_BITS} bits to be exact; use {round(worst * 256) / 256:.9g}, or quantise "
            "the slope. (Between two quantisers, the first of at most 12 bits, LeakyRelu takes any)"
        )
    return found


def _rectifier(node: Any, values: IntArray, fmt: FixedFormat, threshold: float) -> Any:
    return own_nodes.make(
        "GwRectifier",
        node.name,
        node.input[0],
        node.output[0],
        slope=[int(value) for value in values],
        slope_format=str(fmt),
        threshold=threshold,
    )


def _clip(graph: Any, node: Any) -> Any:
    """Return a clip: bounds are operands, or, in old opsets, attributes."""
    given = attributes(node)
    bounds: list[float | None] = [given.get("min"), given.get("max")]
    for index, name in enumerate(node.input[1:3]):
        if not name:
            continue
        if not is_constant(graph, producers(graph), name):
            raise GatewrightError(
                f"{node.name}: a bound of Clip depends on the input; it must be a constant"
            )
        bounds[index] = float(values_behind(graph, name)[1].ravel()[0])
    # Bounds of float's own range, as exporters write them, are none.
    finite = [b if b is not None and abs(b) < 1e30 else None for b in bounds]
    named = [bound for bound in finite if bound is not None]
    if not named:
        return own_nodes.make("Identity", node.name, node.input[0], node.output[0])
    found = exact_integers(np.array(named))
    if found is None or found[1].width > MAX_BOUND_BITS:
        raise GatewrightError(
            f"{node.name}: Clip to {bounds[0]} ... {bounds[1]}, which need more than "
            f"{MAX_BOUND_BITS} bits to be exact; use bounds such as multiples of 1/256"
        )
    if len(named) == 2 and named[0] > named[1]:
        raise GatewrightError(
            f"{node.name}: Clip from {named[0]:g} to {named[1]:g}; the first must be the smaller"
        )
    integers = iter(int(value) for value in found[0])
    low, high = (next(integers) if bound is not None else None for bound in finite)
    return own_nodes.make(
        "GwClip",
        node.name,
        node.input[0],
        node.output[0],
        low=low,
        high=high,
        fraction=found[1].fraction,
    )
