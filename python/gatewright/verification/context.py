"""What every rung is given: the design, its build folder, and the integers to be met."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright import graph_io, passes
from gatewright.design import Design
from gatewright.files import read_json
from gatewright.fixed import FixedFormat, IntArray
from gatewright.graph import Graph
from gatewright.vectors import Interface, Vectors, read_vectors

Samples = NDArray[np.float32]  # [samples, ...], as PyTorch takes them


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes:
        samples: Samples of each rung; None: as many as the rung takes by itself.
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
        truth: File with the integers to be met, as ``vectors.npz``; None: that one itself.
    """

    design: Design
    folder: Path
    options: Options = field(default_factory=Options)
    truth: Path | None = None

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
    def graph(self) -> Graph:
        """The hardware graph, with an argmax at its end if the design asks for one."""
        graph = graph_io.load(self.folder)
        return passes.with_argmax(graph) if self.design.rtl.argmax else graph

    @cached_property
    def vectors(self) -> Vectors:
        """The test set, and the integers that PyTorch gave for it."""
        return read_vectors(self.truth or self.folder / "vectors.npz", self.interface)

    @cached_property
    def samples(self) -> Samples:
        """The test set as PyTorch takes it."""
        with np.load(self.folder / "vectors.npz", allow_pickle=False) as archive:
            return np.asarray(archive["inputs"], np.float32)

    def count(self, most: int | None) -> int:
        """Return how many samples a rung takes that takes ``most`` by itself, or all."""
        return min(self.options.samples or most or len(self.samples), len(self.samples))

    def inputs(self, most: int | None) -> IntArray:
        """Return the integers [samples, elements] that go into the hardware."""
        return self.integers(self.samples[: self.count(most)])

    def expected(self, most: int | None, *, argmax: bool | None = None) -> IntArray:
        """Return the integers [samples, elements] that must come out for ``inputs(most)``.

        Args:
            most: Samples that the rung takes by itself; None: all.
            argmax: Whether an argmax stands at the end; None: as in the hardware.
        """
        wanted = self.design.rtl.argmax if argmax is None else argmax
        outputs = self.vectors.expected(self.interface.outputs, argmax=wanted)
        return outputs[: self.count(most)]

    def outputs(self, *, argmax: bool) -> list[tuple[str, int, FixedFormat]]:
        """Return the node, the elements and the format of each output."""
        if argmax:
            (name,) = self.graph.outputs
            return [(name, 1, self.graph[name].out.format)]
        names, kinds = graph_io.load(self.folder).outputs, self.interface.outputs
        return [(n, kind.size, kind.format) for n, kind in zip(names, kinds, strict=True)]

    def integers(self, samples: Samples) -> IntArray:
        """Return the integers [samples, elements] that go into the hardware for samples."""
        return self._vectors(samples).integers(self.interface.inputs)

    def reals(self, samples: Samples) -> NDArray[np.float64]:
        """Return samples as real values [samples, elements] in the hardware's order."""
        return self._vectors(samples).inputs

    def in_units(
        self, outputs: IntArray, fractions: tuple[int, ...], *, argmax: bool = False
    ) -> IntArray:
        """Return a network's outputs as the hardware must give them.

        Args:
            outputs: Integers [samples, elements] in the network's order.
            fractions: Fraction bits of each output.
            argmax: The hardware gives the index of the first largest output instead.

        Raises:
            CheckFailedError: the output format has too few fraction bits to hold them.
        """
        turned = self.interface.turned(outputs, self.interface.outputs)
        empty = np.zeros((len(outputs), 0))
        kinds = self.interface.outputs
        return Vectors(empty, turned, fractions).expected(kinds, argmax=argmax)

    def _vectors(self, samples: Samples) -> Vectors:
        real = self.interface.turned(samples.astype(np.float64), self.interface.inputs)
        return Vectors(real, np.zeros((len(real), 0), np.int64), ())
