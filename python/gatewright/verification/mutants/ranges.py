"""What each channel of each node can be, whatever goes into the network: exact interval bounds."""

from functools import lru_cache

import numpy as np

from gatewright.fixed import FixedFormat, IntArray, requantize
from gatewright.graph import (
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    Function,
    Graph,
    Node,
    Pool,
    Reshape,
    sum_range,
)

Range = tuple[IntArray, IntArray]  # least and largest, of each channel


@lru_cache(maxsize=4)
def ranges(graph: Graph) -> dict[str, Range]:
    """Return bounds of every node's integers, by channel.

    A node whose bounds are not followed has those of its format.
    """
    found: dict[str, Range] = {}
    for node in graph.nodes:
        source = found[node.inputs[0]] if node.inputs else None
        bounds = _through(graph, node, source) if source is not None else None
        found[node.name] = bounds or _of_format(node)
    return found


def _of_format(node: Node) -> Range:
    channels = node.out.image[2]
    fmt = node.out.format
    return np.full(channels, fmt.min_int), np.full(channels, fmt.max_int)


def _through(graph: Graph, node: Node, source: Range) -> Range | None:
    fmt = graph.source(node).format
    low, high = source
    match node:
        case Dense():
            return _matrix(graph, node, low, high)
        case Elementwise():
            if node.function is Function.RELU:
                low, high = np.maximum(low, 0), np.maximum(high, 0)
            return _converted((low, high), fmt, node.out.format)
        case Pool() if not any(node.window.pad):
            return _converted(source, fmt, node.out.format)
        case Reshape():
            channels = node.out.image[2]
            if channels % low.size:  # a channel there is of several here
                return np.full(channels, low.min()), np.full(channels, high.max())
            return np.resize(low, channels), np.resize(high, channels)
    return None


def _matrix(graph: Graph, node: Dense, low: IntArray, high: IntArray) -> Range | None:
    kind = graph.source(node)
    span = sum_range(node, kind.format)
    if isinstance(node, Conv | Depthwise) and any(node.window.pad):
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    if isinstance(node, Depthwise):
        low, high = low[:, None], high[:, None]
    else:
        low, high = np.resize(low, node.weight.shape[1]), np.resize(high, node.weight.shape[1])
    ends = np.stack([node.weight * low, node.weight * high])
    up = span.fraction - span.products.fraction
    least, most = (ends.min(axis=0).sum(axis=1) << up, ends.max(axis=0).sum(axis=1) << up)
    if node.bias is not None and node.bias_format is not None:
        bias = node.bias << (span.fraction - node.bias_format.fraction)
        least, most = least + bias, most + bias
    return _converted((least, most), span.total, node.out.format)


def _converted(bounds: Range, source: FixedFormat, target: FixedFormat) -> Range | None:
    """Return bounds after a conversion, which keeps the order unless it wraps."""
    low, high = bounds
    wide = FixedFormat(True, 60, 60 - source.fraction)
    low, high = (requantize(side, wide, target) for side in (low, high))
    unbounded = FixedFormat(True, 60, 60 - target.fraction, target.rounding)
    exact = [requantize(side, wide, unbounded) for side in bounds]
    inside = all(((e >= target.min_int) & (e <= target.max_int)).all() for e in exact)
    saturates = target.overflow.value in ("SAT", "SAT_SYM")
    return (low, high) if inside or saturates else None
