"""What every rung is given: the design, its build folder, and the integers to be met."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.files import read_json
from gatewright.fixed import IntArray
from gatewright.vectors import Interface, Vectors, read_vectors


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes:
        samples: Samples of each simulated rung; None: as many as the rung takes by itself.
        family: FPGA family of the rungs below RTL.
        seed: Seed of everything random; None: the design's.
    """

    samples: int | None = None
    family: str = "ecp5"
    seed: int | None = None


@dataclass(frozen=True)
class Context:
    """A design that was built up to RTL.

    Attributes:
        design: The design.
        folder: Its build folder.
        options: What the command line asks for.
    """

    design: Design
    folder: Path
    options: Options = field(default_factory=Options)

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.design.sim.seed if self.options.seed is None else self.options.seed

    @property
    def work(self) -> Path:
        """Folder of what the ladder leaves behind, such as waveforms and netlists."""
        return self.folder / "verify"

    @property
    def cache(self) -> Path:
        """Folder of Verilator's builds, shared by all designs beside this one."""
        return self.folder.parent / ".verilator"

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """What the rtl step says about the design (``rtl.json``)."""
        return read_json(self.folder / "rtl.json")

    @cached_property
    def interface(self) -> Interface:
        """What goes into the network and comes out of it."""
        return Interface.from_dict(self.description["network"])

    @cached_property
    def vectors(self) -> Vectors:
        """The test set, and the integers that PyTorch gave for it."""
        return read_vectors(self.folder / "vectors.npz", self.interface)

    def inputs(self, most: int) -> IntArray:
        """Return integers [samples, elements] for a rung that takes ``most`` samples by itself."""
        return self.vectors.integers(self.interface.inputs)[: self.options.samples or most]

    def expected(self, most: int) -> IntArray:
        """Return the integers [samples, elements] that hardware must give for ``inputs(most)``."""
        outputs = self.vectors.expected(self.interface.outputs, argmax=self.design.rtl.argmax)
        return outputs[: self.options.samples or most]
