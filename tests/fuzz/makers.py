"""From the description of a layer to its node, by the layer's kind."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fuzz.functions import tabulated
from fuzz.spec import Fill, Layer
from gatewright.fixed import FixedFormat, IntArray
from gatewright.graph import (
    Argmax,
    Clip,
    Combination,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    FoldRequest,
    Function,
    Input,
    Merge,
    Node,
    Pad,
    Pool,
    Pooling,
    Rectifier,
    Reshape,
    Softmax,
    Strategy,
    StreamType,
    Table,
    Transpose,
    Upsample,
)

Maker = Callable[[Layer, dict[str, Any], Sequence[StreamType], np.random.Generator], Node]


def integers(
    rng: np.random.Generator, fmt: FixedFormat, shape: tuple[int, ...], fill: Fill
) -> IntArray:
    """Return random integers that ``fmt`` holds."""
    values = rng.integers(fmt.min_int, fmt.max_int, shape, endpoint=True)
    if fill is Fill.ENDS:
        return rng.choice([fmt.min_int, fmt.max_int], shape)
    if fill is Fill.SPARSE:
        values[rng.random(shape) < 0.7] = 0
    return values


def _matrix(
    layer: Layer, common: dict[str, Any], shape: tuple[int, int], rng: np.random.Generator
) -> dict[str, Any]:
    assert layer.weight is not None
    bias = None
    if layer.bias is not None:
        bias = integers(rng, layer.bias, shape[:1], layer.fill)
    strategy = Strategy.DISTRIBUTED_ARITHMETIC if layer.unrolled else Strategy.RESOURCE
    if layer.compressed:
        strategy = Strategy.COMPRESSED
    return common | {
        "weight": integers(rng, layer.weight, shape, layer.fill),
        "weight_format": layer.weight,
        "bias": bias,
        "bias_format": layer.bias,
        "request": FoldRequest(
            strategy=strategy, reuse_factor=layer.reuse, pe=layer.pe, simd=layer.simd
        ),
    }


def _input(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    return Input(**common, out=StreamType(layer.out, layer.shape))


def _dense(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    fields = _matrix(layer, common, (layer.rows, sources[0].size), rng)
    return Dense(**fields, out=StreamType(layer.out, (layer.rows,)))


def _conv(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    window, channels = layer.window, sources[0].image[2]
    assert window is not None
    fields = _matrix(layer, common, (layer.rows, window.taps * channels), rng)
    if layer.groups > 1:
        group_of_row = np.arange(layer.rows) * layer.groups // layer.rows
        group_of_column = np.tile(np.arange(channels) * layer.groups // channels, window.taps)
        fields["weight"] = fields["weight"] * (group_of_row[:, None] == group_of_column[None, :])
    return Conv(**fields, window=window, out=_windowed(layer, sources[0], layer.rows))


def _depthwise(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    window, channels = layer.window, sources[0].image[2]
    assert window is not None
    fields = _matrix(layer, common, (channels, window.taps), rng)
    return Depthwise(**fields, window=window, out=_windowed(layer, sources[0], channels))


def _windowed(layer: Layer, source: StreamType, channels: int) -> StreamType:
    assert layer.window is not None
    rows, columns, _ = source.image
    pixels = layer.window.output(rows, columns)[3 - len(source.shape) :]
    return StreamType(layer.out, (*pixels, channels))


def _pool(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    assert layer.window is not None
    out = _windowed(layer, sources[0], sources[0].image[2])
    kind = Pooling(layer.word)
    return Pool(
        **common, out=out, kind=kind, window=layer.window, count_padding=layer.count_padding
    )


def _elementwise(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    out = replace(sources[0], format=layer.out)
    return Elementwise(**common, out=out, function=Function(layer.word))


def _merge(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    out = replace(sources[0], format=layer.out)
    return Merge(**common, out=out, kind=Combination(layer.word))


def _concat(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    channels = sum(source.image[2] for source in sources)
    return Concat(**common, out=StreamType(layer.out, (*sources[0].shape[:-1], channels)))


def _reshape(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    return Reshape(**common, out=StreamType(sources[0].format, layer.shape))


def _argmax(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    width = max((sources[0].size - 1).bit_length(), 1)
    return Argmax(**common, out=StreamType(FixedFormat(False, width, width), (1,)))


def _rectifier(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    assert layer.weight is not None
    source = sources[0]
    count = layer.rows if layer.rows == 1 else source.image[2]
    return Rectifier(
        **common,
        out=replace(source, format=layer.out),
        slope=integers(rng, layer.weight, (count,), layer.fill),
        slope_format=layer.weight,
        threshold=layer.numbers[0],
    )


def _clip(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    low, high = layer.numbers
    out = replace(sources[0], format=layer.out)
    return Clip(**common, out=out, low=low, high=high, fraction=sources[0].format.fraction)


def _table(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    source = sources[0].format
    if layer.word:
        values = tabulated(layer.word, source, layer.out)
    else:
        values = integers(rng, layer.out, (2**source.width,), layer.fill)
    out = replace(sources[0], format=layer.out)
    return Table(**common, out=out, values=values, function=layer.word or "random")


def _softmax(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    values = integers(rng, FixedFormat(False, 8, 8), (2 ** sources[0].format.width,), Fill.UNIFORM)
    values = np.sort(values)[::-1].copy()
    values[0] = max(int(values[0]), 1)
    return Softmax(**common, out=replace(sources[0], format=layer.out), values=values)


def _pad(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    rows, columns, channels = sources[0].image
    top, left, bottom, right = layer.numbers
    shape = (rows + top + bottom, columns + left + right, channels)
    return Pad(**common, out=StreamType(layer.out, shape), pad=(top, left, bottom, right))


def _upsample(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    rows, columns, channels = sources[0].image
    down, across = layer.numbers
    shape = (rows * down, columns * across, channels)
    return Upsample(**common, out=StreamType(layer.out, shape), factor=(down, across))


def _transpose(
    layer: Layer, common: dict[str, Any], sources: Sequence[StreamType], rng: np.random.Generator
) -> Node:
    first, second, third = layer.numbers
    image = sources[0].image
    shape = (image[first], image[second], image[third])
    return Transpose(**common, out=StreamType(layer.out, shape), axes=(first, second, third))


MAKERS: dict[str, Maker] = {
    "input": _input,
    "dense": _dense,
    "conv": _conv,
    "depthwise": _depthwise,
    "pool": _pool,
    "elementwise": _elementwise,
    "merge": _merge,
    "concat": _concat,
    "reshape": _reshape,
    "argmax": _argmax,
    "rectifier": _rectifier,
    "clip": _clip,
    "table": _table,
    "softmax": _softmax,
    "pad": _pad,
    "upsample": _upsample,
    "transpose": _transpose,
}
