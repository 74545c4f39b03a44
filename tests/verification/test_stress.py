"""Random stalls at every stream at once: nothing is lost, and what stands still is named."""

from dataclasses import replace
from pathlib import Path

import pytest

import graphs
from gatewright import emit, reference
from gatewright.errors import CheckFailedError
from gatewright.graph import Graph
from gatewright.tools.stream_bench import Setup
from gatewright.verification import stress
from rtl_blocks import CACHE, SIM

SEED = 1


def stressed(graph: Graph, folder: Path, cycles: int, *plusargs: str) -> stress.Stress:
    description = emit.write_rtl(graph, folder / "rtl", emit.RtlOptions(stalls=True))
    x = graphs.random_inputs(graph, 60, SEED)
    setup = Setup(sources=[], sim_root=SIM, cache_folder=CACHE, seed=SEED, optimise="-O1")
    setup = replace(setup, plusargs=plusargs)
    return stress.stressed(
        description, folder / "rtl", (x, reference.outputs(graph, x)), setup, cycles
    )


@pytest.mark.parametrize("graph", [graphs.residual(), graphs.two_of_each()], ids=["add", "ends"])
def test_stalls_everywhere_lose_nothing(graph: Graph, tmp_path: Path) -> None:
    done = stressed(graph, tmp_path, 200_000)
    assert done.cycles >= 200_000
    assert done.resets >= 8
    assert done.compared > 1000


def test_the_stream_that_stands_still_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=r"stream \w+: its reader has left a beat waiting"):
        stressed(graphs.residual(), tmp_path, 1000, "+sum_fifo_b_depth=2")
