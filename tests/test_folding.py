"""Reuse factor to PE and SIMD, the law, and foldings that cannot be."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import networks
from gatewright.errors import GatewrightError
from gatewright.folding import best_bank_depth, block_rams, fold, legal
from gatewright.graph import FoldRequest, Node


def layer(rows: int, cols: int, **request: int) -> Node:
    graph = networks.mlp((cols, rows), (FoldRequest(**request),))
    return graph["fc1"]


@pytest.mark.parametrize(
    ("rows", "cols", "factor", "pe", "simd"),
    [(128, 784, 784, 16, 8), (128, 784, 6272, 2, 8), (10, 128, 640, 1, 2), (32, 64, 1, 32, 64)],
)
def test_reuse_factor_is_the_cycles(rows: int, cols: int, factor: int, pe: int, simd: int) -> None:
    folded = fold(layer(rows, cols, reuse_factor=factor))
    assert (folded.pe, folded.simd, folded.cycles) == (pe, simd, factor)
    assert folded.multipliers == rows * cols // factor


@given(st.integers(1, 40), st.integers(1, 60), st.data())
def test_the_law_and_the_limits_hold_for_any_pe_and_simd(
    rows: int, cols: int, data: st.DataObject
) -> None:
    pe, simd = data.draw(st.integers(1, rows)), data.draw(st.integers(1, cols))
    folded = fold(layer(rows, cols, pe=pe, simd=simd))
    assert folded.cycles == ceil(rows / pe) * ceil(cols / simd)
    assert folded.pe % folded.out_lanes == 0
    assert folded.result_beats <= folded.beats
    assert legal(pe, folded.group, folded.beats, folded.out_lanes)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"pe": 7, "simd": 1}, "PE 1 to 6 and SIMD 1 to 12"),
        ({"pe": 1, "simd": 13}, "PE 1 to 6 and SIMD 1 to 12"),
        ({"reuse_factor": 5}, "gives no whole PE x SIMD for 6 rows and 12 columns"),
    ],
)
def test_an_impossible_folding_is_refused(request_: dict[str, int], message: str) -> None:
    with pytest.raises(GatewrightError, match=message):
        fold(layer(6, 12, **request_))


def test_too_many_multipliers_are_refused() -> None:
    with pytest.raises(GatewrightError, match="ReuseFactor of at least 25"):
        fold(layer(128, 784, reuse_factor=1))


def test_block_rams_in_their_best_banks() -> None:
    assert block_rams(784, 144) == 8
    assert block_rams(784, 6) == 1
    assert block_rams(512, 36) == 1
    assert block_rams(513, 36) == 2
    assert block_rams(16384, 1) == 1
    assert (best_bank_depth(6272, 96), block_rams(6272, 96)) == (2048, 3 * 11 + 3)
    assert (best_bank_depth(1152, 96), block_rams(1152, 96)) == (1024, 6 + 3)
    assert (best_bank_depth(9600, 6), block_rams(9600, 6)) == (8192, 3 + 1)


def test_a_weight_memory_of_too_many_banks_is_refused() -> None:
    with pytest.raises(GatewrightError, match=r"fc1: 2051000 cycles .* 1002 banks of 2048 words"):
        fold(layer(2051, 3000, pe=1, simd=3))
