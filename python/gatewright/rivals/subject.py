"""What every tool is given: one built design, its network, its samples, a folder to work in."""

from dataclasses import dataclass
from pathlib import Path

from gatewright.fixed import IntArray
from gatewright.graph import Graph


@dataclass(frozen=True, eq=False)
class Subject:
    """The network that is compared.

    Attributes:
        name: The design's.
        graph: Its hardware graph: the integer weights and formats that everyone is given.
        inputs: Its test set, integers [samples, elements].
        typical: Samples of the training data, likewise, for tools that choose a scale by some.
        folder: Where tools may write, each in a folder of its own.
        place_mhz: Clock to place and route pipelines for; None: they are not placed.
        adders_per_stage: Depths to compare unrolled networks at; none: the design's own.
        samples: Inferences that RTL is simulated for; None: all.
    """

    name: str
    graph: Graph
    inputs: IntArray
    typical: IntArray
    folder: Path
    place_mhz: float | None = None
    adders_per_stage: tuple[int, ...] = ()
    samples: int | None = None

    @property
    def simulated(self) -> IntArray:
        """The first samples of ``inputs``, as many as RTL is simulated for."""
        return self.inputs[: self.samples]
