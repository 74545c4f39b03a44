"""Kernels, strides and pads of an ONNX graph spelled out, and checked."""

from typing import Any

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import attributes, set_attributes, shapes

MOVING = ("Conv", "MaxPool", "AveragePool")


def spell_out_windows(graph: Any) -> None:
    """Give every window its kernel, strides, dilations and explicit pads.

    Raises:
        GatewrightError: a dilation, a group or a rounding up that is not supported.
    """
    known = shapes(graph)
    for node in graph.node:
        if node.op_type in MOVING:
            given = attributes(node)
            source, out = known[node.input[0]][2:], known[node.output[0]][2:]
            window = _window(node, given, source, known)
            _check_output(node, window, source, out)
            if node.op_type == "Conv":
                window["group"] = _group(node, given, known)
            if node.op_type == "AveragePool":
                window["count_include_pad"] = given.get("count_include_pad", 0)
            set_attributes(node, **window)


def _window(
    node: Any, given: dict[str, Any], source: tuple[int, ...], known: dict[str, tuple[int, ...]]
) -> dict[str, Any]:
    axes = len(source)
    if axes not in (1, 2):
        raise GatewrightError(
            f"{node.name}: {node.op_type} over {axes} axes; supported: 1 (sequences) and 2 (images)"
        )
    kernel = list(given.get("kernel_shape") or known[node.input[1]][2:])
    strides = list(given.get("strides", [1] * axes))
    dilations = list(given.get("dilations", [1] * axes))
    if any(d != 1 for d in dilations):
        raise GatewrightError(
            f"{node.name}: {node.op_type} with dilations {dilations}, which hls4ml reads wrongly; "
            "allowed: 1. Use a larger kernel with zeros between its taps"
        )
    pads = _pads(given, source, kernel, strides)
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads}


def _pads(
    given: dict[str, Any], source: tuple[int, ...], kernel: list[int], strides: list[int]
) -> list[int]:
    """Return the pads: first all beginnings, then all ends."""
    auto = given.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        return list(given.get("pads", [0] * (2 * len(source))))
    if auto == "VALID":
        return [0] * (2 * len(source))
    totals = [
        max((-(-size // stride) - 1) * stride + k - size, 0)
        for size, stride, k in zip(source, strides, kernel, strict=True)
    ]
    small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return small + large if auto == "SAME_UPPER" else large + small


def _check_output(
    node: Any, window: dict[str, Any], source: tuple[int, ...], out: tuple[int, ...]
) -> None:
    """Refuse a size rounded up (``ceil_mode``) where it makes a difference."""
    axes = len(source)
    pads = window["pads"]
    size = tuple(
        (source[i] + pads[i] + pads[i + axes] - window["kernel_shape"][i]) // window["strides"][i]
        + 1
        for i in range(axes)
    )
    if size != out:
        raise GatewrightError(
            f"{node.name}: {node.op_type} with ceil_mode gives {out} where whole windows give "
            f"{size}; supported: ceil_mode=0"
        )


def _group(node: Any, given: dict[str, Any], known: dict[str, tuple[int, ...]]) -> int:
    channels, filters = known[node.input[0]][1], known[node.output[0]][1]
    group = given.get("group", 1)
    if group not in (1, channels) or (group != 1 and filters != channels):
        raise GatewrightError(
            f"{node.name}: a convolution of {channels} channels to {filters} in {group} groups; "
            f"supported: 1 group, or depthwise ({channels} groups and {channels} filters)"
        )
    return int(group)
