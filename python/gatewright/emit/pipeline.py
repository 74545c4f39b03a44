"""Hardware graph to a pipeline of library blocks: which block, which parameters, which lanes.

Every decision about the emitted hardware is made here or in ``folding``; the template only prints.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from gatewright.emit.memory import bias_words, weight_words
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.folding import Fold, fold
from gatewright.graph import Argmax, Dense, Elementwise, Function, Graph, Input, Node, sum_range

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


@dataclass(frozen=True)
class Pipeline:
    """A design as the template prints it.

    Attributes:
        input_lanes: The stream behind the frame guard.
        blocks: In the order of the stream.
    """

    graph: Graph
    input_lanes: Lanes
    blocks: tuple[Block, ...]

    @property
    def output_lanes(self) -> Lanes:
        """The stream in front of the output port."""
        return self.blocks[-1].out if self.blocks else self.input_lanes

    @property
    def interval(self) -> int:
        """Cycles per sample by the law: the slowest of the blocks and the streams."""
        cycles = [self.input_lanes.beats]
        for block in self.blocks:
            cycles += [block.out.beats, block.fold.cycles if block.fold else 0]
        return max(cycles)


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


def build(graph: Graph, input_lanes: int | None) -> Pipeline:
    """Choose the blocks, their parameters and the lanes between them.

    Args:
        graph: A chain of nodes: one Input, one output.
        input_lanes: Elements per beat at the input; by default the first layer's SIMD.

    Raises:
        GatewrightError: a graph that is not a chain, an impossible folding, too wide a format.
    """
    _check_chain(graph)
    first, *rest = graph.nodes
    if not isinstance(first, Input):
        raise GatewrightError(f"{graph.name}: the first node is {first.name}, not the input")
    bus_width(first.out.format, first.name)
    if input_lanes is None:
        dense = next((node for node in rest if isinstance(node, Dense)), None)
        input_lanes = fold(dense).simd if dense else 1
    start = Lanes(first.out.format, first.out.size, min(input_lanes, first.out.size))
    blocks = tuple(_blocks(rest, start))
    end = blocks[-1].out if blocks else start
    bus_width(end.format, graph.outputs[0])
    return Pipeline(graph, start, blocks)


def _blocks(nodes: list[Node], stream: Lanes) -> Iterator[Block]:
    index = 0
    while index < len(nodes):
        node = nodes[index]
        index += 1
        if isinstance(node, Dense):
            folded = fold(node)
            if stream.lanes != folded.simd:
                converter = _width_converter(node, stream, folded.simd)
                yield converter
                stream = converter.out
            following = nodes[index] if index < len(nodes) else None
            fused = (
                following if isinstance(following, Elementwise) and _fuses(node, stream) else None
            )
            index += fused is not None
            block = _dense(node, fused, folded, stream)
        elif isinstance(node, Elementwise):
            block = _elementwise(node, stream)
        elif isinstance(node, Argmax):
            block = _argmax(node, stream)
        else:
            raise GatewrightError(f"{node.name}: no hardware for {type(node).__name__}")
        yield block
        stream = block.out


def _fuses(node: Dense, stream: Lanes) -> bool:
    """Whether the layer's own conversion changes nothing, so that the next one can replace it."""
    return node.out.format.contains(sum_range(node, stream.format).total)


def _dense(node: Dense, fused: Elementwise | None, folded: Fold, stream: Lanes) -> Block:
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


def fifo_depth(folded: Fold) -> int:
    """Return the least depth, in beats, that keeps the core busy: see ``matvec_layer``'s header."""
    in_flight = 20 + (folded.simd - 1).bit_length() + folded.delay + folded.result_beats
    return max(2, folded.result_beats * (1 + ceil(in_flight / folded.beats)))


def _elementwise(node: Elementwise, stream: Lanes) -> Block:
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


def _argmax(node: Argmax, stream: Lanes) -> Block:
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


def _width_converter(node: Node, stream: Lanes, lanes: int) -> Block:
    wide, narrow = max(stream.lanes, lanes), min(stream.lanes, lanes)
    if wide % narrow:
        raise GatewrightError(
            f"{node.name}: {stream.lanes} elements per beat arrive and SIMD is {lanes}; one must "
            "divide the other. Choose SIMD or input_lanes so"
        )
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


def _check_chain(graph: Graph) -> None:
    for node in graph.nodes:
        readers = len(graph.consumers(node.name)) + graph.outputs.count(node.name)
        if len(node.inputs) > 1 or readers != 1:
            raise GatewrightError(
                f"{graph.name}: {node.name} ({node.origin}) has {len(node.inputs)} inputs and "
                f"{readers} readers; only a chain of layers can be emitted so far"
            )
