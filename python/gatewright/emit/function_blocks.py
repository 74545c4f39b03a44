"""Activations by arithmetic and by table, and softmax, as instances of library blocks."""

from math import ceil

import numpy as np

from gatewright.emit import needs
from gatewright.emit.blocks import as_text, bit, conversion, text, then
from gatewright.emit.memory import hex_lines
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.graph import Clip, Elementwise, Node, Rectifier, Softmax, Table

MAX_SLOPE_BITS = 18  # of axis_rectify: a multiplier's side
MAX_TABLE_BITS = 12  # of axis_table's input
_LUT_TABLE = 64  # words: up to this a table is logic


def rectifier(node: Rectifier, fused: Elementwise | None, stream: Stream, channels: int) -> Block:
    """Return a leaky, parametric or thresholded ReLU.

    Raises:
        GatewrightError: slopes of too many bits.
    """
    if node.slope_format.width > MAX_SLOPE_BITS:
        raise GatewrightError(
            f"{node.name} ({node.origin}): slopes of {node.slope_format}; at most "
            f"{MAX_SLOPE_BITS} bits are supported. Quantise them"
        )
    each = node.slope.size > 1
    lanes, width = stream.type.lanes, node.slope_format.width
    memories = {}
    if each:
        padded = np.zeros(ceil(channels / lanes) * lanes, np.int64)
        padded[:channels] = node.slope
        memories[f"{node.name}_slope.mem"] = hex_lines(padded.reshape(-1, lanes), width)
    parameters: dict[str, int | str] = {
        "HasSlope": bit(True),
        "Threshold": _wide(node.threshold),
        "PerChannel": bit(each),
        "Slope": _wide(0 if each else int(node.slope[0])),
        "SlopeWidth": width,
        "SlopeSigned": bit(node.slope_format.signed),
        "SlopeFraction": node.slope_format.fraction,
        "Channels": channels,
        "SlopeFile": text(f"{node.name}_slope.mem"),
    }
    what = f"{node.slope.size} slopes {node.slope_format} up to {node.threshold}"
    return _rectify(node, fused, stream, what, parameters, memories, lag=5)


def clip(node: Clip, fused: Elementwise | None, stream: Stream) -> Block:
    """Return what keeps a stream between two bounds."""
    parameters: dict[str, int | str] = {
        "HasSlope": bit(False),
        "HasLow": bit(node.low is not None),
        "HasHigh": bit(node.high is not None),
        "Low": _wide(node.low or 0),
        "High": _wide(node.high or 0),
        "BoundFraction": node.fraction - stream.type.format.fraction,
    }
    what = f"{node.low} to {node.high}, of {node.fraction} fraction bits"
    return _rectify(node, fused, stream, what, parameters, {}, lag=2)


def _rectify(
    node: Node,
    fused: Elementwise | None,
    stream: Stream,
    what: str,
    parameters: dict[str, int | str],
    memories: dict[str, str],
    lag: int,
) -> Block:
    last = fused or node
    source = stream.type
    out = Lanes(last.out.format, source.elements, source.lanes)
    converted = conversion(source.format, out.format, relu=False)
    del converted["Relu"]
    return Block(
        name=node.name,
        module="axis_rectify",
        comment=(f"{node.origin}: {what}{then(fused)}", f"{source.format} -> {out.format}"),
        parameters=as_text(
            {
                "Lanes": source.lanes,
                "InWidth": source.format.width,
                "InSigned": bit(source.format.signed),
                **parameters,
                **converted,
            }
        ),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.each(out.beats),),
        node=last.name,
        memories=memories,
        lag=lag,
    )


def table(node: Table, stream: Stream) -> Block:
    """Return a function by table."""
    source = stream.type
    check_table_input(node, source.format)
    out = Lanes(node.out.format, source.elements, source.lanes)
    file = f"{node.name}_table.mem"
    return Block(
        name=node.name,
        module="axis_table",
        comment=(f"{node.origin}: {node.function}, {source.format} -> {out.format}",),
        parameters=as_text(
            {
                "Lanes": source.lanes,
                "InWidth": source.format.width,
                "InSigned": bit(source.format.signed),
                "OutWidth": out.format.width,
                "TableFile": text(file),
            }
        ),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.each(out.beats),),
        node=node.name,
        memories={file: hex_lines(node.values.reshape(-1, 1), out.format.width)},
        lag=1 if len(node.values) <= _LUT_TABLE else 2,
    )


def softmax(node: Softmax, stream: Stream, channels: int, target: int) -> Block:
    """Return a softmax, with as many dividers as keep it within ``target`` cycles."""
    source = stream.type
    check_table_input(node, source.format)
    pixels = source.elements // channels
    steps = max(node.out.format.fraction + 1, 1) + 1
    dividers = 1
    while dividers < steps + 2 and pixels * _softmax_cycles(channels, steps, dividers) > target:
        dividers += 1
    cycles = _softmax_cycles(channels, steps, dividers)
    out = Lanes(node.out.format, source.elements, 1)
    width = max(int(node.values.max()).bit_length(), 1)
    file = f"{node.name}_table.mem"
    return Block(
        name=node.name,
        module="softmax",
        comment=(
            f"{node.origin}: softmax over {channels}, {cycles} cycles per pixel",
            f"{source.format} -> {out.format}",
        ),
        parameters=as_text(
            {
                "Channels": channels,
                "InWidth": source.format.width,
                "InSigned": bit(source.format.signed),
                "TableWidth": width,
                "OutFraction": out.format.fraction,
                **_without(conversion(source.format, out.format, relu=False), "Drop", "Relu"),
                "Bits": 1,
                "Dividers": dividers,
                "TableFile": text(file),
            }
        ),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.whole_pixels(pixels, channels),),
        node=node.name,
        memories={file: hex_lines(node.values.reshape(-1, 1), width)},
        cycles=pixels * cycles,
        rhythm=Rhythm(cycles, tuple(ceil(k * cycles / channels) for k in range(channels))),
        lag=channels + steps + 7,
    )


def _softmax_cycles(channels: int, steps: int, dividers: int) -> int:
    """Return the cycles per pixel: see the module ``softmax``."""
    return max(channels + 1, ceil(channels * (steps + 2) / dividers) + 1)


def check_table_input(node: Node, source: FixedFormat) -> None:
    """Refuse a table of too many words.

    Raises:
        GatewrightError: its input has too many bits.
    """
    if source.width > MAX_TABLE_BITS:
        raise GatewrightError(
            f"{node.name} ({node.origin}): a table for inputs of {source}; at most "
            f"{MAX_TABLE_BITS} bits are supported. Put a quantiser in front"
        )


def _wide(value: int) -> str:
    """Return a SystemVerilog integer of 64 bits, two's complement."""
    return f"-64'sd{-value}" if value < 0 else f"64'sd{value}"


def _without(parameters: dict[str, int | str], *names: str) -> dict[str, int | str]:
    return {key: value for key, value in parameters.items() if key not in names}
