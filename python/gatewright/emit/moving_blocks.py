"""What moves the pixels and channels of an image, as instances of library blocks."""

from dataclasses import replace

from gatewright.emit import needs
from gatewright.emit.blocks import as_text
from gatewright.emit.streams import Block, Lanes, Stream
from gatewright.graph import Pad, StreamType, Transpose, Upsample


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
