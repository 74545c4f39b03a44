"""The same sums in another order: what only one sum needs is added where it costs the fewest bits.

A value that several read, or that is a row, stays as it is; what lies between is one sum of many
terms, and they are added two by two, the cheapest pair first: narrow ones, and those far apart, for
the lowest bits of a sum pass beside its carry chain. A pair is passed over that would leave more
adders one after another than there must be.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gatewright.adders import Adder, AdderGraph, Row, Span


@dataclass(frozen=True)
class _Term:
    """``value * 2**shift``, or taken away.

    Attributes:
        value: Number of a value of the new graph.
        shift: At least 0.
        minus: Whether it is taken away.
        span: What the value can be.
        depth: Adders one after another up to it.
    """

    value: int
    shift: int
    minus: bool
    span: Span
    depth: int


_Cost = tuple[int, int, int]  # bits of a chain, then depth, then range
_FREE: _Cost = (-1, 0, 0)  # of a sum that is there already


@dataclass(frozen=True)
class _Pair:
    """Two terms that could be added next.

    Attributes:
        adder: That adds them.
        cost: The lowest is added first.
        takes: Of the room that is left for depth.
    """

    adder: Adder
    cost: _Cost
    takes: int


def reassociated(graph: AdderGraph) -> AdderGraph:
    """Return adders for the same matrix, no more of them, with fewer bits.

    As few of them are one after another as can be where what several sums share stays shared.
    """
    shallow = _Rebuilder(graph, 0).graph()
    deepest = max(shallow.depths, default=0)
    found = _Rebuilder(graph, deepest).graph()
    return found if max(found.depths, default=0) == deepest else shallow


@dataclass
class _Rebuilder:
    """Goes through the old graph in order."""

    old: AdderGraph
    deepest: int  # adders one after another that are aimed at, at most
    adders: list[Adder] = field(default_factory=list)
    terms: dict[int, _Term] = field(default_factory=dict)  # by the old graph's number
    made: dict[Adder, _Term] = field(default_factory=dict)

    def graph(self) -> AdderGraph:
        inputs = len(self.old.spans)
        readers = Counter(n for each in self.old.adders for n in (each.a, each.b))
        shared = {row.source for row in self.old.rows} | {n for n in readers if readers[n] > 1}
        for number, span in enumerate(self.old.spans):
            self.terms[number] = _Term(number, 0, False, span, 0)
        limits = self._limits(shared)
        for number in range(inputs, inputs + len(self.old.adders)):
            if number in shared:
                leaves = [self._term(*leaf) for leaf in self._leaves(number, shared)]
                self.terms[number] = self._sum(leaves, limits[number])
        rows = []
        for row in self.old.rows:
            if row.source is None:
                rows.append(row)
                continue
            term = self.terms[row.source]
            rows.append(Row(term.value, row.shift + term.shift, row.negate != term.minus))
        return AdderGraph(self.old.spans, tuple(self.adders), tuple(rows))

    def _limits(self, shared: set[int | None]) -> dict[int, int]:
        """Return of each shared value how deep it may be if all that read it keep their limit."""
        inputs = len(self.old.spans)
        limits = dict.fromkeys(range(inputs + len(self.old.adders)), self.deepest)
        for number in range(inputs + len(self.old.adders) - 1, inputs - 1, -1):
            if number in shared:
                for leaf, _, _ in self._leaves(number, shared):
                    limits[leaf] = min(limits[leaf], limits[number] - 1)
        return limits

    def _leaves(self, root: int, shared: set[int | None]) -> list[tuple[int, int, bool]]:
        """Return the terms of a sum: number in the old graph, shift, taken away or not."""
        inputs = len(self.old.spans)
        found, waiting = [], [(root, 0, False)]
        while waiting:
            number, shift, minus = waiting.pop()
            if number < inputs or (number in shared and number != root):
                found.append((number, shift, minus))
                continue
            adder = self.old.adders[number - inputs]
            waiting.append((adder.a, shift + adder.shift_a, minus))
            waiting.append((adder.b, shift + adder.shift_b, minus != adder.subtract))
        return found

    def _term(self, number: int, shift: int, minus: bool) -> _Term:
        term = self.terms[number]
        return replace(term, shift=term.shift + shift, minus=term.minus != minus)

    def _sum(self, terms: Sequence[_Term], limit: int) -> _Term:
        """Return the sum; ``limit`` is kept where it can be, else as few levels as can be."""
        # Of terms at depths d there is an order within a limit if sum 2**d <= 2**limit; adding two
        # of them adds the difference of theirs.
        sizes = [1 << term.depth for term in terms]
        room = (1 << max(limit, _least_depth(terms))) - sum(sizes)
        left = dict(enumerate(terms))
        pairs = {
            (i, j): self._pair(terms[i], terms[j], abs(sizes[i] - sizes[j]))
            for j in range(len(terms))
            for i in range(j)
        }
        number = len(terms)
        while len(left) > 1:
            i, j = min(
                (pair for pair, found in pairs.items() if found.takes <= room),
                key=lambda pair: pairs[pair].cost,
            )
            chosen = pairs[i, j]
            new = self._add(left.pop(i), left.pop(j))
            room -= chosen.takes
            pairs = {
                pair: replace(found, cost=_FREE) if found.adder == chosen.adder else found
                for pair, found in pairs.items()
                if i not in pair and j not in pair
            }
            for other, term in left.items():
                takes = abs((1 << new.depth) - (1 << term.depth))
                pairs[other, number] = self._pair(term, new, takes)
            left[number] = new
            number += 1
        return next(iter(left.values()))

    def _pair(self, a: _Term, b: _Term, takes: int) -> _Pair:
        adder, _, _ = _adder(a, b)
        if adder in self.made:
            return _Pair(adder, _FREE, takes)
        low, high = _span(adder, a, b)
        bits = (high - low).bit_length() - max(adder.shift_a, adder.shift_b)
        return _Pair(adder, (bits, max(a.depth, b.depth), high - low), takes)

    def _add(self, a: _Term, b: _Term) -> _Term:
        adder, minus, shift = _adder(a, b)
        if adder not in self.made:
            self.adders.append(adder)
            number = len(self.old.spans) + len(self.adders) - 1
            depth = 1 + max(a.depth, b.depth)
            self.made[adder] = _Term(number, 0, False, _span(adder, a, b), depth)
        new = self.made[adder]
        return _Term(new.value, shift, minus, new.span, new.depth)


def _least_depth(terms: Sequence[_Term]) -> int:
    """Return the fewest adders one after another in the sum of terms."""
    return (sum(1 << term.depth for term in terms) - 1).bit_length()


def _adder(a: _Term, b: _Term) -> tuple[Adder, bool, int]:
    """Return the adder of two terms in one form, and by what its value becomes their sum."""
    shift = min(a.shift, b.shift)
    if (b.shift, b.value) < (a.shift, a.value):
        a, b = b, a
    adder = Adder(a.value, b.value, a.shift - shift, b.shift - shift, a.minus != b.minus)
    return adder, a.minus, shift


def _span(adder: Adder, a: _Term, b: _Term) -> Span:
    """Return what a sum can be at most: terms may have inputs in common."""
    if (b.shift, b.value) < (a.shift, a.value):
        a, b = b, a
    first = a.span[0] << adder.shift_a, a.span[1] << adder.shift_a
    second = b.span[0] << adder.shift_b, b.span[1] << adder.shift_b
    if adder.subtract:
        second = -second[1], -second[0]
    return first[0] + second[0], first[1] + second[1]
