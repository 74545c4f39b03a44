"""A constant matrix as a graph of adders: shared sums of shifted inputs, by alkaid's search.

Every node is a sum of the inputs with integer coefficients, so what it can be is known exactly, and
with it the bits that it needs. Source of the search: alkaid (LGPL, an extra), which finds common
pairs of a matrix in signed digits; what it returns is checked here, coefficient by coefficient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.fixed import IntArray

Span = tuple[int, int]  # least and largest


@dataclass(frozen=True)
class Adder:
    """``value[a] * 2**shift_a + value[b] * 2**shift_b``, or the difference.

    Attributes:
        a: Number of a value: inputs come first, then the adders in order.
        b: Likewise.
        shift_a: At least 0; one of both is 0.
        shift_b: Likewise.
        subtract: ``b``'s part is taken away.
    """

    a: int
    b: int
    shift_a: int
    shift_b: int
    subtract: bool


@dataclass(frozen=True)
class Row:
    """``value[source] * 2**shift``, negated or not.

    Attributes:
        source: Number of a value; None: the row is 0.
        shift: At least 0.
        negate: Whether it is negated.
    """

    source: int | None
    shift: int
    negate: bool


@dataclass(frozen=True, eq=False)
class AdderGraph:
    """A matrix times a vector, by adders.

    Attributes:
        spans: What each input can be.
        adders: Each reads values before it.
        rows: Of the result.
    """

    spans: tuple[Span, ...]
    adders: tuple[Adder, ...]
    rows: tuple[Row, ...]

    @cached_property
    def coefficients(self) -> list[IntArray]:
        """Of each value, what each input counts in it."""
        values: list[IntArray] = list(np.eye(len(self.spans), dtype=np.int64))
        for adder in self.adders:
            a, b = values[adder.a] << adder.shift_a, values[adder.b] << adder.shift_b
            values.append(a - b if adder.subtract else a + b)
        return values

    @cached_property
    def ranges(self) -> list[Span]:
        """What each value can be, exactly: inputs are independent of one another."""
        low, high = (np.array(side, dtype=np.int64) for side in zip(*self.spans, strict=True))
        found = []
        for coefficients in self.coefficients:
            ends = np.stack([coefficients * low, coefficients * high])
            found.append((int(ends.min(axis=0).sum()), int(ends.max(axis=0).sum())))
        return found

    @cached_property
    def depths(self) -> list[int]:
        """Adders one after another up to each value."""
        found = [0] * len(self.spans)
        for adder in self.adders:
            found.append(1 + max(found[adder.a], found[adder.b]))
        return found

    def reordered(self, rows: Sequence[int], columns: Sequence[int]) -> "AdderGraph":
        """Return the graph for the matrix whose row ``rows[i]``, column ``columns[j]`` this has.

        Args:
            rows: Of each row of this matrix, its place in the other.
            columns: Likewise.
        """
        inputs = len(self.spans)

        def moved(number: int) -> int:
            return int(columns[number]) if number < inputs else number

        spans, outputs = list(self.spans), list(self.rows)
        for index, column in enumerate(columns):
            spans[column] = self.spans[index]
        for index, place in enumerate(rows):
            row = self.rows[index]
            outputs[place] = replace(row, source=None if row.source is None else moved(row.source))
        adders = tuple(replace(each, a=moved(each.a), b=moved(each.b)) for each in self.adders)
        return AdderGraph(tuple(spans), adders, tuple(outputs))

    def matrix(self) -> IntArray:
        """Return the matrix [rows, columns] that it multiplies with."""
        rows = np.zeros((len(self.rows), len(self.spans)), dtype=np.int64)
        for index, row in enumerate(self.rows):
            if row.source is not None:
                value = self.coefficients[row.source] << row.shift
                rows[index] = -value if row.negate else value
        return rows


def width_of(span: Span) -> tuple[int, bool]:
    """Return bits, at least 1, and whether they are two's complement, that hold a range."""
    low, high = span
    if low >= 0:
        return max(1, high.bit_length()), False
    return 1 + max((-low - 1).bit_length(), max(high, 0).bit_length()), True


