"""Dense layers, conversions and what moves elements, as instances of library blocks."""

from collections.abc import Iterator
from math import ceil, gcd

from gatewright.emit import needs
from gatewright.emit.memory import bias_words, weight_words
from gatewright.emit.streams import AnyFold, Block, Lanes, Rhythm, Stream
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.folding import Fold
from gatewright.graph import Argmax, Dense, Elementwise, Function, Node, sum_range

ROUNDING = {
    Rounding.RND: "RndPlusInf",
    Rounding.RND_ZERO: "RndZero",
    Rounding.RND_MIN_INF: "RndMinInf",
    Rounding.RND_INF: "RndInf",
    Rounding.RND_CONV: "RndConv",
    Rounding.TRN: "Trn",
    Rounding.TRN_ZERO: "TrnZero",
}
OVERFLOW = {
    Overflow.SAT: "Sat",
    Overflow.SAT_ZERO: "SatZero",
    Overflow.SAT_SYM: "SatSym",
    Overflow.WRAP: "Wrap",
    Overflow.WRAP_SM: "WrapSm",
}

_LUT_RAM = 32  # words: a deeper memory is block RAM, a cycle slower


def dense(node: Dense, fused: Elementwise | None, folded: Fold, stream: Stream) -> Block:
    """Return a dense layer, with the conversion behind it if ``fused`` gives one."""
    last = fused or node
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    size: dict[str, int | str] = {
        "Rows": folded.rows,
        "Cols": folded.cols,
        "Pe": folded.pe,
        "Simd": folded.simd,
        "Group": folded.group,
        "OutLanes": folded.out_lanes,
        "BankDepth": folded.bank_depth,
    }
    memories = weight_words(node, folded, f"{node.name}_weight")
    matrix, bias = matrix_parameters(node, fused, folded, stream.type, out)
    files = file_parameters(f"{node.name}_weight", node)
    shape = f"{folded.rows} x {folded.cols} weights {node.weight_format}"
    return Block(
        name=node.name,
        module="matvec_layer",
        comment=(
            f"{node.origin}: {shape}, {folded.depth} cycles per vector{then(fused)}",
            conversion_comment(node, stream.type, out),
        ),
        parameters=as_text(size | matrix | {"FifoDepth": fifo_depth(folded)} | files),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.everything(stream.type.beats, out.beats),),
        node=last.name,
        fold=folded,
        memories=memories | bias,
        cycles=folded.cycles,
        rhythm=rhythm(folded),
        lag=_buffer_latency(folded) + pipeline_latency(folded),
    )


def matrix_parameters(
    node: Dense, fused: Elementwise | None, folded: AnyFold, source: Lanes, out: Lanes
) -> tuple[dict[str, int | str], dict[str, str]]:
    """Return the parameters of products, sums and conversion, and the bias memory."""
    span = sum_range(node, source.format)
    memories: dict[str, str] = {}
    bias_width = 1
    if node.bias is not None:
        bias_width, memories[bias_file(node)] = bias_words(node, folded, span.fraction)
    parameters: dict[str, int | str] = {
        "InWidth": source.format.width,
        "InSigned": bit(source.format.signed),
        "WeightWidth": node.weight_format.width,
        "WeightSigned": bit(node.weight_format.signed),
        # A signed sum for the hardware: one more bit where the bounds need no sign.
        "AccWidth": span.products.width + (not span.products.signed),
        "HasBias": bit(node.bias is not None),
        "BiasShift": span.fraction - span.products.fraction,
        "BiasWidth": bias_width,
        "SumWidth": span.total.width + (not span.total.signed),
        **conversion(span.total, out.format, relu=is_relu(fused)),
    }
    return parameters, memories


def in_flight(folded: Fold) -> int:
    """Return the cycles from a pass's last beat to its last credit: see ``matvec_layer``."""
    return 20 + (folded.simd - 1).bit_length() + folded.delay + folded.result_beats


def pipeline_latency(folded: Fold) -> int:
    """Return the cycles from a pass's last beat to its first result: see ``matvec_engine``."""
    return 12 + (folded.simd - 1).bit_length() + folded.delay + fifo_latency(fifo_depth(folded))


def fifo_latency(depth: int) -> int:
    """Return the cycles through an empty ``axis_fifo``: one more where it is block RAM."""
    return 1 if depth <= _LUT_RAM else 2


def _buffer_latency(folded: Fold) -> int:
    """Return the cycles that ``vector_buffer`` adds to a pass."""
    if folded.depth == folded.beats:
        return 0
    return 2 if 2 * folded.beats <= _LUT_RAM else 3


def rhythm(folded: Fold) -> Rhythm:
    """Return when the results of a vector leave: pass by pass, a beat a cycle."""
    beats = range(ceil(folded.rows / folded.out_lanes))
    steps = (divmod(beat, folded.result_beats) for beat in beats)
    offsets = tuple(row_group * folded.beats + step for row_group, step in steps)
    return Rhythm(folded.depth, offsets)


def fifo_depth(folded: Fold) -> int:
    """Return the least depth, in beats, that keeps the core busy: see ``matvec_layer``'s header."""
    return max(2, folded.result_beats * (1 + ceil(in_flight(folded) / folded.beats)))


def elementwise(node: Elementwise, stream: Stream) -> Block:
    """Return a conversion or a ReLU on a stream."""
    source = stream.type
    comment = f"{node.origin}: {node.function.value}, {source.format} -> {node.out.format}"
    relu = node.function is Function.RELU
    return converter(node.name, comment, stream, node.out.format, relu=relu, node=node.name)


