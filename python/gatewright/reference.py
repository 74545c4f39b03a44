"""Integer evaluation of the hardware graph, layer by layer: what the RTL must give."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray, requantize
from gatewright.graph import (
    Argmax,
    Clip,
    Combination,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    Function,
    Graph,
    Input,
    Merge,
    Node,
    Pad,
    Pool,
    Pooling,
    Rectifier,
    Reshape,
    Softmax,
    StreamType,
    Table,
    Transpose,
    Upsample,
    Window,
    merged_format,
    sum_range,
)

_FLOAT64_EXACT = 53  # float64 holds every integer below 2**53
_ELEMENTS_AT_ONCE = 1 << 21  # of the largest layer's output, to bound memory


def evaluate(graph: Graph, inputs: IntArray) -> dict[str, IntArray]:
    """Evaluate every node.

    Args:
        graph: The hardware graph.
        inputs: Integers [samples, elements]: those of each Input, one after the other in the
            graph's order, in units of its format's lsb.

    Returns:
        For each node, integers [samples, elements] in units of its output format's lsb.

    Raises:
        GatewrightError: inputs have the wrong shape or do not fit the input format.
    """
    given = _split(graph, inputs)
    values: dict[str, IntArray] = {}
    for node in graph.nodes:
        if isinstance(node, Input):
            values[node.name] = _checked(node, given[node.name])
        else:
            sources = [(values[name], graph[name].out) for name in node.inputs]
            values[node.name] = _apply(node, sources)
    return values


def outputs(graph: Graph, inputs: IntArray) -> IntArray:
    """Return the integers [samples, elements] of the graph's outputs, one after the other."""
    largest = max(node.out.size for node in graph.nodes)
    step = max(1, _ELEMENTS_AT_ONCE // largest)
    parts = []
    for first in range(0, max(len(inputs), 1), step):
        values = evaluate(graph, inputs[first : first + step])
        parts.append(np.concatenate([values[name] for name in graph.outputs], axis=1))
    return np.concatenate(parts)


def _apply(node: Node, sources: Sequence[tuple[IntArray, StreamType]]) -> IntArray:
    x, source = sources[0]
    match node:
        case Depthwise():
            windows = windows_of(x, source, node.window)
            return _totals(node, np.einsum("npkc,ck->npc", windows, node.weight), source.format)
        case Conv():
            windows = windows_of(x, source, node.window)
            flat = windows.reshape(*windows.shape[:2], -1)
            return _totals(node, _product(node, flat, source.format), source.format)
        case Dense():
            return _totals(node, _product(node, x, source.format), source.format)
        case Elementwise():
            y = np.maximum(x, 0) if node.function is Function.RELU else x
            return requantize(y, source.format, node.out.format)
        case Pool():
            return _pool(node, x, source)
        case Merge():
            return combine(node, sources)
        case Concat():
            images = [
                requantize(y, kind.format, node.out.format).reshape(len(y), *kind.image)
                for y, kind in sources
            ]
            return np.concatenate(images, axis=3).reshape(len(x), -1)
        case Rectifier() | Clip() | Table() | Softmax():
            return _activated(node, x, source)
        case Pad() | Upsample() | Transpose() | Reshape():
            return requantize(_moved(node, x, source), source.format, node.out.format)
        case Argmax():
            index: IntArray = x.argmax(axis=1, keepdims=True)
            return index
    raise GatewrightError(f"{node.name}: the reference has no {type(node).__name__}")


def windows_of(x: IntArray, source: StreamType, window: Window, fill: int = 0) -> IntArray:
    """Return every window of images.

    Args:
        x: Integers [samples, elements], row, column, channel last.
        source: Their type.
        window: How the kernel moves.
        fill: What stands beyond the image.

    Returns:
        Integers [samples, output pixels, taps, channels].
    """
    rows, columns, channels = source.image
    top, left, bottom, right = window.pad
    images = x.reshape(-1, rows, columns, channels)
    padded = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    height, width = window.output(rows, columns)
    taps = []
    for row in range(window.kernel[0]):
        for column in range(window.kernel[1]):
            y, z = row * window.dilation[0], column * window.dilation[1]
            taps.append(
                padded[
                    :,
                    y : y + (height - 1) * window.stride[0] + 1 : window.stride[0],
                    z : z + (width - 1) * window.stride[1] + 1 : window.stride[1],
                ]
            )
    stacked = np.stack(taps, axis=3)
    return stacked.reshape(len(images), height * width, window.taps, channels)


def _product(node: Dense, x: IntArray, source: FixedFormat) -> IntArray:
    """Return ``x @ weight.T`` exactly, by floating point where that is exact."""
    # Every partial sum of a row is within the sum of the magnitudes, so this choice is exact.
    largest = max(abs(source.min_int), source.max_int)
    magnitude = int(np.abs(node.weight).sum(axis=1).max()) * largest
    if magnitude.bit_length() <= _FLOAT64_EXACT:
        product = x.astype(np.float64) @ node.weight.T.astype(np.float64)
        return product.astype(np.int64)
    exact: IntArray = x @ node.weight.T
    return exact


def _totals(node: Dense, products: IntArray, source: FixedFormat) -> IntArray:
    """Add the bias along the last axis and convert; returns [samples, elements]."""
    span = sum_range(node, source)
    total = products << (span.fraction - span.products.fraction)
    if node.bias is not None and node.bias_format is not None:
        total = total + (node.bias << (span.fraction - node.bias_format.fraction))
    return requantize(total, span.total, node.out.format).reshape(len(products), -1)


def _pool(node: Pool, x: IntArray, source: StreamType) -> IntArray:
    if node.kind is Pooling.MAX:
        windows = windows_of(x, source, node.window, fill=source.format.min_int)
        return requantize(windows.max(axis=2), source.format, node.out.format).reshape(len(x), -1)
    sums = windows_of(x, source, node.window).sum(axis=2)
    taps = node.window.taps
    wide = replace(source.format, width=source.format.width + taps.bit_length())
    wide = replace(wide, integer=wide.width - source.format.fraction)
    if node.count_padding:
        return requantize(sums, wide, node.out.format, taps).reshape(len(x), -1)
    ones = np.ones((1, source.size), np.int64)
    counts = windows_of(ones, source, node.window).sum(axis=2)[0, :, 0]
    averages = [
        requantize(sums[:, pixel], wide, node.out.format, int(count))
        for pixel, count in enumerate(counts)
    ]
    return np.stack(averages, axis=1).reshape(len(x), -1)


def _activated(
    node: Rectifier | Clip | Table | Softmax, x: IntArray, source: StreamType
) -> IntArray:
    fmt = source.format
    y: IntArray
    match node:
        case Rectifier():
            slopes = np.resize(node.slope, source.size)
            up = node.slope_format.fraction
            y = np.where(x > node.threshold, x << max(up, 0), (x * slopes) << max(-up, 0))
            bits = fmt.width + node.slope_format.width + abs(up) + 1
            return requantize(y, _signed(bits, fmt.fraction + max(up, 0)), node.out.format)
        case Clip():
            y = x << (node.fraction - fmt.fraction)
            y = y if node.low is None else np.maximum(y, node.low)
            y = y if node.high is None else np.minimum(y, node.high)
            bounds = [abs(bound) for bound in (node.low, node.high) if bound is not None]
            bits = max(fmt.width + node.fraction - fmt.fraction, max(bounds).bit_length()) + 1
            return requantize(y, _signed(bits, node.fraction), node.out.format)
        case Table():
            y = node.values[x - fmt.min_int]
            return y
        case Softmax():
            pixels = x.reshape(-1, source.image[2])
            e = node.values[pixels.max(axis=1, keepdims=True) - pixels]
            return _quotients(e, node.out.format).reshape(len(x), -1)


def _quotients(e: IntArray, fmt: FixedFormat) -> IntArray:
    """Return ``convert(e / sum of e's row)``, exact before the conversion."""
    sums = e.sum(axis=1)
    y = np.empty_like(e)
    for total in np.unique(sums):
        rows = sums == total
        y[rows] = requantize(e[rows], _signed(int(total).bit_length() + 1, 0), fmt, int(total))
    return y


def _moved(node: Pad | Upsample | Transpose | Reshape, x: IntArray, source: StreamType) -> IntArray:
    images = x.reshape(-1, *source.image)
    match node:
        case Pad():
            top, left, bottom, right = node.pad
            images = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)))
        case Upsample():
            images = images.repeat(node.factor[0], axis=1).repeat(node.factor[1], axis=2)
        case Transpose():
            images = images.transpose(0, *(axis + 1 for axis in node.axes))
    return images.reshape(len(x), -1)


