"""hls4ml's layers of functions, ours (``layers``) and its own -> nodes of the hardware graph."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewright import graph as g
from gatewright.errors import GatewrightError
from gatewright.fixed import MAX_WIDTH, FixedFormat, IntArray, parse_format
from gatewright.frontend.names import origin
from gatewright.frontend.own_functions import clip_in, threshold_in

if TYPE_CHECKING:
    from gatewright.frontend.adapter import Reader


def common(reader: "Reader", layer: Any) -> dict[str, Any]:
    """Return what every node has."""
    return {
        "name": reader.name(layer),
        "origin": origin(layer),
        "inputs": (source_of(reader, layer).name,),
        "out": reader.out(layer),
    }


def source_of(reader: "Reader", layer: Any) -> g.Node:
    """Return what drives a layer, with the channels that the layer sees.

    Where only a flattening stands between, the graph has no node for it: one is made.
    """
    source = reader.source(layer)
    shape = tuple(int(size) for size in layer.get_input_variable().shape)
    if source.out.image[2] == g.StreamType(source.out.format, shape).image[2]:
        return source
    name = f"{reader.name(layer)}_shape"
    if name not in reader.nodes:
        reader.nodes[name] = g.Reshape(
            name=name,
            origin=origin(layer),
            inputs=(source.name,),
            out=g.StreamType(source.out.format, shape),
        )
    return reader.nodes[name]


def integers(layer: Any, key: str) -> IntArray:
    """Return an attribute as integers."""
    return np.array(layer.get_attr(key), dtype=np.int64)


def check_source(reader: "Reader", layer: Any) -> None:
    """Refuse a table whose source has another format than it was made for."""
    found, text = reader.source(layer).out.format, layer.get_attr("source_format")
    wanted = parse_format(text)
    if (found.signed, found.width, found.integer) != (wanted.signed, wanted.width, wanted.integer):
        raise GatewrightError(
            f"{origin(layer)}: a table made for {wanted}, but its source has {found}; leave the "
            "Precision of the layer in front as the network quantises it"
        )


def table(reader: "Reader", layer: Any) -> g.Node:
    """Read a table."""
    check_source(reader, layer)
    return g.Table(
        **common(reader, layer),
        values=integers(layer, "values"),
        function=str(layer.get_attr("function")),
    )


def rectifier(reader: "Reader", layer: Any) -> g.Node:
    """Read a rectifier; its threshold becomes one of the source's integers."""
    source = reader.source(layer).out.format
    slope_format = parse_format(layer.get_attr("slope_format"))
    check_bits(layer, source, slope_format.width + abs(slope_format.fraction) + 1)
    return g.Rectifier(
        **common(reader, layer),
        slope=integers(layer, "slope"),
        slope_format=slope_format,
        threshold=threshold_in(layer, source),
    )


def check_bits(layer: Any, source: FixedFormat, more: int) -> None:
    """Refuse a function whose exact result has more bits than 64-bit integers hold safely."""
    if source.width + more > MAX_WIDTH:
        raise GatewrightError(
            f"{origin(layer)}: a function of {source} that needs {source.width + more} bits to be "
            f"exact; allowed: {MAX_WIDTH}. Put a quantiser (QuantIdentity) in front"
        )


def clip(reader: "Reader", layer: Any) -> g.Node:
    """Read a clip."""
    source = reader.source(layer).out.format
    low, high, fraction = clip_in(layer, source)
    check_bits(layer, source, fraction - source.fraction + 1)
    return g.Clip(**common(reader, layer), low=low, high=high, fraction=fraction)


def scale(reader: "Reader", layer: Any) -> g.Node:
    """Read a scale and a bias: a depthwise convolution of one tap."""
    bias = integers(layer, "bias")
    return depthwise(
        reader,
        layer,
        (integers(layer, "scale"), parse_format(layer.get_attr("scale_format"))),
        (bias, parse_format(layer.get_attr("bias_format"))),
    )


def depthwise(reader: "Reader", layer: Any, scales: Any, biases: Any) -> g.Node:
    """Return the depthwise convolution of one tap that scales and biases, [1] or [channels]."""
    channels = source_of(reader, layer).out.image[2]
    (weight, weight_format), (bias, bias_format) = scales, biases
    return g.Depthwise(
        **common(reader, layer),
        weight=np.broadcast_to(weight.ravel(), (channels,)).reshape(channels, 1).copy(),
        weight_format=weight_format,
        bias=np.broadcast_to(bias.ravel(), (channels,)).copy() if bias.any() else None,
        bias_format=bias_format if bias.any() else None,
        window=g.Window(kernel=(1, 1)),
    )


def softmax(reader: "Reader", layer: Any) -> g.Node:
    """Read a softmax by table."""
    check_source(reader, layer)
    return g.Softmax(**common(reader, layer), values=integers(layer, "values"))


def batch_norm(reader: "Reader", layer: Any) -> g.Node:
    """Read hls4ml's BatchNormalization or ApplyAlpha, whose parameters must be exact in its types.

    hls4ml's C++ adds the exact product and the bias, and converts once.
    """
    return depthwise(
        reader, layer, reader.parameter(layer, "scale"), reader.parameter(layer, "bias")
    )


READERS: dict[str, Callable[["Reader", Any], g.Node | None]] = {
    "GwTable": table,
    "GwRectifier": rectifier,
    "GwClip": clip,
    "GwScale": scale,
    "GwSoftmax": softmax,
    "BatchNormalization": batch_norm,
    "ApplyAlpha": batch_norm,
}
