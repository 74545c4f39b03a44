"""Kernels, strides and pads of an ONNX graph spelled out, and checked.

hls4ml reads neither dilations nor groups rightly: a dilated kernel becomes a larger one with zeros
between its taps, and groups become one whose weights are zero between them. Both are exact. The
adapter finds the dilation again (``image_layers.dilated``).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import (
    attributes,
    set_attributes,
    set_constant,
    set_shape,
    shapes,
    values_behind,
)

MOVING = ("Conv", "MaxPool", "AveragePool")


def spell_out_windows(graph: Any) -> None:
    """Give every window its kernel, strides, dilations and explicit pads.

    Raises:
        GatewrightError: more than two axes, a window without a pixel of the image, or a size
            rounded up (``ceil_mode``) in a way that has no exact meaning here.
    """
    for node in graph.node:
        if node.op_type not in MOVING:
            continue
        given, known = attributes(node), shapes(graph)
        source, out = known[node.input[0]][2:], known[node.output[0]][2:]
        window = _window(node, given, source, known)
        beyond = _round_up(node, window, source, out)
        if node.op_type == "Conv":
            groups = int(given.get("group", 1))
            window["group"] = (
                groups if _is_depthwise(node, groups, known) else _one_group(graph, node, groups)
            )
            _between_taps(graph, node, window)
        if node.op_type == "AveragePool":
            window["count_include_pad"] = _counts_pads(node, given, window, beyond)
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
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = _pads(given, source, extent, strides)
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads}


def _pads(
    given: dict[str, Any], source: tuple[int, ...], extent: list[int], strides: list[int]
) -> list[int]:
    """Return the pads: first all beginnings, then all ends."""
    auto = given.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        return list(given.get("pads", [0] * (2 * len(source))))
    if auto == "VALID":
        return [0] * (2 * len(source))
    totals = [
        max((-(-size // stride) - 1) * stride + k - size, 0)
        for size, stride, k in zip(source, strides, extent, strict=True)
    ]
    small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return small + large if auto == "SAME_UPPER" else large + small


def _round_up(
    node: Any, window: dict[str, Any], source: tuple[int, ...], out: tuple[int, ...]
) -> bool:
    """Add what ``ceil_mode`` needs behind the image to the pads; return whether it is anything.

    Raises:
        GatewrightError: a window that holds no pixel of the image.
    """
    axes = len(source)
    pads, found = window["pads"], False
    for i in range(axes):
        extent = (window["kernel_shape"][i] - 1) * window["dilations"][i] + 1
        last = (out[i] - 1) * window["strides"][i]  # where the last window begins
        if node.op_type != "Conv" and (pads[i] >= extent or last >= source[i] + pads[i]):
            raise GatewrightError(
                f"{node.name}: {node.op_type} with pads {pads} and kernel "
                f"{window['kernel_shape']} has windows without a pixel of the image; "
                "use smaller pads"
            )
        beyond = last + extent - (source[i] + pads[i] + pads[i + axes])
        found |= beyond > 0
        pads[i + axes] += max(beyond, 0)
    return found


def _counts_pads(node: Any, given: dict[str, Any], window: dict[str, Any], beyond: bool) -> int:
    """Return whether an average divides by all taps; what is beyond the pads never counts."""
    counts = int(given.get("count_include_pad", 0))
    if counts and beyond:
        if any(given.get("pads", ())) or given.get("auto_pad", "NOTSET") != "NOTSET":
            raise GatewrightError(
                f"{node.name}: AveragePool with ceil_mode, pads {given.get('pads')} that count and "
                "windows beyond them; supported: ceil_mode=0, or count_include_pad=0"
            )
        return 0
    return int(counts or not any(window["pads"]))


def _is_depthwise(node: Any, groups: int, known: dict[str, tuple[int, ...]]) -> bool:
    return groups == known[node.input[0]][1] == known[node.output[0]][1]


def _one_group(graph: Any, node: Any, groups: int) -> int:
    """Give a convolution in groups weights between all channels, zero beyond each group."""
    if groups > 1:
        name, weight = values_behind(graph, node.input[1])
        filters, inside = weight.shape[:2]
        whole = np.zeros((filters, inside * groups, *weight.shape[2:]), weight.dtype)
        each = filters // groups
        for group in range(groups):
            rows = slice(group * each, (group + 1) * each)
            whole[rows, group * inside : (group + 1) * inside] = weight[rows]
        _replace_weight(graph, node, name, whole)
    return 1


def _between_taps(graph: Any, node: Any, window: dict[str, Any]) -> None:
    """Put the zeros of a dilation between the taps."""
    dilations = window["dilations"]
    if all(d == 1 for d in dilations):
        return
    name, weight = values_behind(graph, node.input[1])
    extent = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]
    whole = np.zeros((*weight.shape[:2], *extent), weight.dtype)
    whole[(slice(None), slice(None), *(slice(None, None, d) for d in dilations))] = weight
    _replace_weight(graph, node, name, whole)
    window |= {"kernel_shape": extent, "dilations": [1] * len(extent)}


def _replace_weight(graph: Any, node: Any, name: str, weight: NDArray[Any]) -> None:
    set_constant(graph, name, weight)
    set_shape(graph, node.input[1], weight.shape)
