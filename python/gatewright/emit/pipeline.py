"""Hardware graph to a pipeline of library blocks: which block, which lanes between them.

Every decision about the emitted hardware is made here, in ``blocks`` or in ``folding``; the
template only prints.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil

from gatewright.emit.blocks import (
    Block,
    Lanes,
    argmax,
    bus_width,
    dense,
    elementwise,
    width_converters,
)
from gatewright.errors import GatewrightError
from gatewright.folding import fold
from gatewright.graph import Argmax, Dense, Elementwise, Graph, Input, Node, sum_range

# Of the top's own streams and instances.
TOP_NAMES = ("s_axis", "m_axis", "frame", "bad", "door", "guard", "mark")
MIN_FRAMES = 16  # what LUT RAM holds anyway


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

    @property
    def frames(self) -> int:
        """Frames that can be between the doors at the law's rate: the guard queues a bit of each.

        With fewer the guard would hold frames back that the layers could already take.
        """
        latency = sum(block.latency for block in self.blocks)
        return max(MIN_FRAMES, ceil(latency / self.interval) + 2)


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
    blocks = tuple(_with_unique_names(_blocks(rest, start)))
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
                for converter in width_converters(node, stream, folded.simd):
                    yield converter
                    stream = converter.out
            following = nodes[index] if index < len(nodes) else None
            fused = (
                following if isinstance(following, Elementwise) and _fuses(node, stream) else None
            )
            index += fused is not None
            block = dense(node, fused, folded, stream)
        elif isinstance(node, Elementwise):
            block = elementwise(node, stream)
        elif isinstance(node, Argmax):
            block = argmax(node, stream)
        else:
            raise GatewrightError(f"{node.name}: no hardware for {type(node).__name__}")
        yield block
        stream = block.out


def _fuses(node: Dense, stream: Lanes) -> bool:
    """Whether the layer's own conversion changes nothing, so that the next one can replace it."""
    return node.out.format.contains(sum_range(node, stream.format).total)


def _with_unique_names(blocks: Iterable[Block]) -> Iterator[Block]:
    """Rename blocks whose name the top or another block has: a layer may be called ``frame``."""
    taken = set(TOP_NAMES)
    for block in blocks:
        candidates = (f"{block.name}_{count}" for count in itertools.count(2))
        name = block.name
        while name in taken:
            name = next(candidates)
        taken.add(name)
        yield replace(block, name=name)


def _check_chain(graph: Graph) -> None:
    for node in graph.nodes:
        readers = len(graph.consumers(node.name)) + graph.outputs.count(node.name)
        if len(node.inputs) > 1 or readers != 1:
            raise GatewrightError(
                f"{graph.name}: {node.name} ({node.origin}) has {len(node.inputs)} inputs and "
                f"{readers} readers; only a chain of layers can be emitted so far"
            )
