"""How a layer's multiplications are shared out: PE, SIMD, cycles, memories.

The law of the folded core: a vector takes ``ceil(rows/PE) x ceil(cols/SIMD)`` cycles, back to back;
a convolution has a vector per output pixel. A convolution's SIMD are channels of one tap, or all
channels of several taps. A depthwise convolution has channels for rows and taps for columns.

A dense layer that reads its vector several times may read only the beats in which some row has a
weight, if asked to; the others are dropped in front of it. So pruning by blocks of all rows and
SIMD columns makes it shorter.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil, gcd, prod
from typing import Any

import numpy as np

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
        in_lanes: Elements per beat at the input.
        taps: Taps of a kernel computed at once.
        bank_depth: Words per bank of a weight memory: see ``weight_memory``.
        vectors: Vectors per sample: output pixels.
        kept: Of each beat of the vector that comes, whether it is read; empty: all are. ``cols``
            are those that are read.
    """

    rows: int
    cols: int
    pe: int
    simd: int
    group: int
    out_lanes: int
    in_lanes: int
    bank_depth: int
    taps: int = 1
    vectors: int = 1
    kept: tuple[bool, ...] = ()

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
    def levels(self) -> int:
        """Levels of the adder tree."""
        return (self.simd - 1).bit_length()

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

    @property
    def least(self) -> int:
        """Cycles per sample at least: whatever the values, the law's."""
        return self.cycles

    def summary(self) -> dict[str, Any]:
        """Return what ``rtl.json`` says of it."""
        return {
            **{key: value for key, value in asdict(self).items() if key != "kept"},
            "beats_dropped": self.kept.count(False),
            "core": "folded",
            "cycles": self.cycles,
            "multipliers": self.multipliers,
            "useful_multiplications": self.useful,
            "weight_memory": {
                "kind": self.weight_memory,
                "depth": self.depth,
                "ranks": self.ranks,
                "banks": self.banks,
            },
        }


def fold(node: Dense, *, skip_zeros: bool = False) -> Fold:
    """Return the folding that ``node.request`` asks for.

    Args:
        node: The layer.
        skip_zeros: Let a dense layer skip the beats in which no row has a weight.

    Raises:
        GatewrightError: an impossible folding; the message says what is allowed.
    """
    rows, cols = node.weight.shape
    vectors = prod(node.out.image[:2]) if isinstance(node, Conv | Depthwise) else 1
    if isinstance(node, Depthwise):
        pe, simd = _depthwise(node, rows, cols)
        depth = rows // pe * ceil(cols / simd)
        return Fold(rows, cols, pe, simd, pe, pe, pe, depth, simd, vectors)
    channels = cols // node.window.taps if isinstance(node, Conv) else None
    pe, simd = _pe_simd(node, rows, cols, channels)
    kept = _kept(node, simd) if skip_zeros and channels is None and pe < rows else ()
    if kept:
        cols = len(kept_columns(kept, cols, simd))
    beats = ceil(cols / simd)
    # A beat of an image holds channels of one pixel.
    out_lanes = _out_lanes(pe, beats, None if channels is None else rows)
    if out_lanes is None:
        raise GatewrightError(
            f"{node.name}: PE {pe} gives results of {rows} channels that cannot leave in "
            f"{beats} cycles in beats of whole pixels; give a PE that divides {rows}"
        )
    depth, bits = ceil(rows / pe) * beats, node.weight_format.width
    group = _group(pe, simd, depth, beats, out_lanes, bits)
    in_lanes = simd if channels is None else min(simd, channels)
    bank_depth = best_bank_depth(depth, group * simd * bits)
    taps = simd // in_lanes
    folded = Fold(
        *(rows, cols, pe, simd, group, out_lanes, in_lanes, bank_depth, taps, vectors, kept)
    )
    if folded.banks > _MAX_BANKS:
        raise GatewrightError(
            f"{node.name}: {depth} cycles per vector need a weight memory of {folded.banks} banks "
            f"of {bank_depth} words; at most {_MAX_BANKS}: give more PEs"
        )
    return folded


