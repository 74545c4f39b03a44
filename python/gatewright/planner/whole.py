"""A design with a choice for every layer, built: its cycles, latency and size."""

from dataclasses import dataclass

from gatewright.emit.pipeline import Pipeline
from gatewright.estimate.model import Resources
from gatewright.planner.candidates import Candidate
from gatewright.planner.latency import latency_alone
from gatewright.planner.search import pace


@dataclass(frozen=True)
class Whole:
    """A choice for every layer, built.

    Attributes:
        chosen: The candidates.
        limit: Cycles per sample that were allowed.
        on_average: Cycles on average count.
        pipeline: Their hardware.
        resources: What it takes.
    """

    chosen: tuple[Candidate, ...]
    limit: float
    on_average: bool
    pipeline: Pipeline
    resources: Resources

    @property
    def cycles(self) -> int:
        """Cycles per sample, by the law."""
        return self.pipeline.interval

    def of(self, candidate: Candidate) -> float:
        """Return the cycles of a candidate that count."""
        return pace(candidate, mean=self.on_average)

    def keeps_up(self, candidate: Candidate) -> bool:
        """Whether a candidate is within the limit."""
        return self.of(candidate) <= self.limit

    @property
    def pace(self) -> float:
        """Cycles per sample that count."""
        return self.mean if self.on_average else self.cycles

    @property
    def mean(self) -> float:
        """Cycles per sample on average: of the slowest block."""
        return max(self._means().values(), default=self.cycles)

    @property
    def latency(self) -> int:
        """Cycles of one sample alone."""
        return latency_alone(self.pipeline)

    @property
    def slowest(self) -> str:
        """What the cycles come from."""
        means = self._means()
        return max(means, key=lambda name: means[name])

    def _means(self) -> dict[str, float]:
        means = {block.name: float(block.interval) for block in self.pipeline.blocks}
        return means | {one.layer: one.mean for one in self.chosen if one.core == "sparse"}
