"""Softmax by table: PyTorch, QONNX execution, the reference and the C simulation are one."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climb import climb
from gatewright.errors import GatewrightError
from gatewright.exponential import exponential_table
from gatewright.frontend.prepare import prepare
from gatewright.graph import Depthwise, Softmax
from image_networks import Network, conv, network
from ladder import check_csim, check_reference, graph_from
from qonnx_networks import Builder, layer

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
BOTH = ("io_parallel", "io_stream")
SHAPE = (3, 4, 5)


def softmax(
    *,
    bits: int = 7,
    fraction: int = 3,
    steps: float | None = None,
    table_bits: int = 8,
    flat: bool | str = False,
    values: Any = None,
    quantised: bool = True,
    **quant: Any,
) -> Network:
    """The exported nodes of a softmax of ``bits`` and ``fraction`` behind a quantiser of 7, 3."""

    def add(build: Builder, x: str) -> str:
        if flat == "image":
            x = build.node("Flatten", "flat", [x])
        elif flat:
            x = layer(build, "fc1", build.node("Flatten", "flat", [x]), (60, 5))
        else:
            x = conv(build, "conv1", x, (3, 3, 2, 2))
        x = build.quant("logits", x, bits=7, scale=1 / 8)
        table = exponential_table(bits, fraction, table_bits) if values is None else values
        most = build.node("ReduceMax", "most", [x], axes=[1], keepdims=1)
        below = build.node("Sub", "below", [most, x])
        factor = build.constant("steps", steps or 2.0**fraction)
        index = build.node("Cast", "index", [build.node("Mul", "scaled", [below, factor])], to=7)
        e = build.node("Gather", "exp", [build.constant("table", table), index])
        axes = build.constant("axes", [1], np.int64)
        total = build.node("ReduceSum", "total", [e, axes], keepdims=1)
        x = build.node("Div", "softmax", [e, total])
        given = {"bits": 6, "scale": 1 / 64, "signed": 0, **quant}
        return build.quant("softmax_quant", x, **given) if quantised else x

    return add


CASES = {
    "of an image's channels": softmax(),
    "of a vector": softmax(flat=True),
    "saturating": softmax(bits=7, scale=1 / 128),
    "towards nothing": softmax(rounding_mode="FLOOR", scale=1 / 32),
    "ties up": softmax(rounding_mode="HALF_UP", scale=1 / 8),
    "with sign, wide": softmax(signed=1, bits=7, scale=1 / 32),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, CASES[case], stretch=4)
    assert isinstance(graph[graph.outputs[0]], Softmax)


@needs_gxx
@pytest.mark.parametrize("case", ["of an image's channels", "of a vector", "ties up"])
def test_the_c_simulation(case: str, tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, CASES[case], stretch=4, ios=BOTH, compiled=True)


@needs_gxx
def test_of_a_flattened_image(tmp_path: Path) -> None:
    """Over all pixels together, which a stream brings one after the other."""

    def add(build: Builder, x: str) -> str:
        return layer(build, "fc1", softmax(flat="image")(build, x), (60, 3))

    climb(tmp_path, SHAPE, add, stretch=4, ios=BOTH, compiled=True)


REFUSED: dict[str, tuple[Network, str]] = {
    "plain": (
        lambda build, x: build.quant("q", build.node("Softmax", "act", [x], axis=1)),
        r"act: Softmax; leave it out .*gatewright\.nets\.parts\.TableSoftmax",
    ),
    "no quantiser behind": (softmax(quantised=False), "softmax: a softmax must have one quantiser"),
    "other steps": (
        softmax(steps=16.0),
        r"softmax: .* steps of 0.0625, .* TableSoftmax\(bits=7, fraction=3\)",
    ),
    "a short table": (softmax(values=exponential_table(6, 3)), "softmax: .* has 64 steps"),
    "a table of fractions": (
        softmax(values=np.linspace(1, 0, 128)),
        "exp: a softmax's table must hold whole numbers",
    ),
    "a quotient too fine": (
        softmax(table_bits=24, bits=7, scale=2.0**-26),
        "softmax: a softmax of 3 channels.* needs 54 bits; allowed: 52",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", SHAPE, add))


@needs_gxx
def test_modules_of_softmax_and_scale(tmp_path: Path) -> None:
    """PyTorch -> QONNX -> C simulation -> reference, with the package's own modules."""
    torch = pytest.importorskip("torch")
    qnn = pytest.importorskip("brevitas.nn")
    from brevitas.quant import Int8ActPerTensorFixedPoint, Uint8ActPerTensorFixedPoint

    from gatewright import export
    from gatewright.nets.parts import ScaleBias, TableSoftmax

    torch.manual_seed(1)
    norm = torch.nn.BatchNorm1d(5)
    norm(torch.randn(64, 5) * 3 + 1)
    network = torch.nn.Sequential(
        qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=8),
        ScaleBias.of(norm),
        qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=8),
        TableSoftmax(bits=8, fraction=4),
        qnn.QuantIdentity(act_quant=Uint8ActPerTensorFixedPoint, bit_width=8),
    )
    for _ in range(3):
        network(torch.linspace(-7.9, 7.9, 500).reshape(100, 5))
    x = (np.random.default_rng(2).normal(size=(100, 5)) * 4).astype(np.float32)
    said = export.from_module(network.eval(), x, tmp_path)
    assert (said["compared"], said["mismatches"]) == (500, 0)
    (tmp_path / "model.onnx").rename(tmp_path / "m.onnx")
    (tmp_path / "vectors.npz").rename(tmp_path / "v.npz")
    graph = graph_from(tmp_path, "io_stream")
    assert [type(node) for node in graph.nodes[1:]] == [Depthwise, Softmax]
    check_reference(graph, tmp_path)
    check_csim(tmp_path, "io_stream")


def test_a_softmax_of_another_format_is_refused() -> None:
    torch = pytest.importorskip("torch")
    from gatewright.nets.parts import TableSoftmax

    module = TableSoftmax(bits=4, fraction=2).eval()
    assert module(torch.tensor([[0.0, 3.75]])).argmax() == 1
    with pytest.raises(GatewrightError, match=r"values 4 apart.* 4 bits, 2 of them fraction"):
        module(torch.tensor([[0.0, 4.0]]))


def test_a_softmax_of_too_many_bits_is_refused() -> None:
    pytest.importorskip("torch")
    from gatewright.nets.parts import TableSoftmax

    with pytest.raises(GatewrightError, match="input of 13 bits"):
        TableSoftmax(bits=13, fraction=4)
