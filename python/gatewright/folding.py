"""How a layer's multiplications are shared out: PE, SIMD, cycles, memories.

The law of the folded core: a vector takes ``ceil(rows/PE) x ceil(cols/SIMD)`` cycles, back to back;
a convolution has a vector per output pixel. A depthwise convolution has channels for rows, taps for
columns and a SIMD of 1: its lanes are channels.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd, prod

from gatewright.errors import GatewrightError
from gatewright.graph import Conv, Dense, Depthwise

log = logging.getLogger(__name__)

MAX_MULTIPLIERS = 4096  # in one layer; beyond that no FPGA of this tool's reach holds it
_MAX_SIMD = 8  # a beat of eight bytes; wider only where the reuse factor leaves no other way
_MAX_FANOUT = 32  # multipliers fed from one register
_LUT_DEPTH = 32  # memories up to this deep are LUTs, deeper ones block RAM
_MAX_BANKS = 1000  # of one weight memory
# Words x bits of an 18-kbit block RAM, the deepest first.
_BLOCK_RAM_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))


@dataclass(frozen=True)
class Fold:
    """One layer's folding.

    Attributes:
        rows: Outputs of the layer, per vector.
        cols: Inputs of the layer, per vector.
        pe: Rows computed at once.
        simd: Products per row computed at once.
        group: PEs that share a weight memory and a pipeline rank.
        out_lanes: Results leaving per beat; divides ``pe``.
        bank_depth: Words per bank of a weight memory: see ``weight_memory``.
        vectors: Vectors per sample: output pixels.
    """

    rows: int
    cols: int
    pe: int
    simd: int
    group: int
    out_lanes: int
    bank_depth: int
    vectors: int = 1

    @property
    def passes(self) -> int:
        """Times the input vector is read: row groups."""
        return ceil(self.rows / self.pe)

    @property
    def beats(self) -> int:
        """Beats of one pass."""
        return ceil(self.cols / self.simd)

    @property
    def depth(self) -> int:
        """Cycles per vector, by the law; also the depth of the weight memory."""
        return self.passes * self.beats

    @property
    def cycles(self) -> int:
        """Cycles per sample, by the law."""
        return self.depth * self.vectors

    @property
    def multipliers(self) -> int:
        """Multipliers built, those of padded lanes included."""
        return self.pe * self.simd

    @property
    def useful(self) -> int:
        """Multiplications per sample, zeros of a padding included."""
        return self.rows * self.cols * self.vectors

    @property
    def ranks(self) -> int:
        """Pipeline ranks, each with a weight memory."""
        return ceil(self.pe / self.group)

    @property
    def banks(self) -> int:
        """Banks of each weight memory."""
        return ceil(self.depth / self.bank_depth)

    @property
    def result_beats(self) -> int:
        """Beats in which one pass's results leave."""
        return self.pe // self.out_lanes

    @property
    def delay(self) -> int:
        """Cycles the serialiser waits for the last rank."""
        return serialiser_delay(self.pe, self.group, self.out_lanes)

    @property
    def weight_memory(self) -> str:
        """``lut`` or ``block``, by the depth."""
        return "lut" if self.depth <= _LUT_DEPTH else "block"


