"""Two streams joined, or one and a constant, in the form that hls4ml reads rightly.

Sums, maxima and minima of many become ones of two. A constant becomes the weight or the bias of a
depthwise convolution of one tap, which is exact: hls4ml would keep it in ``fixed<16,6>``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, dequantize
from gatewright.frontend.formats import exact_format, integers_of
from gatewright.frontend.onnx_graph import (
    consumers,
    first_consumers,
    insert_before,
    is_constant,
    producers,
    set_attributes,
    set_constant,
    set_shape,
    shapes,
)
from gatewright.frontend.quantizers import constant, quant_format

JOINTS = ("Add", "Sub", "Mul", "Max", "Min", "Mean", "Sum", "Div")
OF_TWO = ("Add", "Sub", "Mul", "Max", "Min", "Mean")
AFFINE = ("Add", "Sub", "Mul", "Div")


def rewrite_joints(graph: Any) -> None:
    """Bring every joint into the form that hls4ml reads.

    Raises:
        GatewrightError: shapes that differ, a constant that is not one value per channel, a
            division or a mean that is not exact.
    """
    for node in [n for n in graph.node if n.op_type in JOINTS]:
        constants = [is_constant(graph, producers(graph), tensor) for tensor in node.input]
        if all(constants):
            continue  # of weights, folded elsewhere
        _by_twos(graph, node)
        if any(constants):
            _with_constant(graph, node)
        else:
            _check_shapes(graph, node)


def _by_twos(graph: Any, node: Any) -> None:
    """Split a joint of more than two."""
    from onnx import helper

    if node.op_type == "Sum":
        node.op_type = "Add"
    if node.op_type == "Mean" and len(node.input) != 2:
        raise GatewrightError(
            f"{node.name}: Mean of {len(node.input)} tensors; supported: of 2. Add them, and "
            "multiply by a constant"
        )
    shape, part = shapes(graph)[node.output[0]], 0
    while len(node.input) > 2:
        part += 1
        joined = f"{node.name}_joined{part}"
        set_shape(graph, joined, shape)
        operands, rest = list(node.input)[:2], list(node.input)[2:]
        new = helper.make_node(node.op_type, operands, [joined], f"{node.name}_part{part}")
        insert_before(graph, node, [new])
        _check_shapes(graph, new)
        node.input[:] = [joined, *rest]


def _check_shapes(graph: Any, node: Any) -> None:
    if node.op_type == "Div":
        raise GatewrightError(f"{node.name}: Div of two streams; supported: by a constant")
    known = shapes(graph)
    found = [known[tensor] for tensor in node.input]
    if len(set(found)) > 1:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of shapes {' and '.join(map(str, found))}; supported: "
            "equal shapes"
        )


def _with_constant(graph: Any, node: Any) -> None:
    """Replace a joint with a constant by a depthwise convolution; a matrix's bias stays."""
    drivers = producers(graph)
    if node.op_type in ("Add", "Mul") and is_constant(graph, drivers, node.input[0]):
        node.input[:] = list(node.input)[::-1]
    before = drivers.get(node.input[0])
    if node.op_type == "Add" and before is not None and before.op_type == "MatMul":
        if len(consumers(graph, node.input[0])) > 1:
            raise GatewrightError(
                f"{before.name}: its product is read with and without the bias of {node.name}; "
                "supported: with it"
            )
        return
    if node.op_type not in AFFINE:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of a stream and a constant; supported: of two streams. "
            "Use ReLU or Clip"
        )
    place = 0 if is_constant(graph, drivers, node.input[0]) else 1
    tensor = node.input[1 - place]
    value = _value(graph, node.input[place])
    scale, bias = _scale_and_bias(node, value, first=place == 0)
    to_depthwise(graph, node, tensor, scale, bias)


def _value(graph: Any, tensor: str) -> NDArray[np.float64]:
    """Return a constant's value, as its quantiser makes it."""
    if tensor in producers(graph):
        integers, fmt = integers_of(graph, tensor)
        return dequantize(integers, fmt)
    value = constant(graph, tensor)
    assert value is not None  # noqa: S101 - it was found to be one
    return value.astype(np.float64)


