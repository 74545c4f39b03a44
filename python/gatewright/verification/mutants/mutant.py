"""What a mutant is, and what becomes of one."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["weight", "bias", "format", "netlist"]
KINDS: tuple[Kind, ...] = ("weight", "bias", "format", "netlist")
Fate = Literal["killed", "equivalent", "survived"]


@dataclass(frozen=True)
class Mutant:
    """A fault.

    Attributes:
        kind: What it is in.
        layer: Block of the emitted design that it is in.
        what: Which fault, in words.
    """

    kind: Kind
    layer: str
    what: str


@dataclass(frozen=True)
class MemoryMutant(Mutant):
    """One bit of a word of a memory file.

    Attributes:
        file: Memory file.
        word: Its line.
        bit: Bit of the line, 0 the lowest.
        row: Row of the layer.
        column: Column of the layer; 0 of a bias.
        place: Bit of the weight or the bias.
    """

    file: str
    word: int
    bit: int
    row: int
    column: int
    place: int


@dataclass(frozen=True)
class FormatMutant(Mutant):
    """One parameter of a block's conversions.

    Attributes:
        option: Number of the alternative in ``sim/mutants/requantise.sv``.
    """

    option: int


@dataclass(frozen=True)
class NetlistMutant(Mutant):
    """One port of a cell of the flattened netlist.

    Attributes:
        number: Value of the select input that makes it active.
        command: Yosys' ``mutate`` command for it.
    """

    number: int
    command: str


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        mutant: The mutant.
        fate: Whether a check noticed it, it was proved to change nothing, or neither.
        by: The check that noticed it, the proof, or why it survived as far as is known.
    """

    mutant: Mutant
    fate: Fate
    by: str
