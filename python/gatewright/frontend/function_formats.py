"""Formats of what our own nodes of functions give, and of constants."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.fixed import FixedFormat, IntArray, format_for_range, parse_format
from gatewright.frontend.onnx_graph import attributes
from gatewright.frontend.quantizers import quant_format

OWN_FORMAT = ("GwQuant", "GwTable", "GwSoftmax")  # nodes that carry their format
DOUBLE_BITS = 53


def own_format(graph: Any, node: Any) -> FixedFormat | None:
    """Return the format that a node itself gives its result, modes included, or None."""
    if node.op_type == "Quant":
        return quant_format(node, graph)
    if node.op_type in OWN_FORMAT:
        return parse_format(attributes(node)["format"])
    return None


def function_format(node: Any, source: FixedFormat) -> FixedFormat | None:
    """Return the exact format of a function of ``source``; None where ``node`` is none."""
    functions = {"GwRectifier": _rectified, "GwClip": _clipped, "GwScale": _scaled}
    function = functions.get(node.op_type)
    return None if function is None else function(source, attributes(node))


def exact_integers(values: NDArray[Any]) -> tuple[IntArray, FixedFormat] | None:
    """Return real values as integers of the narrowest format, None where it is too wide."""
    real = np.asarray(values, dtype=np.float64)
    mantissa, exponent = np.frexp(real[real != 0])
    if not mantissa.size:
        return np.zeros(real.shape, np.int64), FixedFormat(True, 1, 1)
    if not np.isfinite(real).all():
        return None
    whole = np.ldexp(mantissa, DOUBLE_BITS).astype(np.int64)
    lowest = int((exponent - DOUBLE_BITS + np.log2((whole & -whole).astype(np.float64))).min())
    if int(exponent.max()) - lowest > DOUBLE_BITS:
        return None
    numbers = np.ldexp(real, -lowest).astype(np.int64)
    return numbers, format_for_range(min(int(numbers.min()), 0), int(numbers.max()), -lowest)


def _rectified(source: FixedFormat, given: dict[str, Any]) -> FixedFormat:
    """Return a format that holds ``x`` and ``slope * x``."""
    slope_format = parse_format(given["slope_format"])
    up = max(slope_format.fraction, 0)
    down = up - slope_format.fraction
    slopes = [int(slope) << down for slope in given["slope"]]
    highest = source.max_int if float(given["threshold"]) > 0 else min(source.max_int, 0)
    corners = [slope * value for slope in slopes for value in (source.min_int, highest)]
    corners += [0, source.max_int << up]
    return format_for_range(min(corners), max(corners), source.fraction + up)


def _clipped(source: FixedFormat, given: dict[str, Any]) -> FixedFormat:
    """Return a format that holds ``x`` between the bounds, which may be finer."""
    fraction = max(int(given["fraction"]), source.fraction)
    up = fraction - int(given["fraction"])
    ends = [end << (fraction - source.fraction) for end in (source.min_int, source.max_int)]
    if "low" in given:
        ends = [max(end, int(given["low"]) << up) for end in ends]
    if "high" in given:
        ends = [min(end, int(given["high"]) << up) for end in ends]
    return format_for_range(min(ends[0], 0), max(ends[1], 0), fraction)


def _scaled(source: FixedFormat, given: dict[str, Any]) -> FixedFormat:
    """Return a format that holds ``scale * x + bias`` of every channel."""
    scale_format, bias_format = (parse_format(given[f"{key}_format"]) for key in ("scale", "bias"))
    products = source.fraction + scale_format.fraction
    fraction = max(products, bias_format.fraction)
    scales, biases = np.broadcast_arrays(given["scale"], given["bias"])
    ends = [
        ((int(scale) * end) << (fraction - products))
        + (int(bias) << (fraction - bias_format.fraction))
        for scale, bias in zip(scales, biases, strict=True)
        for end in (source.min_int, source.max_int)
    ]
    return format_for_range(min(*ends, 0), max(*ends, 0), fraction)
