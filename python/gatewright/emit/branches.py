"""Depth of the FIFOs where branches join again.

A fork gives a beat only when every reader has taken the last one. Where two branches join, the
join waits for the later branch; the other one's beats must be kept meanwhile, or the fork stops
and the later branch never gets what it waits for. How far one branch runs ahead is known exactly:
each block says which of its input's beats an output beat needs (``needs``), so each stream knows,
for each of its beats, the beats of a fork above it that it needs. While the join waits for what it
takes next from the later branch, ``a`` may have given every beat that needs no more of the fork
than that. One of them waits at the join itself. That many places make a deadlock impossible. Of
several forks above both branches each gives such a bound, and the least of them is enough.

For the pace of the slowest layer the FIFO must besides hold what comes while a beat passes the
later branch's pipelines: that branch's extra latency, at the stream's mean rate. A layer that
needs whole pixels waits besides until the layer before it has given the last beat of one, and a
concatenation takes nothing of one stream while it takes a pixel's beats of the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatewright.emit.needs import Needs
from gatewright.emit.streams import Block

MIN_DEPTH = 2  # of axis_fifo


@dataclass(frozen=True, eq=False)
class Path:
    """What is known of a stream's way from the forks above it.

    Attributes:
        needs: By fork, the beats of the fork's input that each of the stream's beats needs.
        lag: By fork, the latency of the blocks on the way to a pixel's first beat, in cycles.
        spread: By fork, cycles from a pixel's first beat to its last; 0 at the fork itself, whose
            beats are counted one by one.
    """

    needs: Mapping[str, Needs]
    lag: Mapping[str, int]
    spread: Mapping[str, int]

    def forked(self, fork: str, beats: int) -> "Path":
        """Return the path behind a fork of ``beats`` beats per sample."""
        needs = {**self.needs, fork: np.arange(1, beats + 1)}
        return Path(needs, {**self.lag, fork: 0}, {**self.spread, fork: 0})


@dataclass(frozen=True)
class Depth:
    """A FIFO's depth, in beats, and why.

    Attributes:
        ahead: Beats the stream may be ahead of the other: with fewer the design can deadlock.
        latency: Beats that come during the other branch's extra latency, or its turn.
        fork: The fork where the branches part.
        join: The block where they join.
    """

    ahead: int
    latency: int
    fork: str
    join: str

    @property
    def depth(self) -> int:
        """Beats the FIFO holds; 0: none is needed."""
        wanted = self.ahead + self.latency
        return max(wanted, MIN_DEPTH) if wanted else 0


def through(
    paths: tuple[Path, ...], needs: tuple[Needs, ...], lag: int, spread: int | None
) -> Path:
    """Return the path of a block's output, from those of its inputs.

    Args:
        paths: Of its inputs.
        needs: What its output beats need of each.
        lag: Its own latency.
        spread: Cycles from a pixel's first beat to its last; None: it gives a beat for a beat.
    """
    found: dict[str, Needs] = {}
    latest: dict[str, int] = {}
    spreads: dict[str, int] = {}
    for path, needed in zip(paths, needs, strict=True):
        for fork, beats in path.needs.items():
            # Before its first beat an input needs nothing.
            ours = np.where(needed > 0, beats[np.maximum(needed, 1) - 1], 0)
            found[fork] = np.maximum(found[fork], ours) if fork in found else ours
            waits = 0 if spread is None else path.spread[fork]
            latest[fork] = max(latest.get(fork, 0), path.lag[fork] + waits + lag)
            own = path.spread[fork] if spread is None else spread
            spreads[fork] = max(spreads.get(fork, 0), own)
    return Path(found, latest, spreads)


def depth_before(block: Block, index: int, paths: tuple[Path, ...], interval: int) -> Depth | None:
    """Return the depth of the FIFO before input ``index`` of a join; None: none is needed.

    Args:
        block: The joining block.
        index: Which of its inputs.
        paths: The paths of its inputs.
        interval: Cycles per sample of the design.
    """
    needs = block.needs
    least: Depth | None = None
    ours = paths[index]
    for other, path in enumerate(paths):
        common = [fork for fork in ours.needs if fork in path.needs and other != index]
        for fork in common:
            waited = np.where(
                needs[other] > 0, path.needs[fork][np.maximum(needs[other], 1) - 1], 0
            )
            taken = np.concatenate(([0], needs[index][:-1]))
            given = np.searchsorted(ours.needs[fork], waited, side="right")
            ahead = max(int((given - taken).max()) - 1, 0)
            behind = max(path.lag[fork] - ours.lag[fork], 0) + block.turns[index]
            beats = block.inputs[index].type.beats
            latency = behind * beats // interval
            if latency and 2 * beats > interval:
                latency += 1  # a full FIFO takes no beat in the cycle in which one leaves
            found = Depth(ahead, latency, fork, block.name)
            if least is None or found.depth < least.depth:
                least = found
    return least if least and least.depth else None
