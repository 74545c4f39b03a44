"""Reuse factor to PE and SIMD, the law, and foldings that cannot be."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphs
import networks
from gatewright.errors import GatewrightError
from gatewright.folding import best_bank_depth, block_rams, fold, legal
from gatewright.graph import Dense, FoldRequest, Node, Window


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


@given(st.integers(2, 9), st.integers(1, 40), st.integers(1, 5), st.data())
def test_beats_without_weights_are_skipped_where_a_vector_is_read_again(
    rows: int, cols: int, simd: int, data: st.DataObject
) -> None:
    node = layer(rows, cols, pe=data.draw(st.integers(1, rows)), simd=min(simd, cols))
    assert isinstance(node, Dense)
    zero = data.draw(st.lists(st.integers(0, cols - 1), max_size=cols))
    weight = np.ones_like(node.weight)
    weight[:, zero] = 0
    node = replace(node, weight=weight)
    plain, skipping = fold(node), fold(node, skip_zeros=True)
    assert (plain.kept, plain.cols) == ((), cols)
    left = {column // plain.simd for column in range(cols) if column not in zero}
    if plain.pe == rows or not left:
        assert skipping == plain
    else:
        assert skipping.cycles == plain.passes * len(left)
        assert skipping.useful == rows * skipping.cols


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


def image_layer(kind: str, window: Window = graphs.SAME, filters: int = 8, **request: int) -> Node:
    make = graphs.Maker()
    x = make.input((6, 6, 4))
    if kind == "conv":
        make.conv("layer", x, filters, window, **request)
    else:
        make.depthwise("layer", x, window, **request)
    return make.graph("one")["layer"]


@pytest.mark.parametrize(
    ("kind", "request_", "taps", "depth"),
    [
        ("conv", {"pe": 8, "simd": 36}, 9, 1),  # a pixel per cycle
        ("conv", {"pe": 4, "simd": 20}, 5, 4),
        ("conv", {"pe": 4, "simd": 2}, 1, 36),
        ("conv", {"reuse_factor": 9}, 1, 9),  # channels suffice
        ("conv", {"reuse_factor": 1}, 9, 1),
        ("conv", {"reuse_factor": 3}, 3, 3),
        ("depthwise", {"pe": 4, "simd": 9}, 9, 1),
        ("depthwise", {"pe": 2, "simd": 4}, 4, 6),
        ("depthwise", {"reuse_factor": 5}, 2, 5),
        ("depthwise", {"reuse_factor": 18}, 1, 18),
    ],
)
def test_several_taps_at_once(kind: str, request_: dict[str, int], taps: int, depth: int) -> None:
    folded = fold(image_layer(kind, **request_))
    assert (folded.taps, folded.depth) == (taps, depth)
    assert folded.cycles == depth * 36
    assert folded.in_lanes == min(4, folded.simd) if kind == "conv" else folded.pe


WIDE_PAD = Window(kernel=(3, 3), pad=(2, 1, 1, 1))


@pytest.mark.parametrize(
    ("kind", "request_", "window", "message"),
    [
        ("conv", {"pe": 8, "simd": 6}, graphs.SAME, "SIMD 6; allowed: 4 times 1 to 9 taps"),
        ("conv", {"pe": 8, "simd": 3}, graphs.SAME, "allowed: 1, 2, 4, and multiples of 4"),
        ("conv", {"pe": 8, "simd": 8}, WIDE_PAD, "4 times 1 to 1 taps, for the padding is as wide"),
        ("depthwise", {"pe": 4, "simd": 10}, graphs.SAME, "SIMD 10; allowed: 1 to 9"),
        ("depthwise", {"pe": 4, "simd": 2}, WIDE_PAD, "allowed: 1 to 1, for the padding"),
        ("depthwise", {"pe": 3, "simd": 1}, graphs.SAME, "PE 3 .*allowed: 1, 2, 4"),
    ],
)
def test_a_folding_of_an_image_that_cannot_be_is_refused(
    kind: str, request_: dict[str, int], window: Window, message: str
) -> None:
    with pytest.raises(GatewrightError, match=message):
        fold(image_layer(kind, window, **request_))
