"""The unrolled core's share of a layer: the whole matrix as adders, a vector per cycle."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.graph import Conv, Dense, Depthwise

MOST_WEIGHTS = 16_384  # of a matrix; with more the search and the synthesis take hours


@dataclass(frozen=True)
class UnrolledFold:
    """One layer's share of the unrolled core.

    Attributes:
        rows: Outputs of the layer, all in one beat.
        cols: Inputs of the layer, all in one beat.
        useful: Weights that are not zero: multiplications per sample.
        per_stage: Adders one after another between two registers.
    """

    rows: int
    cols: int
    useful: int
    per_stage: int

    @property
    def in_lanes(self) -> int:
        """Elements per beat at the input."""
        return self.cols

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
        """Cycles per sample."""
        return 1

    @property
    def least(self) -> int:
        """Cycles per sample at least."""
        return 1

    @property
    def multipliers(self) -> int:
        """Weights that adders stand for: as many products per cycle."""
        return self.useful

    def summary(self) -> dict[str, Any]:
        """Return what ``rtl.json`` says of it."""
        return {
            "core": "unrolled",
            "rows": self.rows,
            "cols": self.cols,
            "in_lanes": self.in_lanes,
            "out_lanes": self.out_lanes,
            "adders_per_stage": self.per_stage,
            "cycles": self.cycles,
            "multipliers": self.multipliers,
            "useful_multiplications": self.useful,
        }


def unrolled_fold(node: Dense, per_stage: int = 2) -> UnrolledFold:
    """Return the share of a layer.

    Raises:
        GatewrightError: a convolution, or a matrix that is too large.
    """
    if isinstance(node, Conv | Depthwise):
        raise GatewrightError(
            f"{node.name}: Strategy Distributed_Arithmetic in a convolution; take Resource"
        )
    rows, cols = node.weight.shape
    if rows * cols > MOST_WEIGHTS:
        raise GatewrightError(
            f"{node.name}: {rows} x {cols} weights, unrolled; at most {MOST_WEIGHTS} are taken: "
            "take Resource or Compressed, or make the layer smaller"
        )
    return UnrolledFold(rows, cols, int(np.count_nonzero(node.weight)), per_stage)
