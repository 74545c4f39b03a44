"""Unrolled layers: a module of sums and the stream around it, both written for one matrix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from gatewright.adders import Span
from gatewright.carry import Layout, best_layout
from gatewright.emit import needs, windows
from gatewright.emit.adder_text import adder_module
from gatewright.emit.blocks import conversion_comment, fifo_latency, is_relu, then
from gatewright.emit.conversion import Conversion, conversions
from gatewright.emit.environment import environment
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.graph import Conv, Dense, Depthwise, Elementwise, StreamType
from gatewright.unrolled import UnrolledFold, as_matrix

_GATE = 5  # cycles from a result to its credit, and what credit_gate needs above that
_ENTRY = 1  # the register behind the gate
_WINDOW = 6  # of axis_window


@dataclass(frozen=True)
class UnrolledText:
    """The text of a layer.

    Attributes:
        files: {module: text}, a module before what instantiates it.
        latency: Cycles from a vector to its results.
        registers: Bits of registers among the adders.
    """

    files: dict[str, str]
    latency: int
    registers: int


@dataclass(frozen=True)
class Ends:
    """Where a layer stands in a run of unrolled layers, one behind the other.

    Attributes:
        head: It is the first: it has the credit gate.
        tail: It is the last: it has the FIFO.
    """

    head: bool = True
    tail: bool = True


def layer_text(
    name: str,
    comment: str,
    layout: Layout,
    in_width: int,
    rows: list[Conversion],
    per_stage: int,
    vectors: int = 1,
    window: dict[str, int | str] | None = None,
    ends: Ends | None = None,
) -> UnrolledText:
    """Return the modules of a layer; the outer one is called ``name``.

    Args:
        name: Of the outer module; the sums are ``<name>_sums``.
        comment: What it computes, in a few words.
        layout: Its matrix.
        in_width: Bits of an input element.
        rows: What becomes of each row's product.
        per_stage: Adders one after another between two registers.
        vectors: Vectors per frame.
        window: Parameters of an ``axis_window`` in front of it; None: none.
        ends: Where it stands in a run; None: alone.
    """
    ends = ends or Ends()
    sums = f"{name}_sums"
    inner = adder_module(sums, layout, in_width, rows, per_stage)
    latency = inner.latency + (_ENTRY if ends.head else 0)
    columns, out_bits = len(layout.graph.spans), sum(row.out_width for row in rows)
    in_bits = in_width * (int(window["Channels"]) if window else columns)
    outer = (
        environment()
        .get_template("unrolled_layer.sv.j2")
        .render(
            name=name,
            adders=sums,
            comment=comment,
            columns=columns,
            rows=len(rows),
            vectors=vectors,
            window=window,
            in_width=in_width,
            in_bits=in_bits,
            out_bits=out_bits,
            size=len(f"[{max(in_bits, out_bits) - 1}:0]"),
            latency=inner.latency,
            depth=latency + _GATE,
            head=ends.head,
            tail=ends.tail,
            flip=_flip(layout, in_width),
            products=int(np.count_nonzero(layout.graph.matrix())),
        )
    )
    return UnrolledText({sums: inner.text, name: outer}, latency, inner.registers)


def _flip(layout: Layout, in_width: int) -> str:
    """Return what turns over the signs of a vector's elements, if they have any."""
    if not any(layout.values[index].offset for index in range(len(layout.graph.spans))):
        return ""
    sign = f"{in_width}'d{2 ** (in_width - 1)}"
    return f" ^ {{{len(layout.graph.spans)}{{{sign}}}}}"