def converter(
    name: str,
    comment: str,
    stream: Stream,
    target: FixedFormat,
    *,
    relu: bool = False,
    node: str | None = None,
) -> Block:
    """Return a conversion to another format."""
    source = stream.type
    out = Lanes(target, source.elements, source.lanes)
    return Block(
        name=name,
        module="axis_quantise",
        comment=(comment,),
        parameters=as_text(
            {
                "Lanes": source.lanes,
                "InWidth": source.format.width,
                "InSigned": bit(source.format.signed),
                **conversion(source.format, target, relu=relu),
            }
        ),
        inputs=(stream,),
        outputs=(Stream(name, out),),
        needs=(needs.each(out.beats),),
        node=node,
    )


def argmax(node: Argmax, stream: Stream) -> Block:
    """Return the block that gives the index of the first largest element."""
    source = stream.type
    out = Lanes(node.out.format, 1, 1)
    return Block(
        name=node.name,
        module="argmax",
        comment=(f"{node.origin}: index of the first largest of {source.elements}",),
        parameters=as_text(
            {
                "Width": source.format.width,
                "Signed": bit(source.format.signed),
                "Lanes": source.lanes,
                "Elements": source.elements,
                "IndexWidth": out.format.width,
            }
        ),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.everything(source.beats, out.beats),),
        node=node.name,
        lag=1 + (source.lanes - 1).bit_length(),
    )


def width_converters(node: Node, stream: Stream, lanes: int) -> Iterator[Block]:
    """Yield what brings a stream to ``lanes`` per beat: one block, or two with fewer between.

    A block's lanes in and out must divide one another.
    """
    between = gcd(stream.type.lanes, lanes)
    for target in [lanes] if between in (stream.type.lanes, lanes) else [between, lanes]:
        block = _width_converter(node, stream, target)
        yield block
        (stream,) = block.outputs


def _width_converter(node: Node, stream: Stream, lanes: int) -> Block:
    source = stream.type
    name = f"{node.name}_width"
    out = Lanes(source.format, source.elements, lanes)
    return Block(
        name=name,
        module="axis_width",
        comment=(f"{source.lanes} -> {lanes} elements per beat for {node.name}",),
        parameters=as_text(
            {
                "Width": source.format.width,
                "InLanes": source.lanes,
                "OutLanes": lanes,
                "Elements": source.elements,
            }
        ),
        inputs=(stream,),
        outputs=(Stream(name, out),),
        needs=(needs.regrouped(source.elements, source.lanes, lanes),),
        single=True,
    )


def fork(stream: Stream, readers: int) -> Block:
    """Return what gives a stream to several readers."""
    name = f"{stream.name}_fork"
    beats = stream.type.beats
    return Block(
        name=name,
        module="axis_fork",
        comment=(f"{stream.name} to {readers} readers",),
        parameters=as_text({"Width": stream.type.width, "Count": readers}),
        inputs=(stream,),
        outputs=tuple(Stream(f"{name}_{index}", stream.type) for index in range(readers)),
        needs=(needs.each(beats),),
        forks=True,
        lag=0,
    )


def fifo(name: str, comment: str, stream: Stream, depth: int) -> Block:
    """Return a buffer of ``depth`` beats."""
    return Block(
        name=name,
        module="axis_branch_fifo",
        comment=(comment,),
        parameters=as_text({"Width": stream.type.width, "Depth": depth, "Name": text(name)}),
        inputs=(stream,),
        outputs=(Stream(name, stream.type),),
        needs=(needs.each(stream.type.beats),),
    )


def conversion(source: FixedFormat, target: FixedFormat, *, relu: bool) -> dict[str, int | str]:
    """Return the parameters of ``requantise`` between two formats."""
    return {
        "Drop": source.fraction - target.fraction,
        "OutWidth": target.width,
        "OutSigned": bit(target.signed),
        "Rounding": f"gatewright_pkg::{ROUNDING[target.rounding]}",
        "Overflow": f"gatewright_pkg::{OVERFLOW[target.overflow]}",
        "Relu": bit(relu),
    }


def is_relu(fused: Elementwise | None) -> bool:
    """Whether the conversion behind a node is a ReLU too."""
    return fused is not None and fused.function is Function.RELU


def then(fused: Elementwise | None) -> str:
    """Return the words of a comment for a conversion behind a node."""
    return f", then {fused.origin}" if fused else ""


def conversion_comment(node: Dense, source: Lanes, out: Lanes) -> str:
    """Return the line that gives the formats of a layer with weights."""
    width = sum_range(node, source.format).total.width
    return f"{source.format} -> sum {width} bits -> {out.format}"


def file_parameters(weight_file: str, node: Dense) -> dict[str, int | str]:
    """Return the parameters that name a layer's memories."""
    return {"WeightFile": text(weight_file), "BiasFile": text(bias_file(node))}


def bias_file(node: Dense) -> str:
    """Return the name of a layer's bias memory."""
    return f"{node.name}_bias.mem"


def as_text(parameters: dict[str, int | str]) -> dict[str, str]:
    """Return parameters as SystemVerilog text."""
    return {key: str(value) for key, value in parameters.items()}


def text(value: str) -> str:
    """Return a SystemVerilog string."""
    return f'"{value}"'


def bit(value: bool) -> str:
    """Return a SystemVerilog bit."""
    return "1'b1" if value else "1'b0"
