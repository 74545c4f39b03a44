"""The latency that a plan foretells is that of the RTL."""

from pathlib import Path

import pytest

import graphs
import networks
from gatewright import emit, reference
from gatewright.emit.builder import build
from gatewright.graph import FoldRequest, Graph, Strategy
from gatewright.planner.latency import latency_alone
from gatewright.tools import simulate
from gatewright.tools.stream_bench import Setup
from rtl_blocks import CACHE, SIM

SAMPLES = 6


def folded(pe: int, simd: int) -> FoldRequest:
    return FoldRequest(pe=pe, simd=simd)


def unrolled(adders: int | None = None) -> FoldRequest:
    return FoldRequest(strategy=Strategy.DISTRIBUTED_ARITHMETIC, adders_per_stage=adders)


def taken(graph: Graph, folder: Path) -> int:
    """Return the cycles that the RTL takes for one sample alone."""
    description = emit.write_rtl(graph, folder)
    inputs = graphs.random_inputs(graph, SAMPLES, 1)
    setup = Setup(sources=(), sim_root=SIM, cache_folder=CACHE, optimise="-O0")
    result = simulate.run_design(
        *(description, inputs, simulate.rtl_setup(folder, description, setup)),
        expected=reference.outputs(graph, inputs),
    )
    return result.latency_cycles


@pytest.mark.parametrize(
    ("sizes", "requests"),
    [
        ((12, 8), (folded(8, 12),)),  # one beat, one pass: no buffer in front
        ((12, 8, 6, 4), (folded(4, 2), folded(2, 4), folded(1, 1))),  # LUT RAM buffers, width
        ((40, 16, 4), (folded(4, 1), folded(4, 4))),  # a buffer in block RAM
        ((40, 40), (folded(40, 1),)),  # an output FIFO in block RAM
    ],
)
def test_folded_layers(
    sizes: tuple[int, ...], requests: tuple[FoldRequest, ...], tmp_path: Path
) -> None:
    graph = networks.mlp(sizes, requests)
    assert latency_alone(build(graph, None)) == taken(graph, tmp_path)


@pytest.mark.parametrize(
    "requests",
    [
        (unrolled(), unrolled()),
        (unrolled(1), unrolled(3)),
        (unrolled(), folded(1, 1)),
        (folded(2, 3), unrolled()),
    ],
)
def test_unrolled_layers(requests: tuple[FoldRequest, ...], tmp_path: Path) -> None:
    pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")
    graph = networks.mlp((12, 8, 4), requests)
    assert latency_alone(build(graph, None)) == taken(graph, tmp_path)


@pytest.mark.parametrize("graph", [graphs.residual(), graphs.separable()], ids=lambda g: g.name)
def test_images_take_no_longer(graph: Graph, tmp_path: Path) -> None:
    found, foretold = taken(graph, tmp_path), latency_alone(build(graph, None))
    assert found <= foretold <= found * 1.5