def layer(
    top: str,
    node: Dense,
    fused: Elementwise | None,
    folded: UnrolledFold,
    stream: Stream,
    image: StreamType,
    ends: Ends | None = None,
) -> Block:
    """Return an unrolled layer, with the conversion behind it if ``fused`` gives one.

    Args:
        top: The design's name, which its modules' names begin with.
        node: The layer.
        fused: The conversion that is done with it.
        folded: Its share of the core.
        stream: What it reads.
        image: Type of what it reads.
        ends: Where it stands in a run of unrolled layers; None: alone.
    """
    ends = ends or Ends()
    last, source = fused or node, stream.type.format
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    weight = as_matrix(node)
    spans = ((source.min_int, source.max_int),) * folded.cols
    layout = _layout(weight.tobytes(), weight.shape, spans)
    kept = [
        (row, None if row.source is None else layout.values[row.source])
        for row in layout.graph.rows
    ]
    rows = conversions(node, source, out.format, kept, relu=is_relu(fused))
    name = f"{top}_{node.name}_unrolled"
    window, needed = None, needs.everything(stream.type.beats, out.beats)
    if isinstance(node, Conv | Depthwise):
        window = _window(node, source.width, image)
        needed = needs.windows(image, node.window, 1, 1, by_group=False)
    made = layer_text(
        *(name, node.origin, layout, source.width, rows, folded.per_stage, folded.vectors),
        window=window,
        ends=ends,
    )
    depth = made.latency + _GATE if ends.tail else 0
    shape = f"{folded.rows} x {folded.cols} weights {node.weight_format}"
    return Block(
        name=node.name,
        module=name,
        comment=(
            f"{node.origin}: {shape}, {len(layout.graph.adders)} adders{then(fused)}",
            conversion_comment(node, stream.type, out),
        ),
        parameters={"FifoDepth": str(depth)} if ends.tail else {},
        inputs=(stream,),
        outputs=(Stream(node.name, out, held=ends.tail),),
        needs=(needed,),
        node=last.name,
        fold=folded,
        counter="useful_macs_q",
        modules=made.files,
        cells={
            "CarryCells": layout.cells,
            "RegisterBits": made.registers,
            "Depth": depth,
            "InWidth": source.width,
            **{name: size for name, size in (window or {}).items() if isinstance(size, int)},
        },
        cycles=_cycles(node, folded, image),
        rhythm=Rhythm(),
        lag=made.latency + (fifo_latency(depth) if ends.tail else 0) + (_WINDOW if window else 0),
    )


def with_credits(blocks: Sequence[Block], unique: Callable[[str], str]) -> list[Block]:
    """Return the blocks, the first and the last of each run of unrolled layers joined by credits.

    Args:
        blocks: Of a design, each behind those that it reads.
        unique: Makes a name that nothing else has.
    """
    found = list(blocks)
    runs: dict[str, list[int]] = {}  # by the stream that the next layer reads
    for index, block in enumerate(blocks):
        run = [*runs.pop(block.inputs[0].name, []), index]
        if not block.outputs[0].held:
            runs[block.outputs[0].name] = run
        elif len(run) > 1:
            head, tail = found[run[0]], block
            wire = unique(f"{tail.name}_credit")
            latency = sum(found[each].lag for each in run) - fifo_latency(tail.cells["Depth"])
            depth = latency + _GATE
            found[run[0]] = replace(
                head, parameters={"Credits": str(depth)}, links={"return_i": wire}
            )
            found[index] = replace(
                tail,
                parameters={"FifoDepth": str(depth)},
                links={"return_o": wire},
                cells=tail.cells | {"Depth": depth},
                lag=tail.lag - fifo_latency(tail.cells["Depth"]) + fifo_latency(depth),
            )
    return found


@lru_cache(maxsize=256)
def _layout(weight: bytes, shape: tuple[int, int], spans: tuple[Span, ...]) -> Layout:
    """Return a matrix' layout; the search takes seconds, and a plan asks for the same one often."""
    matrix = np.frombuffer(weight, dtype=np.int64).reshape(shape)
    return best_layout(matrix, spans)


def _window(node: Conv | Depthwise, in_width: int, image: StreamType) -> dict[str, int | str]:
    channels = image.image[2]
    return {
        "Width": in_width,
        "Lanes": channels,
        **windows.parameters(node.window, image),
        "Passes": 1,
        "ChannelOuter": "1'b0",
        "Taps": node.window.taps,
        "PadValue": "'0",
    }


def _cycles(node: Dense, folded: UnrolledFold, image: StreamType) -> int:
    """Return the cycles per image, by the law of the window generator."""
    if not isinstance(node, Conv | Depthwise):
        return folded.cycles
    law = windows.serial_cycles if node.window.taps == 1 else windows.parallel_cycles
    return max(folded.cycles, law(image, node.window, 1, 1))
