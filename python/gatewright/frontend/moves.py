"""Elements that change places: what a reshaping or a transposition is once images are turned."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gatewright.frontend.onnx_graph import (
    RESHAPING,
    attributes,
    consumers,
    drop_unread_nodes,
    producers,
    set_constant,
    set_shape,
    shapes,
)
from gatewright.frontend.own_nodes import BY_CHANNEL, ELEMENTWISE

ANYWHERE = ("Quant", "Relu", "Identity", "Dropout", *ELEMENTWISE)
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


def collapse_reshapes(graph: Any) -> None:
    """Let a Reshape read what the Reshape in front of it reads.

    hls4ml's streams get an image wrong that is made of a flattened one.
    """
    drivers = producers(graph)
    for node in [n for n in graph.node if n.op_type == "Reshape"]:
        while (before := drivers.get(node.input[0])) is not None and before.op_type == "Reshape":
            node.input[0] = before.input[0]
    drop_unread_nodes(graph)


def guard_flattening(graph: Any) -> None:
    """Keep a Transpose and a flattening apart.

    hls4ml takes such a pair in front of a matrix for its own, drops the Transpose and exchanges the
    matrix's rows for one of channels and pixels, whatever its axes are.
    """
    drivers, known = producers(graph), shapes(graph)
    for node in [n for n in graph.node if n.op_type == "Reshape"]:
        before, out = drivers.get(node.input[0]), known[node.output[0]]
        if before is not None and before.op_type == "Transpose" and len(out) == 2:
            replace_by(graph, node, [Step((1, 1, *out)), Step(out)])


def guard_repacking(graph: Any) -> None:
    """Let a stream pass one element at a time between beats of which neither fills the other.

    hls4ml's own repacking drops the rest of a beat.
    """
    known = shapes(graph)
    for node in [n for n in graph.node if n.op_type == "Reshape"]:
        before, out = known[node.input[0]], known[node.output[0]]
        if len(out) > 2 and before[-1] % out[-1] and out[-1] % before[-1]:
            replace_by(graph, node, [Step((1, prod(out), 1)), Step(out)])


def by_feature(node: Any) -> bool:
    """Whether a node has constants for each feature, or channel."""
    given = attributes(node)
    return any(len(given[key]) > 1 for key in BY_CHANNEL.get(node.op_type, ()))


def sink_flattening(graph: Any) -> None:
    """Put elementwise nodes in front of the flattening that they read.

    hls4ml's streams keep the pixels of a flattened image apart, and what reads one as a vector
    gets wrong values; a matrix does not.
    """
    from onnx import helper

    todo = [node for node in graph.node if node.op_type in RESHAPING]
    while todo:
        node, known = todo.pop(), shapes(graph)
        source, out = known[node.input[0]], known[node.output[0]]
        if len(out) > 2 or len(source) < 3:
            continue
        for reader in consumers(graph, node.output[0]):
            if reader.op_type not in ANYWHERE or by_feature(reader):
                continue
            inner = f"{reader.name}_image"
            set_shape(graph, inner, source)
            flatten = helper.make_node(
                "Flatten", [inner], [reader.output[0]], f"{reader.name}_flatten", axis=1
            )
            reader.input[0], reader.output[0] = node.input[0], inner
            graph.node.insert(list(graph.node).index(reader) + 1, flatten)
            todo.append(flatten)
        unread = node.output[0] not in {value.name for value in graph.output}
        if unread and not consumers(graph, node.output[0]):
            graph.node.remove(node)


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
