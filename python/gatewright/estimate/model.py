"""The resource model: what blocks take on ECP5, estimated before anything is synthesised.

LUTs and flip-flops are sums of features (``features``), each times a cost that is not negative,
fitted by relative error to the syntheses in ``syntheses.csv``; multipliers and block RAMs follow
from the parameters. ``gatewright calibrate`` makes such a
table.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from gatewright.emit.pipeline import Pipeline
from gatewright.emit.streams import Block
from gatewright.errors import GatewrightError
from gatewright.estimate.features import Features, features_of
from gatewright.estimate.sizes import DOORS, Sizes, kind_of, sizes_of, sizes_of_doors
from gatewright.files import write_text
from gatewright.resources import package_root

TABLE = package_root() / "estimate" / "syntheses.csv"
COUNTED = ("dsp", "bram")  # by the features themselves
FITTED = ("lut", "ff")
_LEAST = 30  # cells: the error of a block smaller than that counts as if it had so many
_FOLDS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Resources:
    """What something takes on ECP5: LUT4 (a carry cell is two), flip-flops, MULT18X18D, DP16KD."""

    lut: float = 0
    ff: float = 0
    dsp: float = 0
    bram: float = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp, self.bram + other.bram
        )

    def rounded(self) -> dict[str, int]:
        """Return whole numbers by name."""
        return {name: round(number) for name, number in vars(self).items()}

    def __str__(self) -> str:
        """Name what decides most."""
        return f"{self.lut:,.0f} LUT, {self.dsp:.0f} DSP, {self.bram:.0f} BRAM"

    def __sub__(self, other: "Resources") -> "Resources":
        return Resources(
            self.lut - other.lut, self.ff - other.ff, self.dsp - other.dsp, self.bram - other.bram
        )


@dataclass(frozen=True)
class Synthesis:
    """What one block took.

    Attributes:
        network: The network that it was in.
        module: Of the library, or ``doors``: what a top has beside its blocks.
        sizes: What the model knows of it.
        used: ``lut``, ``ff``, ``dsp``, ``bram``, as ``synth.json`` counts them.
    """

    network: str
    module: str
    sizes: Sizes
    used: Mapping[str, int]


@dataclass(frozen=True)
class Error:
    """Relative error of the LUTs of whole networks that were left out of the fit.

    Attributes:
        networks: How many.
        median: Of the absolute relative errors.
        worst: Of the same.
    """

    networks: int
    median: float
    worst: float


@dataclass(frozen=True)
class ResourceModel:
    """A fit to syntheses.

    Attributes:
        rows: The syntheses, block by block.
    """

    rows: tuple[Synthesis, ...]

    def of_block(self, block: Block) -> Resources:
        """Estimate one block."""
        return self._of(features_of(kind_of(block), sizes_of(block)))

    def of_pipeline(self, pipeline: Pipeline) -> Resources:
        """Estimate a whole design, doors included."""
        doors = self.of_doors(sizes_of_doors(pipeline))
        return sum((self.of_block(block) for block in pipeline.blocks), start=doors)

    def of_doors(self, sizes: Sizes) -> Resources:
        """Estimate what a top has beside its blocks."""
        return self._of(features_of(DOORS, sizes))

    @cached_property
    def error(self) -> Error:
        """How well the fit foretells networks that it has not seen (cross-validation)."""
        networks = np.array([row.network for row in self.rows])
        names = np.unique(networks)
        actual = self._used("lut")
        errors = []
        for fold in range(min(_FOLDS, len(names))):
            left_out = names[fold::_FOLDS]
            inside = ~np.isin(networks, left_out)
            costs = _fit(self._matrix[inside], actual[inside])
            for name in left_out:
                own = networks == name
                errors.append(abs(float((self._matrix[own] @ costs).sum() / actual[own].sum()) - 1))
        return Error(len(names), float(np.median(errors)), max(errors))

    def _of(self, features: Features) -> Resources:
        vector = np.array([features[name] for name in self._names], dtype=float)
        fitted = {what: float(vector @ costs) for what, costs in self._costs.items()}
        return Resources(**fitted, **{what: features[what] for what in COUNTED})

    @cached_property
    def _features(self) -> list[Features]:
        return [features_of(row.module, row.sizes) for row in self.rows]

    @cached_property
    def _names(self) -> list[str]:
        return sorted({name for found in self._features for name in found} - set(COUNTED))

    @cached_property
    def _matrix(self) -> Floats:
        return np.array([[f[name] for name in self._names] for f in self._features], dtype=float)

    @cached_property
    def _costs(self) -> dict[str, Floats]:
        return {what: _fit(self._matrix, self._used(what)) for what in FITTED}

    def _used(self, what: str) -> Floats:
        return np.array([row.used[what] for row in self.rows], dtype=float)


def _fit(matrix: Floats, used: Floats) -> Floats:
    weights = 1 / np.maximum(used, _LEAST)
    costs: Floats = nnls(matrix * weights[:, None], used * weights, maxiter=100 * matrix.shape[1])[
        0
    ]
    return costs


_COLUMNS = ("network", "module", *FITTED, *COUNTED, "sizes")


def load(path: Path = TABLE) -> ResourceModel:
    """Return the model fitted to a table.

    Raises:
        GatewrightError: it is no table of syntheses.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = tuple(_row(line) for line in csv.DictReader(file))
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise GatewrightError(
            f"{path} is no table of syntheses ({error}); `gatewright calibrate` makes one"
        ) from error
    if not rows:
        raise GatewrightError(f"{path} holds no syntheses; `gatewright calibrate` makes a table")
    return ResourceModel(rows)


def save(rows: Iterable[Synthesis], path: Path) -> None:
    """Write a table."""
    lines = [",".join(_COLUMNS)]
    for row in rows:
        sizes = " ".join(f"{name}={value}" for name, value in row.sizes.items() if value)
        used = (str(row.used[what]) for what in (*FITTED, *COUNTED))
        lines.append(",".join([row.network, row.module, *used, sizes]))
    write_text(path, "\n".join([*lines, ""]))


def _row(line: dict[str, str]) -> Synthesis:
    words: Sequence[list[str]] = [word.split("=") for word in line["sizes"].split()]
    return Synthesis(
        line["network"],
        line["module"],
        Counter({name: int(value) for name, value in words}),
        {what: int(line[what]) for what in (*FITTED, *COUNTED)},
    )


@cache
def fitted() -> ResourceModel:
    """Return the model fitted to the package's own table."""
    return load()
