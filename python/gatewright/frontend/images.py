"""Images with their channels last: NCHW (and NCL) -> NHWC, as hls4ml and the hardware have them.

The network's inputs and outputs are images turned outside (``vectors``), and where an image is
flattened in front of a matrix, the matrix's rows are put into the new order. Only a reshaping in
which elements change places needs a Transpose (``moves``). A sequence becomes an image of one row:
hls4ml's pooling of sequences is wrong.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.frontend.moves import (
    Order,
    Shape,
    Step,
    by_feature,
    collapse_reshapes,
    guard_flattening,
    guard_repacking,
    joined,
    order_of,
    replace_by,
    reshaped,
    sink_flattening,
    transposed,
    turned,
)
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

JOINED = ("Add", "Sub", "Mul", "Max", "Min", "Average")
CHANNELS_LAST = "qonnx.custom_op.channels_last"


def channels_last(graph: Any) -> None:
    """Turn every image of the graph.

    Raises:
        GatewrightError: a reshape or a joint that would need a transposition in the hardware.
    """
    sink_flattening(graph)
    drop_last_flatten(graph)
    Converter(graph).run()


def drop_last_flatten(graph: Any) -> None:
    """Leave out a flattening behind which no matrix follows: the output is the image itself."""
    for node in list(graph.node):
        if node.op_type not in RESHAPING:
            continue
        known = shapes(graph)
        source, out = known[node.input[0]], known[node.output[0]]
        chain = _until_output(graph, node.output[0])
        if len(source) > len(out) == 2 and chain is not None:
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


class Converter:
    """Goes through one graph, node by node in topological order."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.shapes = shapes(graph)  # channels first
        self.orders: dict[str, Order] = {}  # of tensors that are no images
        self.images: dict[str, Shape] = {}  # what a flattened tensor was, channels first
        self.handlers: dict[str, Callable[[Any], None]] = {
            "Conv": self.conv,
            "MaxPool": self.pool,
            "Pool": self.own_pool,
            "Pad": self.pad,
            "MatMul": self.matmul,
            "Concat": self.concat,
            "Transpose": self.transpose,
            "Upsample": self.upsample,
            **dict.fromkeys(JOINED, self.joint),
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
            if node.input[0] in self.images:
                self.images[node.output[0]] = self.images[node.input[0]]
            self.handlers.get(node.op_type, self.nothing)(node)
        for tensor in moving:
            if tensor in shapes(self.graph):
                set_shape(self.graph, tensor, turned(self.shapes[tensor]))
        collapse_reshapes(self.graph)
        self.drop_reshapes()
        guard_flattening(self.graph)
        guard_repacking(self.graph)
        self.check_output()

    def nothing(self, node: Any) -> None:
        """Leave what works element by element as it is."""

    def by_channel(self, node: Any) -> None:
        """Put constants for each feature into the order of a flattened image."""
        order = self.orders.get(node.input[0])
        given = attributes(node)
        for key in BY_CHANNEL[node.op_type]:
            if order is not None and len(given[key]) > 1:
                given[key] = [given[key][i] for i in order]
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
        node.domain = CHANNELS_LAST  # hls4ml takes the layout from whether any node has it

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
        self.images.pop(node.output[0], None)
        if order is not None:
            name, weight = values_behind(self.graph, node.input[1])
            set_constant(self.graph, name, weight[list(order)])

    def joint(self, node: Any) -> None:
        """Check that what is joined has one order."""
        drivers = producers(self.graph)
        if is_constant(self.graph, drivers, node.input[1]):
            return
        if self.orders.get(node.input[0]) != self.orders.get(node.input[1]):
            raise GatewrightError(
                f"{node.name}: one operand of {node.op_type} is a flattened image, the other is "
                "not; join the images, then flatten"
            )

    def upsample(self, node: Any) -> None:
        """Turn an upsampling: hardware has rows and columns."""
        factors = attributes(node)["factors"]
        set_attributes(node, factors=[1, *factors][-2:])

    def transpose(self, node: Any) -> None:
        """Exchange the axes that the turned image has in their place."""
        source = self.shapes[node.input[0]]
        perm = attributes(node).get("perm") or list(range(len(source)))[::-1]
        order = self.orders.get(node.input[0])
        if perm[0] != 0 or len(source) > 4 or order is not None:
            raise GatewrightError(
                f"{node.name}: Transpose {perm} of shape {source}; supported: of the channels, "
                "rows and columns of an image, the batch in its place"
            )
        replace_by(self.graph, node, transposed(source, perm))

    def concat(self, node: Any) -> None:
        """Join along the channels, now the last axis; more than two by twos.

        Raises:
            GatewrightError: another axis, a constant, or flattened images.
        """
        drivers = producers(self.graph)
        rank = len(self.shapes[node.output[0]])
        axis = attributes(node)["axis"] % rank
        constant = any(is_constant(self.graph, drivers, tensor) for tensor in node.input)
        if axis != 1 or constant or len(node.input) < 2:
            raise GatewrightError(
                f"{node.name}: Concat over axis {axis} of {len(node.input)} tensors; supported: "
                "two or more streams along the channels"
            )
        self.orders[node.output[0]] = joined(
            [(self.orders.get(t), self.shapes[t][1]) for t in node.input if rank == 2]
        )
        self.images.pop(node.output[0], None)
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
        """Make any reshaping a Reshape to the new shape; turn what changes places.

        Raises:
            GatewrightError: the batch would change, or a part of several flattened images.
        """
        source, out = self.shapes[node.input[0]], self.shapes[node.output[0]]
        if out[0] != 1 or len(out) > 4:
            raise GatewrightError(
                f"{node.name}: {node.op_type} from {source} to {out}; supported: the batch stays, "
                "and at most channels, rows and columns follow"
            )
        before = self.orders.get(node.input[0]) if len(source) < 3 else order_of(source)
        image = source if len(source) > 2 else self.images.get(node.input[0])
        if len(out) < 3:
            self.orders[node.output[0]] = before
            if image is not None:
                self.images[node.output[0]] = image
            steps = [Step(turned(out))]
        elif before == order_of(out):
            steps = [Step(turned(out))]
        elif before is None or image is not None:
            steps = reshaped(None if before is None else image, out)
        else:
            raise GatewrightError(
                f"{node.name}: {node.op_type} from {source} to {out} of several flattened images; "
                "reshape each"
            )
        if len(out) > 2:
            self.orders[node.output[0]] = None
            self.images.pop(node.output[0], None)
        replace_by(self.graph, node, steps)

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
