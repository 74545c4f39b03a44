"""Weights of the sparse core: rows dealt to PEs, entries, pointers."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from gatewright.emit.memory import hex_lines
from gatewright.fixed import IntArray


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

    def firsts(self) -> IntArray:
        """Return the address of each column's first entry, [PEs, columns]."""
        return np.cumsum(self.counts, axis=1) - self.counts


def deal(weight: IntArray, pe: int, load: NDArray[np.floating] | None = None) -> IntArray:
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
        skip_width: Bits of a skip, at least 1; None: those with the fewest bits in all.
    """
    rows, columns = weight.shape
    slots = ceil(rows / pe)
    widest = max((slots - 1).bit_length(), 1)
    if skip_width is None:
        packed = [pack(weight, pes, pe, width) for width in range(1, widest + 1)]
        bits = int(np.abs(weight).max(initial=1)).bit_length() + 1
        return min(packed, key=lambda one: (one.depth * (one.skip_width + bits), one.fillers))
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


def memory_files(
    packed: Packed, pe: int, out_lanes: int, weight_width: int, prefix: str
) -> dict[str, str]:
    """Return ``{file name: text}`` of the core's memories.

    Args:
        packed: The matrix.
        pe: PEs.
        out_lanes: Elements per output beat.
        weight_width: Bits of a weight.
        prefix: Of the files' names.
    """
    address_width = max(1, (packed.depth - 1).bit_length())
    files = {}
    for index, (entries, counts, firsts) in enumerate(
        zip(packed.entries, packed.counts, packed.firsts(), strict=True)
    ):
        filled = np.zeros((packed.depth, 2), dtype=np.int64)
        filled[: len(entries)] = np.array(entries, dtype=np.int64).reshape(-1, 2)
        words = filled[:, 0] << weight_width | filled[:, 1] & ((1 << weight_width) - 1)
        files[f"{prefix}_entries_{index:03d}.mem"] = hex_lines(
            words[:, None], packed.skip_width + weight_width
        )
        pointers = counts << address_width | np.where(counts > 0, firsts, 0)
        files[f"{prefix}_pointers_{index:03d}.mem"] = hex_lines(
            pointers[:, None], packed.count_width + address_width
        )
    beats = ceil(len(packed.pes) / out_lanes)
    files[f"{prefix}_order.mem"] = hex_lines(
        _whole(packed.pes, pe)[: beats * out_lanes].reshape(beats, out_lanes),
        max(1, (pe - 1).bit_length()),
    )
    return files


def _whole(pes: IntArray, pe: int) -> IntArray:
    """Return the PEs of the rows and of those that are missing in the last slot."""
    last = pes[len(pes) // pe * pe :]
    missing = np.setdiff1d(np.arange(pe), last) if len(last) else last
    return np.concatenate([pes, missing])
