"""Graph -> graph: what holds for any front end and any hardware behind it."""

from dataclasses import replace

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.graph import (
    Argmax,
    Dense,
    Depthwise,
    Elementwise,
    Function,
    Graph,
    Input,
    Node,
    Pool,
    Pooling,
    Reshape,
    StreamType,
)


def simplify(graph: Graph) -> Graph:
    """Leave out conversions that change no value, shapes unseen, multiplications of an average."""
    names: dict[str, str] = {}
    kept: list[Node] = []
    for given in graph.nodes:
        node = as_average(given)
        inputs = tuple(names.get(name, name) for name in node.inputs)
        converts = isinstance(node, Elementwise) and changes_nothing(
            node, graph.source(node).format
        )
        if converts or (isinstance(node, Reshape) and is_unseen(graph, node)):
            names[node.name] = inputs[0]
        else:
            kept.append(replace(node, inputs=inputs) if inputs != node.inputs else node)
    outputs = tuple(names.get(name, name) for name in graph.outputs)
    return replace(graph, nodes=tuple(kept), outputs=outputs)


def as_average(node: Node) -> Node:
    """Return the average over windows that a depthwise convolution is, or itself if it is none."""
    if not isinstance(node, Depthwise) or node.bias is not None or node.window.taps == 1:
        return node
    if (np.ldexp(node.weight, -node.weight_format.fraction) * node.window.taps != 1).any():
        return node
    return Pool(
        name=node.name,
        origin=node.origin,
        inputs=node.inputs,
        out=node.out,
        kind=Pooling.AVERAGE,
        window=node.window,
    )


def changes_nothing(node: Elementwise, source: FixedFormat) -> bool:
    """Whether a conversion gives the same integers, bit for bit.

    A wider format with more fraction bits holds the same values but as other integers, so the
    fraction must stay.
    """
    if node.function is Function.RELU and source.signed:
        return False
    target = node.out.format
    return target.contains(source) and target.fraction == source.fraction


def is_unseen(graph: Graph, node: Node) -> bool:
    """Whether a shape makes no difference: only matrices read it, perhaps behind elementwise nodes.

    Another reshaping of the same elements makes no difference either.
    """
    if node.name in graph.outputs:
        return False
    return all(
        type(reader) in (Dense, Reshape)
        or (isinstance(reader, Elementwise) and is_unseen(graph, reader))
        for reader in graph.consumers(node.name)
    )


def with_argmax(graph: Graph) -> Graph:
    """Return ``graph`` with the index of the first largest element as its only output.

    Raises:
        GatewrightError: the graph has more than one output.
    """
    if len(graph.outputs) != 1:
        raise GatewrightError(
            f"graph {graph.name}: argmax of {len(graph.outputs)} outputs ({graph.outputs}); "
            "allowed: 1"
        )
    source = graph[graph.outputs[0]]
    width = max((source.out.size - 1).bit_length(), 1)
    taken = {node.name for node in graph.nodes}
    name = next(
        n for n in ("argmax", *(f"argmax_{i}" for i in range(len(taken)))) if n not in taken
    )
    node = Argmax(
        name=name,
        origin=source.origin,
        inputs=(source.name,),
        out=StreamType(FixedFormat(False, width, width), (1,)),
    )
    return replace(graph, nodes=(*graph.nodes, node), outputs=(name,))


def inputs_of(graph: Graph) -> tuple[Input, ...]:
    """Return the graph's inputs, in the network's order.

    Raises:
        GatewrightError: it has none.
    """
    inputs = tuple(node for node in graph.nodes if isinstance(node, Input))
    if not inputs:
        raise GatewrightError(f"graph {graph.name}: it has no input")
    return inputs
