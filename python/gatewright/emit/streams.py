"""Streams between blocks, and the blocks: what the template prints."""

from dataclasses import dataclass, field
from math import ceil

from gatewright.emit.needs import Needs
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.folding import Fold
from gatewright.sparse import SparseFold
from gatewright.unrolled import UnrolledFold

AnyFold = Fold | SparseFold | UnrolledFold
BUS_WIDTHS = (8, 16, 32)  # an element on the AXI4-Stream outside


@dataclass(frozen=True)
class Lanes:
    """Type of a stream: ``lanes`` elements of ``format`` per beat, packed, lane 0 lowest.

    A sample's elements follow one another without a gap; lanes beyond the last one are zero.
    """

    format: FixedFormat
    elements: int
    lanes: int

    @property
    def width(self) -> int:
        """Bits of ``tdata``."""
        return self.format.width * self.lanes

    @property
    def beats(self) -> int:
        """Beats of one sample."""
        return ceil(self.elements / self.lanes)


@dataclass(frozen=True)
class Stream:
    """A stream of the design.

    Attributes:
        name: Its signals are ``<name>_tvalid`` and so on.
        type: What it carries.
        held: Its reader may let a beat wait; if not, there is no place for one that waits.
    """

    name: str
    type: Lanes
    held: bool = True


@dataclass(frozen=True)
class Rhythm:
    """How fast a block gives results where nothing holds it up.

    Attributes:
        cycles: From one group of results to the next, at least.
        offsets: Of each of a group's beats: cycles behind the first.
    """

    cycles: int = 1
    offsets: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Block:
    """An instance of a library block.

    Attributes:
        name: Instance name, without the ``u_``.
        module: Module of the library.
        comment: Lines that say where it came from.
        parameters: SystemVerilog text by parameter name.
        inputs: Streams in.
        outputs: Streams out: one, or as many as a fork has readers.
        forks: Whether it is a fork: one tvalid and tready per reader, one tdata.
        node: The graph's node that it computes, if it computes one.
        fold: Its folding, for a layer with weights.
        counter: Of its useful multiplications, as named inside it; for simulation.
        memories: Text of its memory files by file name.
        modules: Text of modules made for it, by name, each before what instantiates it.
        cells: What it takes that no parameter tells, by name: for an estimate of its size.
        cycles: Cycles per sample by its own law; its streams' beats count besides.
        lag: Cycles from the last beat that a pixel's first output beat needs to that beat.
        needs: For each input, the beats that each output beat needs.
        first: Output beats that leave before its first input beat is taken.
        single: It takes no beat while a result of the beats before waits to be taken.
        bursts: It has no place for beats that come while it takes none.
        rhythm: How fast it gives its results.
        links: Signals between two blocks beside the streams, by port; ``_o`` drives.
    """

    name: str
    module: str
    comment: tuple[str, ...]
    parameters: dict[str, str]
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]
    needs: tuple[Needs, ...]
    forks: bool = False
    node: str | None = None
    fold: AnyFold | None = None
    counter: str = "u_engine.u_core.useful_macs_q"
    memories: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    cycles: int = 0
    first: int = 0
    single: bool = False
    bursts: bool = False
    rhythm: Rhythm = Rhythm()
    lag: int = 1
    links: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Lanes:
        """Type of the first stream in."""
        return self.inputs[0].type

    @property
    def out(self) -> Lanes:
        """Type of the first stream out."""
        return self.outputs[0].type

    @property
    def interval(self) -> int:
        """Cycles per sample, by the laws of the block and of its streams."""
        beats = [stream.type.beats for stream in (*self.inputs, *self.outputs)]
        return max(self.cycles, *beats)

    @property
    def least(self) -> int:
        """Cycles per sample at least, where they depend on the values."""
        beats = [stream.type.beats for stream in (*self.inputs, *self.outputs)]
        return max(self.fold.least if self.fold else self.cycles, *beats)


def bus_width(fmt: FixedFormat, where: str) -> int:
    """Return the bits an element takes on the AXI4-Stream outside.

    Raises:
        GatewrightError: the format is wider than 32 bits.
    """
    for width in BUS_WIDTHS:
        if fmt.width <= width:
            return width
    raise GatewrightError(
        f"{where}: {fmt} has {fmt.width} bits; a stream element outside has at most "
        f"{BUS_WIDTHS[-1]}. Quantise the output to fewer bits"
    )
