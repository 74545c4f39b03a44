"""Adder graphs: the matrix they stand for, what their values can be, how many there are."""

import numpy as np
import pytest

from gatewright.adders import Adder, AdderGraph, Row, solve, width_of
from gatewright.errors import CheckFailedError, NotRunError

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


def test_a_range_is_met() -> None:
    """An input that is subtracted from itself elsewhere widens nothing."""
    spans = ((0, 15), (0, 3))
    adders = (Adder(0, 1, 0, 2, True), Adder(2, 1, 0, 2, False))  # x - 4 y, then x
    graph = AdderGraph(spans, adders, (Row(3, 1, True),))
    assert graph.ranges[2:] == [(-12, 15), (0, 15)]
    assert graph.matrix().tolist() == [[-2, 0]]


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
