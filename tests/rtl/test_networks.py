"""Whole networks of images, branches and several streams: RTL against the integer reference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import graphs
import networks
from gatewright import emit, reference
from gatewright.errors import CheckFailedError
from gatewright.graph import Dense, FoldRequest, Graph
from gatewright.tools import simulate
from gatewright.tools.stream_bench import Setup
from rtl_blocks import CACHE, SIM


def setup_for(folder: Path, description: dict[str, object], seed: int) -> Setup:
    base = Setup(sources=[], sim_root=SIM, cache_folder=CACHE, seed=seed, optimise="-O0")
    return simulate.rtl_setup(folder, description, base)


@pytest.mark.parametrize("graph", graphs.ALL, ids=lambda graph: graph.name)
def test_network(graph: Graph, seed: int, tmp_path: Path) -> None:
    description = emit.write_rtl(graph, tmp_path / "rtl")
    setup = setup_for(tmp_path / "rtl", description, seed)
    x = graphs.random_inputs(graph, 40, seed)
    expected = reference.outputs(graph, x)
    assert (expected.std(axis=0) > 0).mean() > 0.5
    result = simulate.run_design(description, x, setup, expected=expected)
    assert result.comparison is not None
    result.comparison.require_equal()
    law = description["cycles_per_inference_law"]
    assert result.cycles_per_inference is not None
    assert result.cycles_per_inference <= 1.05 * law
    stalled = simulate.run_design(description, x, setup, expected=expected, idle=90, stall=90)
    assert stalled.comparison is not None
    stalled.comparison.require_equal()


@pytest.mark.parametrize("graph", graphs.ALL, ids=lambda graph: graph.name)
def test_protocol(graph: Graph, seed: int, tmp_path: Path) -> None:
    description = emit.write_rtl(graph, tmp_path / "rtl")
    x = graphs.random_inputs(graph, 24, seed)
    setup = setup_for(tmp_path / "rtl", description, seed)
    ran = simulate.run_protocol(description, x, reference.outputs(graph, x), setup)
    assert set(ran.tests) == {"stalls", "resets", "lengths"}


@pytest.mark.parametrize(
    "fold", [{"pe": 1}, {"pe": 2}, {"depth": 1}, {"taps": 9}, {"taps": 5}], ids=str
)
def test_the_depth_before_a_join_is_what_it_takes(
    fold: dict[str, int], seed: int, tmp_path: Path
) -> None:
    depths = Depths(graphs.residual(**fold), seed, tmp_path)
    (fifo,) = depths.description["fifos"]
    law = depths.description["cycles_per_inference_law"]
    name, depth, ahead = fifo["name"], fifo["depth"], fifo["reason"]["ahead"]
    assert depths.run(name, depth) == law
    depths.run(name, depth, stall=100)
    slower = depths.run(name, depth - 1)
    assert slower is not None
    assert slower > law
    depths.run(name, ahead, stall=100)
    with pytest.raises(CheckFailedError, match="hangs"):
        depths.run(name, ahead - 1)


def test_a_fork_within_a_branch_makes_both_joins_wait(seed: int, tmp_path: Path) -> None:
    depths = Depths(graphs.skips(), seed, tmp_path)
    fifos = depths.description["fifos"]
    assert len(fifos) == 2
    for fifo in fifos:
        name, ahead = fifo["name"], fifo["reason"]["ahead"]
        depths.run(name, ahead, stall=100)
        with pytest.raises(CheckFailedError, match="hangs"):
            depths.run(name, ahead - 1)


def test_beats_without_weights_are_skipped(seed: int, tmp_path: Path) -> None:
    """Of the first layer's 300 beats some 100 stay, of the second one's 4 the last 3."""
    requests = (FoldRequest(pe=4, simd=1), FoldRequest(pe=1, simd=3))
    graph = networks.mlp((300, 12, 5), requests)
    rng = np.random.default_rng(seed)
    for name, gone in (("fc1", rng.random(300) < 2 / 3), ("fc2", np.arange(12) < 3)):
        node = graph[name]
        assert isinstance(node, Dense)
        changed = replace(node, weight=np.where(gone, 0, node.weight))
        nodes = tuple(changed if other is node else other for other in graph.nodes)
        graph = replace(graph, nodes=nodes)
    description = emit.write_rtl(graph, tmp_path / "rtl", emit.RtlOptions(skip_zeros=True))
    first, second = description["layers"]
    assert 0 < first["cols"] == 300 - first["beats_dropped"] < 150
    assert (second["cols"], second["beats_dropped"]) == (9, 1)
    assert description["cycles_per_inference_law"] == max(300, 3 * first["cols"])
    setup = setup_for(tmp_path / "rtl", description, seed)
    x = networks.random_inputs(graph, 40)
    expected = reference.outputs(graph, x)
    for idle, stall in ((0, 0), (90, 90)):
        result = simulate.run_design(
            description, x, setup, expected=expected, idle=idle, stall=stall
        )
        assert result.comparison is not None
        result.comparison.require_equal()
        if not stall:
            assert result.cycles_per_inference == description["cycles_per_inference_law"]


class Depths:
    """A network whose FIFOs can be made less deep."""

    def __init__(self, graph: Graph, seed: int, folder: Path) -> None:
        self.description = emit.write_rtl(graph, folder / "rtl")
        self.setup = setup_for(folder / "rtl", self.description, seed)
        self.inputs = graphs.random_inputs(graph, 24, seed)
        self.expected = reference.outputs(graph, self.inputs)

    def run(self, fifo: str, depth: int, stall: int = 0) -> float | None:
        """Return the cycles per inference with one FIFO as deep as ``depth``."""
        setup = replace(self.setup, plusargs=(f"+{fifo}_depth={depth}",), quiet_cycles=20_000)
        result = simulate.run_design(
            self.description, self.inputs, setup, expected=self.expected, idle=stall, stall=stall
        )
        assert result.comparison is not None
        result.comparison.require_equal()
        return result.cycles_per_inference
