"""One definition of a number: fixed-point formats with the meaning of ap_fixed.

Every other part of the package (reference, firmware, SystemVerilog) follows this file.

Source:
    AMD UG1399, "Arbitrary Precision Fixed-Point Data Types": quantization and overflow modes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError

IntArray = NDArray[np.int64]
MAX_WIDTH = 62  # values, and the sums made while rounding them, stay inside int64


class Rounding(Enum):
    """What happens to the fraction bits that a narrower format cannot hold."""

    RND = "RND"  # to nearest, ties towards plus infinity
    RND_ZERO = "RND_ZERO"  # to nearest, ties towards zero
    RND_MIN_INF = "RND_MIN_INF"  # to nearest, ties towards minus infinity
    RND_INF = "RND_INF"  # to nearest, ties away from zero
    RND_CONV = "RND_CONV"  # to nearest, ties to even
    TRN = "TRN"  # towards minus infinity
    TRN_ZERO = "TRN_ZERO"  # towards zero


class Overflow(Enum):
    """What happens to a value outside the format's range."""

    SAT = "SAT"  # to the nearest bound
    SAT_ZERO = "SAT_ZERO"  # to zero
    SAT_SYM = "SAT_SYM"  # to the nearest bound of a symmetric range (signed: -max to max)
    WRAP = "WRAP"  # modulo 2**width
    WRAP_SM = "WRAP_SM"  # sign-magnitude wrap (signed only; as WRAP for unsigned)


