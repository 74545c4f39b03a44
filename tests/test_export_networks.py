"""Every convolutional network, untrained and quantised: PyTorch and QONNX execution agree."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from gatewright import export, nets
from gatewright.data import Preprocessing
from gatewright.train.quantise import Quantise
from gatewright.train.settings import QuantiseStep
from gatewright.train.technique import Task

IMAGES = Preprocessing(1 / 256, 255, (1, 28, 28), "channel, row, column")
SERIES = Preprocessing(1 / 32, 127, (2, 11), "feature, time", raw_min=-128)
CONV1D = {
    "features": 2,
    "channels": (4, 8),
    "kernels": (3, 3),
    "strides": (1, 2),
    "average": 4,
    "classes": 3,
    "dropout": 0.5,
}
NETWORKS: dict[str, tuple[dict[str, Any], Preprocessing]] = {
    "lenet": ({"channels": (2, 4), "hidden": (8,), "classes": 3}, IMAGES),
    "ds_cnn": ({"channels": (4, 8, 8, 8), "strides": (2, 1, 2, 2), "classes": 3}, IMAGES),
    "resnet": ({"channels": (2, 4, 8), "classes": 3}, IMAGES),
    "conv1d": (CONV1D, SERIES),
}


def raw(preprocessing: Preprocessing, count: int, seed: int) -> np.ndarray:
    """Return samples of noise, some of them dark and some bright: outputs are to differ."""
    generator = np.random.default_rng(seed)
    least, most = preprocessing.raw_min, preprocessing.raw_max
    noise = generator.integers(least, most + 1, (count, *preprocessing.raw_shape))
    level = generator.integers(least, most + 1, (count, *[1] * len(preprocessing.raw_shape)))
    values = np.clip(noise // 2 + level, least, most)
    return (values * preprocessing.scale).astype(np.float32)


def quantised(name: str) -> torch.nn.Module:
    options, preprocessing = NETWORKS[name]
    torch.manual_seed(11)
    network = nets.build(name, options)
    inputs = torch.from_numpy(raw(preprocessing, 64, 1))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics are those of the one batch that follows
    network(inputs)
    technique = Quantise(QuantiseStep(epochs=1, bias_bits=12))
    network = technique.convert(network, preprocessing, {})
    labels = torch.zeros(64, dtype=torch.long)
    technique.prepare(network, Task(inputs, labels, inputs, labels, preprocessing, 1))
    return network


@pytest.mark.parametrize("name", NETWORKS)
def test_exports_exactly(name: str, tmp_path: Path) -> None:
    inputs = raw(NETWORKS[name][1], 40, 2)
    record = export.from_module(quantised(name), inputs, tmp_path)
    assert (record["samples"], record["compared"], record["mismatches"]) == (40, 120, 0)
    assert record["arithmetic"] == "float32"
    outputs = np.load(tmp_path / "vectors.npz")["outputs"]
    assert len(np.unique(outputs, axis=0)) > 20  # not constant
    again = export.from_onnx(tmp_path / "model.onnx", inputs, tmp_path / "again")
    assert again["mismatches"] == 0
    assert np.array_equal(np.load(tmp_path / "again" / "vectors.npz")["outputs"], outputs)


def test_the_graph_has_the_modules_names_and_no_normalisation(tmp_path: Path) -> None:
    export.from_module(quantised("resnet"), raw(IMAGES, 4, 2), tmp_path)
    nodes = {node.name: node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    kinds = Counter(nodes.values())
    assert (kinds["Conv"], kinds["Add"], kinds["Gemm"]) == (10, 3, 1)
    assert set(kinds) <= {"Quant", "Conv", "Relu", "Add", "Flatten", "Reshape", "Gemm"}
    for name in ("conv1", "block1_conv2", "block2_shortcut_conv", "average", "fc"):
        assert name in nodes
        assert f"{name}_weight_quant" in nodes
    assert {"block1_edge2_quant", "block2_shortcut_edge_quant", "mean_quant"} <= set(nodes)
