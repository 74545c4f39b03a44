"""Pooling that hls4ml does not compute exactly, as a layer of our own that does.

hls4ml truncates averages, reads no global pooling, and its padded maximum is wrong. Those become
a ``Pool`` (``own_layers``), whose result has the type of the quantiser behind it. A maximum without
pads stays as it is.
"""

from math import prod
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.formats import exact_format
from gatewright.frontend.onnx_graph import (
    attributes,
    first_consumers,
    set_attributes,
    set_shape,
    shapes,
)
from gatewright.frontend.quantizers import constant, quant_format


def rewrite_pools(graph: Any) -> dict[str, FixedFormat]:
    """Rewrite every pooling that hls4ml does not compute exactly.

    Returns:
        The type that the result of each must have, by the node's name.

    Raises:
        GatewrightError: one whose values have no fixed-point format; the message says why.
    """
    types = {}
    for node in list(graph.node):
        if node.op_type in ("GlobalMaxPool", "GlobalAveragePool", "ReduceMean", "ReduceMax"):
            _name_the_window(graph, node)
        if node.op_type == "AveragePool" or (node.op_type == "MaxPool" and not _is_plain(node)):
            types[node.name] = _own(graph, node)
    return types


def _is_plain(node: Any) -> bool:
    given = attributes(node)
    return not any(given["pads"]) and all(d == 1 for d in given["dilations"])


def _own(graph: Any, node: Any) -> FixedFormat:
    """Make a node a ``Pool``; return the type of its result."""
    given = attributes(node)
    counts = node.op_type == "MaxPool" or bool(given["count_include_pad"])
    target = _max_type(graph, node) if node.op_type == "MaxPool" else _average_type(graph, node)
    window = {key: given[key] for key in ("kernel_shape", "strides", "dilations", "pads")}
    average = int(node.op_type == "AveragePool")
    node.op_type, node.domain = "Pool", "gatewright"
    set_attributes(
        node, **window, average=average, count_padding=int(counts),
        output_shape=list(shapes(graph)[node.output[0]][2:]),
    )  # fmt: skip
    return target


def _max_type(graph: Any, node: Any) -> FixedFormat:
    """Return the type of a maximum: its source's."""
    source = exact_format(graph, node.input[0])
    if source is None:
        raise GatewrightError(
            f"{node.name}: MaxPool with pads {attributes(node)['pads']} of values whose format is "
            "not known; put a quantiser (QuantIdentity) in front of it"
        )
    return source


def _average_type(graph: Any, node: Any) -> FixedFormat:
    """Return the type of an average: the quantiser's behind it, or one that holds it exactly."""
    readers = list(first_consumers(graph, node.output[0], ("Relu",)))
    quantised = {quant_format(n, graph) for n in readers if n.op_type == "Quant"}
    outputs = {value.name for value in graph.output}
    seen = node.output[0] in outputs or any(n.op_type != "Quant" for n in readers)
    if len(quantised) == 1 and not seen:
        return next(iter(quantised))
    source = exact_format(graph, node.input[0])
    given = attributes(node)
    count = prod(given["kernel_shape"])
    if source is not None and count & (count - 1) == 0 and given["count_include_pad"]:
        return FixedFormat(source.signed, source.width + count.bit_length() - 1, source.integer)
    raise GatewrightError(
        f"{node.name}: an average over {count} values needs one quantiser (QuantIdentity) right "
        "behind it, or, where the number is a power of two and all count, right before it"
    )


def _name_the_window(graph: Any, node: Any) -> None:
    """Make pooling over the whole image one with a kernel."""
    known = shapes(graph)
    source = known[node.input[0]]
    if node.op_type in ("ReduceMean", "ReduceMax"):
        _check_axes(graph, node, source)
        _keep_axes(graph, node, source)
    node.op_type = "MaxPool" if node.op_type in ("GlobalMaxPool", "ReduceMax") else "AveragePool"
    axes = len(source) - 2
    values: dict[str, Any] = {"kernel_shape": list(source[2:]), "pads": [0] * (2 * axes)}
    if node.op_type == "AveragePool":
        values["count_include_pad"] = 1
    set_attributes(node, strides=[1] * axes, dilations=[1] * axes, **values)


def _check_axes(graph: Any, node: Any, source: tuple[int, ...]) -> None:
    given = attributes(node)
    axes = given.get("axes")
    if axes is None and len(node.input) > 1:
        value = constant(graph, node.input[1])
        axes = [] if value is None else value.tolist()
    found = sorted(axis % len(source) for axis in axes or ())
    if len(source) < 3 or found != list(range(2, len(source))):
        raise GatewrightError(
            f"{node.name}: {node.op_type} of shape {source} over axes {found}; supported: all axes "
            "behind the channels (global pooling)"
        )


def _keep_axes(graph: Any, node: Any, source: tuple[int, ...]) -> None:
    """Where the mean drops its axes, let a Flatten do that."""
    from onnx import helper

    keep = attributes(node).get("keepdims", 1)
    del node.input[1:]
    if keep:
        return
    inner = f"{node.name}_kept"
    flatten = helper.make_node("Flatten", [inner], list(node.output), f"{node.name}_flatten")
    node.output[:] = [inner]
    set_shape(graph, inner, (*source[:2], *[1] * (len(source) - 2)))
    graph.node.insert(list(graph.node).index(node) + 1, flatten)
