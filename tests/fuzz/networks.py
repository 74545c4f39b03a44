"""From the description of a network to its hardware graph, and its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fuzz.spec import Fill, Layer, Network
from gatewright import reference
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
    merged_format,
    sum_range,
)

Maker = Callable[[Layer, dict[str, Any], Sequence[StreamType], np.random.Generator], Node]


def graph_of(network: Network, name: str) -> Graph:
    """Return the hardware graph; every node's name begins with ``name``."""
    nodes: list[Node] = [
        Input(
            name=f"{name}_in",
            origin="global_in",
            inputs=(),
            out=StreamType(network.format, network.shape),
        )
    ]
    for index, layer in enumerate(network.layers, start=1):
        sources = [nodes[source] for source in layer.sources]
        nodes.append(node_of(layer, f"{name}_{layer.kind}{index}", sources, network.seed + index))
    return Graph(name, tuple(nodes), (nodes[-1].name,))


def node_of(layer: Layer, name: str, sources: Sequence[Node], seed: int) -> Node:
    """Return one layer's node."""
    common = {
        "name": name,
        "origin": f"/{layer.kind}",
        "inputs": tuple(source.name for source in sources),
    }
    types = [source.out for source in sources]
    return MAKERS[layer.kind](layer, common, types, np.random.default_rng(seed))


def exact_format(node: Node, sources: Sequence[StreamType]) -> FixedFormat:
    """Return a format that holds what ``node`` computes before it converts."""
    formats = [source.format for source in sources]
    match node:
        case Dense():
            return sum_range(node, formats[0]).total
        case Merge():
            return merged_format(node.kind, *formats)
        case Concat():
            return merged_format(Combination.MAXIMUM, *formats)
        case Softmax():
            return FixedFormat(False, 8, 1)
    return formats[0]


def inputs_of(network: Network, samples: int) -> IntArray:
    """Return integers [samples, elements]; of every four samples two are uniform, one has the
    format's ends alone, one is mostly zero.
    """
    rng = np.random.default_rng([network.seed, 1])
    size = StreamType(network.format, network.shape).size
    fills = (Fill.UNIFORM, Fill.ENDS, Fill.UNIFORM, Fill.SPARSE)
    rows = [integers(rng, network.format, (size,), fills[k % 4]) for k in range(samples)]
    return np.stack(rows)


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


def varies(graph: Graph, inputs: IntArray) -> bool:
    """Whether every node gives something else for some of the inputs."""
    values = reference.evaluate(graph, inputs)
    return all((y != y[0]).any() for y in values.values())


def _matrix(
    layer: Layer, common: dict[str, Any], shape: tuple[int, int], rng: np.random.Generator
) -> dict[str, Any]:
    assert layer.weight is not None
    bias = None
    if layer.bias is not None:
        bias = integers(rng, layer.bias, shape[:1], layer.fill)
    return common | {
        "weight": integers(rng, layer.weight, shape, layer.fill),
        "weight_format": layer.weight,
        "bias": bias,
        "bias_format": layer.bias,
        "request": FoldRequest(reuse_factor=layer.reuse, pe=layer.pe, simd=layer.simd),
    }


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
    values = integers(rng, layer.out, (2 ** sources[0].format.width,), layer.fill)
    out = replace(sources[0], format=layer.out)
    return Table(**common, out=out, values=values, function="random")


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
