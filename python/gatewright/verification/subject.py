"""A rung as the search for the first divergence sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatewright.fixed import FixedFormat, IntArray
from gatewright.verification.context import Samples


@dataclass(frozen=True, eq=False)
class Values:
    """What a layer gave for one sample.

    Attributes:
        integers: [elements], in units of ``2**-fraction``, channel last.
        fraction: Fraction bits.
        format: Their format, as the rung says it.
        cycles: Cycle in which each element left the layer, in hardware.
    """

    integers: IntArray
    fraction: int
    format: str
    cycles: IntArray | None = None


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a rung.

    Attributes:
        name: Its name there.
        node: The graph's node whose values it gives.
        values: What it gave.
        converted: The format it brings them to, if that is another than the node's.
    """

    name: str
    node: str
    values: Values
    converted: FixedFormat | None = None


@dataclass(frozen=True)
class Subject:
    """A rung that differs.

    Attributes:
        rung: Its name.
        outputs: Gives the integers [samples, elements] for samples.
        layers: Gives each layer's values for one sample, in the order of the graph; None: the
            rung shows nothing but its outputs.
        waves: Writes a waveform of one sample from a first to a last cycle; None: no hardware.
        argmax: Whether an argmax stands at its end.
        against: Gives what must come out; None: QONNX execution does.
    """

    rung: str
    outputs: Callable[[Samples], IntArray]
    layers: Callable[[Samples], list[Layer]] | None = None
    waves: Callable[[Samples, tuple[int, int], Path], None] | None = None
    argmax: bool = False
    against: Callable[[Samples], IntArray] | None = None


Expected = Mapping[str, list[Values]]  # by node: what it may have given, by another rung
