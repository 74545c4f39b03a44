"""From the description of a network to its hardware graph, and its inputs."""

from collections.abc import Sequence

import numpy as np

from fuzz.functions import range_format
from fuzz.makers import MAKERS, integers
from fuzz.spec import Fill, Layer, Network
from gatewright import reference
from gatewright.fixed import FixedFormat, IntArray
from gatewright.graph import (
    Combination,
    Concat,
    Dense,
    Graph,
    Input,
    Merge,
    Node,
    Reshape,
    Softmax,
    StreamType,
    Table,
    Transpose,
    merged_format,
    sum_range,
)


def graph_of(network: Network, name: str) -> Graph:
    """Return the hardware graph; every node's name begins with ``name``."""
    first = StreamType(network.format, network.shape)
    tips: list[Node] = [Input(name=f"{name}_in", origin="global_in", inputs=(), out=first)]
    nodes = list(tips)
    for index, layer in enumerate(network.layers, start=1):
        sources = [tips[source] for source in layer.sources]
        made = nodes_of(layer, f"{name}_{layer.kind}{index}", sources, network.seed + index)
        nodes += made
        tips.append(made[-1])
    outputs = [tips[index].name for index in network.outputs]
    return Graph(name, tuple(nodes), (*outputs, tips[-1].name))


def tip_of(graph: Graph, name: str, network: Network, index: int) -> Node:
    """Return the node of stream ``index`` in what ``graph_of`` returned."""
    return graph[f"{name}_{network.layers[index - 1].kind}{index}" if index else f"{name}_in"]


def nodes_of(layer: Layer, name: str, sources: Sequence[Node], seed: int) -> tuple[Node, ...]:
    """Return a layer's nodes: its own last."""
    origin = f"/{layer.kind}"
    if layer.kind == "reshape" and layer.word == "network":
        return _viewed(layer, name, sources[0])
    common = {"name": name, "origin": origin, "inputs": tuple(source.name for source in sources)}
    types = [source.out for source in sources]
    return (MAKERS[layer.kind](layer, common, types, np.random.default_rng(seed)),)


def _viewed(layer: Layer, name: str, source: Node) -> tuple[Node, ...]:
    """Return a reshape of what has its channels first: turned, reshaped, turned back."""
    rows, columns, channels = StreamType(layer.out, layer.shape).image
    fmt = source.out.format
    first, second = f"{name}_first", f"{name}_second"
    image = source.out.image
    turned = StreamType(fmt, (image[2], image[0], image[1]))
    reshaped = StreamType(fmt, (channels, rows, columns))
    out = StreamType(layer.out, layer.shape)
    origin = "/reshape"
    return (
        Transpose(name=first, origin=origin, inputs=(source.name,), out=turned, axes=(2, 0, 1)),
        Reshape(name=second, origin=origin, inputs=(first,), out=reshaped),
        Transpose(name=name, origin=origin, inputs=(second,), out=out, axes=(1, 2, 0)),
    )


def exact_format(node: Node, sources: Sequence[StreamType]) -> FixedFormat:
    """Return a format that holds what ``node`` computes before it converts."""
    formats = [source.format for source in sources]
    match node:
        case Input():
            return node.out.format
        case Dense():
            return sum_range(node, formats[0]).total
        case Merge():
            return merged_format(node.kind, *formats)
        case Concat():
            return merged_format(Combination.MAXIMUM, *formats)
        case Softmax():
            return FixedFormat(False, 8, 1)
        case Table() if node.function != "random":
            return range_format(node.function, formats[0])
    return formats[0]


def inputs_of(network: Network, samples: int) -> IntArray:
    """Return integers [samples, elements], those of each input one after the other."""
    kinds = [StreamType(network.format, network.shape)]
    kinds += [StreamType(each.out, each.shape) for each in network.layers if each.kind == "input"]
    parts = [input_of(kind, samples, [network.seed, 1 + k]) for k, kind in enumerate(kinds)]
    return np.concatenate(parts, axis=1)


def input_of(kind: StreamType, samples: int, seed: Sequence[int]) -> IntArray:
    """Return integers [samples, elements]; of every four samples two are uniform, one has the
    format's ends alone, one is mostly zero.
    """
    rng = np.random.default_rng(seed)
    fills = (Fill.UNIFORM, Fill.ENDS, Fill.UNIFORM, Fill.SPARSE)
    rows = [integers(rng, kind.format, (kind.size,), fills[k % 4]) for k in range(samples)]
    return np.stack(rows)


def varies(graph: Graph, inputs: IntArray) -> bool:
    """Whether every node gives something else for some of the inputs."""
    values = reference.evaluate(graph, inputs)
    return all((y != y[0]).any() for y in values.values())
