"""The same sums in another order: what only one sum needs is added where it costs the fewest bits.

A value that several read, or that is a row, stays as it is; what lies between is one sum of many
terms, and they are added two by two, the cheapest pair first: narrow ones, and those far apart, for
the lowest bits of a sum pass beside its carry chain.
"""

from collections import Counter
from dataclasses import dataclass, field

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


def reassociated(graph: AdderGraph) -> AdderGraph:
    """Return adders for the same matrix, no more of them, with fewer bits."""
    return _Rebuilder(graph).graph()


@dataclass
class _Rebuilder:
    """Goes through the old graph in order."""

    old: AdderGraph
    adders: list[Adder] = field(default_factory=list)
    terms: dict[int, _Term] = field(default_factory=dict)  # by the old graph's number
    made: dict[Adder, _Term] = field(default_factory=dict)

    def graph(self) -> AdderGraph:
        inputs = len(self.old.spans)
        readers = Counter(n for each in self.old.adders for n in (each.a, each.b))
        shared = {row.source for row in self.old.rows} | {n for n in readers if readers[n] > 1}
        for number, span in enumerate(self.old.spans):
            self.terms[number] = _Term(number, 0, False, span, 0)
        for index in range(len(self.old.adders)):
            if inputs + index in shared:
                self.terms[inputs + index] = self._sum(self._leaves(inputs + index, shared))
        rows = []
        for row in self.old.rows:
            if row.source is None:
                rows.append(row)
                continue
            term = self.terms[row.source]
            rows.append(Row(term.value, row.shift + term.shift, row.negate != term.minus))
        return AdderGraph(self.old.spans, tuple(self.adders), tuple(rows))

    def _leaves(self, root: int, shared: set[int | None]) -> list[_Term]:
        inputs = len(self.old.spans)
        found, waiting = [], [(root, 0, False)]
        while waiting:
            number, shift, minus = waiting.pop()
            if number < inputs or (number in shared and number != root):
                term = self.terms[number]
                found.append(
                    _Term(
                        term.value, term.shift + shift, term.minus != minus, term.span, term.depth
                    )
                )
                continue
            adder = self.old.adders[number - inputs]
            waiting.append((adder.a, shift + adder.shift_a, minus))
            waiting.append((adder.b, shift + adder.shift_b, minus != adder.subtract))
        return found

    def _sum(self, terms: list[_Term]) -> _Term:
        while len(terms) > 1:
            pairs = ((i, j) for j in range(len(terms)) for i in range(j))
            i, j = min(pairs, key=lambda pair: self._cost(terms[pair[0]], terms[pair[1]]))
            second, first = terms.pop(j), terms.pop(i)
            terms.append(self._add(first, second))
        return terms[0]

    def _cost(self, a: _Term, b: _Term) -> tuple[int, int, int]:
        """Return what a sum costs: bits of its chain, then depth, then range."""
        adder, _, _ = _adder(a, b)
        if adder in self.made:
            return -1, 0, 0
        low, high = _span(adder, a, b)
        bits = (high - low).bit_length() - max(adder.shift_a, adder.shift_b)
        return bits, max(a.depth, b.depth), high - low

    def _add(self, a: _Term, b: _Term) -> _Term:
        adder, minus, shift = _adder(a, b)
        if adder not in self.made:
            self.adders.append(adder)
            number = len(self.old.spans) + len(self.adders) - 1
            depth = 1 + max(a.depth, b.depth)
            self.made[adder] = _Term(number, 0, False, _span(adder, a, b), depth)
        new = self.made[adder]
        return _Term(new.value, shift, minus, new.span, new.depth)


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
