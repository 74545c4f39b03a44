"""Depth of the FIFOs where branches join again.

A fork gives a beat only when every reader has taken the last one. Where two branches join, the
join waits for the later branch; the other one's beats must be kept meanwhile, or the fork stops
and the later branch never gets what it waits for. How many there can be is known exactly, see
``demand``: that many places make a deadlock impossible.

For the pace of the slowest layer the FIFO must besides hold what comes while a beat passes the
later branch's pipelines: that branch's extra latency, counted from the inputs on, at the stream's
mean rate. A layer that needs whole pixels waits besides until the layer before it has given the
last beat of one, and a concatenation takes nothing of one stream while it takes a pixel's beats of
the other. A full FIFO takes no beat in the cycle in which one leaves: it holds one more where some
stream in front of it is busy most of the time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from gatewright.emit import blocks
from gatewright.emit.demand import beats_ahead
from gatewright.emit.streams import Block, Stream

MIN_DEPTH = 2  # of axis_fifo
TURN = 2  # cycles from a beat that leaves a FIFO to one that comes in and is there


@dataclass(frozen=True)
class Depth:
    """A FIFO's depth, in beats, and why.

    Attributes:
        ahead: Beats the stream may be ahead of the other: with fewer the design can deadlock.
        latency: Beats that come during the other branch's extra latency, or its turn.
        join: The block where they join.
    """

    ahead: int
    latency: int
    join: str

    @property
    def depth(self) -> int:
        """Beats the FIFO holds; 0: none is needed."""
        wanted = self.ahead + self.latency
        return max(wanted, MIN_DEPTH) if wanted else 0


@dataclass(frozen=True)
class Lag:
    """When a stream's beats come, after the inputs' beats that they need.

    Attributes:
        first: Cycles to a pixel's first beat.
        spread: Cycles from there to its last; 0 behind a fork, whose beats are counted one by one.
        beats: Most beats of a stream on the way.
    """

    first: int = 0
    spread: int = 0
    beats: int = 0

    def through(self, block: Block) -> "Lag":
        """Return the lag behind a block."""
        first, beats = self.first + block.lag, max(self.beats, block.out.beats)
        if block.forks:
            return Lag(first, 0, beats)
        if block.spread is None:  # a beat for a beat, or several
            return Lag(first + block.parts - 1, self.spread + block.parts - 1, beats)
        return Lag(first + self.spread, block.spread, beats)


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
    lags: dict[str, Lag] = {}
    found: list[Block] = []
    depths: dict[str, Depth] = {}
    for block in made:
        joins = len(block.inputs) > 1
        before = [lags.get(stream.name, Lag(beats=stream.type.beats)) for stream in block.inputs]
        inputs = list(block.inputs)
        for index, stream in enumerate(block.inputs if joins else ()):
            late = max(lag.first for lag in before) - before[index].first + block.turns[index]
            fast = late > 0 and 2 * before[index].beats > interval
            latency = late * stream.type.beats // interval + int(fast)
            depth = Depth(ahead.get((block.name, index), 0), latency, block.name)
            if depth.depth:
                name = unique(f"{block.name}_fifo_{'ab'[index]}")
                depths[name] = depth
                fifo = blocks.fifo(name, _reason(depth), stream, depth.depth)
                inputs[index] = fifo.outputs[0]
                found.append(fifo)
        found.append(replace(block, inputs=tuple(inputs)))
        behind = [lag.through(block) for lag in before]
        latest = Lag(
            max(lag.first for lag in behind) + TURN * joins,
            max(lag.spread for lag in behind),
            max(lag.beats for lag in behind),
        )
        lags |= {stream.name: latest for stream in block.outputs}
    return tuple(found), depths


def _reason(depth: Depth) -> str:
    return f"{depth.ahead} beats ahead of the other branch, {depth.latency} more during its latency"
