"""Layers of images and joins of two streams, as instances of library blocks."""

from math import ceil

from gatewright.emit import needs, windows
from gatewright.emit.blocks import (
    as_text,
    bit,
    conversion,
    conversion_comment,
    fifo_depth,
    file_parameters,
    is_relu,
    matrix_parameters,
    pipeline_latency,
    rhythm,
    then,
)
from gatewright.emit.memory import weight_words
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.folding import Fold
from gatewright.graph import (
    Combination,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    Merge,
    Pool,
    Pooling,
    StreamType,
    Window,
    merged_format,
)

OPERATION = {
    Combination.ADD: 0,
    Combination.SUBTRACT: 1,
    Combination.MULTIPLY: 2,
    Combination.AVERAGE: 3,
    Combination.MAXIMUM: 4,
    Combination.MINIMUM: 5,
}


def conv(
    node: Conv, fused: Elementwise | None, folded: Fold, stream: Stream, image: StreamType
) -> Block:
    """Return a convolution, with the conversion behind it if ``fused`` gives one."""
    last = fused or node
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    size = windows.parameters(node.window, image) | {
        "OutChannels": folded.rows,
        "Pe": folded.pe,
        "Simd": folded.simd,
        "Group": folded.group,
        "OutLanes": folded.out_lanes,
        "BankDepth": folded.bank_depth,
    }
    memories = weight_words(node, folded, f"{node.name}_weight")
    matrix, bias = matrix_parameters(node, fused, folded, stream.type, out)
    files = file_parameters(f"{node.name}_weight", node)
    groups = image.image[2] // folded.in_lanes
    return Block(
        name=node.name,
        module="conv_layer",
        comment=(
            f"{node.origin}: {_kernel(node.window)}{then(fused)}",
            _weights(node, folded),
            f"{_image(image)} {conversion_comment(node, stream.type, out)} {_image(last.out)}",
        ),
        parameters=as_text(size | matrix | {"FifoDepth": fifo_depth(folded)} | files),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(
            needs.windows(
                image, node.window, groups, folded.rows // folded.out_lanes, by_group=False
            ),
        ),
        node=last.name,
        fold=folded,
        memories=memories | bias,
        cycles=_cycles(node, folded, image, groups),
        rhythm=rhythm(folded),
        # Tap by tap the last beat is the one waited for; of several at once the first.
        lag=_lag(node, folded, image, groups)
        + pipeline_latency(folded)
        + (folded.beats - 1 if folded.taps > 1 else 0),
    )


def depthwise(
    node: Depthwise, fused: Elementwise | None, folded: Fold, stream: Stream, image: StreamType
) -> Block:
    """Return a depthwise convolution, with the conversion behind it if ``fused`` gives one."""
    last = fused or node
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    (words,) = weight_words(node, folded, node.name).values()
    matrix, bias = matrix_parameters(node, fused, folded, stream.type, out)
    weight_file = f"{node.name}_weight.mem"
    files = file_parameters(weight_file, node)
    size = windows.parameters(node.window, image) | {"Pe": folded.pe, "Simd": folded.simd}
    depth = max(2, 1 + ceil((18 + folded.levels) / folded.beats))  # see depthwise_engine
    groups = folded.passes
    return Block(
        name=node.name,
        module="depthwise_layer",
        comment=(
            f"{node.origin}: depthwise, {_kernel(node.window)}{then(fused)}",
            _weights(node, folded),
            f"{_image(image)} {conversion_comment(node, stream.type, out)} {_image(last.out)}",
        ),
        parameters=as_text(size | matrix | {"FifoDepth": depth} | files),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.windows(image, node.window, groups, groups, by_group=folded.taps == 1),),
        node=last.name,
        fold=folded,
        memories={weight_file: words} | bias,
        cycles=_cycles(node, folded, image, groups),
        rhythm=Rhythm(folded.beats),
        lag=_lag(node, folded, image, groups) + 10 + folded.levels + folded.beats,
    )


def pool(node: Pool, stream: Stream, image: StreamType) -> Block:
    """Return a pooling."""
    source = stream.type
    out = Lanes(node.out.format, node.out.size, source.lanes)
    average = node.kind is Pooling.AVERAGE
    parameters = {
        "Lanes": source.lanes,
        **windows.parameters(node.window, image),
        "Average": bit(average),
        "CountPadding": bit(node.count_padding),
        "InWidth": source.format.width,
        "InSigned": bit(source.format.signed),
        **conversion(source.format, out.format, relu=False),
    }
    del parameters["Relu"]
    groups = image.image[2] // source.lanes
    taps = node.window.taps
    return Block(
        name=node.name,
        module="pool",
        comment=(
            f"{node.origin}: {node.kind.value} of {_kernel(node.window)}",
            f"{_image(image)} {source.format} -> {out.format} {_image(node.out)}",
        ),
        parameters=as_text(parameters),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.windows(image, node.window, groups, groups, by_group=True),),
        node=node.name,
        cycles=windows.serial_cycles(image, node.window, groups, taps * groups),
        rhythm=Rhythm(taps),
        # A division: at most a bit per cycle, see pool_reduce.
        lag=windows.SERIAL_LAG + (4 + source.format.width + out.format.width if average else 2),
    )


