"""How a layer's multiplications are shared out: PE, SIMD, cycles, memories.

The law of the folded core: a vector takes ``ceil(rows/PE) x ceil(cols/SIMD)`` cycles, back to back.
"""

from dataclasses import dataclass
from math import ceil

from gatewright.errors import GatewrightError
from gatewright.graph import Dense, FoldRequest

MAX_MULTIPLIERS = 4096  # in one layer; beyond that no FPGA of this tool's reach holds it
_MAX_SIMD = 8  # a beat of eight bytes; wider only where the reuse factor leaves no other way
_MAX_FANOUT = 32  # multipliers fed from one register
_LUT_DEPTH = 32  # memories up to this deep are LUTs, deeper ones block RAM
_BLOCK_RAM_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))


@dataclass(frozen=True)
class Fold:
    """One layer's folding.

    Attributes:
        rows: Outputs of the layer.
        cols: Inputs of the layer.
        pe: Rows computed at once.
        simd: Products per row computed at once.
        group: PEs that share a weight memory and a pipeline rank.
        out_lanes: Results leaving per beat; divides ``pe``.
    """

    rows: int
    cols: int
    pe: int
    simd: int
    group: int
    out_lanes: int

    @property
    def passes(self) -> int:
        """Times the input vector is read: row groups."""
        return ceil(self.rows / self.pe)

    @property
    def beats(self) -> int:
        """Beats of one pass."""
        return ceil(self.cols / self.simd)

    @property
    def cycles(self) -> int:
        """Cycles per vector, by the law; also the depth of the weight memory."""
        return self.passes * self.beats

    @property
    def multipliers(self) -> int:
        """Multipliers built, those of padded lanes included."""
        return self.pe * self.simd

    @property
    def ranks(self) -> int:
        """Pipeline ranks, each with a weight memory."""
        return ceil(self.pe / self.group)

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
        return "lut" if self.cycles <= _LUT_DEPTH else "block"


def fold(node: Dense) -> Fold:
    """Return the folding that ``node.request`` asks for.

    Raises:
        GatewrightError: an impossible folding; the message says what is allowed.
    """
    rows, cols = node.weight.shape
    pe, simd = _pe_simd(node.name, rows, cols, node.request)
    beats = ceil(cols / simd)
    out_lanes = next(
        lanes for lanes in range(1, pe + 1) if pe % lanes == 0 and pe // lanes <= beats
    )
    group = _group(pe, simd, ceil(rows / pe) * beats, beats, out_lanes, node.weight_format.width)
    return Fold(rows, cols, pe, simd, group, out_lanes)


def _pe_simd(name: str, rows: int, cols: int, request: FoldRequest) -> tuple[int, int]:
    if request.pe is not None and request.simd is not None:
        pe, simd = request.pe, request.simd
        if not (1 <= pe <= rows and 1 <= simd <= cols):
            raise GatewrightError(
                f"{name}: PE {pe}, SIMD {simd}: a layer of {rows} rows and {cols} columns takes "
                f"PE 1 to {rows} and SIMD 1 to {cols}"
            )
        _check_multipliers(name, pe * simd, rows, cols)
        return pe, simd
    factor = request.reuse_factor
    multipliers = ceil(rows * cols / factor)
    _check_multipliers(name, multipliers, rows, cols)
    pairs = [
        (multipliers // simd, simd)
        for simd in range(1, min(cols, multipliers) + 1)
        if multipliers % simd == 0
        and multipliers // simd <= rows
        and ceil(rows / (multipliers // simd)) * ceil(cols / simd) == factor
    ]
    if not pairs:
        raise GatewrightError(
            f"{name}: ReuseFactor {factor} gives no whole PE x SIMD for {rows} rows and {cols} "
            "columns; give PE and SIMD, or a ReuseFactor that divides rows x columns"
        )
    # An adder tree costs less than accumulators: the fewest PEs whose beat stays narrow.
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
    """Return how many 18-kbit block RAMs a memory takes in its best aspect ratio (ECP5)."""
    return min(ceil(width / bits) * ceil(depth / words) for words, bits in _BLOCK_RAM_SHAPES)