def solve(weight: IntArray, spans: Sequence[Span], method: str = "wmc") -> AdderGraph:
    """Return adders for a matrix.

    Args:
        weight: Integers [rows, columns].
        spans: What each column's input can be.
        method: alkaid's word for which pairs are taken first.

    Raises:
        NotRunError: alkaid is not installed.
        CheckFailedError: what it found is another matrix.
    """
    try:
        from alkaid.cmvm import cmvm_solve
    except ImportError as error:
        raise NotRunError(
            "alkaid is missing, which looks for the adders of an unrolled layer; install it: "
            "pip install 'gatewright[unrolled]'"
        ) from error
    used = [int(index) for index in np.flatnonzero(weight.any(axis=0))]
    intervals = [(float(spans[i][0]), float(spans[i][1]), 1.0) for i in used]
    found = _Reader(len(spans))
    values: list[_Scaled | None] = [_Scaled(i, 0, False) for i in used]
    if used:
        kernel = np.ascontiguousarray(weight[:, used].T.astype(np.float32))
        for stage in cmvm_solve(kernel, method0=method, qintervals=intervals):
            values = found.read(stage, values)
    else:
        values = [None] * len(weight)
    graph = AdderGraph(tuple(spans), tuple(found.adders), tuple(map(_row, values)))
    if not np.array_equal(graph.matrix(), weight):
        raise CheckFailedError("alkaid's graph multiplies with another matrix than asked for")
    return graph


def _row(value: "_Scaled | None") -> Row:
    if value is None:
        return Row(None, 0, False)
    if value.exponent < 0:
        raise CheckFailedError("alkaid's graph has a row that is no whole number of inputs")
    return Row(value.source, value.exponent, value.negate)


@dataclass(frozen=True)
class _Scaled:
    """A value times a power of two, negated or not."""

    source: int
    exponent: int
    negate: bool


class _Reader:
    """Takes alkaid's programs as adders of whole numbers."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.adders: list[Adder] = []

    def read(self, program: Any, inputs: list[_Scaled | None]) -> list[_Scaled | None]:
        """Append the adders of a program and return its outputs."""
        values: list[_Scaled | None] = []
        for op in program.ops:
            if op.opcode == -1:
                index = op.data[0]
                values.append(_shifted(inputs[index], program.inp_shifts[index]))
            elif op.opcode == -2:
                values.append(_negated(values[op.addr[0]]))
            elif op.opcode in (0, 1):
                a, b = values[op.addr[0]], _shifted(values[op.addr[1]], op.data[0])
                values.append(self._sum(a, _negated(b) if op.opcode == 1 else b))
            else:
                raise CheckFailedError(f"alkaid's graph has an operation {op.opcode}: not a sum")
        outputs = []
        for index, shift, negate in zip(
            program.out_idxs, program.out_shifts, program.out_negs, strict=True
        ):
            value = _shifted(values[index] if index >= 0 else None, int(shift))
            outputs.append(_negated(value) if negate else value)
        return outputs

    def _sum(self, a: _Scaled | None, b: _Scaled | None) -> _Scaled | None:
        if a is None or b is None:
            return a or b
        if a.negate and not b.negate:
            a, b = b, a
        exponent = min(a.exponent, b.exponent)
        shifts = (a.exponent - exponent, b.exponent - exponent)
        self.adders.append(Adder(a.source, b.source, *shifts, subtract=a.negate != b.negate))
        return _Scaled(self.inputs + len(self.adders) - 1, exponent, a.negate)


def _shifted(value: _Scaled | None, shift: int) -> _Scaled | None:
    return value and _Scaled(value.source, value.exponent + shift, value.negate)


def _negated(value: _Scaled | None) -> _Scaled | None:
    return value and _Scaled(value.source, value.exponent, not value.negate)
