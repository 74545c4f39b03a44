"""How a sparse core's weights are dealt, packed and counted."""

from dataclasses import replace

import numpy as np
import pytest

import networks
from gatewright import sparse, sparse_cycles
from gatewright.activity import with_activity
from gatewright.emit.sparse import memory_files
from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray
from gatewright.graph import Dense, FoldRequest, Strategy


def matrix(rows: int, cols: int, share: float, seed: int) -> IntArray:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-8, 8, (rows, cols))
    return np.where(rng.random(weight.shape) < share, weight, 0)


def unpacked(packed: sparse.Packed, rows: int, cols: int, pe: int) -> IntArray:
    """Return the matrix that a core's entries stand for."""
    found = np.zeros((rows, cols), dtype=np.int64)
    firsts = packed.firsts()
    row_of = {(int(p), row // pe): row for row, p in enumerate(packed.pes)}
    for index, entries in enumerate(packed.entries):
        for column in range(cols):
            slot = 0
            first = firsts[index, column]
            for skip, weight in entries[first : first + packed.counts[index, column]]:
                slot += skip
                if weight:
                    found[row_of[index, slot], column] = weight
                slot += 1
    return found


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize(("rows", "pe", "skip"), [(24, 4, None), (23, 4, 1), (9, 9, 1), (33, 1, 2)])
def test_the_entries_are_the_matrix(rows: int, pe: int, skip: int | None, share: float) -> None:
    weight = matrix(rows, 20, share, seed=1)
    packed = sparse.pack(weight, sparse.deal(weight, pe), pe, skip)
    np.testing.assert_array_equal(unpacked(packed, rows, 20, pe), weight)
    counted = sum(map(len, packed.entries))
    assert counted == np.count_nonzero(weight) + packed.fillers == packed.counts.sum()


def test_skips_are_wide_enough_for_few_fillers() -> None:
    weight = np.clip(matrix(128, 200, 0.5, seed=4), -2, 2)  # narrow: a skip is most of an entry
    dealt = sparse.deal(weight, 16)
    narrowest, best = sparse.pack(weight, dealt, 16, 1), sparse.pack(weight, dealt, 16)
    assert narrowest.fillers > 0.1 * narrowest.stored
    assert best.fillers < 0.05 * best.stored


@pytest.mark.parametrize("skip", [None, 1])
def test_each_weight_has_its_address(skip: int | None) -> None:
    weight = matrix(23, 20, 0.2, seed=6)
    packed = sparse.pack(weight, sparse.deal(weight, 4), 4, skip)
    places = {}
    for row, column in np.argwhere(weight).tolist():
        places[packed.pes[row], packed.address(row, column)] = weight[row, column]
    found = {
        (pe, address): value
        for pe, entries in enumerate(packed.entries)
        for address, (_, value) in enumerate(entries)
        if value
    }
    assert places == found
    row, column = np.argwhere(weight == 0)[0].tolist()
    with pytest.raises(ValueError, match=f"row {row} and column {column} is not stored"):
        packed.address(row, column)


def test_each_slot_has_each_pe_once() -> None:
    pes = sparse.deal(matrix(40, 30, 0.2, seed=2), 8)
    for slot in pes.reshape(5, 8):
        assert sorted(slot) == list(range(8))


def test_rows_are_dealt_by_the_work_that_they_make() -> None:
    weight = matrix(64, 100, 0.2, seed=3)
    load = np.where(np.arange(100) < 20, 100, 1)
    work = (weight != 0) @ load

    def busiest(pes: IntArray) -> float:
        return float(np.bincount(pes, work).max() / work.sum() * 4)

    assert busiest(sparse.deal(weight, 4, load)) < 1.02
    assert busiest(sparse.deal(weight, 4)) > 1.02


def test_every_memory_is_in_banks() -> None:
    """Also that of the order, of a layer with more output beats than a bank has words."""
    weight = matrix(2100, 20, 0.5, seed=9)
    packed = sparse.pack(weight, sparse.deal(weight, 9), 9)
    assert packed.bank_depth(9) == 2048
    files = memory_files(packed, 9, 1, 9, "layer")
    words = {name: text.count("\n") for name, text in files.items() if "order" in name}
    assert words == {"layer_order_000.mem": 2048, "layer_order_001.mem": 2100 - 2048}


@pytest.mark.parametrize("inputs", [0.05, 0.3, 0.9])
@pytest.mark.parametrize(("rows", "pe"), [(32, 8), (24, 2)])
def test_cycles_lie_between_the_law_and_the_bound(rows: int, pe: int, inputs: float) -> None:
    weight = matrix(rows, 60, 0.2, seed=4)
    x = np.where(np.random.default_rng(5).random((40, 60)) < inputs, 1, 0)
    mean = sparse_cycles.predicted_cycles(weight, pe, 2, x, lanes=4)
    products = np.count_nonzero(x, axis=0) @ np.count_nonzero(weight, axis=0) / len(x)
    packed = sparse.pack(weight, sparse.deal(weight, pe, np.count_nonzero(x, axis=0)), pe)
    assert max(products / pe, np.count_nonzero(x) / len(x) / 2, 15) <= mean
    assert mean <= max(packed.bound + 15 + 2, rows + 2)


def test_cycles_of_a_dense_matrix_are_its_products() -> None:
    """Nothing is zero: a PE multiplies in every cycle."""
    weight, x = np.ones((8, 30), dtype=np.int64), np.ones((20, 30), dtype=np.int64)
    assert sparse_cycles.predicted_cycles(weight, 2, 2, x, lanes=6) == 8 * 30 / 2


def test_cycles_of_few_vectors_are_no_mean() -> None:
    with pytest.raises(ValueError, match="9 vectors; at least 10"):
        sparse_cycles.predicted_cycles(np.ones((2, 2)), 1, 1, np.ones((9, 2)), lanes=1)


@pytest.mark.parametrize(("pe", "ideal"), [(2, 4.5), (16, 1.2)])
def test_ideal_cycles_are_products_or_picks_of_what_is_not_zero(pe: int, ideal: float) -> None:
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=pe, simd=4)
    graph = networks.mlp((6, 16, 4), (request, FoldRequest(pe=4, simd=16)))
    weight = np.zeros((16, 6), dtype=np.int64)
    weight[[1, 7, 12, 13, 14], 1] = 3
    weight[[0, 15], 4] = -1
    weight[3:7, 5] = 2
    source, layer, *others = graph.nodes
    assert isinstance(layer, Dense)
    graph = replace(graph, nodes=(source, replace(layer, weight=weight), *others))
    inputs = np.zeros((300, 6), dtype=np.int64)
    inputs[:, 1] = inputs[:, 4] = inputs[:150, 5] = 9
    described = {
        "layers": [{"name": "fc1", "core": "sparse", "pe": pe, "picks": 2}, {"name": "fc2"}],
        "blocks": [{"name": "fc1", "cycles": 99}, {"name": "fc2", "cycles": 1}],
    }
    found = sparse_cycles.ideal(graph, described, inputs)
    first, second = found["layers"]
    assert first["cycles_ideal"] == found["cycles_per_inference_ideal"] == ideal
    assert "cycles_ideal" not in second


def test_activity_is_counted() -> None:
    graph = networks.mlp((6, 4, 3))
    inputs = np.zeros((5, 6), dtype=np.int64)
    inputs[:2, 1] = 3
    layer = with_activity(graph, inputs)["fc1"]
    assert isinstance(layer, Dense)
    assert layer.activity is not None
    assert layer.activity.tolist() == [0, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(("pe", "simd", "allowed"), [(9, 2, "PE 1 to 8"), (4, 13, "SIMD 1 to 12")])
def test_what_cannot_be_is_refused(pe: int, simd: int, allowed: str) -> None:
    layer = networks.mlp((12, 8, 4))["fc1"]
    assert isinstance(layer, Dense)
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=pe, simd=simd)
    with pytest.raises(GatewrightError, match=f"fc1: .*{allowed}"):
        sparse.sparse_fold(replace(layer, request=request))


@pytest.mark.parametrize(("pe", "picks"), [(2, 1), (16, 2)])
def test_one_activation_per_cycle_is_taken_where_the_pes_are_longer_busy(
    pe: int, picks: int
) -> None:
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=pe, simd=4)
    node = networks.mlp((12, 32, 4), (request, FoldRequest(pe=1, simd=1))).nodes[1]
    assert isinstance(node, Dense)
    thinned = replace(node, weight=matrix(32, 12, 0.5, seed=8))
    assert sparse.sparse_fold(thinned).picks == picks


def test_results_leave_in_half_the_cycles_of_the_beats() -> None:
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=16, simd=4)
    node = networks.mlp((96, 32, 4), (request, FoldRequest(pe=1, simd=1))).nodes[1]
    assert isinstance(node, Dense)
    folded = sparse.sparse_fold(replace(node, weight=matrix(32, 96, 0.1, seed=3)))
    assert folded.out_lanes == 4  # with 2 it would take 17 cycles of 24, with 4 it takes 9
    assert 2 * (folded.result_beats + 1) <= folded.beats
