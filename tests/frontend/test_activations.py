"""Activations: QONNX execution, the reference and the C simulation give one result."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climb import climb
from gatewright.errors import GatewrightError
from gatewright.frontend.prepare import prepare
from gatewright.graph import Clip, Elementwise, Graph, Rectifier, Table
from image_networks import Network, conv, network, relu
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
BOTH = ("io_parallel", "io_stream")
SHAPE = (2, 4, 5)
TABLES = ("Sigmoid", "Tanh", "HardSigmoid", "Elu", "Selu", "Softplus", "Softsign")


def per_channel(values: list[float]) -> np.ndarray:
    """Constants for the channels of an image."""
    return np.array(values).reshape(-1, 1, 1)


def activation(
    kind: str,
    *constants: Any,
    wide: bool = False,
    quant: dict[str, Any] | None = None,
    **attributes: Any,
) -> Network:
    """An activation called ``act`` and its quantiser; ``wide``: of a convolution's sums."""

    def add(build: Builder, x: str) -> str:
        x = conv(build, "conv1", x, (2, 2, 3, 3)) if wide else x
        operands = [build.constant(f"act_{i}", value) for i, value in enumerate(constants)]
        x = build.node(kind, "act", [x, *operands], **attributes)
        return build.quant("act_quant", x, **{"bits": 6, "scale": 1 / 16, **(quant or {})})

    return add