@dataclass(frozen=True)
class FixedFormat:
    """A fixed-point format: ``ap_fixed<width, integer, rounding, overflow>`` or ``ap_ufixed``.

    Attributes:
        signed: Two's complement if true.
        width: Total bits, sign included; 1 to 62.
        integer: Bits left of the binary point, sign included; may be negative or exceed width.
        rounding: Mode used when a value is converted *into* this format.
        overflow: Mode used when a value is converted *into* this format.
    """

    signed: bool
    width: int
    integer: int
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise GatewrightError(f"{self}: width is {self.width}, must be 1 to {MAX_WIDTH}")
        if abs(self.fraction) > 2 * MAX_WIDTH:
            raise GatewrightError(
                f"{self}: {self.fraction} fraction bits, must be "
                f"{-2 * MAX_WIDTH} to {2 * MAX_WIDTH}"
            )

    @property
    def fraction(self) -> int:
        """Bits right of the binary point; negative if the least significant bit exceeds 1."""
        return self.width - self.integer

    @property
    def lsb(self) -> float:
        """Value of the least significant bit."""
        return 2.0**-self.fraction

    @property
    def min_int(self) -> int:
        """Smallest integer the bits can hold, in units of ``lsb``."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_int(self) -> int:
        """Largest integer the bits can hold, in units of ``lsb``."""
        return (1 << (self.width - int(self.signed))) - 1

    def contains(self, other: "FixedFormat") -> bool:
        """Whether every value of ``other`` is held exactly (so that conversion changes nothing)."""
        shift = self.fraction - other.fraction
        if shift < 0:
            return False
        low, high = _bounds(self)
        return low <= other.min_int << shift and other.max_int << shift <= high

    def __str__(self) -> str:
        name = "fixed" if self.signed else "ufixed"
        return f"{name}<{self.width},{self.integer},{self.rounding.value},{self.overflow.value}>"


def parse_format(text: str) -> FixedFormat:
    """Read ``fixed<8,3,RND_CONV,SAT>``, with or without ``ap_`` and ``AP_``.

    Raises:
        GatewrightError: not such a text, or an unknown mode; the message lists what is allowed.
    """
    stripped = text.strip()
    name, bracket, rest = stripped.partition("<")
    parts = [part.strip() for part in rest.removesuffix(">").split(",")]
    kind = name.removeprefix("ap_").strip()
    if kind not in ("fixed", "ufixed") or not bracket or not rest.endswith(">"):
        raise GatewrightError(
            f"{text!r} is not a fixed-point format; write fixed<width,integer,rounding,overflow> "
            "or ufixed<...>, the last two optional"
        )
    try:
        width, integer = (int(part) for part in parts[:2])
    except ValueError:
        raise GatewrightError(f"{text!r}: width and integer must be two whole numbers") from None
    if len(parts) > 4:
        raise GatewrightError(
            f"{text!r}: {len(parts)} parameters; at most 4 are supported (WRAP with saturated "
            "bits is not)"
        )
    rounding = mode_named(Rounding, parts[2], text) if len(parts) > 2 else Rounding.TRN
    overflow = mode_named(Overflow, parts[3], text) if len(parts) > 3 else Overflow.WRAP
    return FixedFormat(kind == "fixed", width, integer, rounding, overflow)


Mode = TypeVar("Mode", Rounding, Overflow)


def mode_named(modes: type[Mode], name: str, where: str) -> Mode:
    """Return the mode called ``name`` (``AP_`` optional, any case); ``where`` is for the error."""
    try:
        return modes(name.strip().upper().removeprefix("AP_"))
    except ValueError:
        allowed = ", ".join(mode.value for mode in modes)
        raise GatewrightError(
            f"{where}: unknown {modes.__name__.lower()} mode {name!r}; allowed: {allowed}"
        ) from None


def requantize(
    values: IntArray, source: FixedFormat, target: FixedFormat, divisor: int = 1
) -> IntArray:
    """Convert fixed-point integers from one format to another, bit for bit as ap_fixed does.

    Args:
        values: Integers in units of ``source.lsb``, any shape; must fit ``source``.
        source: Format of ``values``.
        target: Format of the result; its rounding and overflow mode apply.
        divisor: The exact quotient ``values / divisor`` is converted; at least 1.

    Returns:
        Integers of ``values``' shape in units of ``target.lsb``.

    Source:
        AMD UG1399, ap_fixed quantization and overflow modes.
    """
    drop = source.fraction - target.fraction
    values = np.asarray(values, dtype=np.int64)
    if drop <= 0 and source.width - drop > MAX_WIDTH:
        raise GatewrightError(
            f"converting {source} to {target} needs {source.width - drop} bits; "
            f"at most {MAX_WIDTH} are supported"
        )
    exact = values << -drop if drop < 0 else values
    drop = min(max(drop, 0), source.width + 2)  # beyond that every bit shifted out is a sign bit
    floor = exact >> drop if divisor == 1 else exact // (divisor << drop)
    rounded = _round(exact, floor, divisor << drop, target.rounding)
    return _overflow(rounded, floor, target)


def _round(exact: IntArray, floor: IntArray, unit: int, mode: Rounding) -> IntArray:
    """Round ``exact / unit``, whose floor is given, to an integer."""
    if unit == 1 or mode is Rounding.TRN:
        return floor
    rest = exact - floor * unit
    over = 2 * rest - unit  # above zero beyond the middle, zero at a tie
    negative = exact < 0
    tie = {
        Rounding.RND: np.True_,
        Rounding.RND_ZERO: negative,
        Rounding.RND_MIN_INF: np.False_,
        Rounding.RND_INF: ~negative,
        Rounding.RND_CONV: (floor & 1).astype(bool),
    }
    if mode is Rounding.TRN_ZERO:
        up = negative & (rest != 0)
    else:
        up = (over > 0) | ((over == 0) & tie[mode])
    result: IntArray = floor + up.astype(np.int64)
    return result


def _bounds(fmt: FixedFormat) -> tuple[int, int]:
    """Return the smallest and largest integer that a conversion into ``fmt`` gives."""
    if fmt.signed and fmt.overflow is Overflow.SAT_SYM:
        # With one bit ap_fixed's lower bound is -1 all the same: it sets the sign and the lowest
        # bit, which are one bit then.
        return min(-fmt.max_int, -1), fmt.max_int
    return fmt.min_int, fmt.max_int


def _overflow(rounded: IntArray, floor: IntArray, target: FixedFormat) -> IntArray:
    """Bring ``rounded`` into ``target``'s range; ``floor`` is the value before rounding."""
    low, high = _bounds(target)
    mode = target.overflow
    if mode in (Overflow.SAT, Overflow.SAT_SYM):
        clipped: IntArray = np.clip(rounded, low, high)
        return clipped
    outside = (rounded < low) | (rounded > high)
    if mode is Overflow.SAT_ZERO:
        return np.where(outside, 0, rounded)
    wrapped = rounded & ((1 << target.width) - 1)
    if target.signed:
        wrapped = wrapped - ((wrapped >> (target.width - 1)) << target.width)
    if mode is Overflow.WRAP_SM and target.signed:
        # The lowest bit cut off becomes the sign; where the kept sign differs, all bits flip.
        sign = (floor >> target.width) & 1
        flip = outside & (sign != (wrapped < 0))
        return np.where(flip, ~wrapped, wrapped)
    return wrapped


