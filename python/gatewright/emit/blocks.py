"""Nodes of the hardware graph as instances of library blocks, with their parameters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, gcd

from gatewright.emit.memory import bias_words, weight_words
from gatewright.errors import GatewrightError
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
BUS_WIDTHS = (8, 16, 32)  # an element on the AXI4-Stream outside


@dataclass(frozen=True)
class Lanes:
    """A stream between two blocks: ``lanes`` elements of ``format``, packed, lane 0 lowest."""

    format: FixedFormat
    elements: int
    lanes: int

    @property
    def width(self) -> int:
        """Bits of ``tdata``."""
        return self.format.width * self.lanes

    @property
    def beats(self) -> int:
        """Beats of one sample."""
        return ceil(self.elements / self.lanes)


@dataclass(frozen=True)
class Block:
    """An instance of a library block.

    Attributes:
        name: Instance name, without the ``u_``.
        module: Module of the library.
        comment: Lines that say where it came from.
        parameters: SystemVerilog text by parameter name.
        source: Stream in.
        out: Stream out.
        node: The graph's node that it computes, if it computes one.
        fold: Its folding, for a matrix-vector layer.
        memories: Text of its memory files by file name.
    """

    name: str
    module: str
    comment: tuple[str, ...]
    parameters: dict[str, str]
    source: Lanes
    out: Lanes
    node: str | None = None
    fold: Fold | None = None
    memories: dict[str, str] = field(default_factory=dict)

    @property
    def latency(self) -> int:
        """Bound of the cycles from a sample's first beat in to its last beat out, alone."""
        beats = self.source.beats + self.out.beats
        return beats + (self.fold.cycles + in_flight(self.fold) if self.fold else 2)


def bus_width(fmt: FixedFormat, where: str) -> int:
    """Return the bits an element takes on the AXI4-Stream outside.

    Raises:
        GatewrightError: the format is wider than 32 bits.
    """
    for width in BUS_WIDTHS:
        if fmt.width <= width:
            return width
    raise GatewrightError(
        f"{where}: {fmt} has {fmt.width} bits; a stream element outside has at most "
        f"{BUS_WIDTHS[-1]}. Quantise the output to fewer bits"
    )


def dense(node: Dense, fused: Elementwise | None, folded: Fold, stream: Lanes) -> Block:
    """Return a dense layer, with the conversion behind it if ``fused`` gives one."""
    span = sum_range(node, stream.format)
    last = fused or node
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    relu = fused is not None and fused.function is Function.RELU
    weight_file, bias_file = f"{node.name}_weight", f"{node.name}_bias.mem"
    memories = weight_words(node, folded, weight_file)
    # A signed sum for the hardware: one more bit where the bounds need no sign.
    acc_width = span.products.width + (not span.products.signed)
    sum_width = span.total.width + (not span.total.signed)
    bias_width = 1
    if node.bias is not None:
        bias_width, text = bias_words(node, folded, span.fraction)
        memories[bias_file] = text
    parameters = {
        "Rows": folded.rows,
        "Cols": folded.cols,
        "Pe": folded.pe,
        "Simd": folded.simd,
        "Group": folded.group,
        "OutLanes": folded.out_lanes,
        "InWidth": stream.format.width,
        "InSigned": _bit(stream.format.signed),
        "WeightWidth": node.weight_format.width,
        "WeightSigned": _bit(node.weight_format.signed),
        "AccWidth": acc_width,
        "HasBias": _bit(node.bias is not None),
        "BiasShift": span.fraction - span.products.fraction,
        "BiasWidth": bias_width,
        "SumWidth": sum_width,
        **_conversion(span.total, out.format, relu),
        "FifoDepth": fifo_depth(folded),
        "WeightFile": f'"{weight_file}"',
        "BiasFile": f'"{bias_file}"',
    }
    shape = f"{folded.rows} x {folded.cols} weights {node.weight_format}"
    with_fused = f", then {fused.origin}" if fused else ""
    comment = (
        f"{node.origin}: {shape}, {folded.cycles} cycles per vector{with_fused}",
        f"{stream.format} -> sum {span.total.width} bits -> {out.format}",
    )
    return Block(
        name=node.name,
        module="matvec_layer",
        comment=comment,
        parameters={key: str(value) for key, value in parameters.items()},
        source=stream,
        out=out,
        node=last.name,
        fold=folded,
        memories=memories,
    )


def in_flight(folded: Fold) -> int:
    """Return the cycles from a pass's last beat to its last credit: see ``matvec_layer``."""
    return 20 + (folded.simd - 1).bit_length() + folded.delay + folded.result_beats


def fifo_depth(folded: Fold) -> int:
    """Return the least depth, in beats, that keeps the core busy: see ``matvec_layer``'s header."""
    return max(2, folded.result_beats * (1 + ceil(in_flight(folded) / folded.beats)))


def elementwise(node: Elementwise, stream: Lanes) -> Block:
    """Return a conversion or a ReLU on a stream."""
    out = Lanes(node.out.format, stream.elements, stream.lanes)
    relu = node.function is Function.RELU
    return Block(
        name=node.name,
        module="axis_quantise",
        comment=(f"{node.origin}: {node.function.value}, {stream.format} -> {out.format}",),
        parameters={
            "Lanes": str(stream.lanes),
            "InWidth": str(stream.format.width),
            "InSigned": _bit(stream.format.signed),
            **_conversion(stream.format, out.format, relu),
        },
        source=stream,
        out=out,
        node=node.name,
    )


def argmax(node: Argmax, stream: Lanes) -> Block:
    """Return the block that gives the index of the first largest element."""
    out = Lanes(node.out.format, 1, 1)
    return Block(
        name=node.name,
        module="argmax",
        comment=(f"{node.origin}: index of the first largest of {stream.elements}",),
        parameters={
            "Width": str(stream.format.width),
            "Signed": _bit(stream.format.signed),
            "Lanes": str(stream.lanes),
            "Elements": str(stream.elements),
            "IndexWidth": str(out.format.width),
        },
        source=stream,
        out=out,
        node=node.name,
    )


def width_converters(node: Node, stream: Lanes, lanes: int) -> Iterator[Block]:
    """Yield what brings a stream to ``lanes`` per beat: one block, or two with fewer between.

    A block's lanes in and out must divide one another.
    """
    between = gcd(stream.lanes, lanes)
    for target in [lanes] if between in (stream.lanes, lanes) else [between, lanes]:
        block = _width_converter(node, stream, target)
        yield block
        stream = block.out


def _width_converter(node: Node, stream: Lanes, lanes: int) -> Block:
    return Block(
        name=f"{node.name}_width",
        module="axis_width",
        comment=(f"{stream.lanes} -> {lanes} elements per beat for {node.name}",),
        parameters={
            "Width": str(stream.format.width),
            "InLanes": str(stream.lanes),
            "OutLanes": str(lanes),
            "Elements": str(stream.elements),
        },
        source=stream,
        out=Lanes(stream.format, stream.elements, lanes),
    )


def _conversion(source: FixedFormat, target: FixedFormat, relu: bool) -> dict[str, str]:
    return {
        "Drop": str(source.fraction - target.fraction),
        "OutWidth": str(target.width),
        "OutSigned": _bit(target.signed),
        "Rounding": f"gatewright_pkg::{ROUNDING[target.rounding]}",
        "Overflow": f"gatewright_pkg::{OVERFLOW[target.overflow]}",
        "Relu": _bit(relu),
    }


def _bit(value: bool) -> str:
    return "1'b1" if value else "1'b0"