def kept_columns(kept: Sequence[bool], cols: int, simd: int) -> list[int]:
    """Return the columns of a matrix that are in the beats kept."""
    return [col for col in range(cols) if kept[col // simd]]


def _kept(node: Dense, simd: int) -> tuple[bool, ...]:
    """Return of each beat whether some row has a weight there; empty: all have, or none has."""
    used = np.any(node.weight != 0, axis=0)
    lanes = np.pad(used, (0, -len(used) % simd)).reshape(-1, simd)
    beats = np.any(lanes, axis=1)
    return () if beats.all() or not beats.any() else tuple(beats.tolist())


def divisors(number: int) -> list[int]:
    """Return what divides ``number``, the smallest first."""
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]


def _out_lanes(pe: int, beats: int, channels: int | None) -> int | None:
    """Return the fewest lanes in which a pass's results leave in time; None: there are none."""
    for lanes in divisors(pe if channels is None else gcd(pe, channels)):
        if pe // lanes <= beats:
            return lanes
    return None


def _depthwise(node: Depthwise, rows: int, cols: int) -> tuple[int, int]:
    """Return PE and SIMD: as asked, or the fewest multipliers within the reuse factor."""
    request, allowed = node.request, divisors(rows)
    if request.pe is not None:
        pe, simd = request.pe, request.simd or 1
        if pe not in allowed:
            raise GatewrightError(
                f"{node.name}: PE {pe} in a depthwise convolution of {rows} channels; "
                f"allowed: {', '.join(map(str, allowed))}"
            )
        _check_taps(node, simd, _taps_at_once(node), 1)
        _check_multipliers(node.name, pe * simd, rows, cols)
        return pe, simd
    pe, simd = depthwise_within(node, request.reuse_factor)
    _tell(node, rows // pe * ceil(cols / simd))
    return pe, simd


def depthwise_within(node: Depthwise, depth: int) -> tuple[int, int]:
    """Return the PE and SIMD of a depthwise layer that takes at most ``depth`` cycles per pixel.

    Channels first, taps only where all channels at once do not suffice; as near as can be.
    """
    channels, taps = node.weight.shape
    pairs = [(pe, 1) for pe in divisors(channels)]
    pairs += [(channels, simd) for simd in _taps_at_once(node)[1:]]
    cycles = {(pe, simd): channels // pe * ceil(taps / simd) for pe, simd in pairs}
    return next((pair for pair in pairs if cycles[pair] <= depth), pairs[-1])


def _taps_at_once(node: Conv | Depthwise) -> range:
    """Return how many taps can be taken at once: several only where ``window_parallel`` can."""
    return range(1, (node.window.taps if node.window.narrow else 1) + 1)


def _check_taps(node: Conv | Depthwise, simd: int, taps: range, channels: int) -> None:
    """Refuse a SIMD of more taps than there are, or of several where the padding forbids it."""
    if simd % channels == 0 and simd // channels in taps:
        return
    allowed = f"{channels} times 1 to {taps[-1]} taps" if channels > 1 else f"1 to {taps[-1]}"
    why = "" if node.window.narrow else ", for the padding is as wide as the kernel"
    raise GatewrightError(f"{node.name}: SIMD {simd}; allowed: {allowed}{why}")


def _pe_simd(node: Dense, rows: int, cols: int, channels: int | None) -> tuple[int, int]:
    """Return PE and SIMD; ``channels``: of a convolution's input."""
    request = node.request
    if request.pe is not None and request.simd is not None:
        pe, simd = request.pe, request.simd
        if not (1 <= pe <= rows and 1 <= simd <= cols):
            raise GatewrightError(
                f"{node.name}: PE {pe}, SIMD {simd}: a layer of {rows} rows and {cols} columns "
                f"takes PE 1 to {rows} and SIMD 1 to {cols}"
            )
        if isinstance(node, Conv) and channels is not None:
            _check_conv_simd(node, simd, channels)
        _check_multipliers(node.name, pe * simd, rows, cols)
        return pe, simd
    if isinstance(node, Conv) and channels is not None:
        return _closest(node, rows, cols, channels)
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


def _check_conv_simd(node: Conv, simd: int, channels: int) -> None:
    if simd > channels:
        _check_taps(node, simd, _taps_at_once(node), channels)
    elif channels % simd:
        raise GatewrightError(
            f"{node.name}: SIMD {simd} does not divide the {channels} channels; allowed: "
            f"{', '.join(map(str, divisors(channels)))}, and multiples of {channels}"
        )


def _closest(node: Conv, rows: int, cols: int, channels: int) -> tuple[int, int]:
    """Return the PE and SIMD of a convolution whose cycles come closest to the reuse factor.

    Several taps at once take registers for whole windows: only where channels do not suffice.
    """
    factor = node.request.reuse_factor

    def depths(lanes: Sequence[int]) -> dict[tuple[int, int], int]:
        return {
            (pe, simd): rows // pe * ceil(cols / simd)
            for pe in divisors(rows)
            for simd in lanes
            if pe * simd <= MAX_MULTIPLIERS
        }

    pairs = depths(divisors(channels))
    if min(pairs.values()) > factor:
        pairs |= depths([channels * taps for taps in _taps_at_once(node)[1:]])
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
    return bank_block_rams(depth, width, best_bank_depth(depth, width))


def best_bank_depth(depth: int, width: int) -> int:
    """Return the words per bank that take the least block RAM; of equals the deepest.

    Each bank is padded to a power of two words and made of block RAMs side by side. Deeper than
    2,048 words a block RAM has no parity bits: there rows of them, with a multiplexer that a tool
    would put in front of the banks' registers, save some where a word has more than 8 bits.
    """
    depths = [words for words, bits in _BLOCK_RAM_SHAPES if bits >= 9 or width <= 8]
    return min(depths, key=lambda words: bank_block_rams(depth, width, words))


def bank_block_rams(depth: int, width: int, bank_depth: int) -> int:
    """Return how many 18-kbit block RAMs (ECP5) a memory in banks of so many words takes."""

    def one(words: int) -> int:
        return min(ceil(width / bits) for deep, bits in _BLOCK_RAM_SHAPES if deep >= words)

    whole, rest = divmod(depth, bank_depth)
    return whole * one(bank_depth) + (one(rest) if rest else 0)
