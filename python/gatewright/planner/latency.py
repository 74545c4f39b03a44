"""How long one sample alone takes through a design, by the laws of its blocks."""

from math import ceil

import numpy as np

from gatewright.emit.pipeline import Pipeline
from gatewright.emit.schedule import Schedule, Times
from gatewright.emit.streams import Block

_NEVER = 1 << 40  # cycles until the next sample
_SKID = 1  # cycles: at the input; guard and mark add none


class _Alone(Schedule):
    """One sample whose beats come one per cycle, into blocks that wait for nothing else."""

    def __init__(self) -> None:
        super().__init__(_NEVER)

    def add(self, block: Block) -> None:
        """Give a block's outputs their times."""
        if block.forks:
            taken = self.taken(block)
            self.times |= {stream.name: taken for stream in block.outputs}
        else:
            super().add(block)

    def _even(self, beats: int) -> Times:
        return np.arange(beats, dtype=np.float64)


def latency_alone(pipeline: Pipeline) -> int:
    """Return the cycles from a sample's first beat in to its last beat out; with zeros, at most."""
    schedule = _Alone()
    for block in pipeline.blocks:
        schedule.add(block)
    last = max(float(schedule.of(port.stream)[-1]) for port in pipeline.outputs)
    return ceil(last) + _SKID
