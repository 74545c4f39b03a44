"""A graph of adders laid out for carry chains: every value a whole number that needs no sign.

A value ``v`` of the graph is kept as ``u = sign * (v - offset)``, which is never negative and has
as few bits as its range. What an operand is shorter than the other is constant there, so a constant
can be added for nothing; with it the range of each sum begins near 0. Where a difference can be
taken either way, the operand that is not shifted stays whole: its lowest bits pass as they are.
Two sums of odd width share a chain: the carry between them is known.

The offsets add up to one constant per row, which a bias takes in.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from gatewright.adders import Adder, AdderGraph, Span, digits, joined, solve
from gatewright.errors import CheckFailedError
from gatewright.fixed import IntArray
from gatewright.reassociate import reassociated

_METHODS = ("wmc", "mc")  # alkaid's: pairs weighted by their bits, or as often as they come
_TRIED = 200_000_000  # pairs of digits that are looked at, in all orders together
_MOST_ORDERS = 36
_OF_A_LEVEL = 0.02  # of the cells: about what the registers of a level are


@dataclass(frozen=True)
class Value:
    """How a value of the graph is kept: ``v = (-u if negative else u) + offset``.

    Attributes:
        negative: Whether what is kept falls where the value rises.
        offset: The value where what is kept is 0.
        span: What ``u`` can be, exactly; at least 0.
    """

    negative: bool
    offset: int
    span: Span

    @property
    def width(self) -> int:
        """Bits of ``u``, at least 1."""
        return max(1, self.span[1].bit_length())


@dataclass(frozen=True)
class Sum:
    """``u = u[a] + (u[b] << shift)``, or the difference, plus a constant; modulo ``2**width``.

    The lowest ``shift`` bits are those of ``u[a]``; the others come from a carry chain.

    Attributes:
        number: Of the value in the graph.
        a: Number of the operand that is not shifted.
        b: Number of the operand that is.
        shift: At least 0.
        subtract: ``b`` is taken away.
        constant: Added, in the chain's own units (``2**shift``): a multiple of what lies above the
            operand that ends first, whose upper bits it takes.
        in_b: That operand is ``b``.
        width: Bits of the chain.
        carry_in: Carry that the chain starts with: 1 of a difference, but where it follows another.
        carry_out: Carry that it ends with, always the same; None: not known.
    """

    number: int
    a: int
    b: int
    shift: int
    subtract: bool
    constant: int
    in_b: bool
    width: int
    carry_in: int
    carry_out: int | None


@dataclass(frozen=True)
class Layout:
    """The graph's values and its chains.

    Attributes:
        graph: The graph.
        values: Of the graph's values, how each is kept.
        chains: One sum, or two of one depth that share it, lower bits first.
    """

    graph: AdderGraph
    values: tuple[Value, ...]
    chains: tuple[tuple[Sum, ...], ...]

    @cached_property
    def cells(self) -> int:
        """Carry cells of two bits."""
        return sum(ceil(sum(each.width for each in chain) / 2) for chain in self.chains)


def lay_out(graph: AdderGraph) -> Layout:
    """Choose signs, offsets, widths and what shares a chain."""
    return _Planner(graph).layout()


def best_layout(weight: IntArray, spans: Sequence[Span]) -> Layout:
    """Return the best of several layouts that alkaid's search leads to.

    It breaks ties by the order of rows and columns: small matrices are tried in several orders. The
    best has the fewest cells, or hardly more and fewer adders one after another.

    Args:
        weight: Integers [rows, columns].
        spans: What each column's input can be.

    Raises:
        NotRunError: alkaid is not installed.
        CheckFailedError: what it found is another matrix.
    """
    parts = list(_parts(weight))
    graphs = []
    for rows, columns in parts:
        own = [spans[column] for column in columns]
        graphs.append(_best_graph(weight[rows][:, columns], own))
    whole = joined(tuple(spans), len(weight), list(zip(parts, graphs, strict=True)))
    if not np.array_equal(whole.matrix(), weight):
        raise CheckFailedError("the adders in their new order multiply with another matrix")
    return lay_out(whole)


def _parts(weight: IntArray) -> Iterator[tuple[list[int], list[int]]]:
    """Yield rows and columns that have no weight in common with others."""
    waiting = set(range(len(weight)))
    while waiting:
        rows, size = [min(waiting)], 0
        columns = np.flatnonzero(weight[rows].any(axis=0))
        while len(columns) and size != len(rows):
            size = len(rows)
            rows = np.flatnonzero(weight[:, columns].any(axis=1)).tolist()
            columns = np.flatnonzero(weight[rows].any(axis=0))
        waiting -= set(rows)
        yield rows, columns.tolist()


def _best_graph(weight: IntArray, spans: Sequence[Span]) -> AdderGraph:
    rng = np.random.default_rng(weight.shape)
    rows, columns = (list(range(size)) for size in weight.shape)
    found = []
    tries = _TRIED // max(1, digits(weight)) ** 2
    for _ in range(min(max(1, tries // len(_METHODS)), _MOST_ORDERS)):
        turned = weight[rows][:, columns]
        order = [spans[column] for column in columns]
        for method in _METHODS if tries else _METHODS[:1]:
            graph = reassociated(solve(turned, order, method))
            found.append(graph.reordered(rows, columns))
        rows, columns = (rng.permutation(size).tolist() for size in weight.shape)
    return min(found, key=_cost)


def _cost(graph: AdderGraph) -> float:
    """Return its cells; an adder one after another less is worth a few of them."""
    return lay_out(graph).cells * (1 + _OF_A_LEVEL * max(graph.depths, default=0))


class _Planner:
    """Goes through the adders in order."""

    def __init__(self, graph: AdderGraph) -> None:
        self.graph = graph
        self.values = [_input(span) for span in graph.spans]
        self.chains: list[tuple[Sum, ...]] = []
        # Sums of odd width without company. Only sums with as many adders before them share a
        # chain: so no chain waits for itself.
        self.odd: dict[tuple[int, bool], list[Sum]] = defaultdict(list)

    def layout(self) -> Layout:
        for index, adder in enumerate(self.graph.adders):
            self._add(len(self.graph.spans) + index, adder)
        self.chains += [(alone,) for odd in self.odd.values() for alone in odd]
        order = sorted(self.chains, key=lambda chain: chain[0].number)
        return Layout(self.graph, tuple(self.values), tuple(order))

    def _add(self, number: int, adder: Adder) -> None:
        subtract = self.values[adder.a].negative != self.values[adder.b].negative
        subtract ^= adder.subtract
        waiting = self.odd[self.graph.depths[number], subtract]
        made, value = self._sum(number, adder, int(subtract))
        if made.width % 2:
            for lower in waiting:
                if lower.carry_out is None:
                    continue
                upper, shifted = self._sum(number, adder, lower.carry_out)
                if upper.width % 2:
                    waiting.remove(lower)
                    self.chains.append((lower, upper))
                    self.values.append(shifted)
                    return
            waiting.append(made)
        else:
            self.chains.append((made,))
        self.values.append(value)

    def _sum(self, number: int, adder: Adder, carry_in: int) -> tuple[Sum, Value]:
        """Return a sum and how its value is kept, for a carry into its chain."""
        low, high, shift = adder.a, adder.b, adder.shift_b
        low_falls, high_falls = False, adder.subtract
        if adder.shift_a:
            low, high, shift = adder.b, adder.a, adder.shift_a
            low_falls, high_falls = high_falls, low_falls
        a, b = self.values[low], self.values[high]
        negative = a.negative != low_falls
        subtract = negative != (b.negative != high_falls)
        offset = (-a.offset if low_falls else a.offset) + (
            -b.offset if high_falls else b.offset
        ) * 2**shift
        least, most = self.graph.ranges[number]
        ends = (offset - most, offset - least) if negative else (least - offset, most - offset)
        # What the carry counts, then what is free: so many times what lies above an operand.
        added = (carry_in - subtract) << shift
        free = max(min(a.width, b.width + shift), shift)
        times = -((ends[0] + added) >> free)
        added += times << free
        value = Value(
            negative, offset + (added if negative else -added), (ends[0] + added, ends[1] + added)
        )
        width = max(value.width - shift, 0)
        constant = times << free >> shift
        upper = b.width + shift < a.width
        carry = _carry(constant, width, subtract, upper=upper)
        fits = a.width - shift <= width and b.width <= width
        carry_out = carry if fits else None
        return Sum(
            number, low, high, shift, subtract, constant, upper, width, carry_in, carry_out
        ), value


def _input(span: Span) -> Value:
    """An input as it comes; of one with a sign, the highest bit is turned over."""
    low, high = span
    if low >= 0:
        return Value(negative=False, offset=0, span=span)
    half = 1 << max((-low - 1).bit_length(), high.bit_length())
    return Value(negative=False, offset=-half, span=(low + half, high + half))


def _carry(constant: int, width: int, subtract: bool, *, upper: bool) -> int:
    """Return the carry out of a chain that its operands and its sum fit into.

    The constant stands in an operand modulo ``2**width``: in ``b`` if ``upper``, else in ``a``. Of
    a difference ``b`` is inverted, and with it a constant there.
    """
    held = (-constant if subtract and upper else constant) % (1 << width)
    if subtract and upper:
        return 1 - (held + constant >> width)
    return int(subtract) + (held - constant >> width)
