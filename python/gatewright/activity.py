"""How often a layer's inputs are not zero: what a sparse core's cycles depend on."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gatewright import reference
from gatewright.fixed import IntArray
from gatewright.graph import Conv, Dense, Depthwise, Graph, Node


def with_activity(graph: Graph, inputs: IntArray) -> Graph:
    """Return a graph whose dense layers and convolutions know how busy their inputs are.

    Args:
        graph: The hardware graph.
        inputs: Integers [samples, elements] of typical samples, as ``reference.evaluate`` takes
            them.
    """
    counts = activity_of(graph, inputs)

    def counted(node: Node) -> Node:
        if not isinstance(node, Dense) or node.name not in counts:
            return node
        return replace(node, activity=counts[node.name])

    return replace(graph, nodes=tuple(counted(node) for node in graph.nodes))


def activity_of(graph: Graph, inputs: IntArray) -> dict[str, IntArray]:
    """Return how often each input of each dense layer and convolution is not zero, [columns].

    Depthwise convolutions are left out.

    Args:
        graph: The hardware graph.
        inputs: Integers [samples, elements], as ``reference.evaluate`` takes them.
    """
    values = reference.evaluate(graph, inputs)
    return {
        node.name: np.count_nonzero(vectors_of(node, graph, values), axis=0).astype(np.int64)
        for node in graph.nodes
        if isinstance(node, Dense) and not isinstance(node, Depthwise)
    }


def vectors_of(node: Dense, graph: Graph, values: Mapping[str, IntArray]) -> IntArray:
    """Return what a layer's matrix is multiplied with, [vectors, columns].

    Args:
        node: The layer, no depthwise convolution.
        graph: Its graph.
        values: Of every node, [samples, elements]: see ``reference.evaluate``.
    """
    given = values[node.inputs[0]]
    if not isinstance(node, Conv):
        return given
    windows = reference.windows_of(given, graph.source(node), node.window)
    return windows.reshape(-1, node.weight.shape[1])
