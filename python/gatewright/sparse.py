"""The sparse core's folding: rows dealt to PEs, entries, the cycles that no vector exceeds.

Only weights that are not zero are stored and multiplied, and only with activations that are not
zero: the cycles depend on the values. A PE multiplies one entry per cycle; ``picks`` activations
are taken per cycle. See ``matvec_sparse`` for the hardware.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray
from gatewright.folding import bank_block_rams, best_bank_depth, divisors
from gatewright.graph import Conv, Dense, Depthwise

QUEUE_DEPTH = 32  # words; with fewer, PEs wait for one another (with 16, a tenth more cycles)
BANK_CYCLES = 10  # that a bank of sums is taken besides a vector's products and results
_MOST_PICKS = 2
_SLOW = 1.5  # entries per PE of an activation, from which on one activation per cycle is enough
_WIDTH = 8  # elements per beat, where nothing was asked
_FEW = 6  # of so many activations at least one is not zero, where nothing is known
_MOST_PES = 256
_MOST_SLOTS = 256  # rows of a PE: each has a flip-flop in either bank


@dataclass(frozen=True, eq=False)
class Packed:
    """A matrix as the sparse core holds it.

    Attributes:
        pes: PE of each row; the rows of a slot, ``[k * PEs, (k + 1) * PEs)``, are on as many PEs.
        skip_width: Bits of an entry's skip.
        entries: Of each PE, its (skip, weight) column after column; a weight of 0 is a filler.
        counts: [PEs, columns]: entries of each column.
    """

    pes: IntArray
    skip_width: int
    entries: tuple[tuple[tuple[int, int], ...], ...]
    counts: IntArray

    @property
    def stored(self) -> int:
        """Entries of all PEs, fillers too."""
        return sum(map(len, self.entries))

    @property
    def fillers(self) -> int:
        """Entries that cost a cycle and multiply nothing."""
        return sum(weight == 0 for pe in self.entries for _, weight in pe)

    @property
    def depth(self) -> int:
        """Entries of the PE that has most, at least 1."""
        return max(1, *(len(pe) for pe in self.entries))

    @property
    def bound(self) -> int:
        """Cycles that no vector takes more of in the PEs."""
        return int(np.maximum(self.counts.max(axis=0), 1).sum())

    @property
    def count_width(self) -> int:
        """Bits of a column's number of entries."""
        return max(1, int(self.counts.max()).bit_length())

    @property
    def address_width(self) -> int:
        """Bits of an entry's address."""
        return max(1, (self.depth - 1).bit_length())

    @property
    def pointer_width(self) -> int:
        """Bits of a column's word: its number of entries, and where the first one is."""
        return self.count_width + self.address_width

    def bank_depth(self, weight_width: int) -> int:
        """Return the words per bank of both memories: those that take the least block RAM.

        Args:
            weight_width: Bits of a weight.
        """
        memories = [
            (self.depth, self.skip_width + weight_width),
            (self.counts.shape[1], self.pointer_width),
        ]

        def blocks(words: int) -> int:
            return sum(bank_block_rams(depth, width, words) for depth, width in memories)

        return min((best_bank_depth(depth, width) for depth, width in memories), key=blocks)

    def firsts(self) -> IntArray:
        """Return the address of each column's first entry, [PEs, columns]."""
        return np.cumsum(self.counts, axis=1) - self.counts

    def address(self, row: int, column: int) -> int:
        """Return where in its PE's memory the weight of a row and a column stands.

        Raises:
            ValueError: it is not stored, being 0.
        """
        pe, slot = self.pes[row], -1
        first = int(self.firsts()[pe, column])
        for address in range(first, first + int(self.counts[pe, column])):
            skip, weight = self.entries[pe][address]
            slot += skip + 1
            if weight and slot == row // len(self.entries):
                return address
        raise ValueError(f"the weight of row {row} and column {column} is not stored: it is 0")


