"""Adder graphs: the matrix they stand for, what their values can be, how many there are."""

import numpy as np
import pytest

from gatewright import carry
from gatewright.adders import Adder, AdderGraph, Row, digits, solve, width_of
from gatewright.carry import Value, best_layout, lay_out
from gatewright.errors import CheckFailedError, NotRunError
from gatewright.reassociate import reassociated

alkaid = pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")


def evaluated(graph: AdderGraph, x: np.ndarray) -> tuple[np.ndarray, list[int]]:
    values = x.tolist()
    for adder in graph.adders:
        a, b = values[adder.a] << adder.shift_a, values[adder.b] << adder.shift_b
        values.append(a - b if adder.subtract else a + b)
    rows = [0 if r.source is None else (values[r.source] << r.shift) for r in graph.rows]
    signed = [-v if r.negate else v for v, r in zip(rows, graph.rows, strict=True)]
    return np.array(signed), values


@pytest.mark.parametrize("density", [0.0, 0.1, 0.6, 1.0])
def test_a_graph_is_its_matrix(density: float) -> None:
    rng = np.random.default_rng(3)
    weight = rng.integers(-31, 32, (9, 14)) * (rng.random((9, 14)) < density)
    spans = [(0, 255) if i % 2 else (-8, 7) for i in range(14)]
    graph = solve(weight, spans)
    assert np.array_equal(graph.matrix(), weight)
    for _ in range(50):
        x = np.array([rng.integers(low, high + 1) for low, high in spans])
        out, values = evaluated(graph, x)
        assert np.array_equal(out, weight @ x)
        for value, (low, high) in zip(values, graph.ranges, strict=True):
            assert low <= value <= high
    if density:
        assert max(graph.depths) >= 1


def test_parts_of_a_matrix_are_found_one_by_one() -> None:
    rng = np.random.default_rng(11)
    weight = np.zeros((7, 12), dtype=np.int64)
    weight[::2, ::3] = rng.integers(1, 8, (4, 4))  # two parts whose rows and columns alternate
    weight[1::4, 1::3] = rng.integers(-7, 0, (2, 4))
    layout = best_layout(weight, [(0, 7)] * 12)
    assert np.array_equal(layout.graph.matrix(), weight)
    assert layout.graph.rows[3].source is None


def test_a_wrong_order_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(graph: AdderGraph) -> AdderGraph:
        return AdderGraph(graph.spans, graph.adders, graph.rows[::-1])

    monkeypatch.setattr(carry, "reassociated", wrong)
    with pytest.raises(CheckFailedError, match="another matrix"):
        best_layout(np.array([[1, 2], [3, 5]]), [(0, 3), (0, 3)])


def test_digits_are_signed() -> None:
    assert digits(np.array([[0, 1, 3], [7, -7, 11]])) == 0 + 1 + 2 + 2 + 2 + 3


def test_a_range_is_met() -> None:
    """An input that is subtracted from itself elsewhere widens nothing."""
    spans = ((0, 15), (0, 3))
    adders = (Adder(0, 1, 0, 2, True), Adder(2, 1, 0, 2, False))  # x - 4 y, then x
    graph = AdderGraph(spans, adders, (Row(3, 1, True),))
    assert graph.ranges[2:] == [(-12, 15), (0, 15)]
    assert graph.matrix().tolist() == [[-2, 0]]


@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
def test_another_order_is_the_same_matrix_with_fewer_cells(density: float) -> None:
    rng = np.random.default_rng(7)
    weight = rng.integers(-15, 16, (12, 20)) * (rng.random((12, 20)) < density)
    graph = solve(weight, [(-8, 7), (0, 31)] * 10)
    other = reassociated(graph)
    assert np.array_equal(other.matrix(), weight)
    assert len(other.adders) <= len(graph.adders)
    if density:
        assert lay_out(other).cells < lay_out(graph).cells


def test_sums_are_as_shallow_as_they_can_be() -> None:
    """Eight terms that only one row reads: three adders one after another, in any order of cost."""
    weight = np.array([[1, 3, 1, 5, 1, 7, 1, 1]])
    for spans in ([(0, 1)] * 8, [(0, 2**index - 1) for index in range(1, 9)]):
        graph = solve(np.sign(weight), spans)
        other = reassociated(graph)
        assert other.matrix().tolist() == np.sign(weight).tolist()
        assert max(other.depths) == 3
    assert max(reassociated(solve(weight, [(0, 1)] * 8)).depths) <= 4


def test_rows_and_columns_go_back_to_their_places() -> None:
    rng = np.random.default_rng(8)
    weight = rng.integers(-7, 8, (5, 6))
    rows, columns = rng.permutation(5), rng.permutation(6)
    spans = [(0, 2**index) for index in range(6)]
    turned = solve(weight[rows][:, columns], [spans[index] for index in columns])
    graph = turned.reordered(rows, columns)
    assert np.array_equal(graph.matrix(), weight)
    assert graph.spans == tuple(spans)


def test_a_layout_computes_what_the_graph_does() -> None:
    """Chain by chain as the hardware does, two sums in one, with the carry between them."""
    rng = np.random.default_rng(9)
    weight = rng.integers(-31, 32, (9, 14)) * (rng.random((9, 14)) < 0.6)
    spans = [(0, 255) if i % 2 else (-8, 7) for i in range(14)]
    layout = best_layout(weight, spans)
    assert np.array_equal(layout.graph.matrix(), weight)
    assert any(len(chain) == 2 for chain in layout.chains)
    chains = sorted(layout.chains, key=lambda chain: layout.graph.depths[chain[0].number])
    for trial in range(60):
        x = np.array(
            [span[trial] if trial < 2 else rng.integers(span[0], span[1] + 1) for span in spans]
        )
        _, values = evaluated(layout.graph, x)
        kept = {n: _kept(layout.values[n], values[n]) for n in range(len(values))}
        for chain in chains:
            a, b, width = 0, 0, 0
            for each in chain:
                mask = (1 << each.width) - 1
                held = each.constant if not (each.subtract and each.in_b) else -each.constant
                left = (kept[each.a] >> each.shift) + (0 if each.in_b else held)
                right = kept[each.b] + (held if each.in_b else 0)
                a, b = a | (left & mask) << width, b | (right & mask) << width
                width += each.width
            total = a - b if chain[0].subtract else a + b
            for each in chain:
                low = kept[each.a] & ((1 << each.shift) - 1)
                assert kept[each.number] == (total & ((1 << each.width) - 1)) << each.shift | low
                total >>= each.width


def _kept(value: Value, what: int) -> int:
    kept = value.offset - what if value.negative else what - value.offset
    assert value.span[0] <= kept <= value.span[1] < 2**value.width
    assert kept >= 0
    return kept


@pytest.mark.parametrize(
    ("span", "width"),
    [((0, 0), (1, False)), ((0, 255), (8, False)), ((-1, 0), (1, True)), ((-8, 8), (5, True))],
)
def test_widths(span: tuple[int, int], width: tuple[int, bool]) -> None:
    assert width_of(span) == width


def test_a_wrong_graph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    search = alkaid.cmvm_solve
    monkeypatch.setattr(alkaid, "cmvm_solve", lambda kernel, **more: search(kernel + 1, **more))
    with pytest.raises(CheckFailedError, match="another matrix"):
        solve(np.array([[1, 2], [3, 5]]), [(0, 3), (0, 3)])


def test_without_alkaid_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "alkaid.cmvm", None)
    with pytest.raises(NotRunError, match=r"gatewright\[unrolled\]"):
        solve(np.array([[1]]), [(0, 3)])
