"""Elements that change places: what a reshaping or a transposition is once images are turned."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gatewright.frontend.onnx_graph import set_constant, set_shape

Shape = tuple[int, ...]
Order = tuple[int, ...] | None  # element i is element order[i] of the network's; None: the same


@dataclass(frozen=True)
class Step:
    """A Reshape, or a Transpose, of what the step before gave.

    Attributes:
        shape: Of the result, the batch axis with it.
        perm: A Transpose's axes, without the batch; None: a Reshape.
    """

    shape: Shape
    perm: tuple[int, ...] | None = None


def turned(shape: Shape) -> Shape:
    """Return the shape of an image with its channels last; other shapes stay."""
    if len(shape) < 3:
        return shape
    batch, channels, *pixels = shape
    return (batch, *[1] * (2 - len(pixels)), *pixels, channels)


def order_of(image: Shape) -> Order:
    """Return the order of a turned image's elements; None where it is the network's."""
    found = np.arange(prod(image[1:])).reshape(image[1], -1).T.ravel()
    return None if (np.diff(found) == 1).all() else tuple(int(i) for i in found)


def joined(parts: Sequence[tuple[Order, int]]) -> Order:
    """Return the order of vectors, each with its number of elements, one after the other."""
    found: list[int] = []
    for order, size in parts:
        begin = len(found)
        found.extend(begin + i for i in (range(size) if order is None else order))
    return None if found == list(range(len(found))) else tuple(found)


def transposed(source: Shape, perm: Sequence[int]) -> list[Step]:
    """Return the steps that exchange axes of a turned image.

    Args:
        source: The image's shape, channels first.
        perm: ONNX's: axis ``k`` of the result is axis ``perm[k]`` of the source.
    """
    out = tuple(source[axis] for axis in perm)
    if len(source) < 3:
        return [Step(out)]
    axes = list(range(1, len(source)))
    places = [*axes[1:], axes[0]]  # the network's axes in the order of the turned image
    exchanged = [places.index(perm[axis]) for axis in places]
    return [*moved([source[axis] for axis in places], exchanged), Step(turned(out))]


def reshaped(image: Shape | None, out: Shape) -> list[Step]:
    """Return the steps of a reshaping to an image whose elements stand in another order.

    Args:
        image: The shape, channels first, of the turned image it was; None: in the network's order.
        out: The new shape, channels first.
    """
    steps = []
    if image is not None:
        channels, *pixels = image[1:]
        steps = moved([prod(pixels), channels], [1, 0])
    channels, *pixels = out[1:]
    return [*steps, *moved([channels, prod(pixels)], [1, 0]), Step(turned(out))]


def moved(sizes: Sequence[int], axes: Sequence[int]) -> list[Step]:
    """Return the steps that exchange axes, those of one element left out.

    hls4ml takes a Transpose of one row right behind the input for one of an image of one channel,
    and drops it; one of two axes it leaves.
    """
    kept = [axis for axis, size in enumerate(sizes) if size > 1]
    order = [kept.index(axis) for axis in axes if axis in kept]
    if order == sorted(order):
        return []
    now = [sizes[axis] for axis in kept]
    return [Step((1, *now)), Step((1, *(now[i] for i in order)), tuple(order))]


def replace_by(graph: Any, node: Any, steps: Sequence[Step]) -> None:
    """Replace a node by steps; the last has its name."""
    from onnx import helper

    tensor, at = node.input[0], list(graph.node).index(node)
    graph.node.remove(node)
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        name = node.name if last else f"{node.name}_step{index + 1}"
        out = node.output[0] if last else f"{name}_out"
        if step.perm is None:
            target = f"{name}_shape"
            set_constant(graph, target, np.array(step.shape, dtype=np.int64))
            new = helper.make_node("Reshape", [tensor, target], [out], name)
        else:
            perm = [0, *(axis + 1 for axis in step.perm)]
            new = helper.make_node("Transpose", [tensor], [out], name, perm=perm)
        set_shape(graph, out, step.shape)
        graph.node.insert(at + index, new)
        tensor = out