def _scale_and_bias(
    node: Any, value: NDArray[np.float64], *, first: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return what multiplies the stream and what is added."""
    one = np.ones(1)
    if node.op_type == "Add":
        return one, value
    if node.op_type == "Sub":
        return (-one, value) if first else (one, -value)
    if node.op_type == "Mul":
        return value, None
    inverse = np.divide(1.0, value, where=value != 0, out=np.zeros_like(value))
    if first or not (np.frexp(value)[0] == np.copysign(0.5, value)).all():
        what = "of a constant by a stream" if first else f"by {np.ravel(value)[0]:g}"
        raise GatewrightError(f"{node.name}: Div {what}; supported: of a stream by powers of two")
    return inverse, None


def to_depthwise(
    graph: Any,
    node: Any,
    tensor: str,
    scale: NDArray[np.float64],
    bias: NDArray[np.float64] | None,
) -> None:
    """Replace ``node`` by ``scale * tensor + bias``: a depthwise convolution of its name.

    Args:
        graph: The graph, channels first.
        node: A node whose result has the shape of ``tensor``.
        tensor: The stream.
        scale: One value, or one per channel (with axes that broadcast).
        bias: The same, or None.

    Raises:
        GatewrightError: values that differ within a channel.
    """
    from onnx import helper

    known = shapes(graph)
    shape, out = known[tensor], node.output[0]
    if known[out] != shape or len(shape) not in (2, 3, 4):
        raise GatewrightError(
            f"{node.name}: {node.op_type} of shape {shape} to {known[out]}; supported: a constant "
            "for all, or for each channel, of a vector, a sequence or an image"
        )
    channels, pixels = shape[1], max(len(shape) - 2, 1)
    weight = per_channel(node, scale, shape).reshape(channels, 1, *[1] * pixels)
    operands = [_new_constant(graph, node, "weight", weight)]
    if bias is not None and bias.any():
        operands.append(_new_constant(graph, node, "bias", per_channel(node, bias, shape)))
    new = []
    if len(shape) == 2:  # a vector is a sequence of one pixel
        image, result = f"{node.name}_pixel", f"{node.name}_result"
        for name in (image, result):
            set_shape(graph, name, (*shape, 1))
        target = f"{node.name}_sequence"
        set_constant(graph, target, np.array([*shape, 1], dtype=np.int64))
        new.append(helper.make_node("Reshape", [tensor, target], [image], f"{node.name}_to_pixel"))
        tensor, out = image, result
    conv = helper.make_node("Conv", [tensor, *operands], [out], node.name, group=channels)
    new.append(conv)
    if len(shape) == 2:
        new.append(
            helper.make_node("Flatten", [out], [node.output[0]], f"{node.name}_from_pixel", axis=1)
        )
    insert_before(graph, node, new)
    graph.node.remove(node)


def per_channel(
    node: Any, value: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return one value per channel of a constant that broadcasts against ``shape``."""
    whole = np.broadcast_to(value, shape)[0].reshape(shape[1], -1)
    if (whole != whole[:, :1]).any():
        raise GatewrightError(
            f"{node.name}: {node.op_type} with a constant of shape {value.shape} that differs "
            "within a channel; supported: one value, or one for each channel"
        )
    return np.ascontiguousarray(whole[:, 0])


def _new_constant(graph: Any, node: Any, what: str, value: NDArray[np.float64]) -> str:
    name = f"{node.name}_{what}_value"
    if (value.astype(np.float32) != value).any():
        raise GatewrightError(f"{node.name}: a {what} that float32 does not hold; use fewer bits")
    set_constant(graph, name, value.astype(np.float32))
    return name


def average_types(graph: Any) -> dict[str, FixedFormat]:
    """Make every Mean hls4ml's Average; return the type of each: hls4ml's own lacks a bit.

    Raises:
        GatewrightError: the operands' formats are not known, nor that of one quantiser behind it.
    """
    types = {}
    for node in [n for n in graph.node if n.op_type == "Mean"]:
        types[node.name] = result_type(graph, node, "a Mean of values of formats not known")
        node.op_type = "Average"
        set_attributes(node)
    return types


def result_type(graph: Any, node: Any, what: str) -> FixedFormat:
    """Return the exact format of a node's result, or of the one quantiser that reads it.

    Raises:
        GatewrightError: neither is known; the message says ``what`` it is.
    """
    tensor = node.output[0]
    exact = exact_format(graph, tensor)
    if exact is not None:
        return exact
    formats = {quant_format(n, graph) if n.op_type == "Quant" else None
               for n in first_consumers(graph, tensor)}  # fmt: skip
    found = next(iter(formats)) if len(formats) == 1 else None
    if found is None or tensor in {value.name for value in graph.output}:
        raise GatewrightError(
            f"{node.name}: {what}; put a quantiser (QuantIdentity) in front of it or one behind it"
        )
    return found