def deal(weight: IntArray, pe: int, load: NDArray[Any] | None = None) -> IntArray:
    """Return the PE of each row: of every ``pe`` rows the one with most work goes to the idlest.

    Args:
        weight: Integers [rows, columns].
        pe: PEs.
        load: How often each column's activation is not zero, [columns]; None: always.
    """
    rows, columns = weight.shape
    work = (weight != 0) @ (np.ones(columns) if load is None else load)
    done, pes = np.zeros(pe), np.zeros(rows, dtype=np.int64)
    for first in range(0, rows, pe):
        slot = np.arange(first, min(first + pe, rows))
        slot = slot[np.argsort(-work[slot], kind="stable")]
        idlest = np.argsort(done, kind="stable")[: len(slot)]
        pes[slot] = idlest
        done[idlest] += work[slot]
    return pes


def pack(weight: IntArray, pes: IntArray, pe: int, skip_width: int | None = None) -> Packed:
    """Return a matrix's entries.

    Args:
        weight: Integers [rows, columns].
        pes: PE of each row, by ``deal``.
        pe: PEs.
        skip_width: Bits of a skip, at least 1; None: those with the least memory times entries, for
            fillers cost cycles and wider skips memory.
    """
    rows, columns = weight.shape
    slots = ceil(rows / pe)
    widest = max((slots - 1).bit_length(), 1)
    if skip_width is None:
        packed = [pack(weight, pes, pe, width) for width in range(1, widest + 1)]
        bits = int(np.abs(weight).max(initial=1)).bit_length() + 1
        return min(packed, key=lambda one: one.depth * (one.skip_width + bits) * max(1, one.stored))
    most = 2**skip_width - 1
    grid = np.zeros((pe, slots, columns), dtype=np.int64)
    grid[pes, np.arange(rows) // pe] = weight
    counts = np.zeros((pe, columns), dtype=np.int64)
    entries = []
    for index, part in enumerate(grid):
        mine: list[tuple[int, int]] = []
        for column in range(columns):
            begin, slot = len(mine), 0  # slot: the first one that the next entry can reach
            for used in np.flatnonzero(part[:, column]):
                while used - slot > most:
                    mine.append((most, 0))
                    slot += most + 1
                mine.append((int(used) - slot, int(part[used, column])))
                slot = int(used) + 1
            counts[index, column] = len(mine) - begin
        entries.append(tuple(mine))
    return Packed(pes, skip_width, tuple(entries), counts)


@dataclass(frozen=True, eq=False)
class SparseFold:
    """One layer's share of the sparse core.

    Attributes:
        rows: Outputs of the layer, per vector.
        cols: Inputs of the layer, per vector.
        pe: Processing elements: products per cycle.
        simd: Elements of a vector per beat.
        in_lanes: Elements per beat at the input.
        out_lanes: Results leaving per beat; divides ``pe``.
        picks: Activations taken per cycle.
        vectors: Vectors per sample: output pixels.
        packed: Its entries.
    """

    rows: int
    cols: int
    pe: int
    simd: int
    in_lanes: int
    out_lanes: int
    picks: int
    vectors: int
    packed: Packed

    @property
    def beats(self) -> int:
        """Beats of a vector."""
        return ceil(self.cols / self.simd)

    @property
    def result_beats(self) -> int:
        """Beats of a vector's results."""
        return ceil(self.rows / self.out_lanes)

    @cached_property
    def bound(self) -> int:
        """Cycles that no vector exceeds, back to back: each step as long as its busiest PE.

        There are two banks of sums: two vectors take at least what one takes from its first product
        to where its bank can be used again.
        """
        in_its_bank = self.packed.bound + self.picks - 1 + self.result_beats + BANK_CYCLES
        return max(
            self.packed.bound + self.beats + self.picks,
            self.result_beats + 2,
            ceil(in_its_bank / 2),
        )

    @property
    def least(self) -> int:
        """Cycles of a vector of zeros, back to back."""
        return max(self.beats, self.result_beats + 1) * self.vectors

    @property
    def cycles(self) -> int:
        """Cycles per sample at most."""
        return self.bound * self.vectors

    @property
    def multipliers(self) -> int:
        """Multipliers built."""
        return self.pe

    @property
    def useful(self) -> int:
        """Multiplications per sample, were no activation zero."""
        weights = [weight for pe in self.packed.entries for _, weight in pe]
        return int(np.count_nonzero(weights)) * self.vectors

    def summary(self) -> dict[str, Any]:
        """Return what ``rtl.json`` says of it."""
        fields = {key: value for key, value in vars(self).items() if isinstance(value, int)}
        return {
            **fields,
            "core": "sparse",
            "cycles": self.cycles,
            "cycles_least": self.least,
            "multipliers": self.multipliers,
            "useful_multiplications": self.useful,
            "weight_memory": {
                "entries": [len(pe) for pe in self.packed.entries],
                "fillers": self.packed.fillers,
                "skip_width": self.packed.skip_width,
                "count_width": self.packed.count_width,
            },
        }


def sparse_fold(node: Dense) -> SparseFold:
    """Return the share that ``node.request`` asks for: PE, and SIMD as elements per beat.

    Without PE, the ReuseFactor gives as many as the folded core would have multipliers.

    Raises:
        GatewrightError: an impossible request; the message says what is allowed.
    """
    request, (rows, cols) = node.request, node.weight.shape
    if isinstance(node, Depthwise):
        raise GatewrightError(
            f"{node.name}: Strategy Compressed in a depthwise convolution; take Resource"
        )
    pe = request.pe or min(ceil(rows * cols / request.reuse_factor), rows)
    channels = cols // node.window.taps if isinstance(node, Conv) else None
    simd = request.simd or _widest(node, cols, channels)
    slots = ceil(rows / pe)
    if not 1 <= pe <= min(rows, _MOST_PES) or slots > _MOST_SLOTS or not 1 <= simd <= cols:
        raise GatewrightError(
            f"{node.name}: PE {pe}, SIMD {simd}: a compressed layer of {rows} rows and {cols} "
            f"columns takes PE {ceil(rows / _MOST_SLOTS)} to {min(rows, _MOST_PES)} and SIMD 1 to "
            f"{cols}"
        )
    if isinstance(node, Conv) and channels is not None:
        _check_simd(node, simd, channels)
    vectors = prod(node.out.image[:2]) if isinstance(node, Conv) else 1
    packed = pack(node.weight, deal(node.weight, pe, node.activity), pe)
    picks = _picks(node, pe, simd)
    # Results take at most half the cycles that the PEs multiply if few activations are not zero:
    # one sample alone waits for them, and its bank of sums is not free before.
    work = max(ceil(cols / simd), max(map(len, packed.entries)) // _FEW, 1)
    fitting = [lanes for lanes in range(1, pe + 1) if pe % lanes == 0]
    if isinstance(node, Conv):
        fitting = [lanes for lanes in fitting if rows % lanes == 0]
    out_lanes = next((n for n in fitting if 2 * (ceil(rows / n) + 1) <= work), fitting[-1])
    in_lanes = simd if channels is None else min(simd, channels)
    return SparseFold(rows, cols, pe, simd, in_lanes, out_lanes, picks, vectors, packed)


def _picks(node: Dense, pe: int, simd: int) -> int:
    """Return the activations taken per cycle: one where the PEs are longer busy with it."""
    columns = node.weight.shape[1]
    shares = np.ones(columns) if node.activity is None else node.activity
    entries = float(((node.weight != 0) @ shares).sum())
    return 1 if entries >= _SLOW * pe * float(shares.sum()) else min(_MOST_PICKS, simd)


def _simds(node: Conv, channels: int) -> list[int]:
    """Return the elements of a window that may come per beat: of one tap, or several taps."""
    taps = divisors(node.window.taps) if node.window.narrow else [1]
    return [*divisors(channels)[:-1], *(channels * count for count in taps)]


def _widest(node: Dense, cols: int, channels: int | None) -> int:
    """Return the elements per beat where nothing was asked: at most eight."""
    if not isinstance(node, Conv) or channels is None:
        return min(cols, _WIDTH)
    return max(simd for simd in _simds(node, channels) if simd <= _WIDTH)


def _check_simd(node: Conv, simd: int, channels: int) -> None:
    allowed = _simds(node, channels)
    if simd not in allowed:
        raise GatewrightError(
            f"{node.name}: SIMD {simd} of a compressed convolution of {channels} channels; "
            f"allowed: {', '.join(map(str, allowed))}"
        )
