"""ONNX Runtime on the CPU gives, bit for bit, what the integers say; its time is not tested."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.fixed import Rounding, parse_format
from gatewright.graph import Dense, Graph, Input, StreamType, Window
from gatewright.rivals import compare, cpu
from gatewright.rivals.int8 import Int8Layer, layers_of
from gatewright.rivals.subject import Subject
from graphs import Maker
from networks import dense, mlp, random_inputs, relu


def network(source: str = "ufixed<8,0>", hidden: str = "ufixed<6,4,RND_CONV,SAT>") -> Graph:
    """Return 12-6-5-3 with sums that tie and saturate when they become ``hidden``."""
    kind = StreamType(parse_format(source), (12,))
    nodes = [Input(name="x", origin="x", inputs=(), out=kind)]
    for index, rows in enumerate((6, 5, 3)):
        nodes.append(dense(f"fc{index}", nodes[-1], rows, seed=index))
        if rows != 3:
            nodes.append(relu(f"relu{index}", nodes[-1], parse_format(hidden)))
    return Graph("net", tuple(nodes), ("fc2",))


def subject(graph: Graph, samples: int = 300) -> Subject:
    inputs = random_inputs(graph, samples, seed=5)
    return Subject(graph.name, graph, inputs, inputs, Path("unused"), samples=2)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_CALLS", 2)
    monkeypatch.setattr(cpu, "_ROUNDS", 3)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("source", ["ufixed<8,0>", "ufixed<4,4>", "fixed<8,1>", "fixed<3,1>"])
@pytest.mark.parametrize("hidden", ["ufixed<6,4,RND_CONV,SAT>", "fixed<8,3,TRN,SAT>"])
def test_every_sample_is_what_the_reference_says(source: str, hidden: str) -> None:
    (row,) = cpu.measure(subject(network(source, hidden)), ())
    assert (row.samples, row.mismatches) == (300, 0)
    assert row.tool.startswith("ONNX Runtime 1.")


def test_large_weights_do_not_saturate_in_pairs() -> None:
    kind = StreamType(parse_format("ufixed<8,8>"), (8,))
    source = Input(name="x", origin="x", inputs=(), out=kind)
    layer = replace(
        dense("fc", source, 2, bias=False),
        weight=np.array([[127] * 8, [-127] * 8]),
        weight_format=parse_format("fixed<8,8>"),
    )
    given = replace(subject(Graph("net", (source, layer), ("fc",))), inputs=np.full((1, 8), 255))
    graph = cpu.as_int8(given.graph, given.typical, cpu.ARITHMETIC)
    session = cpu.Session(cpu.model_of(layers_of(graph, cpu.ARITHMETIC), 0))
    found = session.run(np.full(8, 255, dtype=np.uint8))
    assert found.tolist() == [8 * 255 * 127, -8 * 255 * 127]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_changed_weight_is_seen(monkeypatch: pytest.MonkeyPatch, index: int) -> None:
    def changed(*words: object) -> list[Int8Layer]:
        layers = layers_of(*words)
        weight = layers[index].weight.copy()
        weight[0, 0] += 1
        layers[index] = replace(layers[index], weight=weight)
        return layers

    monkeypatch.setattr(cpu, "layers_of", changed)
    (row,) = cpu.measure(subject(mlp((12, 6, 5, 3))), ())
    assert 0 < row.mismatches <= 900


@pytest.mark.usefixtures("quick")
def test_another_rounding_of_ties_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    upwards = replace(cpu.ARITHMETIC, rounding=Rounding.RND)
    monkeypatch.setattr(cpu, "ARITHMETIC", upwards)
    (row,) = cpu.measure(subject(network()), ())
    assert row.mismatches > 0


def test_none_compared_is_a_failure() -> None:
    with pytest.raises(CheckFailedError, match="small_mlp: no samples to compare"):
        cpu.measure(subject(mlp(), samples=0), ())


def test_it_is_measured_if_no_tool_is_named() -> None:
    assert compare.TOOLS["onnxruntime"] is cpu.measure


def test_other_networks_are_refused_by_name() -> None:
    maker = Maker()
    maker.conv("conv1", maker.input((4, 4, 1)), 2, Window(kernel=(3, 3)))
    with pytest.raises(NotRunError, match="conv1 is a Conv; what is compared is an input, then"):
        cpu.measure(subject(maker.graph("images")), ())
    with pytest.raises(GatewrightError, match="onnxruntime has no settings; got 4x4"):
        cpu.measure(subject(mlp()), ("4x4",))


def test_sums_beyond_float32_are_refused_by_name() -> None:
    graph = network()
    first, wide = graph.nodes[0], graph.nodes[1]
    assert isinstance(wide, Dense)
    columns = (1 << 24) // (255 * 127)  # with one column more, sums may exceed 2**24
    for more in (0, 1):
        shape = (1, columns + more)
        source = replace(first, out=replace(first.out, shape=shape[1:]))
        weight = np.full(shape, 127)
        byte = parse_format("fixed<8,8>")
        layer = replace(wide, weight=weight, weight_format=byte, bias=None, bias_format=None)
        grown = Graph("net", (source, layer), ("fc0",))
        layers = layers_of(cpu.as_int8(grown, weight, cpu.ARITHMETIC), cpu.ARITHMETIC)
        if more:
            with pytest.raises(NotRunError, match=r"fc0: its sums may reach 16,8.* to 16,777,216"):
                cpu.model_of(layers, 8)
        else:
            assert cpu.model_of(layers, 8)