def fold(node: Dense) -> Fold:
    """Return the folding that ``node.request`` asks for.

    Raises:
        GatewrightError: an impossible folding; the message says what is allowed.
    """
    rows, cols = node.weight.shape
    vectors = prod(node.out.image[:2]) if isinstance(node, Conv | Depthwise) else 1
    if isinstance(node, Depthwise):
        pe = _depthwise_pe(node, rows, cols)
        return Fold(rows, cols, pe, 1, pe, pe, rows // pe * cols, vectors)
    # A beat of an image holds channels of one pixel.
    lanes = cols // node.window.taps if isinstance(node, Conv) else None
    pe, simd = _pe_simd(node, rows, cols, lanes)
    beats = ceil(cols / simd)
    out_lanes = _out_lanes(pe, beats, None if lanes is None else rows)
    if out_lanes is None:
        raise GatewrightError(
            f"{node.name}: PE {pe} gives results of {rows} channels that cannot leave in "
            f"{beats} cycles in beats of whole pixels; give a PE that divides {rows}"
        )
    depth, bits = ceil(rows / pe) * beats, node.weight_format.width
    group = _group(pe, simd, depth, beats, out_lanes, bits)
    bank_depth = best_bank_depth(depth, group * simd * bits)
    folded = Fold(rows, cols, pe, simd, group, out_lanes, bank_depth, vectors)
    if folded.banks > _MAX_BANKS:
        raise GatewrightError(
            f"{node.name}: {depth} cycles per vector need a weight memory of {folded.banks} banks "
            f"of {bank_depth} words; at most {_MAX_BANKS}: give more PEs"
        )
    return folded


def divisors(number: int) -> list[int]:
    """Return what divides ``number``, the smallest first."""
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]


def _out_lanes(pe: int, beats: int, channels: int | None) -> int | None:
    """Return the fewest lanes in which a pass's results leave in time; None: there are none."""
    for lanes in divisors(pe if channels is None else gcd(pe, channels)):
        if pe // lanes <= beats:
            return lanes
    return None


