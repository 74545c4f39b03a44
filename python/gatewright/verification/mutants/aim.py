"""Samples aimed at a row of a layer deep in a network: they drive its sum up, as far as they can.

What a layer's sum gets from each input element is followed back through the layers before it, as
through a linear network in which only the rectifiers that are open for the sample pass anything;
each element then goes to the end of its range that makes the sum larger, and again. Without such
samples hardly any deep layer overflows, and nothing tells one way of overflowing from another.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gatewright import reference
from gatewright.fixed import IntArray
from gatewright.graph import (
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    Function,
    Graph,
    Node,
    Pool,
    Pooling,
    Reshape,
    Window,
)
from gatewright.passes import inputs_of

_ROUNDS = 12
_MOVED = 0.5  # of the elements, in a round
Slopes = NDArray[np.float64]  # [samples, elements]


def aimed(
    graph: Graph, name: str, samples: IntArray, count: int, rng: np.random.Generator
) -> IntArray:
    """Return samples that make some sum of a layer large.

    Args:
        graph: Of one input.
        name: Of a node with weights.
        samples: To begin with: each is aimed at a drawn sum.
        count: Samples wanted: those with the largest sums found.
        rng: Draws.
    """
    (source,) = inputs_of(graph)
    fmt = source.out.format
    each = np.arange(len(samples))
    places = rng.integers(graph[name].out.size, size=len(samples))
    wanted = np.zeros((len(samples), graph[name].out.size))
    wanted[each, places] = 1
    best, largest = samples.copy(), np.full(len(samples), np.iinfo(np.int64).min)
    values: Mapping[str, IntArray] | None = None  # at first every rectifier is open
    for _ in range(_ROUNDS):
        slopes, node = wanted, graph[name]
        while node.inputs:
            found = _back(graph, node, slopes, values)
            if found is None:
                return samples[:count]
            slopes, node = found, graph[node.inputs[0]]
        moved = slopes != 0
        if values is not None:  # all at once would close what was open
            moved &= rng.random(slopes.shape) < _MOVED
        samples = np.where(moved, np.where(slopes > 0, fmt.max_int, fmt.min_int), samples)
        values = reference.evaluate(graph, samples)
        sums = values[name].reshape(len(samples), -1)[each, places]
        better = sums > largest
        best[better], largest[better] = samples[better], sums[better]
    return best[np.argsort(-largest, kind="stable")[:count]]


def _back(
    graph: Graph, node: Node, slopes: Slopes, values: Mapping[str, IntArray] | None
) -> Slopes | None:
    """Return the slopes of a node's input, given those of its output; None: not followed."""
    if len(node.inputs) != 1:
        return None
    height, width, channels = graph.source(node).image
    image = (len(slopes), height, width, channels)
    match node:
        case Depthwise() | Conv():
            weight = node.weight.reshape(len(node.weight), node.window.taps, -1)
            grid = slopes.reshape(len(slopes), *node.out.image)
            if isinstance(node, Depthwise):
                parts = [grid * weight[:, tap, 0] for tap in range(node.window.taps)]
            else:
                parts = [grid @ weight[:, tap] for tap in range(node.window.taps)]
            return _spread(parts, node.window, image)
        case Dense():
            return slopes.reshape(-1, len(node.weight)) @ node.weight
        case Elementwise():
            if node.function is not Function.RELU or values is None:
                return slopes
            return slopes * (values[node.name].reshape(slopes.shape) > 0)
        case Pool() if node.kind is Pooling.AVERAGE:
            grid = slopes.reshape(len(slopes), *node.out.image)
            return _spread([grid] * node.window.taps, node.window, image)
        case Reshape():
            return slopes
    return None


def _spread(parts: list[Slopes], window: Window, image: tuple[int, int, int, int]) -> Slopes:
    """Return the sum of what each tap of a window gives the pixel that it stands on."""
    samples, height, width, channels = image
    top, left, bottom, right = window.pad
    padded = np.zeros((samples, height + top + bottom, width + left + right, channels))
    for tap, part in enumerate(parts):
        row, column = (
            place * step
            for place, step in zip(divmod(tap, window.kernel[1]), window.dilation, strict=True)
        )
        down, across = window.stride
        rows, columns = part.shape[1:3]
        padded[:, row : row + rows * down : down, column : column + columns * across : across] += (
            part
        )
    return padded[:, top : top + height, left : left + width].reshape(samples, -1)
