"""Streams joined, constants, branches: every rung gives what QONNX execution gives."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.frontend.prepare import prepare
from gatewright.graph import Combination, Concat, Depthwise, Merge
from image_networks import Network, conv, network, relu
from ladder import check_csim, check_reference, graph_from, write, write_many
from qonnx_networks import Builder, layer

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
IMAGE = (2, 4, 5)
Quantiser = dict[str, Any]
# Formats of the two streams: unequal widths, scales and signs.
FINE: Quantiser = {"bits": 7, "scale": 1 / 16}
COARSE: Quantiser = {"bits": 4, "scale": 0.5}
POSITIVE: Quantiser = {"bits": 5, "scale": 0.125, "signed": 0}


def streams(build: Builder, x: str, *formats: Quantiser) -> list[str]:
    """Several quantised convolutions of one image."""
    sums = [conv(build, f"conv{i}", x, (3, 2, 2, 2), seed=i) for i in range(len(formats))]
    return [
        build.quant(f"q{i}", y, **fmt) for i, (y, fmt) in enumerate(zip(sums, formats, strict=True))
    ]


def joined(
    kind: str, *formats: Quantiser, target: Quantiser | None = None, **attributes: Any
) -> Network:
    def add(build: Builder, x: str) -> str:
        y = build.node(kind, "joint", streams(build, x, *formats), **attributes)
        return build.quant("joint_quant", y, **target) if target else y

    return add


def with_constant(
    kind: str, value: Any, *, first: bool = False, quantised: bool = False, target: bool = True
) -> Network:
    def add(build: Builder, x: str) -> str:
        c = build.constant("c", value)
        if quantised:
            c = build.quant("c_quant", c, bits=5, scale=0.25)
        y = build.node(kind, "joint", [c, x] if first else [x, c])
        return build.quant("joint_quant", y, bits=6, scale=0.125) if target else y

    return add


def mean_of_sums(build: Builder, x: str) -> str:
    sums = [conv(build, f"conv{i}", x, (3, 2, 2, 2), seed=i) for i in range(2)]
    return relu(build, "relu1", build.node("Mean", "joint", sums), 0.125, 6)


def twice(build: Builder, x: str) -> str:
    (y,) = streams(build, x, FINE)
    return build.quant("s_quant", build.node("Add", "joint", [y, y]), bits=8, scale=0.125)


def vectors(kind: str) -> Network:
    def add(build: Builder, x: str) -> str:
        sums = [layer(build, f"fc{i}", x, (6, 4), seed=i) for i in range(2)]
        a, b = (build.quant(f"q{i}", y, bits=6 + i, scale=0.25) for i, y in enumerate(sums))
        return build.node(kind, "joint", [a, b], **({"axis": 1} if kind == "Concat" else {}))

    return add


def flattened(build: Builder, x: str) -> str:
    """Two flattened images and what a matrix makes of both."""
    a, b = (
        build.node("Flatten", f"flat{i}", [y])
        for i, y in enumerate(streams(build, x, FINE, COARSE))
    )
    y = build.node("Concat", "joint", [a, b], axis=1)
    return layer(build, "fc1", y, (2 * 3 * 3 * 4, 3))


def scaled_vector(build: Builder, x: str) -> str:
    y = build.quant("q1", layer(build, "fc1", x, (6, 4)), bits=6, scale=0.25)
    y = build.node("Mul", "scale", [y, build.constant("c", [[0.5, -1.25, 3, 0]])])
    y = build.quant("q2", y, bits=7, scale=0.125)
    y = build.node("Sub", "shift", [y, build.constant("d", [[0.5, -1.25, 3, 0]])])
    return build.quant("q3", y, bits=7, scale=0.25)


JOINTS: dict[str, tuple[tuple[int, ...], Network]] = {
    **{
        f"{kind} {name}": (IMAGE, joined(kind, *formats))
        for kind in ("Add", "Sub", "Mul", "Max", "Min", "Mean")
        for name, formats in (("unequal", (FINE, COARSE)), ("of signs", (POSITIVE, FINE)))
    },
    "quantised": (IMAGE, joined("Sub", FINE, POSITIVE, target={"bits": 4, "scale": 0.25})),
    "mean, coarse": (IMAGE, joined("Mean", FINE, FINE, target={"bits": 5, "scale": 0.125})),
    "mean of sums": (IMAGE, mean_of_sums),
    "many": (IMAGE, joined("Max", FINE, COARSE, POSITIVE)),
    "sum of many": (IMAGE, joined("Sum", FINE, COARSE, POSITIVE, FINE)),
    "concat of many": (IMAGE, joined("Concat", FINE, COARSE, POSITIVE, FINE, axis=1)),
    "twice": (IMAGE, twice),
    "vectors": ((6,), vectors("Mul")),
    "concat of vectors": ((6,), vectors("Concat")),
    "flattened": (IMAGE, flattened),
}
CONSTANTS: dict[str, tuple[tuple[int, ...], Network]] = {
    "add, one": (IMAGE, with_constant("Add", 0.375)),
    "add, channels": (IMAGE, with_constant("Add", [[[0.25]], [[-0.75]]], first=True)),
    "multiply, quantised": (IMAGE, with_constant("Mul", [[[0.7]], [[-1.1]]], quantised=True)),
    "subtract": (IMAGE, with_constant("Sub", [[[0.5]], [[0]]])),
    "subtract from": (IMAGE, with_constant("Sub", [[[0.5]], [[1]]], first=True, target=False)),
    "divide": (IMAGE, with_constant("Div", [[[4]], [[-0.5]]])),
    "sequence": ((2, 7), with_constant("Mul", [[0.5], [-3]])),
    "vector": ((6,), scaled_vector),
}


def read_twice(build: Builder, x: str) -> str:
    """Sums that two quantisers, and a ReLU, read."""
    y = conv(build, "conv1", x, (3, 2, 2, 2))
    parts = [
        build.quant("qa", y, **COARSE),
        build.quant("qb", y, **FINE),
        relu(build, "r", y, 0.0625, 6),
    ]
    return build.node("Concat", "joint", parts, axis=1)


def rectified_twice(build: Builder, x: str) -> str:
    y = build.node("Relu", "relu1", [layer(build, "fc1", x, (6, 4))])
    parts = [build.quant("qa", y, bits=4, scale=0.5, signed=0), build.quant("qb", y, **POSITIVE)]
    return build.node("Concat", "joint", parts, axis=1)


def shared_weights(build: Builder, x: str) -> str:
    a = conv(build, "conv1", x, (3, 2, 3, 3))
    weights = [f"{build.prefix}conv1_{what}_quant_tensor" for what in ("weight", "bias")]
    other = build.quant("other_quant", x, bits=3, scale=0.25)
    b = build.node("Conv", "conv2", [other, *weights], kernel_shape=[3, 3])
    parts = [build.quant(f"q{i}", y, **FINE) for i, y in enumerate((a, b))]
    return build.node("Concat", "joint", parts, axis=1)


BRANCHES: dict[str, tuple[tuple[int, ...], Network]] = {
    "read twice": (IMAGE, read_twice),
    "rectified twice": ((6,), rectified_twice),
    "shared weights": (IMAGE, shared_weights),
}
CASES = {
    f"{kind}: {name}": case
    for kind, group in (("joint", JOINTS), ("constant", CONSTANTS), ("branch", BRANCHES))
    for name, case in group.items()
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    shape, add = CASES[case]
    write(shape, add, tmp_path)
    check_reference(graph_from(tmp_path, "io_stream"), tmp_path)
    graph = graph_from(tmp_path, "io_parallel")
    check_reference(graph, tmp_path)
    if case.startswith("constant"):
        assert any(isinstance(node, Depthwise) and node.window.taps == 1 for node in graph.nodes)


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_the_c_simulation_gives_what_qonnx_execution_gives(io: str, tmp_path: Path) -> None:
    write_many(CASES, tmp_path)
    check_csim(tmp_path, io)


def test_how_joints_are_read(tmp_path: Path) -> None:
    write(*JOINTS["Mean unequal"], tmp_path)
    mean = graph_from(tmp_path, "io_parallel")["joint"]
    assert isinstance(mean, Merge)
    assert mean.kind is Combination.AVERAGE
    write(*JOINTS["concat of many"], tmp_path)
    nodes = graph_from(tmp_path, "io_parallel").nodes
    assert sum(isinstance(node, Concat) for node in nodes) == 3


def product_read_twice(build: Builder, x: str) -> str:
    y = build.node("MatMul", "fc1", [x, build.constant("w", np.ones((6, 2)))])
    z = build.node("Add", "bias", [y, build.constant("b", [1, 2])])
    return build.node("Concat", "joint", [y, z], axis=1)


REFUSED: dict[str, tuple[tuple[int, ...], Network, str]] = {
    "shapes": (
        IMAGE,
        lambda build, x: build.node("Add", "joint", [x, build.node("GlobalMaxPool", "top", [x])]),
        r"joint: Add of shapes \(1, 2, 4, 5\) and \(1, 2, 1, 1\); supported: equal",
    ),
    "division": (IMAGE, joined("Div", FINE, FINE), "joint: Div of two streams"),
    "divisor": (IMAGE, with_constant("Div", 3.0), "joint: Div: a scale of 0.333.* 24 bits"),
    "mean of three": (IMAGE, joined("Mean", FINE, FINE, FINE), "joint: Mean of 3 tensors"),
    "maximum with a constant": (IMAGE, with_constant("Max", 0.5), "joint: Max of a stream and a"),
    "within a channel": (
        IMAGE,
        with_constant("Add", np.arange(5) / 4),
        r"joint: the constant operand of Add has shape \(5,\) .* one for each of the 2 channels",
    ),
    "larger": (
        (2, 1, 1),
        with_constant("Add", np.ones((2, 3, 3))),
        r"joint: the constant operand of Add has shape \(2, 3, 3\)",
    ),
    "product read twice": (
        (6,),
        product_read_twice,
        "fc1: its product is read with and without the bias of bias",
    ),
    "flattened and not": (
        IMAGE,
        lambda build, x: build.node(
            "Add", "joint",
            [
                build.node("Flatten", "flat", [x]),
                layer(build, "fc1", build.node("Flatten", "flat2", [x]), (40, 40)),
            ],
        ),
        "joint: one operand of Add is a flattened image",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    shape, add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", shape, add))
