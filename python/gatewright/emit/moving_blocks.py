"""What moves pixels, channels and whole beats, as instances of library blocks."""

from dataclasses import replace
from math import ceil

import numpy as np

from gatewright.emit import needs
from gatewright.emit.blocks import as_text
from gatewright.emit.streams import Block, Lanes, Stream
from gatewright.folding import Fold
from gatewright.graph import Dense, Pad, StreamType, Transpose, Upsample

_LITERAL_BITS = 256  # in a line


def pad(node: Pad, stream: Stream, image: StreamType) -> Block:
    """Return zeros around an image."""
    top, left, bottom, right = node.pad
    parameters = _size(stream, image) | {
        "PadTop": top,
        "PadLeft": left,
        "PadBottom": bottom,
        "PadRight": right,
    }
    groups = image.image[2] // stream.type.lanes
    needed = needs.padded(image, node.pad, groups)
    first = (top * (image.image[1] + left + right) + left) * groups
    block = _block("axis_pad", node, stream, image, parameters, needed, lag=1)
    return replace(block, first=first, bursts=True)


def upsample(node: Upsample, stream: Stream, image: StreamType) -> Block:
    """Return every pixel several times."""
    parameters = _size(stream, image) | {"FactorH": node.factor[0], "FactorW": node.factor[1]}
    groups = image.image[2] // stream.type.lanes
    needed = needs.repeated(image, node.factor, groups)
    return _block("axis_upsample", node, stream, image, parameters, needed, lag=3)


def transpose(node: Transpose, stream: Stream, image: StreamType) -> Block:
    """Return an image with its axes exchanged."""
    rows, columns, channels = image.image
    lanes = stream.type.lanes
    parameters = {
        "Width": stream.type.width,
        "Height": rows,
        "Columns": columns,
        "Channels": channels // lanes,
        **{f"Axis{index}": axis for index, axis in enumerate(node.axes)},
    }
    beats = stream.type.beats
    needed = needs.everything(beats, beats)
    return _block("axis_transpose", node, stream, image, parameters, needed, lag=3)


def pick(node: Dense, folded: Fold, stream: Stream) -> Block:
    """Return what lets through only the beats that a layer reads: see ``Fold.kept``."""
    source = stream.type
    name = f"{node.name}_pick"
    kept = [beat for beat, read in enumerate(folded.kept, start=1) if read]
    keep = sum(1 << (beat - 1) for beat in kept)
    beats = len(folded.kept)
    return Block(
        name=name,
        module="axis_pick",
        comment=(f"{len(kept)} of {beats} beats: in the others {node.name} has no weights",),
        parameters=as_text({"Width": source.width, "Beats": beats, "Keep": _literal(keep, beats)}),
        inputs=(stream,),
        outputs=(Stream(name, Lanes(source.format, folded.cols, source.lanes)),),
        needs=(np.array(kept),),
        lag=0,
    )


def _size(stream: Stream, image: StreamType) -> dict[str, int]:
    rows, columns, channels = image.image
    return {
        "Width": stream.type.width,
        "Groups": channels // stream.type.lanes,
        "Height": rows,
        "Columns": columns,
    }


def _block(
    module: str,
    node: Pad | Upsample | Transpose,
    stream: Stream,
    image: StreamType,
    parameters: dict[str, int],
    needed: needs.Needs,
    lag: int,
) -> Block:
    out = Lanes(stream.type.format, node.out.size, stream.type.lanes)
    sizes = " -> ".join("x".join(map(str, kind.image)) for kind in (image, node.out))
    return Block(
        name=node.name,
        module=module,
        comment=(f"{node.origin}: {sizes}",),
        parameters=as_text(dict(parameters)),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needed,),
        node=node.name,
        lag=lag,
    )


def _literal(value: int, width: int) -> str:
    """Return an unsigned literal; a long one as a concatenation in several lines."""
    if width <= _LITERAL_BITS:
        return f"{width}'h{value:x}"
    parts = []
    for low in reversed(range(0, width, _LITERAL_BITS)):
        bits = min(_LITERAL_BITS, width - low)
        parts.append(f"{bits}'h{value >> low & ((1 << bits) - 1):0{ceil(bits / 4)}x}")
    return "{\n      " + ",\n      ".join(parts) + "\n    }"
