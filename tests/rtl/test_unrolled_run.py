"""Unrolled layers one behind the other: one gate, one FIFO, and the latency that was asked for."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import networks
from gatewright import emit, reference
from gatewright.fixed import parse_format
from gatewright.graph import Dense, FoldRequest, Function, Graph, Node, Strategy, StreamType
from gatewright.resources import rtl_root
from gatewright.tools import simulate, verilator
from gatewright.tools.stream_bench import Setup
from rtl_blocks import CACHE, SIM

pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")

SIZES = (12, 9, 7, 4)
DOORS = 3  # cycles: the register behind the gate, the FIFO, the design's doors


def run_of(*adders: int) -> Graph:
    """Return unrolled layers, each with its own adders per stage; two of them read signs."""
    strategy, signed = Strategy.DISTRIBUTED_ARITHMETIC, parse_format("fixed<7,3,RND_CONV,SAT>")
    first = networks.mlp(SIZES[:2]).nodes[0]
    nodes: list[Node] = [replace(first, out=StreamType(signed, (SIZES[0],)))]
    for index, (rows, count) in enumerate(zip(SIZES[1:], adders, strict=True), start=1):
        request = FoldRequest(strategy=strategy, adders_per_stage=count)
        layer = networks.dense(f"fc{index}", nodes[-1], rows, seed=index, request=request)
        nodes.append(layer)
        if index < len(adders):
            fmt = signed if index == 1 else networks.ACTIVATION
            function = Function.IDENTITY if index == 1 else Function.RELU
            nodes.append(replace(networks.relu(f"y{index}", layer, fmt), function=function))
    return Graph("small_mlp", tuple(nodes), (nodes[-1].name,))


@pytest.mark.parametrize("adders", [(1, 1, 1), (2, 3, 1), (3, 3, 3)], ids=str)
def test_a_run_has_one_gate_and_one_fifo(
    adders: tuple[int, ...], seed: int, tmp_path: Path
) -> None:
    graph = run_of(*adders)
    description = emit.write_rtl(graph, tmp_path / "rtl")
    texts = {path.stem: path.read_text() for path in (tmp_path / "rtl").glob("*.sv")}
    for part in ("credit_gate", "axis_fifo"):
        assert sum(f"\n  {part} #(" in text for text in texts.values()) == 1
    assert [layer["fifo_depth"] > 0 for layer in description["layers"]] == [False, False, True]
    assert [layer["adders_per_stage"] for layer in description["layers"]] == list(adders)
    sources = [tmp_path / "rtl" / name for name in description["sources"]]
    verilator.lint([rtl_root() / "lint.vlt", *sources], graph.name)
    x = networks.random_inputs(graph, 60)
    expected = reference.outputs(graph, x)
    base = Setup(sources=[], sim_root=SIM, cache_folder=CACHE, seed=seed, optimise="-O0")
    setup = simulate.rtl_setup(tmp_path / "rtl", description, base)
    for idle, stall in ((0, 0), (90, 90)):
        result = simulate.run_design(
            description, x, setup, expected=expected, idle=idle, stall=stall
        )
        assert result.comparison is not None
        result.comparison.require_equal()
        if not stall:
            stages = [re.search(r"y_o\(t \+ (\d+)\)", text) for text in texts.values()]
            assert result.cycles_per_inference == 1
            assert result.latency_cycles == DOORS + sum(int(each[1]) for each in stages if each)
    simulate.run_protocol(description, x[:24], expected[:24], setup)


def test_a_layer_without_weights(seed: int, tmp_path: Path) -> None:
    """Its results are its biases, and it has no multipliers that could be busy."""
    graph = networks.mlp((6, 4), (FoldRequest(strategy=Strategy.DISTRIBUTED_ARITHMETIC),))
    first, layer = graph.nodes
    assert isinstance(layer, Dense)
    graph = replace(graph, nodes=(first, replace(layer, weight=0 * layer.weight)))
    description = emit.write_rtl(graph, tmp_path / "rtl")
    x = networks.random_inputs(graph, 20)
    base = Setup(sources=[], sim_root=SIM, cache_folder=CACHE, seed=seed, optimise="-O0")
    setup = simulate.rtl_setup(tmp_path / "rtl", description, base)
    expected = reference.outputs(graph, x)
    result = simulate.run_design(description, x, setup, expected=expected)
    assert result.comparison is not None
    result.comparison.require_equal()
    assert result.cycles_per_inference == 1
    assert result.mac_utilisation is None


def test_another_reader_ends_the_run(tmp_path: Path) -> None:
    """The middle layer is folded: the layers beside it have a gate and a FIFO of their own."""
    strategy = Strategy.DISTRIBUTED_ARITHMETIC
    alone = FoldRequest(strategy=strategy)
    graph = networks.mlp(SIZES, (alone, FoldRequest(pe=1, simd=1), alone))
    description = emit.write_rtl(graph, tmp_path / "rtl")
    assert all(layer["fifo_depth"] > 0 for layer in description["layers"])
    assert all(stream["held"] for stream in description["streams"])