def merge(node: Merge, fused: Elementwise | None, a: Stream, b: Stream) -> Block:
    """Return two streams combined, with the conversion behind it if ``fused`` gives one."""
    last = fused or node
    first, second = a.type.format, b.type.format
    exact = merged_format(node.kind, first, second)
    aligned = node.kind is not Combination.MULTIPLY
    out = Lanes(last.out.format, last.out.size, a.type.lanes)
    return Block(
        name=node.name,
        module="axis_merge",
        comment=(
            f"{node.origin}: {node.kind.value}{then(fused)}",
            f"{first} and {second} -> {out.format}",
        ),
        parameters=as_text(
            {
                "Lanes": a.type.lanes,
                "Operation": OPERATION[node.kind],
                "WidthA": first.width,
                "SignedA": bit(first.signed),
                "ShiftA": exact.fraction - first.fraction if aligned else 0,
                "WidthB": second.width,
                "SignedB": bit(second.signed),
                "ShiftB": exact.fraction - second.fraction if aligned else 0,
                **conversion(exact, out.format, relu=is_relu(fused)),
            }
        ),
        inputs=(a, b),
        outputs=(Stream(node.name, out),),
        needs=(needs.each(out.beats), needs.each(out.beats)),
        node=last.name,
        lag=3 if node.kind is Combination.MULTIPLY else 2,
    )


def concat(node: Concat, a: Stream, b: Stream, channels: tuple[int, int]) -> Block:
    """Return the channels of two streams of one format, one after the other."""
    lanes = a.type.lanes
    beats = channels[0] // lanes, channels[1] // lanes
    out = Lanes(node.out.format, node.out.size, lanes)
    pixels = node.out.size // sum(channels)
    return Block(
        name=node.name,
        module="axis_concat",
        comment=(f"{node.origin}: {channels[0]} and {channels[1]} channels",),
        parameters=as_text({"Width": out.width, "BeatsA": beats[0], "BeatsB": beats[1]}),
        inputs=(a, b),
        outputs=(Stream(node.name, out),),
        needs=needs.joined(pixels, beats),
        node=node.name,
        lag=1,
    )


def merge_result(node: Merge, first: FixedFormat, second: FixedFormat) -> FixedFormat:
    """Return the format that holds every result of a merge exactly."""
    exact = merged_format(node.kind, first, second)
    if node.kind is not Combination.AVERAGE:
        return exact
    return FixedFormat(exact.signed, exact.width, exact.integer - 1)


def check_taps(node: Pool, image: StreamType) -> None:
    """Refuse a pooling with a window that lies wholly in the padding.

    Raises:
        GatewrightError: there is one, and the result would depend on nothing.
    """
    if node.kind is Pooling.AVERAGE and node.count_padding:
        return
    if not needs.every_window_sees(image, node.window):
        raise GatewrightError(
            f"{node.name}: windows of {node.window.kernel} pixels with pads {node.window.pad} and "
            f"dilation {node.window.dilation} on {image.image[:2]} pixels: some lie wholly in the "
            "padding; use smaller pads"
        )


def _kernel(window: Window) -> str:
    kernel, stride = ("x".join(map(str, pair)) for pair in (window.kernel, window.stride))
    pads = f", pads {' '.join(map(str, window.pad))}" if any(window.pad) else ""
    return f"{kernel} pixels every {stride}{pads}"


def _cycles(node: Conv | Depthwise, folded: Fold, image: StreamType, groups: int) -> int:
    """Return the cycles per image of a layer's window generator, by its law."""
    if folded.taps == 1:
        return windows.serial_cycles(image, node.window, groups, folded.depth)
    return windows.parallel_cycles(image, node.window, groups, folded.depth // groups)


def _lag(node: Conv | Depthwise, folded: Fold, image: StreamType, groups: int) -> int:
    """Return the cycles from the last beat that a window needs to the window generator's answer."""
    if folded.taps == 1:
        return windows.SERIAL_LAG
    return windows.parallel_lag(image, node.window, groups, folded.depth // groups)


def _weights(node: Dense, folded: Fold) -> str:
    size = f"{folded.rows} x {folded.cols} weights {node.weight_format}"
    return f"{size}, {folded.depth} cycles per pixel"


def _image(kind: StreamType) -> str:
    return "x".join(map(str, kind.image))
