"""The folding of a whole network that is quickest on so many multipliers."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.folding import divisors

_MAX_SIMD = 16  # a beat of so many elements

Layer = Mapping[str, Any]  # as ``metrics.json`` has it under ``layers``
Fold = tuple[int, int]  # PE, SIMD


def cycles(layer: Layer, fold: Fold) -> int:
    """Return the cycles per sample by the folding law: see ``gatewright.folding``."""
    pe, simd = fold
    rows, cols = int(layer["rows"]), int(layer["cols"])
    vectors: int = layer["vectors"]
    return ceil(rows / pe) * ceil(cols / simd) * vectors


def quickest(layers: Sequence[Layer], multipliers: int) -> dict[str, Fold]:
    """Return PE and SIMD of each layer, so that the slowest takes as few cycles as can be.

    Args:
        layers: What ``metrics.json`` says of them.
        multipliers: At most so many in all.

    Raises:
        GatewrightError: fewer multipliers than layers.
    """
    choices = {layer["name"]: _choices(layer) for layer in layers}
    paces = sorted({pace for found in choices.values() for pace, _ in found})
    for pace in paces:
        folds = {name: _cheapest(found, pace) for name, found in choices.items()}
        whole = {name: fold for name, fold in folds.items() if fold is not None}
        if len(whole) < len(folds):
            continue
        if sum(pe * simd for pe, simd in whole.values()) <= multipliers:
            return whole
    raise GatewrightError(
        f"{len(layers)} layers need at least as many multipliers; {multipliers} are too few"
    )


def _choices(layer: Layer) -> list[tuple[int, Fold]]:
    """Return the foldings a layer can have, each with its cycles."""
    wide = 1 if layer["kind"] == "depthwise" else layer["channels"]
    simds = [simd for simd in divisors(wide) if simd <= _MAX_SIMD]
    folds = [(pe, simd) for pe in divisors(layer["rows"]) for simd in simds]
    return [(cycles(layer, fold), fold) for fold in folds]


def _cheapest(choices: list[tuple[int, Fold]], pace: int) -> Fold | None:
    """Return the fewest multipliers that keep the pace; of equals, the narrowest beat."""
    able = [fold for needed, fold in choices if needed <= pace]
    return min(able, key=lambda fold: (fold[0] * fold[1], fold[1]), default=None)