def _signed(bits: int, fraction: int) -> FixedFormat:
    return FixedFormat(True, bits, bits - fraction)


def combine(node: Merge, sources: Sequence[tuple[IntArray, StreamType]]) -> IntArray:
    """Return two streams combined element by element; see ``graph.Merge``."""
    (a, first), (b, second) = sources
    if node.kind is Combination.MULTIPLY:
        product = merged_format(node.kind, first.format, second.format)
        return requantize(a * b, product, node.out.format)
    total = merged_format(node.kind, first.format, second.format)
    a = a << (total.fraction - first.format.fraction)
    b = b << (total.fraction - second.format.fraction)
    functions: dict[Combination, Callable[[IntArray, IntArray], IntArray]] = {
        Combination.ADD: np.add,
        Combination.AVERAGE: np.add,
        Combination.SUBTRACT: np.subtract,
        Combination.MAXIMUM: np.maximum,
        Combination.MINIMUM: np.minimum,
    }
    divisor = 2 if node.kind is Combination.AVERAGE else 1
    return requantize(functions[node.kind](a, b), total, node.out.format, divisor)


def _split(graph: Graph, inputs: IntArray) -> dict[str, IntArray]:
    """Return each Input's own integers."""
    nodes = [node for node in graph.nodes if isinstance(node, Input)]
    sizes = [node.out.size for node in nodes]
    if inputs.ndim != 2 or inputs.shape[1] != sum(sizes):
        names = ", ".join(node.name for node in nodes)
        raise GatewrightError(
            f"{names}: inputs have shape {inputs.shape}, must be (samples, {sum(sizes)})"
        )
    parts = np.split(inputs, np.cumsum(sizes)[:-1], axis=1)
    return {node.name: part for node, part in zip(nodes, parts, strict=True)}


def _checked(node: Input, inputs: IntArray) -> IntArray:
    fmt = node.out.format
    if inputs.size and (inputs.min() < fmt.min_int or inputs.max() > fmt.max_int):
        raise GatewrightError(
            f"{node.name}: inputs span {inputs.min()} to {inputs.max()}, but {fmt} holds "
            f"{fmt.min_int} to {fmt.max_int}"
        )
    return inputs
