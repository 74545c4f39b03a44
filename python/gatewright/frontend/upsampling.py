"""Upsampling: hls4ml's ONNX reader exchanges rows and columns."""

from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import attributes, set_attributes, shapes
from gatewright.frontend.quantizers import constant

# How a place in the result becomes one in the source, so that each pixel appears factor times.
REPEATING = (
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
)


def rewrite_upsampling(graph: Any) -> None:
    """Make every Resize an ``Upsample`` by whole factors.

    Raises:
        GatewrightError: another interpolation, or factors that are not whole.
    """
    for node in graph.node:
        if node.op_type in ("Resize", "Upsample") and node.domain == "":
            _rewrite(graph, node)


def _rewrite(graph: Any, node: Any) -> None:
    given, known = attributes(node), shapes(graph)
    source, out = known[node.input[0]], known[node.output[0]]
    mode = given.get("mode", "nearest")
    way = (
        given.get("coordinate_transformation_mode", "half_pixel"),
        given.get("nearest_mode", "round_prefer_floor"),
    )
    whole = len(source) in (3, 4) and all(b % a == 0 for a, b in zip(source, out, strict=True))
    scales = [constant(graph, tensor) for tensor in node.input[1:] if tensor]
    exact = any(
        value is not None and value.size == len(source) and np.array_equal(value, target)
        for value in scales
        for target in (np.divide(out, source), np.array(out))
    )
    repeats = node.op_type == "Upsample" or way in REPEATING
    if mode != "nearest" or not repeats or not whole or not exact or source[:2] != out[:2]:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of mode {mode}, {' and '.join(way)}, from {source} to "
            f"{out}; supported: nearest (asymmetric and floor, or half_pixel), by whole factors of "
            "rows and columns (torch.nn.Upsample)"
        )
    del node.input[1:]
    node.op_type, node.domain = "Upsample", "gatewright"
    factors = [b // a for a, b in zip(source[2:], out[2:], strict=True)]
    set_attributes(node, factors=factors)
