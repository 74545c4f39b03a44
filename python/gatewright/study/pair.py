"""Two designs trained with the same seeds: what the second gains over the first."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gatewright import flow
from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.files import read_json
from gatewright.steps import Options
from gatewright.study.table import Column, write

COLUMNS = (
    Column("seed", "seed"),
    Column("before", "before", "{:.2%}"),
    Column("after", "after", "{:.2%}"),
    Column("gain", "gain", "{:+.2%}"),
)


@dataclass(frozen=True)
class Pair:
    """Test accuracies of two designs with one seed."""

    seed: int
    before: float
    after: float

    @property
    def gain(self) -> float:
        """What the second has more."""
        return self.after - self.before


@dataclass(frozen=True)
class Gain:
    """What several seeds showed.

    Attributes:
        pairs: Of each seed.
        mean: Of the gains.
        error: The mean's standard error: the gains' deviation over the root of their number.
    """

    pairs: tuple[Pair, ...]
    mean: float
    error: float

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "Gain":
        """Return the mean of two or more pairs."""
        gains = [pair.gain for pair in pairs]
        error = statistics.stdev(gains) / math.sqrt(len(gains))
        return cls(tuple(pairs), statistics.mean(gains), error)


def run(
    before: Design,
    after: Design,
    builds: Path,
    seeds: int,
    options: Options,
    tell: Callable[[Pair], None],
) -> Gain:
    """Train both with seeds 1 to ``seeds``; write ``pair.csv``, ``.md`` beside the second.

    Raises:
        GatewrightError: one of them does not train a classifier, or fewer than two seeds.
    """
    if seeds < 2:
        raise GatewrightError(f"study: {seeds} seeds tell no deviation; give 2 or more")
    pairs = []
    for seed in range(1, seeds + 1):
        scores = [_accuracy(design, builds, seed, options) for design in (before, after)]
        pairs.append(Pair(seed, *scores))
        tell(pairs[-1])
    rows = [vars(pair) | {"gain": pair.gain} for pair in pairs]
    write(builds / after.name / "pair", COLUMNS, rows)
    return Gain.of(pairs)


def _accuracy(design: Design, builds: Path, seed: int, options: Options) -> float:
    if design.train is None or design.train.objective != "classify":
        raise GatewrightError(f"study: {design.name} has no recipe that trains a classifier")
    own = replace(
        design, name=f"{design.name[:40]}_seed{seed}", train=replace(design.train, seed=seed)
    )
    flow.build(own, builds / own.name, options, None, "train")
    return float(read_json(builds / own.name / "metrics.json")["accuracy"])
