"""What alkaid and da4ml are given is the network that is unrolled, and both can be measured."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import graphs
import networks
from gatewright import reference
from gatewright.errors import GatewrightError, NotRunError
from gatewright.fixed import Rounding
from gatewright.graph import FoldRequest, Graph, Strategy
from gatewright.rivals import adder_tools, adders, pipelines
from gatewright.rivals.row import Row
from gatewright.rivals.subject import Subject
from gatewright.tools.adder_rivals import outputs

UNROLLED = FoldRequest(strategy=Strategy.DISTRIBUTED_ARITHMETIC)


def network() -> Graph:
    return pipelines.half_up(networks.mlp((8, 6, 4), (UNROLLED, UNROLLED)))


def quantized(
    x: np.ndarray, signed: int, integer: int, fraction: int, overflow: str, rounding: str
) -> np.ndarray:
    assert fraction == 0
    floor = np.floor(x + 0.5 * (rounding == "RND"))
    assert rounding in ("RND", "TRN")
    assert overflow in ("SAT", "WRAP")
    low, high = -(2**integer) * signed, 2**integer - 1
    if overflow == "SAT":
        return np.clip(floor, low, high)
    return (floor - low) % (high - low + 1) + low


def test_the_specification_is_the_network() -> None:
    graph = network()
    x = graphs.random_inputs(graph, 60, 3)
    found = outputs(adder_tools.specification(graph), x, lambda y: np.maximum(y, 0), quantized)
    assert np.array_equal(found, reference.outputs(graph, x))


def test_ties_to_even_are_made_half_up() -> None:
    roundings = {node.out.format.rounding for node in network().nodes}
    assert Rounding.RND_CONV not in roundings


def test_images_are_refused() -> None:
    graph = next(each for each in graphs.ALL if any(n.name == "conv" for n in each.nodes))
    with pytest.raises(GatewrightError, match="of dense layers"):
        adder_tools.specification(graph)


@pytest.mark.slow
def test_pipelines_are_measured(tmp_path: Path) -> None:
    pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")
    graph = replace(network(), name="small_network")
    inputs = graphs.random_inputs(graph, 50, 2)
    ours = pipelines.ours(graph, inputs, tmp_path / "ours")
    spec = adder_tools.specification(graph)
    made = adder_tools.generate("alkaid", spec, [3, 5], tmp_path / "alkaid")
    assert made.latencies == (3, 5)
    vectors = pipelines.expected(graph, inputs, spec["fraction"])
    theirs = adder_tools.rival(made, 1, vectors, tmp_path / "kept", kept=True)
    assert 0 < ours.cells < theirs.cells
    assert theirs.latency == 5
    assert [(each.samples, each.mismatches) for each in (ours, theirs)] == [(50, 0), (50, 0)]
    other = replace(vectors, expected=vectors.expected + np.eye(50, 4))
    wrong = adder_tools.rival(made, 0, other, tmp_path / "plain", kept=False)
    assert (wrong.samples, wrong.mismatches) == (50, 4)


def subject(graph: Graph, tmp_path: Path) -> Subject:
    inputs = graphs.random_inputs(graph, 2, 1)
    return Subject(graph.name, graph, inputs, inputs, tmp_path)


def test_a_network_that_cannot_be_unrolled_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(NotRunError, match="too large to be unrolled"):
        list(adders.alkaid(subject(networks.mlp((300, 100, 4)), tmp_path), ()))
    with pytest.raises(NotRunError, match="of dense layers"):
        list(adders.da4ml(subject(graphs.residual(), tmp_path), ()))
    with pytest.raises(GatewrightError, match="settings are kept, plain"):
        list(adders.alkaid(subject(network(), tmp_path), ("4x4",)))


@pytest.mark.slow
@pytest.mark.parametrize("tool", [adders.alkaid, adders.da4ml])
def test_the_rows_of_others_have_our_latency(
    tool: Callable[[Subject, Sequence[str]], Iterable[Row]], tmp_path: Path
) -> None:
    pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")
    pytest.importorskip("da4ml", reason="the extra 'compare' is not installed")
    ours, *theirs = tool(subject(network(), tmp_path), ())
    assert {row.latency_cycles for row in theirs} == {ours.latency_cycles}
    assert [row.setting.split()[-1] for row in theirs] == ["kept", "plain"]
    assert all(row.cells.carry > 0 for row in (ours, *theirs))
