"""The folded core, emitted for many foldings, gives the integer reference's sums."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import networks
from gatewright import emit, reference
from gatewright.fixed import IntArray, parse_format
from gatewright.graph import Dense, FoldRequest, Graph, Input, Strategy, StreamType
from gatewright.tools.simulate import device_of, stream_of
from gatewright.tools.stream_bench import STRESS, Phase, Setup, run_bench
from rtl_blocks import CACHE, COVERAGE, SIM

FOLDS = (  # rows, columns, PE, SIMD
    (12, 20, 4, 5),
    (10, 17, 4, 4),  # neither divides
    (7, 9, 7, 1),
    (5, 40, 1, 8),
    (8, 64, 8, 2),
    (3, 33, 1, 1),
    (9, 6, 2, 6),
    (43, 96, 1, 2),  # two banks of weights
    (70, 80, 37, 1),  # 37 results to read in turn
)
COMPRESSED = (  # rows, columns, PE, elements per beat, share of weights that are not zero
    (24, 50, 4, 5, 0.2),
    (23, 64, 8, 16, 0.1),
    (9, 33, 3, 4, 1.0),
    (40, 30, 2, 1, 0.5),
    (5, 12, 5, 12, 0.0),
)
SAMPLES = 40


def layer(index: int, rows: int, cols: int, pe: int, simd: int, seed: int) -> Graph:
    """Return a graph of one dense layer, every second one with a ReLU that quantises."""
    fmt = parse_format("ufixed<8,0>" if index % 3 else "fixed<7,3>")
    first = Input(name="global_in", origin="", inputs=(), out=StreamType(fmt, (cols,)))
    request = FoldRequest(pe=pe, simd=simd)
    dense = networks.dense(
        f"fc{index}", first, rows, seed=seed, request=request, bias=bool(index % 4)
    )
    nodes = [first, dense]
    if index % 2:
        nodes.append(networks.relu(f"relu{index}", dense))
    return Graph(f"layer_{index}", tuple(nodes), (nodes[-1].name,))


def run_layers(graphs: list[Graph], inputs: list[IntArray], folder: Path, seed: int) -> None:
    """Simulate all of them in one bench; every phase must equal the reference."""
    sources: dict[str, Path] = {}
    memories = folder / "memories"
    memories.mkdir()
    descriptions = []
    for graph in graphs:
        rtl = folder / graph.name
        description = emit.write_rtl(graph, rtl)
        sources |= {Path(name).name: rtl / name for name in description["sources"]}
        for memory in rtl.glob("*.mem"):
            shutil.copy(memory, memories)
        descriptions.append(description)
    setup = Setup(
        sources=list(sources.values()),
        sim_root=SIM,
        cache_folder=CACHE,
        memory_folder=memories,
        seed=seed,
        optimise="-O0",
        quiet_cycles=5000,
        coverage=COVERAGE,
    )
    devices = [device_of(description) for description in descriptions]
    streams = [stream_of(d, x) for d, x in zip(descriptions, inputs, strict=True)]
    phases = (*STRESS, Phase(0, 0, 211), Phase(90, 20))
    run = run_bench(devices, streams, phases, setup)
    for number, phase in enumerate(phases):
        for graph, x, description, got in zip(
            graphs, inputs, descriptions, run.received[number], strict=True
        ):
            if phase.cycles is not None:
                continue
            what = f"{graph.name} in phase {number}"
            found = got.samples(description["outputs"][0]["elements"], what)
            np.testing.assert_array_equal(found, reference.outputs(graph, x), err_msg=what)
            assert not got.user.any(), f"{what}: good frames are marked bad"
            if phase == Phase():
                gaps = np.diff(got.frame_ends())[3:]
                assert gaps.mean() <= description["cycles_per_inference_law"] * 1.05, what


@pytest.mark.parametrize("part", [slice(0, 4), slice(4, None)], ids=["first", "second"])
def test_folds(part: slice, seed: int, tmp_path: Path) -> None:
    folds = list(enumerate(FOLDS))[part]
    graphs = [layer(index, *fold, seed=seed + index) for index, fold in folds]
    inputs = [networks.random_inputs(graph, SAMPLES, seed) for graph in graphs]
    run_layers(graphs, inputs, tmp_path, seed)


def test_compressed(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    graphs = []
    for index, (rows, cols, pe, simd, share) in enumerate(COMPRESSED):
        first, dense, *rest = layer(index, rows, cols, 1, 1, seed).nodes
        assert isinstance(dense, Dense)
        request = FoldRequest(strategy=Strategy.COMPRESSED, pe=pe, simd=simd)
        kept = np.where(rng.random(dense.weight.shape) < share, dense.weight, 0)
        nodes = (first, replace(dense, weight=kept, request=request), *rest)
        graphs.append(Graph(f"compressed_{index}", nodes, (nodes[-1].name,)))
    inputs = [networks.random_inputs(graph, SAMPLES, seed) for graph in graphs]
    run_layers(graphs, inputs, tmp_path, seed)
