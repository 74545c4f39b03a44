"""From PyTorch (Brevitas) through export and C simulation: activations of torch's own."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import export
from gatewright.graph import Clip, Rectifier, Table
from image_networks import network
from ladder import check_csim, check_reference, graph_from
from qonnx_networks import Builder, layer

pytest.importorskip("hls4ml")
torch = pytest.importorskip("torch")
qnn = pytest.importorskip("brevitas.nn")
nn = torch.nn
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def quantiser(bits: int = 6) -> Any:
    from brevitas.quant import Int8ActPerTensorFixedPoint

    return qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=bits)


def linear(inputs: int, outputs: int) -> Any:
    from brevitas.quant import Int8WeightPerTensorFixedPoint

    return qnn.QuantLinear(
        inputs, outputs, bias=False, weight_bit_width=5, weight_quant=Int8WeightPerTensorFixedPoint
    )


@needs_gxx
def test_activations_of_torch(tmp_path: Path) -> None:
    torch.manual_seed(5)
    modules: list[Any] = [quantiser()]
    tables = (nn.Sigmoid(), nn.Tanh(), nn.ELU(), nn.SiLU(), nn.Softplus(), nn.Hardsigmoid())
    for function in tables:
        modules += [linear(6, 6), quantiser(7), function, quantiser()]
    for function in (nn.LeakyReLU(0.25), nn.PReLU(6), nn.Hardtanh(), nn.ReLU6()):
        modules += [linear(6, 6), function, quantiser()]
    model = nn.Sequential(*modules)
    with torch.no_grad():
        for module in model:
            if isinstance(module, qnn.QuantLinear):
                module.weight *= 3
        for _ in range(20):
            model(torch.randn(64, 6) * 2)
    x = np.random.default_rng(1).normal(size=(100, 6)).astype(np.float32) * 2
    said = export.from_module(model.eval(), x, tmp_path)
    assert (said["compared"], said["mismatches"]) == (600, 0)
    (tmp_path / "model.onnx").rename(tmp_path / "m.onnx")
    (tmp_path / "vectors.npz").rename(tmp_path / "v.npz")
    graph = graph_from(tmp_path, "io_parallel")
    kinds = [type(node) for node in graph.nodes]
    assert [kinds.count(kind) for kind in (Table, Rectifier, Clip)] == [6, 2, 2]
    check_reference(graph, tmp_path)
    check_csim(tmp_path, "io_parallel")


def test_binary_networks_are_exported(tmp_path: Path) -> None:
    """A network whose only quantisers are bipolar, executed in float64."""

    def add(build: Builder, x: str) -> str:
        x = build.node("BipolarQuant", "sign", [x, build.constant("scale", 0.5)])
        return layer(build, "fc1", x, (6, 4))

    path = network(tmp_path / "m.onnx", (6,), add)
    x = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    said = export.from_onnx(path, x, tmp_path)
    assert said["mismatches"] == 0