def _depthwise_pe(node: Depthwise, rows: int, cols: int) -> int:
    request, allowed = node.request, divisors(rows)
    if request.simd not in (None, 1):
        raise GatewrightError(
            f"{node.name}: SIMD {request.simd} in a depthwise convolution, which takes one tap of "
            "each channel at a time; allowed: 1 (give more PEs)"
        )
    if request.pe is not None:
        if request.pe not in allowed:
            raise GatewrightError(
                f"{node.name}: PE {request.pe} in a depthwise convolution of {rows} channels; "
                f"allowed: {', '.join(map(str, allowed))}"
            )
        return request.pe
    depth = max(request.reuse_factor, cols)
    pe = next(pe for pe in allowed if rows // pe * cols <= depth)
    _tell(node, rows // pe * cols)
    return pe


def _pe_simd(node: Dense, rows: int, cols: int, lanes: int | None) -> tuple[int, int]:
    """Return PE and SIMD; ``lanes``: what SIMD must divide, if anything."""
    request = node.request
    if request.pe is not None and request.simd is not None:
        pe, simd = request.pe, request.simd
        if not (1 <= pe <= rows and 1 <= simd <= cols):
            raise GatewrightError(
                f"{node.name}: PE {pe}, SIMD {simd}: a layer of {rows} rows and {cols} columns "
                f"takes PE 1 to {rows} and SIMD 1 to {cols}"
            )
        if lanes is not None and lanes % simd:
            raise GatewrightError(
                f"{node.name}: SIMD {simd} does not divide the {lanes} channels; allowed: "
                f"{', '.join(map(str, divisors(lanes)))}"
            )
        _check_multipliers(node.name, pe * simd, rows, cols)
        return pe, simd
    if lanes is not None:
        return _closest(node, rows, cols, divisors(lanes))
    factor = request.reuse_factor
    multipliers = ceil(rows * cols / factor)
    _check_multipliers(node.name, multipliers, rows, cols)
    pairs = [
        (multipliers // simd, simd)
        for simd in range(1, min(cols, multipliers) + 1)
        if multipliers % simd == 0
        and multipliers // simd <= rows
        and ceil(rows / (multipliers // simd)) * ceil(cols / simd) == factor
    ]
    if not pairs:
        raise GatewrightError(
            f"{node.name}: ReuseFactor {factor} gives no whole PE x SIMD for {rows} rows and "
            f"{cols} columns; give PE and SIMD, or a ReuseFactor that divides rows x columns"
        )
    return _narrow(pairs)


def _closest(node: Dense, rows: int, cols: int, lanes: Sequence[int]) -> tuple[int, int]:
    """Return the PE and SIMD of a convolution whose cycles come closest to the reuse factor.

    A beat is one tap, so that a pixel takes at least as many cycles as the kernel has taps.
    """
    pairs = {
        (pe, simd): rows // pe * (cols // simd)
        for pe in divisors(rows)
        for simd in lanes
        if pe * simd <= MAX_MULTIPLIERS
    }
    factor = node.request.reuse_factor
    slower = [depth for depth in pairs.values() if depth >= factor]
    depth = min(slower) if slower else max(pairs.values())
    _tell(node, depth)
    return _narrow(sorted((p for p, d in pairs.items() if d == depth), key=lambda pair: pair[1]))


def _tell(node: Dense, depth: int) -> None:
    """Say where a layer gets another reuse factor than was asked for."""
    if depth != node.request.reuse_factor:
        log.info(
            "       %s: ReuseFactor %d cannot be; %d cycles per pixel",
            node.name,
            node.request.reuse_factor,
            depth,
        )


def _narrow(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the pair to take of those in order of SIMD.

    An adder tree costs less than accumulators: the fewest PEs whose beat stays narrow.
    """
    narrow = [pair for pair in pairs if pair[1] <= _MAX_SIMD]
    return narrow[-1] if narrow else pairs[0]


def _check_multipliers(name: str, multipliers: int, rows: int, cols: int) -> None:
    if multipliers > MAX_MULTIPLIERS:
        raise GatewrightError(
            f"{name}: {multipliers} multipliers for {rows} x {cols} weights; at most "
            f"{MAX_MULTIPLIERS} in one layer. Give a ReuseFactor of at least "
            f"{ceil(rows * cols / MAX_MULTIPLIERS)}"
        )


def serialiser_delay(pe: int, group: int, out_lanes: int) -> int:
    """Return the cycles by which results must wait so that every rank has its own."""
    return max(0, ceil(pe / group) - pe // out_lanes) if out_lanes > group else 0


def legal(pe: int, group: int, beats: int, out_lanes: int) -> bool:
    """Whether every result is read before the next pass overwrites it."""
    return pe // out_lanes <= beats and serialiser_delay(pe, group, out_lanes) < beats


def _group(pe: int, simd: int, depth: int, beats: int, out_lanes: int, bits: int) -> int:
    """Return the PEs per rank that waste the least block RAM, within the fan-out allowed."""
    groups = [group for group in range(1, pe + 1) if legal(pe, group, beats, out_lanes)]
    modest = [group for group in groups if group * simd <= _MAX_FANOUT] or groups[:1]
    if depth <= _LUT_DEPTH:
        return modest[-1]

    def blocks(group: int) -> int:
        whole, rest = divmod(pe, group)
        return whole * block_rams(depth, group * simd * bits) + block_rams(
            depth, rest * simd * bits
        )

    return min(modest, key=lambda group: (blocks(group), group))


def block_rams(depth: int, width: int) -> int:
    """Return how many 18-kbit block RAMs (ECP5) a memory takes in its best banks."""
    return _bank_block_rams(depth, width, best_bank_depth(depth, width))


def best_bank_depth(depth: int, width: int) -> int:
    """Return the words per bank that take the least block RAM; of equals the deepest.

    Each bank is padded to a power of two words and made of block RAMs side by side. Deeper than
    2,048 words a block RAM has no parity bits: there rows of them, with a multiplexer that a tool
    would put in front of the banks' registers, save some where a word has more than 8 bits.
    """
    depths = [words for words, bits in _BLOCK_RAM_SHAPES if bits >= 9 or width <= 8]
    return min(depths, key=lambda words: _bank_block_rams(depth, width, words))


def _bank_block_rams(depth: int, width: int, bank_depth: int) -> int:
    def one(words: int) -> int:
        return min(ceil(width / bits) for deep, bits in _BLOCK_RAM_SHAPES if deep >= words)

    whole, rest = divmod(depth, bank_depth)
    return whole * one(bank_depth) + (one(rest) if rest else 0)
