"""Depth of the FIFOs where branches join again, and of those in front of what takes in bursts.

A fork gives a beat only when every reader has taken the last one. Where two branches join, the
join waits for the later branch; the other one's beats must be kept meanwhile, or the fork stops
and the later branch never gets what it waits for. How many there can be is known exactly, see
``demand``: that many places make a deadlock impossible.

For the pace of the slowest layer the FIFO must besides hold what comes while a beat passes the
later branch's pipelines: see ``schedule``. Where several FIFOs wait for one another, a beat that
leaves one is answered later: they hold what comes meanwhile too. A block that adds an image's
padding takes nothing meanwhile and has no place for what comes: the same schedule says how much.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from gatewright.emit import blocks
from gatewright.emit.demand import Input, beats_ahead
from gatewright.emit.schedule import Schedule
from gatewright.emit.streams import Block, Stream

MIN_DEPTH = 2  # of axis_fifo
REACTION = 12  # cycles in which FIFOs answer one another


@dataclass(frozen=True)
class Depth:
    """A FIFO's depth, in beats, and why.

    Attributes:
        ahead: Beats the stream may be ahead of the other: with fewer the design can deadlock.
        latency: More beats that come during the other branch's extra latency.
        join: The block in front of which it stands.
    """

    ahead: int
    latency: int
    join: str

    @property
    def depth(self) -> int:
        """Beats the FIFO holds; 0: none is needed."""
        wanted = self.ahead + self.latency
        return max(wanted, MIN_DEPTH) if wanted else 0


def with_fifos(
    made: Sequence[Block],
    outputs: Iterable[Stream],
    interval: int,
    unique: Callable[[str], str],
) -> tuple[tuple[Block, ...], dict[str, Depth]]:
    """Return the blocks with FIFOs where branches join, and why each is as deep as it is.

    Args:
        made: The blocks, in the order of the graph.
        outputs: The streams that leave.
        interval: Cycles per sample of the design.
        unique: Makes a name that nothing has.
    """
    ahead = beats_ahead(made, outputs)
    schedule = Schedule(interval)
    waiting: dict[Input, int] = {}
    for block in made:
        if len(block.inputs) > 1 or block.bursts:
            counts = [schedule.waiting(block, index) for index in range(len(block.inputs))]
            waiting |= {(block.name, index): count for index, count in enumerate(counts) if count}
        schedule.add(block)
    alone = len(ahead.keys() | waiting.keys()) == 1
    found: list[Block] = []
    depths: dict[str, Depth] = {}
    for block in made:
        inputs = list(block.inputs)
        for index, stream in enumerate(block.inputs):
            place = (block.name, index)
            first, count = ahead.get(place, 0), waiting.get(place, 0)
            if count and not alone:
                count += ceil(REACTION * stream.type.beats / interval)
            if first or count:
                depth = Depth(first, max(count - first, 0), block.name)
                name = unique(f"{block.name}_fifo{'' if block.bursts else ('_a', '_b')[index]}")
                depths[name] = depth
                fifo = blocks.fifo(name, _reason(block, depth), stream, depth.depth)
                inputs[index] = fifo.outputs[0]
                found.append(fifo)
        found.append(replace(block, inputs=tuple(inputs)))
    return tuple(found), depths


def _reason(block: Block, depth: Depth) -> str:
    if block.bursts:
        return f"{depth.latency} beats that come while {block.name} takes none"
    return f"{depth.ahead} beats ahead of the other branch, {depth.latency} more during its latency"
