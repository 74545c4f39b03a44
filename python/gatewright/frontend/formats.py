"""Exact formats of an ONNX graph's tensors, from the quantisers down."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright import graph as g
from gatewright.fixed import FixedFormat, IntArray, format_for_range, parse_format
from gatewright.frontend.onnx_graph import (
    RESHAPING,
    UNCHANGED,
    attributes,
    is_constant,
    producers,
    values_behind,
)
from gatewright.frontend.quantizers import quant_format

OWN_FORMAT = ("GwQuant", "GwTable", "GwSoftmax")  # nodes that carry their format
QUANTISERS = ("Quant", "GwQuant")
EXACT_BITS = 53  # of a constant: float64 holds them


def own_format(graph: Any, node: Any) -> FixedFormat | None:
    """Return the format that a node itself gives its result, or None."""
    if node.op_type == "Quant":
        return quant_format(node, graph)
    if node.op_type in OWN_FORMAT:
        return parse_format(attributes(node)["format"])
    return None


def exact_format(graph: Any, tensor: str) -> FixedFormat | None:
    """Return a format that holds every value of ``tensor`` exactly; None where it is not known."""
    drivers = producers(graph)
    node = drivers.get(tensor)
    if node is None:
        return None
    if (own := own_format(graph, node)) is not None:
        return own
    kind = node.op_type
    if kind == "Add" and is_constant(graph, drivers, node.input[1]):
        return _biased(graph, node)
    source = exact_format(graph, node.input[0])
    if source is None:
        return None
    if kind in (*UNCHANGED, *RESHAPING, "GlobalMaxPool"):
        return source
    if kind == "Relu":
        return format_for_range(0, source.max_int, source.fraction)
    if kind in ("MatMul", "Conv"):
        bias = values_behind(graph, node.input[2])[1] if len(node.input) > 2 else None
        return _sum(source, rows_of(graph, node), bias)
    if kind == "Concat":
        return _widest([exact_format(graph, tensor) for tensor in node.input])
    if kind == "Add":
        other = exact_format(graph, node.input[1])
        return None if other is None else g.merged_format(g.Combination.ADD, source, other)
    given = attributes(node)
    if kind == "GwRectifier":
        return _rectified(source, given)
    if kind == "GwClip":
        return _clipped(source, given)
    if kind == "GwScale":
        scale, bias = (
            np.ldexp(np.array(given[key], dtype=np.float64), -parse_format(text).fraction)
            for key, text in (("scale", given["scale_format"]), ("bias", given["bias_format"]))
        )
        scale, bias = np.broadcast_arrays(scale, bias)
        return _sum(source, scale.reshape(-1, 1), bias)
    return None


def rows_of(graph: Any, node: Any) -> NDArray[np.float64]:
    """Return the weights of a MatMul or a Conv, a row for each output."""
    weight = values_behind(graph, node.input[1])[1].astype(np.float64)
    return weight.T if node.op_type == "MatMul" else weight.reshape(len(weight), -1)


def exact_integers(values: NDArray[Any]) -> tuple[IntArray, FixedFormat] | None:
    """Return real values as integers of the narrowest format, None where it is too wide."""
    real = np.asarray(values, dtype=np.float64)
    mantissa, exponent = np.frexp(real[real != 0])
    if not mantissa.size:
        return np.zeros(real.shape, np.int64), FixedFormat(True, 1, 1)
    whole = np.ldexp(mantissa, EXACT_BITS).astype(np.int64)
    lowest = int((exponent - EXACT_BITS + np.log2((whole & -whole).astype(np.float64))).min())
    if int(exponent.max()) - lowest > EXACT_BITS:
        return None
    numbers = np.ldexp(real, -lowest).astype(np.int64)
    return numbers, format_for_range(min(int(numbers.min()), 0), int(numbers.max()), -lowest)


def _widest(formats: list[FixedFormat | None]) -> FixedFormat | None:
    """Return a format that holds every value of each of ``formats``; None if one is not known."""
    found = formats[0]
    for fmt in formats[1:]:
        if found is None or fmt is None:
            return None
        found = g.merged_format(g.Combination.MAXIMUM, found, fmt)
    return found


def _biased(graph: Any, node: Any) -> FixedFormat | None:
    """Return the format of a MatMul's sum with its bias."""
    before = producers(graph).get(node.input[0])
    if before is None or before.op_type != "MatMul":
        return None
    source = exact_format(graph, before.input[0])
    bias = values_behind(graph, node.input[1])[1]
    return None if source is None else _sum(source, rows_of(graph, before), bias)


def _sum(
    source: FixedFormat, rows: NDArray[np.float64], bias: NDArray[Any] | None
) -> FixedFormat | None:
    weights = exact_integers(rows)
    biases = None if bias is None else exact_integers(bias.ravel())
    if weights is None or (bias is not None and biases is None):
        return None
    node = g.Dense(
        name="sum",
        origin="sum",
        inputs=(),
        out=g.StreamType(source, (len(rows),)),
        weight=weights[0],
        weight_format=weights[1],
        bias=None if biases is None else np.broadcast_to(biases[0], (len(rows),)),
        bias_format=None if biases is None else biases[1],
    )
    return g.sum_range(node, source).total


def _rectified(source: FixedFormat, given: dict[str, Any]) -> FixedFormat:
    """Return a format that holds ``x`` and ``slope * x``."""
    slope_format = parse_format(given["slope_format"])
    up = max(slope_format.fraction, 0)
    down = up - slope_format.fraction
    corners = [
        slope * value << down
        for slope in given["slope"]
        for value in (source.min_int, min(source.max_int, 0))
    ]
    if float(given.get("threshold", 0.0)) > 0:
        corners += [slope * source.max_int << down for slope in given["slope"]]
    corners += [0, source.max_int << up]
    return format_for_range(min(corners), max(corners), source.fraction + up)


def _clipped(source: FixedFormat, given: dict[str, Any]) -> FixedFormat:
    fraction = max(int(given["fraction"]), source.fraction)
    low, high = (
        source.min_int << (fraction - source.fraction),
        source.max_int << (fraction - source.fraction),
    )
    up = fraction - int(given["fraction"])
    if "low" in given:
        low, high = (max(bound, int(given["low"]) << up) for bound in (low, high))
    if "high" in given:
        low, high = (min(bound, int(given["high"]) << up) for bound in (low, high))
    return format_for_range(min(low, 0), max(high, 0), fraction)
