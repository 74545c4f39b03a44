"""When each beat of a design comes at the pace of the slowest layer: what FIFOs hold meanwhile.

A schedule of one sample, repeated every ``interval`` cycles: the inputs' beats come evenly spaced,
a fork spaces its own evenly too, and every block gives its results as soon as it has what they need
(``needs``), but no faster than it can (``Rhythm``). Where two streams join, the later one says when
the join takes its beats. A FIFO that holds what has come and is not taken yet lets the design keep
the schedule; that a beat comes earlier somewhere never makes another one later.
"""

from collections.abc import Iterable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from gatewright.emit.streams import Block, Stream

Times = NDArray[np.float64]  # [beats of a stream]: cycles
SLACK = 1e-6  # of sums of fractions


class Schedule:
    """The times of a design's streams, block by block.

    Attributes:
        interval: Cycles per sample.
        times: Of each stream's beats.
        limits: Of some streams, when each beat must have left the block that gives it.
    """

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.times: dict[str, Times] = {}
        self.limits: dict[str, Times] = {}

    def of(self, stream: Stream) -> Times:
        """Return when a stream's beats come; those of an input evenly spaced."""
        if stream.name not in self.times:
            self.times[stream.name] = self._even(stream.type.beats)
        return self.times[stream.name]

    def add(self, block: Block) -> None:
        """Give a block's outputs their times."""
        taken = self.taken(block)
        if block.forks:
            even = self._even(len(taken))
            taken = even + (taken - even).max()
            self.times |= {stream.name: taken for stream in block.outputs}
            return
        offsets = np.tile(block.rhythm.offsets, len(taken))[: block.out.beats]
        results = np.repeat(taken, len(block.rhythm.offsets))[: block.out.beats]
        out = block.outputs[0].name
        self.times[out] = results + offsets + block.lag
        if block.single:
            source = self.of(block.inputs[0])
            self.limits[out] = np.append(source, source[0] + self.interval)[block.needs[0]]

    def taken(self, block: Block) -> Times:
        """Return when a block has the last of what each group of its results needs."""
        size = len(block.rhythm.offsets)
        ready = [
            np.where(needed > 0, self.of(stream)[np.maximum(needed, 1) - 1], -np.inf)[::size]
            for stream, needed in zip(block.inputs, block.needs, strict=True)
        ]
        return self._one_by_one(np.max(ready, axis=0), block.rhythm.cycles)

    def waiting(self, block: Block, index: int) -> int:
        """Return the beats that a FIFO in front of an input must hold.

        A beat that finds the FIFO full must have left the block in front of it in time for the
        next one. A full FIFO takes no beat in the cycle in which one leaves: of a fast stream one
        is missed.
        """
        arrivals, needed = self.of(block.inputs[index]), block.needs[index]
        first = np.flatnonzero(np.diff(needed, prepend=0))  # the results that take a beat each
        first[0] = max(first[0], block.first)
        left = self.taken(block)[first]
        if (left - arrivals).max() < 1:
            return 0
        turn = 2 if 2 * len(arrivals) > self.interval else 1
        limits = np.append(arrivals[1:], arrivals[0] + self.interval) - turn
        limits = np.minimum(limits, self.limits.get(block.inputs[index].name, limits))
        since = limits - left[0] + SLACK
        samples = np.floor(since / self.interval)
        rest = since - samples * self.interval
        gone = samples * len(left) + np.searchsorted(left - left[0], rest, side="right")
        return max(int((np.arange(1, len(arrivals) + 1) - gone).max()), 0)

    def _one_by_one(self, ready: Times, cycles: int) -> Times:
        """Return when each of what is ready is done, one every ``cycles``, sample after sample."""
        behind = cycles * np.arange(2 * len(ready))
        twice = np.concatenate((ready - self.interval, ready))
        done: Times = np.maximum.accumulate(twice - behind) + behind
        return done[len(ready) :]

    def _even(self, beats: int) -> Times:
        return np.arange(1, beats + 1, dtype=np.float64) * self.interval / beats


def latency(blocks: Iterable[Block], outputs: Iterable[Stream], interval: int) -> int:
    """Return the cycles from a sample's last beat in to its last beat out, at that pace."""
    schedule = Schedule(interval)
    for block in blocks:
        schedule.add(block)
    last = max(float(schedule.of(stream)[-1]) for stream in outputs)
    return ceil(last) - interval
