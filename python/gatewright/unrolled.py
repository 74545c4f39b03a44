"""The unrolled core's share of a layer: the whole matrix as adders, a vector per cycle."""

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from typing import Any

import numpy as np

from gatewright.adders import digits
from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray
from gatewright.graph import Conv, Dense, Depthwise

log = logging.getLogger(__name__)

MOST_FOR_LATENCY = 4_096  # of a matrix that is unrolled without being told so by name
_MOST_DIGITS = 12_000  # of such a matrix: with more the search takes more than a minute
MOST_BITS = 16  # of a weight
ADDERS_PER_STAGE = 2  # of a layer that asks for no other number
# What a stage and each adder in it take on an ECP5 of speed grade 6 once placed.
_STAGE_NS = 3.2
_ADDER_NS = 2.9
MOST_WEIGHTS = 16_384  # of a matrix; with more the search and the synthesis take hours


@dataclass(frozen=True)
class UnrolledFold:
    """One layer's share of the unrolled core.

    Attributes:
        rows: Outputs of the layer per vector, all in one beat.
        cols: Inputs of the layer per vector: a window of all channels.
        useful: Multiplications with weights that are not zero, per sample.
        per_stage: Adders one after another between two registers.
        in_lanes: Elements per beat at the input: of a convolution a pixel's channels.
        vectors: Vectors per sample: output pixels.
    """

    rows: int
    cols: int
    useful: int
    per_stage: int
    in_lanes: int
    vectors: int = 1

    @property
    def out_lanes(self) -> int:
        """Results leaving per beat."""
        return self.rows

    @property
    def result_beats(self) -> int:
        """Beats of a vector's results."""
        return 1

    @property
    def cycles(self) -> int:
        """Cycles per sample, the window generator's apart."""
        return self.vectors

    @property
    def least(self) -> int:
        """Cycles per sample at least."""
        return self.vectors

    @property
    def multipliers(self) -> int:
        """Weights that adders stand for: as many products per cycle."""
        return self.useful // self.vectors

    def summary(self) -> dict[str, Any]:
        """Return what ``rtl.json`` says of it."""
        return {
            "core": "unrolled",
            "rows": self.rows,
            "cols": self.cols,
            "vectors": self.vectors,
            "in_lanes": self.in_lanes,
            "out_lanes": self.out_lanes,
            "adders_per_stage": self.per_stage,
            "cycles": self.cycles,
            "multipliers": self.multipliers,
            "useful_multiplications": self.useful,
        }


def unrolled_fold(node: Dense) -> UnrolledFold:
    """Return the share of a layer.

    Raises:
        GatewrightError: a matrix that is too large, weights that are too wide, or padding as wide
            as the kernel.
    """
    if isinstance(node, Conv | Depthwise) and node.window.taps > 1 and not node.window.narrow:
        raise GatewrightError(
            f"{node.name}: Strategy Distributed_Arithmetic with padding as wide as the kernel; "
            "take Resource"
        )
    rows, cols = node.weight.shape
    if node.weight_format.width > MOST_BITS:
        raise GatewrightError(
            f"{node.name}: weights of {node.weight_format.width} bits, unrolled; at most "
            f"{MOST_BITS} are taken: take Resource or Compressed"
        )
    if rows * cols > MOST_WEIGHTS:
        raise GatewrightError(
            f"{node.name}: {rows} x {cols} weights, unrolled; at most {MOST_WEIGHTS} are taken: "
            "take Resource or Compressed, or make the layer smaller"
        )
    vectors = prod(node.out.image[:2]) if isinstance(node, Conv | Depthwise) else 1
    in_lanes = cols
    if isinstance(node, Depthwise):
        in_lanes, cols = rows, rows * cols
    elif isinstance(node, Conv):
        in_lanes = cols // node.window.taps
    useful = int(np.count_nonzero(node.weight))
    per_stage = node.request.adders_per_stage or ADDERS_PER_STAGE
    return UnrolledFold(rows, cols, useful * vectors, per_stage, in_lanes, vectors)


def adders_within(period_ns: float) -> int:
    """Return the adders one after another that fit a clock period in ns on ECP5; at least one."""
    return max(1, int((period_ns - _STAGE_NS) / _ADDER_NS))


def unrolled_for_latency(node: Dense) -> bool:
    """Whether a layer of Strategy Latency is unrolled: it is small, and nothing else is asked.

    A layer that is too large is folded, with a line that says so.
    """
    request = node.request
    if request.pe is not None or (request.asked_reuse_factor or request.reuse_factor) > 1:
        return False
    why = ""
    if node.weight.size > MOST_FOR_LATENCY:
        why = f"{node.weight.size} weights, at most {MOST_FOR_LATENCY} are unrolled for it"
    elif node.weight_format.width > MOST_BITS:
        why = f"weights of more than {MOST_BITS} bits"
    elif digits(node.weight) > _MOST_DIGITS:
        why = "the search for its adders would take more than a minute"
    elif isinstance(node, Conv | Depthwise) and node.window.taps > 1 and not node.window.narrow:
        why = "its padding is as wide as the kernel"
    elif find_spec("alkaid") is None:
        why = "alkaid is missing (pip install 'gatewright[unrolled]')"
    if why:
        log.info("       %s: Strategy Latency, folded all the same: %s", node.name, why)
    return not why


def as_matrix(node: Dense) -> IntArray:
    """Return a layer's weights [rows, columns], columns as its window generator gives them.

    A depthwise convolution is a matrix whose rows are zero but for their own channel.
    """
    if not isinstance(node, Depthwise):
        return node.weight
    channels, taps = node.weight.shape
    whole = np.zeros((channels, taps, channels), dtype=np.int64)
    own = np.arange(channels)
    whole[own, :, own] = node.weight
    return whole.reshape(channels, taps * channels)