CASES: dict[str, tuple[Network, type]] = {
    "leaky": (activation("LeakyRelu", alpha=0.25), Rectifier),
    "leaky, wide": (activation("LeakyRelu", wide=True, alpha=0.1875), Rectifier),
    "leaky, greater than one": (activation("LeakyRelu", wide=True, alpha=2.5), Rectifier),
    "leaky, any slope": (activation("LeakyRelu", alpha=0.01), Table),
    "parametric": (activation("PRelu", per_channel([0.5, -0.25])), Rectifier),
    "parametric, wide": (activation("PRelu", per_channel([0.375, -2]), wide=True), Rectifier),
    "parametric, one slope": (activation("PRelu", 0.125, wide=True), Rectifier),
    "thresholded": (activation("ThresholdedRelu", alpha=0.3), Rectifier),
    "thresholded, wide": (activation("ThresholdedRelu", wide=True, alpha=0.3), Rectifier),
    "thresholded, below zero": (activation("ThresholdedRelu", wide=True, alpha=-0.8), Rectifier),
    "clip": (activation("Clip", -0.3125, 0.5), Clip),
    "hard tanh, wide": (activation("Clip", -1.0, 1.0, wide=True), Clip),
    "relu6": (activation("Clip", 0.0, 6.0, wide=True, quant={"scale": 0.25}), Clip),
    "clip, finer than the source": (
        activation("Clip", -0.51171875, 0.90625, quant={"bits": 12, "scale": 1 / 1024}),
        Clip,
    ),
    "clip, one bound": (activation("Clip", -0.5, wide=True), Clip),
    **{kind: (activation(kind), Table) for kind in TABLES},
    "sigmoid, ties up": (activation("Sigmoid", quant={"rounding_mode": "HALF_UP"}), Table),
    "tanh, rounded up": (activation("Tanh", quant={"rounding_mode": "CEIL"}), Table),
    "elu, towards nothing": (activation("Elu", alpha=1.7, quant={"rounding_mode": "DOWN"}), Table),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    add, kind = CASES[case]
    graph = climb(tmp_path, SHAPE, add)
    assert kind in {type(node) for node in graph.nodes}


def branches(wide: bool) -> Network:
    """Every activation of one kind, joined: one C++ build for all."""

    def add(build: Builder, x: str) -> str:
        found: list[str] = []

        def join(kind: str, *constants: Any, quant: dict[str, Any], **attributes: Any) -> None:
            name = f"act{len(found)}"
            operands = [build.constant(f"{name}_{i}", c) for i, c in enumerate(constants)]
            y = build.node(kind, name, [x, *operands], **attributes)
            found.append(build.quant(f"{name}_quant", y, **quant))

        if wide:
            x = conv(build, "conv1", x, (2, 2, 3, 3))
            join("LeakyRelu", quant={"bits": 6, "scale": 1 / 16}, alpha=0.1875)
            join("PRelu", per_channel([0.5, -0.25]), quant={"bits": 7, "scale": 1 / 8, "narrow": 1})
            join("ThresholdedRelu", quant={"bits": 5, "scale": 1 / 4}, alpha=0.3)
            join("Clip", -1.0, 1.0, quant={"bits": 4, "scale": 1 / 8, "rounding_mode": "FLOOR"})
            join("Clip", 0.0, 6.0, quant={"bits": 5, "scale": 1 / 4, "signed": 0})
            join("Relu", quant={"bits": 5, "scale": 1 / 8, "signed": 0})
        else:
            for index, kind in enumerate(TABLES):
                join(kind, quant={"bits": 4 + index % 3, "scale": 2.0 ** -(3 + index % 3)})
        return build.node("Concat", "joined", found, axis=1)

    return add


@needs_gxx
@pytest.mark.parametrize("io", BOTH)
@pytest.mark.parametrize("wide", [False, True])
def test_the_c_simulation(wide: bool, io: str, tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, branches(wide), ios=(io,), compiled=True)
    kinds = [type(node) for node in graph.nodes]
    assert [kinds.count(kind) for kind in (Rectifier, Clip, Table)] == (
        [3, 2, 0] if wide else [0, 0, 7]
    )


def forked(build: Builder, x: str) -> str:
    """Sums that two quantisers read, and a function that nothing quantises."""
    x = conv(build, "conv1", x, (2, 2, 3, 3))
    one = build.quant("one", x, bits=4, scale=1 / 4)
    other = build.quant("other", x, bits=7, scale=1 / 8)
    plain = build.node("Relu", "plain", [x])
    largest = build.node("MaxPool", "pool", [plain], kernel_shape=[1, 1])
    leaky = build.node("LeakyRelu", "leaky", [other], alpha=0.375)
    return build.node("Concat", "joined", [one, other, largest, leaky], axis=1)


@needs_gxx
def test_forks_and_functions_without_a_quantiser(tmp_path: Path) -> None:
    """hls4ml gives the former the first quantiser's type, the latter its default."""
    climb(tmp_path, SHAPE, forked, ios=BOTH, compiled=True)


def silu(build: Builder, x: str) -> str:
    x = build.quant("x_quant", conv(build, "conv1", x, (2, 2, 3, 3)), bits=8, scale=1 / 16)
    x = build.node("Mul", "times", [x, build.node("Sigmoid", "sigmoid", [x])])
    return build.quant("silu_quant", x, bits=8, scale=1 / 16)


def test_several_nodes_are_one_table(tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, silu)
    table = only(graph, Table)
    assert table.function == "Sigmoid, Mul"
    assert len(table.values) == 256
    assert not any(isinstance(node, Elementwise) for node in graph.nodes)


def only(graph: Graph, kind: type) -> Any:
    (node,) = (node for node in graph.nodes if isinstance(node, kind))
    return node


def test_a_wrong_value_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatewright.frontend import own_nodes

    make = own_nodes.make

    def off_by_one(kind: str, *names: str, **values: Any) -> Any:
        if kind == "GwTable":
            values["values"] = [value + 1 for value in values["values"]]
        return make(kind, *names, **values)

    monkeypatch.setattr(own_nodes, "make", off_by_one)
    with pytest.raises(AssertionError):
        climb(tmp_path, SHAPE, activation("Tanh"))


def two_tensors(build: Builder, x: str) -> str:
    y = relu(build, "relu1", x)
    x = build.node("Add", "sum", [x, build.node("Tanh", "tanh", [y])])
    return build.quant("sum_quant", x)


REFUSED: dict[str, tuple[Network, str]] = {
    "table of a sum": (
        activation("Sigmoid", wide=True),
        "act: Sigmoid of a tensor that is not quantised.* at most 12 bits.* in front",
    ),
    "table without quantiser": (
        lambda build, x: build.node("Tanh", "act", [x]),
        "act: Tanh without a quantiser behind it.*QuantIdentity",
    ),
    "table of two": (two_tensors, "tanh: Tanh of 2 tensors together .* right behind"),
    "slope": (
        activation("LeakyRelu", wide=True, alpha=0.01),
        "act: LeakyRelu with slope 0.00999.* more than 16 bits.* use 0.01171875",
    ),
    "slopes": (
        activation("PRelu", per_channel([0.1, 0.2]), wide=True),
        "act: PRelu with slope 0.1.* more than 16 bits",
    ),
    "slopes of pixels": (
        activation("PRelu", np.ones((2, 4, 5))),
        r"act: the slope of PRelu has shape \(2, 4, 5\).* each of the 2 channels",
    ),
    "bound": (activation("Clip", -0.1, 0.7), "act: Clip to -0.1.* more than 24 bits.* 1/256"),
    "bounds": (activation("Clip", 0.5, 0.25), "act: Clip from 0.5 to 0.25"),
    "bound from the input": (
        lambda build, x: build.node("Clip", "act", [x, build.node("Relu", "other", [x])]),
        "act: a bound of Clip depends on the input",
    ),
    "scale": (
        activation("Tanh", quant={"scale": 0.3}),
        "act_quant: scale 0.3.* is not a power of two",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", SHAPE, add))


def test_a_value_on_the_edge_of_rounding_is_refused(tmp_path: Path) -> None:
    """In float32 the sigmoid of 31 is 1, in float64 it is less; rounded down they differ."""

    def add(build: Builder, x: str) -> str:
        x = build.node("Sigmoid", "act", [x])
        return build.quant("act_quant", x, signed=0, scale=1 / 8, rounding_mode="FLOOR")

    path = network(tmp_path / "m.onnx", SHAPE, add, bits=6, scale=1.0)
    with pytest.raises(GatewrightError, match=r"act: Sigmoid of .* float32 gives 1 .* ROUND"):
        prepare(path)
