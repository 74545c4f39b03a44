"""hls4ml's layers of images -> nodes of the hardware graph.

Each function reads one layer. hls4ml's sequences are images of one row here; a zero padding is no
node of its own but belongs to the window of the layer that reads it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewright import graph as g
from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray
from gatewright.frontend.names import origin
from gatewright.frontend.settings import fold_request
from gatewright.frontend.types import hold_sum, holds

if TYPE_CHECKING:
    from gatewright.frontend.adapter import Reader

Pads = tuple[int, int, int, int]  # top, left, bottom, right


def conv(reader: "Reader", layer: Any) -> g.Node:
    """Read a convolution: weights [rows, columns, in, out] become [out, rows x columns x in]."""
    source = reader.source(layer, padded=True)
    weight, weight_format = reader.parameter(layer, "weight")
    bias, bias_format = reader.parameter(layer, "bias")
    filters = int(layer.get_attr("n_filt"))
    moves, weight = dilated(window(reader, layer, "filt"), weight)
    node = g.Conv(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=(source.name,),
        out=reader.out(layer),
        weight=np.ascontiguousarray(weight.reshape(-1, filters).T),
        weight_format=weight_format,
        bias=bias if bias.any() else None,
        bias_format=bias_format if bias.any() else None,
        request=fold_request(layer, (filters, weight.size // filters)),
        window=moves,
    )
    check_window(node, source)
    hold_sum(layer, node, source.out.format)
    return node


def depthwise(reader: "Reader", layer: Any) -> g.Node:
    """Read a depthwise convolution: weights [channels, taps]."""
    source = reader.source(layer, padded=True)
    weight, weight_format = reader.parameter(layer, "weight")
    bias, bias_format = reader.parameter(layer, "bias")
    channels = source.out.image[2]
    if int(layer.get_attr("n_filt")) != channels:
        raise GatewrightError(
            f"{origin(layer)}: a depthwise convolution of {channels} channels to "
            f"{layer.get_attr('n_filt')}; supported: as many"
        )
    moves, weight = dilated(window(reader, layer, "filt"), weight)
    node = g.Depthwise(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=(source.name,),
        out=reader.out(layer),
        weight=np.ascontiguousarray(weight.reshape(-1, channels).T),
        weight_format=weight_format,
        bias=bias if bias.any() else None,
        bias_format=bias_format if bias.any() else None,
        request=fold_request(layer, (channels, moves.taps)),
        window=moves,
    )
    check_window(node, source)
    hold_sum(layer, node, source.out.format)
    return node


def dilated(window: g.Window, weight: IntArray) -> tuple[g.Window, IntArray]:
    """Return the smaller kernel that a kernel with nothing but zeros between its taps is.

    Args:
        window: How the kernel moves, its dilation 1.
        weight: hls4ml's weights: [rows, columns, ...], or [columns, ...] of a sequence.

    Returns:
        The window with the largest dilation there is, and the weights at its taps.
    """
    taps = weight.reshape(*window.kernel, -1)
    steps = []
    for axis, size in enumerate(window.kernel):
        used = np.flatnonzero(np.moveaxis(taps, axis, 0).reshape(size, -1).any(axis=1))
        steps.append(
            next(d for d in range(size, 0, -1) if not ((size - 1) % d or (used % d).any()))
            if size > 1 and len(used)
            else 1
        )
    rows, columns = steps
    taps = taps[::rows, ::columns]
    new = replace(window, kernel=taps.shape[:2], dilation=(rows, columns))
    return new, taps.reshape(new.taps, *weight.shape[-2:])


def pool(reader: "Reader", layer: Any) -> g.Node:
    """Read a maximum over windows.

    Raises:
        GatewrightError: an average, or pads, which hls4ml does not compute exactly.
    """
    where = origin(layer)
    if layer.get_attr("pool_op") != "Max":
        raise GatewrightError(
            f"{where}: hls4ml's {layer.class_name} truncates averages; give the network as ONNX to "
            "the hls step, which rewrites it exactly, or use a depthwise convolution with 1/count"
        )
    if any(pads_of(layer)):
        raise GatewrightError(
            f"{where}: {layer.class_name} with pads, which hls4ml computes wrongly; put a ReLU and "
            "a zero padding in front"
        )
    # Where nothing is negative, zeros around the image are as good as nothing.
    image = reader.source(layer, padded=True).out
    absorbs = not image.format.signed and sees_image(window(reader, layer, "pool"), image)
    source = reader.source(layer, padded=absorbs)
    node = g.Pool(
        name=reader.name(layer),
        origin=where,
        inputs=(source.name,),
        out=reader.out(layer),
        kind=g.Pooling.MAX,
        window=window(reader, layer, "pool", padded=absorbs),
    )
    check_window(node, source)
    return node


def sees_image(window: g.Window, image: g.StreamType) -> bool:
    """Whether every window without dilation holds a pixel of the image."""
    sizes = image.image[:2]
    starts = zip(sizes, window.output(*sizes), window.stride, strict=True)
    return all(
        pad < kernel and (count - 1) * stride - pad < size
        for pad, kernel, (size, count, stride) in zip(
            window.pad[:2], window.kernel, starts, strict=True
        )
    )


def own_pool(reader: "Reader", layer: Any) -> g.Node:
    """Read a pooling of our own."""
    source = reader.source(layer)
    node = g.Pool(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=(source.name,),
        out=reader.out(layer),
        kind=g.Pooling.AVERAGE if layer.get_attr("average") else g.Pooling.MAX,
        window=window(reader, layer, "pool", padded=False),
        count_padding=bool(layer.get_attr("count_padding")),
    )
    check_window(node, source)
    return node


def global_pool(reader: "Reader", layer: Any) -> g.Node:
    """Read a maximum over a whole image."""
    source = reader.source(layer)
    if layer.get_attr("pool_op") != "Max":
        raise GatewrightError(
            f"{origin(layer)}: hls4ml's {layer.class_name} truncates averages; give the network as "
            "ONNX to the hls step, which rewrites it exactly"
        )
    rows, columns, _ = source.out.image
    return g.Pool(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=(source.name,),
        out=reader.out(layer),
        kind=g.Pooling.MAX,
        window=g.Window(kernel=(rows, columns)),
    )


def zero_padding(reader: "Reader", layer: Any) -> None:
    """Keep a padding for the layer that reads it; it is a node where that cannot pad by itself."""
    source = reader.source(layer, padded=True)
    out = reader.out(layer)
    if not holds(out.format, source.out.format):
        raise GatewrightError(
            f"{origin(layer)}: a zero padding from {source.out.format} to {out.format}; it must "
            "hold the values"
        )
    before = reader.padding.get(layer.inputs[0])
    top, left, bottom, right = pads_of(layer)
    if before is not None:  # one around another is one
        top, left = top + before.pad[0], left + before.pad[1]
        bottom, right = bottom + before.pad[2], right + before.pad[3]
    pad = g.Pad(
        name=reader.name(layer), origin=origin(layer), inputs=(source.name,), out=out,
        pad=(top, left, bottom, right),
    )  # fmt: skip
    for tensor in layer.outputs:
        reader.drivers[tensor] = source.name
        reader.padding[tensor] = pad


def transpose(reader: "Reader", layer: Any) -> g.Node:
    """Read a transposition; hls4ml's axes are those of its shape, without the batch."""
    source = reader.source(layer)
    perm = [int(axis) for axis in layer.get_attr("perm")]
    missing = 3 - len(perm)
    rows, columns, channels = (*range(missing), *(missing + axis for axis in perm))
    node = g.Transpose(
        name=reader.name(layer), origin=origin(layer), inputs=(source.name,),
        out=reader.out(layer), axes=(rows, columns, channels),
    )  # fmt: skip
    expected = tuple(source.out.image[axis] for axis in node.axes)
    if node.out.image != expected:
        raise GatewrightError(
            f"{origin(layer)}: a transposition {perm} of {source.out.shape} to {node.out.shape}, "
            f"must be {expected}"
        )
    return node


