"""Whole networks of images, branches and several streams: RTL against the integer reference."""

from dataclasses import replace
from pathlib import Path

import pytest

import graphs
from gatewright import emit, reference
from gatewright.errors import CheckFailedError
from gatewright.graph import Graph
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
    graph = graphs.residual(**fold)
    description = emit.write_rtl(graph, tmp_path / "rtl")
    (fifo,) = description["fifos"]
    law = description["cycles_per_inference_law"]
    x = graphs.random_inputs(graph, 24, seed)
    expected = reference.outputs(graph, x)

    def run(depth: int, stall: int = 0) -> float | None:
        setup = replace(
            setup_for(tmp_path / "rtl", description, seed),
            plusargs=(f"+{fifo['name']}_depth={depth}",),
            quiet_cycles=20_000,
        )
        result = simulate.run_design(
            description, x, setup, expected=expected, idle=stall, stall=stall
        )
        assert result.comparison is not None
        result.comparison.require_equal()
        return result.cycles_per_inference

    assert run(fifo["depth"]) == law
    run(fifo["depth"], stall=100)
    slower = run(fifo["depth"] - 1)
    assert slower is not None
    assert slower > law
    run(fifo["reason"]["ahead"], stall=100)
    with pytest.raises(CheckFailedError, match="hangs"):
        run(fifo["reason"]["ahead"] - 1)
