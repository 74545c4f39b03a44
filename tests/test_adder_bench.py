"""What alkaid and da4ml are given is the network that is unrolled, and both can be measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import graphs
import networks
from gatewright import adder_bench, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import Rounding
from gatewright.graph import FoldRequest, Graph, Strategy
from gatewright.tools.adder_rivals import outputs

UNROLLED = FoldRequest(strategy=Strategy.DISTRIBUTED_ARITHMETIC)


def network() -> Graph:
    return adder_bench.half_up(networks.mlp((8, 6, 4), (UNROLLED, UNROLLED)))


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
    found = outputs(adder_bench.specification(graph), x, lambda y: np.maximum(y, 0), quantized)
    assert np.array_equal(found, reference.outputs(graph, x))


def test_ties_to_even_are_made_half_up() -> None:
    roundings = {node.out.format.rounding for node in network().nodes}
    assert Rounding.RND_CONV not in roundings


def test_images_are_refused() -> None:
    graph = next(each for each in graphs.ALL if any(n.name == "conv" for n in each.nodes))
    with pytest.raises(GatewrightError, match="of dense layers"):
        adder_bench.specification(graph)


@pytest.mark.slow
def test_pipelines_are_measured(tmp_path: Path) -> None:
    pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")
    graph = replace(network(), name="small_network")
    ours = adder_bench.ours(graph, tmp_path / "ours")
    spec = adder_bench.specification(graph)
    theirs = adder_bench.rival("alkaid", spec, 4, tmp_path / "alkaid", kept=True)
    assert 0 < ours.cells < theirs.cells
    assert theirs.latency == 5
