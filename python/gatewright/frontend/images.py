"""Images with their channels last: NCHW (and NCL) -> NHWC, as hls4ml and the hardware have them.

No Transpose is left in the graph: the network's input and its output are images turned outside
(``vectors``), and where an image is flattened in front of a matrix, the matrix's rows are put into
the new order. A sequence becomes an image of one row: hls4ml's pooling of sequences is wrong.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import (
    RESHAPING,
    attributes,
    consumers,
    is_constant,
    producers,
    remove_node,
    set_attributes,
    set_constant,
    set_shape,
    shapes,
    values_behind,
)
from gatewright.frontend.own_nodes import BY_CHANNEL, ELEMENTWISE

CHANNELS_LAST = "qonnx.custom_op.channels_last"
Shape = tuple[int, ...]
Order = tuple[int, int] | None  # channels and pixels of a flattened image; None: order unchanged


def channels_last(graph: Any) -> None:
    """Turn every image of the graph.

    Raises:
        GatewrightError: a reshape or a joint that would need a transposition in the hardware.
    """
    drop_last_flatten(graph)
    Converter(graph).run()


def turned(shape: Shape) -> Shape:
    """Return the shape of an image with its channels last; other shapes stay."""
    if len(shape) < 3:
        return shape
    batch, channels, *pixels = shape
    return (batch, *[1] * (2 - len(pixels)), *pixels, channels)


def drop_last_flatten(graph: Any) -> None:
    """Leave out a flattening behind which no matrix follows: the output is the image itself."""
    for node in list(graph.node):
        if node.op_type not in RESHAPING:
            continue
        known = shapes(graph)
        source, out = known[node.input[0]], known[node.output[0]]
        chain = _until_output(graph, node.output[0])
        if len(source) > len(out) and chain is not None:
            remove_node(graph, node)
            for tensor in chain:
                set_shape(graph, tensor, source)


def _until_output(graph: Any, tensor: str) -> list[str] | None:
    """Return the tensors behind ``tensor`` if only elementwise nodes lead to the output."""
    tensors: list[str] = []
    while readers := consumers(graph, tensor):
        if len(readers) > 1 or readers[0].op_type not in ("Quant", "Relu", *ELEMENTWISE):
            return None
        if by_feature(readers[0]):
            return None
        tensor = readers[0].output[0]
        tensors.append(tensor)
    return tensors


def by_feature(node: Any) -> bool:
    """Whether a node has constants for each feature, or channel."""
    given = attributes(node)
    return any(len(given[key]) > 1 for key in BY_CHANNEL.get(node.op_type, ()))


class Converter:
    """Goes through one graph, node by node in topological order."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.shapes = shapes(graph)  # channels first
        self.orders: dict[str, Order] = {}
        self.handlers: dict[str, Callable[[Any], None]] = {
            "Conv": self.conv,
            "MaxPool": self.pool,
            "Pool": self.own_pool,
            "Pad": self.pad,
            "MatMul": self.matmul,
            "Concat": self.concat,
            "Add": self.add,
            **dict.fromkeys(BY_CHANNEL, self.by_channel),
            **dict.fromkeys(RESHAPING, self.reshape),
        }

    def run(self) -> None:
        """Convert every node, then the shapes of all tensors that depend on the input."""
        drivers = producers(self.graph)
        moving = [value.name for value in self.graph.input]
        for node in list(self.graph.node):
            if is_constant(self.graph, drivers, node.output[0]):
                continue
            moving.extend(node.output)
            self.orders[node.output[0]] = self.orders.get(node.input[0])
            self.handlers.get(node.op_type, self.nothing)(node)
        for tensor in moving:
            if tensor in shapes(self.graph):
                set_shape(self.graph, tensor, turned(self.shapes[tensor]))
        self.drop_reshapes()
        self.check_output()

    def nothing(self, node: Any) -> None:
        """Leave what works element by element as it is."""

    def by_channel(self, node: Any) -> None:
        """Put constants for each feature into the order of a flattened image."""
        order = self.orders.get(node.input[0])
        given = attributes(node)
        for key in BY_CHANNEL[node.op_type]:
            if order is not None and len(given[key]) > 1:
                given[key] = np.array(given[key]).reshape(order).T.ravel().tolist()
        set_attributes(node, **given)

    def image(self, node: Any) -> None:
        """Give a node of a window two axes, and QONNX's channels-last domain."""
        given = attributes(node)
        if len(given["kernel_shape"]) == 1:
            for key in ("kernel_shape", "strides", "dilations"):
                given[key] = [1, *given[key]]
            left, right = given["pads"]
            given["pads"] = [0, left, 0, right]
        if node.op_type == "MaxPool":
            del given["dilations"]
        set_attributes(node, **given)
        node.domain = CHANNELS_LAST

    def conv(self, node: Any) -> None:
        """Turn the weights, [filters, channels, ...] to [filters, rows, columns, channels]."""
        self.image(node)
        name, weight = values_behind(self.graph, node.input[1])
        new = np.moveaxis(weight.reshape(*weight.shape[:2], *[1, *weight.shape[2:]][-2:]), 1, 3)
        set_constant(self.graph, name, new)
        set_shape(self.graph, node.input[1], new.shape)

    def pool(self, node: Any) -> None:
        """Turn a pooling."""
        self.image(node)

    def own_pool(self, node: Any) -> None:
        """Turn a pooling of our own."""
        shape = attributes(node)["output_shape"]
        domain = node.domain
        self.image(node)
        node.domain = domain
        set_attributes(node, **{**attributes(node), "output_shape": [1, *shape][-2:]})

    def pad(self, node: Any) -> None:
        """Turn the pads, and spell out that they are zeros.

        Raises:
            GatewrightError: pads of something else, or of the batch or the channels.
        """
        name, pads = values_behind(self.graph, node.input[1])
        value = values_behind(self.graph, node.input[2])[1] if len(node.input) > 2 else np.zeros(1)
        mode = attributes(node).get("mode", "constant")
        axes = len(pads) // 2
        begins, ends = pads[:axes].tolist(), pads[axes:].tolist()
        wrong = axes < 3 or any(begins[:2]) or any(ends[:2]) or min(pads) < 0
        if mode != "constant" or value.any() or wrong:
            raise GatewrightError(
                f"{node.name}: Pad {pads.tolist()} of mode {mode} with {value.ravel()[0]:g}; "
                "supported: zeros around the rows and columns of an image"
            )
        first, last = ([0, *axis[2:]][-2:] for axis in (begins, ends))
        set_constant(self.graph, name, np.array([0, *first, 0, 0, *last, 0], dtype=np.int64))
        del node.input[2:]
        set_attributes(node, mode="constant")

    def matmul(self, node: Any) -> None:
        """Put a matrix's rows into the order of a flattened image.

        Raises:
            GatewrightError: a matrix over an image that is not flattened.
        """
        shape = self.shapes[node.input[0]]
        if len(shape) > 2:
            raise GatewrightError(
                f"{node.name}: a Linear layer over shape {shape}; supported: [batch, features]. "
                "Flatten in front of it, or use a convolution of kernel 1"
            )
        order = self.orders.get(node.input[0])
        self.orders[node.output[0]] = None
        if order is not None:
            name, weight = values_behind(self.graph, node.input[1])
            rows = weight.reshape(*order, -1).swapaxes(0, 1)
            set_constant(self.graph, name, rows.reshape(weight.shape))

    def add(self, node: Any) -> None:
        """Check that what is joined has one order."""
        drivers = producers(self.graph)
        if is_constant(self.graph, drivers, node.input[1]):
            return
        if self.orders.get(node.input[0]) != self.orders.get(node.input[1]):
            raise GatewrightError(
                f"{node.name}: one operand of Add is a flattened image, the other is not; add the "
                "images, then flatten"
            )

    def concat(self, node: Any) -> None:
        """Join along the channels, now the last axis; more than two by twos.

        Raises:
            GatewrightError: another axis, a constant, or flattened images.
        """
        drivers = producers(self.graph)
        rank = len(self.shapes[node.output[0]])
        axis = attributes(node)["axis"] % rank
        constant = any(is_constant(self.graph, drivers, tensor) for tensor in node.input)
        flattened = any(self.orders.get(tensor) is not None for tensor in node.input)
        if axis != 1 or constant or flattened or len(node.input) < 2:
            raise GatewrightError(
                f"{node.name}: Concat over axis {axis} of {len(node.input)} tensors; supported: "
                "two or more streams along the channels, before they are flattened"
            )
        set_attributes(node, axis=len(turned(self.shapes[node.output[0]])) - 1)
        self.by_twos(node)

    def by_twos(self, node: Any) -> None:
        """Split a Concat of more than two: hls4ml joins two."""
        from onnx import helper

        count = 0
        while len(node.input) > 2:
            count += 1
            first, second = node.input[:2]
            joined = f"{node.name}_joined{count}"
            a, b = self.shapes[first], self.shapes[second]
            self.shapes[joined] = (a[0], a[1] + b[1], *a[2:])
            set_shape(self.graph, joined, turned(self.shapes[joined]))
            new = helper.make_node(
                "Concat", [first, second], [joined], f"{node.name}_part{count}",
                axis=attributes(node)["axis"],
            )  # fmt: skip
            self.graph.node.insert(list(self.graph.node).index(node), new)
            node.input[:] = [joined, *list(node.input)[2:]]

    def reshape(self, node: Any) -> None:
        """Make any reshaping a Reshape to the new shape, and note the order behind it.

        Raises:
            GatewrightError: elements would change places.
        """
        source, out = self.shapes[node.input[0]], self.shapes[node.output[0]]
        before = self.orders.get(node.input[0]) if len(source) < 3 else channels_pixels(source)
        after = None if len(out) < 3 else channels_pixels(out)
        if len(out) < 3:
            after = before
        if before != after or out[0] != 1:
            raise GatewrightError(
                f"{node.name}: {node.op_type} from {source} to {out}; with the channels last the "
                "elements would change places. Supported: flattening in front of a Linear layer, "
                "and reshaping that keeps the channels"
            )
        self.orders[node.output[0]] = after if len(out) < 3 else None
        name = f"{node.name}_shape"
        set_constant(self.graph, name, np.array(turned(out), dtype=np.int64))
        node.op_type, node.domain = "Reshape", ""
        node.input[:] = [node.input[0], name]
        set_attributes(node)

    def drop_reshapes(self) -> None:
        """Leave out what no longer changes the shape."""
        for node in list(self.graph.node):
            known = shapes(self.graph)
            if node.op_type == "Reshape" and known[node.input[0]] == known[node.output[0]]:
                remove_node(self.graph, node)

    def check_output(self) -> None:
        """Refuse an output whose elements stand in another order than the network's."""
        for value in self.graph.output:
            if self.orders.get(value.name) is not None:
                raise GatewrightError(
                    f"output {value.name} is a flattened image; leave the flattening out"
                )


def channels_pixels(shape: Shape) -> Order:
    """Return the channels and pixels of an image, None where its two orders are one."""
    channels, pixels = shape[1], prod(shape[2:])
    return None if 1 in (channels, pixels) else (channels, pixels)
