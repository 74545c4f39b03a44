"""What becomes of a row of an unrolled layer: its constant, and how its sum is rounded."""

from dataclasses import dataclass

import numpy as np

from gatewright.adders import Row, width_of
from gatewright.carry import Value
from gatewright.emit.blocks import OVERFLOW, ROUNDING, bit
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.graph import Dense, sum_range

# Where no sum is negative, towards and away from zero are down and up.
_OF_POSITIVES = {
    Rounding.RND_ZERO: Rounding.RND_MIN_INF,
    Rounding.RND_INF: Rounding.RND,
    Rounding.TRN_ZERO: Rounding.TRN,
}
_IN_THE_CONSTANT = (Rounding.RND, Rounding.RND_CONV, Rounding.RND_MIN_INF)


@dataclass(frozen=True)
class Conversion:
    """Parameters of an ``offset_requantise``.

    Attributes:
        negate: The value is taken away from the constant.
        shift: Left shift of the value.
        constant: In units of the sum: bias, offset of the value, half an output unit.
        sum_width: Bits of the sum.
        sum_signed: Whether it can be negative.
        drop: Fraction bits dropped.
        out_width: Bits of the output.
        out_signed: Whether it is two's complement.
        even: A sum that was halfway goes to the even output unit.
        rounding: What is left to round.
        overflow: gatewright_pkg's name of the overflow mode.
        relu: A negative sum becomes 0.
    """

    negate: bool
    shift: int
    constant: int
    sum_width: int
    sum_signed: bool
    drop: int
    out_width: int
    out_signed: bool
    even: bool
    rounding: Rounding
    overflow: str
    relu: bool

    @property
    def levels(self) -> int:
        """Adders one after another that it counts as: the constant's, and one for the rest."""
        wires = self.overflow == OVERFLOW[Overflow.WRAP] and self.rounding is Rounding.TRN
        return 1 if wires and not self.even and not self.relu else 2

    def parameters(self) -> dict[str, str]:
        """Return them as SystemVerilog text."""
        sign = "-" if self.constant < 0 else ""
        return {
            "Negate": bit(self.negate),
            "Shift": str(self.shift),
            "Constant": f"{sign}64'sd{abs(self.constant)}",
            "SumWidth": str(self.sum_width),
            "SumSigned": bit(self.sum_signed),
            "Drop": str(self.drop),
            "OutWidth": str(self.out_width),
            "OutSigned": bit(self.out_signed),
            "Even": bit(self.even),
            "Rounding": f"gatewright_pkg::{ROUNDING[self.rounding]}",
            "Overflow": f"gatewright_pkg::{self.overflow}",
            "Relu": bit(self.relu),
        }


def conversions(
    node: Dense, source: FixedFormat, target: FixedFormat, rows: list[tuple[Row, Value | None]],
    *, relu: bool,
) -> list[Conversion]:  # fmt: skip
    """Return what becomes of each row of a layer.

    Args:
        node: The layer.
        source: Format of its input.
        target: Format of its output.
        rows: Of each row, what it is in the graph and how that is kept.
        relu: Whether a negative sum becomes 0.
    """
    span = sum_range(node, source)
    up = span.fraction - span.products.fraction
    bias = np.zeros(len(rows), dtype=np.int64)
    if node.bias is not None and node.bias_format is not None:
        bias = node.bias << (span.fraction - node.bias_format.fraction)
    drop = span.fraction - target.fraction
    return [
        _conversion(row, value, up, int(offset), drop, target, relu=relu)
        for (row, value), offset in zip(rows, bias, strict=True)
    ]


def _conversion(
    row: Row, value: Value | None, up: int, bias: int, drop: int, target: FixedFormat, *, relu: bool
) -> Conversion:
    kept = value or Value(negative=False, offset=0, span=(0, 0))
    shift = row.shift + up
    negate = kept.negative != row.negate
    constant = bias + ((-kept.offset if row.negate else kept.offset) << shift)
    rounding = target.rounding
    if relu:
        rounding = _OF_POSITIVES.get(rounding, rounding)
    even = False
    if drop <= 0:
        rounding = Rounding.TRN
    elif rounding in _IN_THE_CONSTANT and target.overflow is not Overflow.WRAP_SM:
        # WRAP_SM looks at the sum before it is rounded.
        even = rounding is Rounding.RND_CONV
        constant += 2 ** (drop - 1) - (rounding is Rounding.RND_MIN_INF)
        rounding = Rounding.TRN
    ends = [constant + (-end if negate else end) * 2**shift for end in kept.span]
    width, signed = width_of((min(ends), max(ends)))
    if even:
        width = max(width, drop + 1 + signed)
    overflow = target.overflow
    if rounding is Rounding.TRN:
        # What is rounded down, to the even unit perhaps, may be in range whatever comes in.
        least, most = min(ends), max(ends)
        least = 0 if relu else _over(least, drop) - even
        if target.min_int <= least and _over(most, drop) <= target.max_int:
            overflow = Overflow.WRAP
    return Conversion(
        negate=negate,
        shift=shift,
        constant=constant,
        sum_width=width,
        sum_signed=signed,
        drop=drop,
        out_width=target.width,
        out_signed=target.signed,
        even=even,
        rounding=rounding,
        overflow=OVERFLOW[overflow],
        relu=relu and signed,
    )


def _over(value: int, drop: int) -> int:
    """Return a sum in units of the output, rounded down."""
    return value >> drop if drop >= 0 else value << -drop