def resize(reader: "Reader", layer: Any) -> g.Node:
    """Read a nearest upsampling by whole factors."""
    source, out = reader.source(layer), reader.out(layer)
    (rows, columns, channels), image = source.out.image, out.image
    stated = int(layer.get_attr("in_height") or 1), int(layer.get_attr("in_width"))
    if (
        layer.get_attr("algorithm") != "nearest"
        or stated != (rows, columns)
        or image[0] % rows
        or image[1] % columns
        or image[2] != channels
        or out.format != source.out.format
    ):
        raise GatewrightError(
            f"{origin(layer)}: a {layer.get_attr('algorithm')} resizing of {source.out.format} "
            f"{source.out.image} (hls4ml: {stated}) to {out.format} {image}; supported: nearest, "
            "by whole factors, the type kept"
        )
    return g.Upsample(
        name=reader.name(layer), origin=origin(layer), inputs=(source.name,), out=out,
        factor=(image[0] // rows, image[1] // columns),
    )  # fmt: skip


def merge(reader: "Reader", layer: Any) -> g.Node:
    """Read two streams combined element by element."""
    word = str(layer.get_attr("op"))
    kind = next((kind for kind in g.Combination if kind.value == word), None)
    sources = [reader.source(layer, index) for index in (0, 1)]
    out = reader.out(layer)
    if kind is None or any(source.out.image != out.image for source in sources):
        raise GatewrightError(
            f"{origin(layer)}: {word} of {sources[0].out.shape} and {sources[1].out.shape}; "
            f"supported: {', '.join(kind.value for kind in g.Combination)}, of equal shapes"
        )
    return g.Merge(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=tuple(source.name for source in sources),
        out=out,
        kind=kind,
    )


def concat(reader: "Reader", layer: Any) -> g.Node:
    """Read two streams joined along their channels."""
    sources = [reader.source(layer, index) for index in (0, 1)]
    out = reader.out(layer)
    shapes = [source.out.image for source in sources]
    pixels = {image[:2] for image in (*shapes, out.image)}
    if len(pixels) > 1 or out.image[2] != sum(image[2] for image in shapes):
        raise GatewrightError(
            f"{origin(layer)}: a concatenation of {shapes[0]} and {shapes[1]} to {out.shape}; "
            "supported: along the channels, the last axis"
        )
    return g.Concat(
        name=reader.name(layer),
        origin=origin(layer),
        inputs=tuple(source.name for source in sources),
        out=out,
    )


def window(reader: "Reader", layer: Any, word: str, *, padded: bool = True) -> g.Window:
    """Return how a layer's kernel moves.

    Args:
        reader: The reader.
        layer: hls4ml's layer.
        word: hls4ml's prefix of the kernel's size.
        padded: Whether it takes a zero padding in front of it into its own window.
    """

    def pair(what: str) -> tuple[int, int]:
        rows, columns = (layer.get_attr(f"{what}_{axis}") for axis in ("height", "width"))
        return int(rows or 1), int(columns or 1)

    pad = reader.padding.get(layer.inputs[0]) if padded else None
    own, before = pads_of(layer), (0, 0, 0, 0) if pad is None else pad.pad
    top, left, bottom, right = (a + b for a, b in zip(own, before, strict=True))
    found = g.Window(
        kernel=pair(word),
        stride=pair("stride"),
        dilation=pair("dilation"),
        pad=(top, left, bottom, right),
    )
    if found.dilation != (1, 1) and layer.class_name != "GatewrightPool":
        raise GatewrightError(
            f"{origin(layer)}: dilation {found.dilation}, which hls4ml computes wrongly; allowed: 1"
        )
    return found


def pads_of(layer: Any) -> Pads:
    """Return a layer's own pads: top, left, bottom, right."""
    top, left, bottom, right = (
        int(layer.get_attr(f"pad_{side}") or 0) for side in ("top", "left", "bottom", "right")
    )
    return top, left, bottom, right


def check_window(node: g.Conv | g.Depthwise | g.Pool, source: g.Node) -> None:
    """Refuse a layer whose output size is not its window's."""
    rows, columns, _ = source.out.image
    expected = node.window.output(rows, columns)
    if node.out.image[:2] != expected:
        raise GatewrightError(
            f"{node.origin}: hls4ml's output of {node.out.image[:2]} pixels, but {node.window} "
            f"over {rows} x {columns} gives {expected}; use whole windows ('valid' or own pads)"
        )


READERS: dict[str, Callable[["Reader", Any], g.Node | None]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "PointwiseConv1D", "PointwiseConv2D"), conv),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), depthwise),
    **dict.fromkeys(("Pooling1D", "Pooling2D"), pool),
    "GatewrightPool": own_pool,
    **dict.fromkeys(("GlobalPooling1D", "GlobalPooling2D"), global_pool),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D"), zero_padding),
    "Transpose": transpose,
    "Resize": resize,
    "Merge": merge,
    "Concatenate": concat,
}
