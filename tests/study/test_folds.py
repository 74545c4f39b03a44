import itertools
from typing import Any

import pytest

from gatewright.errors import GatewrightError
from gatewright.folding import divisors
from gatewright.study.folds import cycles, quickest

LAYERS: list[dict[str, Any]] = [
    {"name": "conv", "kind": "conv", "rows": 8, "cols": 9, "channels": 1, "vectors": 196},
    {"name": "dw", "kind": "depthwise", "rows": 8, "cols": 9, "channels": 1, "vectors": 49},
    {"name": "pw", "kind": "conv", "rows": 12, "cols": 8, "channels": 8, "vectors": 49},
    {"name": "fc", "kind": "dense", "rows": 10, "cols": 12, "channels": 12, "vectors": 1},
]


@pytest.mark.parametrize("multipliers", [4, 7, 12, 25, 40, 200])
def test_no_folding_within_the_budget_is_quicker(multipliers: int) -> None:
    found = quickest(LAYERS, multipliers)
    assert sum(pe * simd for pe, simd in found.values()) <= multipliers
    slowest = max(cycles(layer, found[layer["name"]]) for layer in LAYERS)
    choices = [
        [
            (pe * simd, cycles(layer, (pe, simd)))
            for pe in divisors(layer["rows"])
            for simd in (divisors(layer["channels"]) if layer["kind"] != "depthwise" else [1])
        ]
        for layer in LAYERS
    ]
    within = [
        max(pace for _, pace in chosen)
        for chosen in itertools.product(*choices)
        if sum(size for size, _ in chosen) <= multipliers
    ]
    assert slowest == min(within)


def test_fewer_multipliers_than_layers_are_refused() -> None:
    with pytest.raises(GatewrightError, match="4 layers need at least as many"):
        quickest(LAYERS, 3)