def quantize(x: NDArray[np.float64], fmt: FixedFormat) -> IntArray:
    """Convert real values to fixed-point integers, bit for bit as the hardware does.

    Args:
        x: Real values, any shape. Infinities saturate.
        fmt: Target format, with its rounding and overflow mode.

    Returns:
        Integers of x's shape, in units of ``fmt.lsb``.

    Raises:
        ValueError: x holds a NaN; the message gives the index of the first.

    Source:
        AMD UG1399, ap_fixed quantization and overflow modes.
    """
    x = np.asarray(x, dtype=np.float64)
    if np.isnan(x).any():
        first = tuple(int(i) for i in np.argwhere(np.isnan(x))[0])
        raise ValueError(f"cannot quantise: element {first} is not a number (NaN)")
    # Eight guard bits hold the position between two integers; a sticky bit keeps ties apart.
    guard = 8
    scaled = np.clip(np.ldexp(x, fmt.fraction + guard), -(2.0**61), 2.0**61)
    units = np.floor(scaled)
    exact = units.astype(np.int64)
    inexact = scaled != units
    exact = np.where(inexact, exact | 1, exact)
    floor = exact >> guard
    return _overflow(_round(exact, floor, 1 << guard, fmt.rounding), floor, fmt)


def dequantize(values: IntArray, fmt: FixedFormat) -> NDArray[np.float64]:
    """Return the real values of fixed-point integers: ``values * fmt.lsb``."""
    return np.ldexp(values.astype(np.float64), -fmt.fraction)


def integers_exactly(x: NDArray[np.floating], fmt: FixedFormat, what: str) -> IntArray:
    """Return ``x / fmt.lsb`` where it is a whole number that ``fmt`` holds, for every element.

    Raises:
        GatewrightError: some element is not; the message names ``what`` and the element.
    """
    scaled = np.ldexp(np.asarray(x, dtype=np.float64), fmt.fraction)
    bad = ~((scaled == np.floor(scaled)) & (scaled >= fmt.min_int) & (scaled <= fmt.max_int))
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise GatewrightError(
            f"{what}: element {where} is {np.asarray(x)[where]!r}, which {fmt} does not hold "
            f"exactly ({int(bad.sum())} of {bad.size} elements); use a format with more bits, or "
            "quantise the values to it first"
        )
    return scaled.astype(np.int64)


def format_for_range(
    low: int, high: int, fraction: int, *, rounding: Rounding = Rounding.TRN
) -> FixedFormat:
    """Return the narrowest format of ``fraction`` fraction bits holding ``low`` to ``high``."""
    signed = low < 0
    bits = max(max(int(high), 0).bit_length(), (-int(low) - 1).bit_length() if signed else 0)
    width = max(bits + int(signed), 1)
    return FixedFormat(signed, width, width - fraction, rounding)
