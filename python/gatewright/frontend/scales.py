"""Scale and bias by channel: batch normalisation, Mul and Add of constants, a scale per channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.frontend import own_nodes
from gatewright.frontend.activations import by_channel
from gatewright.frontend.function_formats import exact_integers
from gatewright.frontend.onnx_graph import (
    attributes,
    consumers,
    insert_before,
    is_constant,
    producers,
    set_constant,
    set_shape,
    shapes,
    values_behind,
)
from gatewright.frontend.quantizers import constant

MAX_BITS = 24  # of a scale or a bias, over all channels
ADVICE = (
    "merge it into the layer before it (brevitas.nn.utils.merge_bn) before the quantisation is "
    "calibrated, or use gatewright.nets.parts.ScaleBias, whose scale and bias are quantised"
)


def rewrite_scales(graph: Any) -> None:
    """Put a scale and bias of our own in the place of BatchNormalization, and Mul and Add.

    An Add right behind a MatMul stays: it is that layer's bias.

    Raises:
        GatewrightError: parameters that depend on the input, or that no narrow format holds.
    """
    for node in list(graph.node):
        found = None
        if node.op_type == "BatchNormalization":
            found = _batch_norm(graph, node)
        elif node.op_type in ("Mul", "Div", "Sub", "Add"):
            found = _arithmetic(graph, node)
        if found is not None:
            _replace(graph, node, *found)
    _join(graph)


def scale_node(
    name: str, source: str, out: str, scale: NDArray[Any], bias: NDArray[Any], what: str
) -> Any:
    """Return a scale and bias, real values [1] or [channels] each.

    Raises:
        GatewrightError: values that no format of ``MAX_BITS`` bits holds; names ``what``.
    """
    given: dict[str, Any] = {}
    for key, values in (("scale", scale), ("bias", bias)):
        found = exact_integers(values)
        if found is None or found[1].width > MAX_BITS:
            raise GatewrightError(
                f"{what}: a {key} of {float(values.ravel()[0]):.9g}, which needs more than "
                f"{MAX_BITS} bits to be exact; {ADVICE}"
            )
        given[key] = [int(value) for value in found[0]]
        given[f"{key}_format"] = str(found[1])
    return own_nodes.make("GwScale", name, source, out, **given)


def split_scales(graph: Any) -> None:
    """Make a quantiser with a scale for each channel one of scale 1 between two scalings.

    Raises:
        GatewrightError: scales that are no powers of two, or not one for each channel.
    """
    for node in list(graph.node):
        scale = constant(graph, node.input[1]) if node.op_type == "Quant" else None
        if scale is None or constant(graph, node.input[0]) is not None:
            continue
        if len(np.unique(scale)) == 1:
            continue
        values = _one_for_each(graph, node, scale.astype(np.float64))
        if np.any(np.frexp(values)[0] != 0.5):
            continue  # refused where every quantiser's scale is checked
        shape = shapes(graph)[node.input[0]]
        before, behind, out = f"{node.name}_in", f"{node.name}_whole", node.output[0]
        for tensor in (before, behind):
            set_shape(graph, tensor, shape)
        nothing = np.zeros(1)
        first = scale_node(before, node.input[0], before, 1 / values, nothing, node.name)
        last = scale_node(f"{node.name}_out", behind, out, values, nothing, node.name)
        insert_before(graph, node, [first])
        graph.node.insert(list(graph.node).index(node) + 1, last)
        set_constant(graph, node.input[1], np.ones((), np.float32))
        node.input[0], node.output[0] = before, behind


def _one_for_each(graph: Any, node: Any, scale: NDArray[Any]) -> NDArray[Any]:
    """Return a quantiser's scales, one for each channel of what it quantises."""
    shape = shapes(graph)[node.input[0]]
    full = (1,) * (len(shape) - scale.ndim) + scale.shape
    if len(full) != len(shape) or full[1] != shape[1] or scale.size != shape[1]:
        raise GatewrightError(
            f"{node.name}: {scale.size} scales of shape {scale.shape} for a tensor of shape "
            f"{shape}; supported: one, or one for each of the {shape[1]} channels"
        )
    return scale.reshape(-1)


def _batch_norm(graph: Any, node: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the scale and bias of a batch normalisation: exact where they are given as such."""
    names = list(node.input[1:5])
    drivers = producers(graph)
    if not all(is_constant(graph, drivers, name) for name in names):
        raise GatewrightError(
            f"{node.name}: BatchNormalization whose parameters depend on the input; they must be "
            "constants (export the network in evaluation mode)"
        )
    gamma, beta, mean, variance = (
        values_behind(graph, name)[1].astype(np.float64).ravel() for name in names
    )
    epsilon = float(attributes(node).get("epsilon", 1e-5))
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - scale * mean


def _arithmetic(graph: Any, node: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the scale and bias of a Mul, Div, Sub or Add of a constant; None where it is none."""
    drivers = producers(graph)
    which = [is_constant(graph, drivers, tensor) for tensor in node.input]
    if which == [True, False] and node.op_type in ("Mul", "Add"):
        node.input[0], node.input[1] = node.input[1], node.input[0]
        which.reverse()
    if which == [True, False] and node.op_type == "Sub":
        node.input[:] = list(node.input)[::-1]
        return -np.ones(1), by_channel(graph, node, 1, "constant operand")
    if which != [False, True]:
        return None
    before = drivers.get(node.input[0])
    if node.op_type == "Add" and before is not None and before.op_type == "MatMul":
        return None
    value = by_channel(graph, node, 1, "constant operand")
    one, nothing = np.ones(1), np.zeros(1)
    if node.op_type in ("Add", "Sub"):
        return one, value if node.op_type == "Add" else -value
    if node.op_type == "Div" and not value.all():
        raise GatewrightError(f"{node.name}: a division by zero; train the network again")
    return (value if node.op_type == "Mul" else 1 / value), nothing


def _replace(graph: Any, node: Any, scale: NDArray[Any], bias: NDArray[Any]) -> None:
    what = f"{node.name}: {node.op_type}"
    new = scale_node(node.name, node.input[0], node.output[0], scale, bias, what)
    insert_before(graph, node, [new])
    graph.node.remove(node)


def _join(graph: Any) -> None:
    """Join a bias that stands right behind a scale with it."""
    outputs = {value.name for value in graph.output}
    drivers = producers(graph)
    for node in list(graph.node):
        before = drivers.get(node.input[0]) if node.op_type == "GwScale" else None
        if before is None or before.op_type != "GwScale" or before not in graph.node:
            continue
        if len(consumers(graph, before.output[0])) > 1 or before.output[0] in outputs:
            continue
        first, second = attributes(before), attributes(node)
        unity = second["scale"] == [1] and parse_format(second["scale_format"]).fraction == 0
        if first["bias"] != [0] or not unity:
            continue
        joined = own_nodes.make(
            "GwScale",
            before.name,
            before.input[0],
            node.output[0],
            scale=first["scale"],
            scale_format=first["scale_format"],
            bias=second["bias"],
            bias_format=second["bias_format"],
        )
        insert_before(graph, node, [joined])
        graph.node.remove(before)
        graph.node.remove(node)
