"""Scale and bias: QONNX execution, the reference and the C simulation give one result."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climb import climb
from gatewright.errors import GatewrightError
from gatewright.frontend.prepare import prepare
from gatewright.graph import Depthwise
from image_networks import Network, conv, network
from qonnx_networks import Builder, layer

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
BOTH = ("io_parallel", "io_stream")
SHAPE = (2, 4, 5)


def batch_norm(
    variance: Any = (0.25, 4.0), epsilon: float = 0.0, gamma: Any = (0.75, -1.5)
) -> Network:
    """A batch normalisation of a convolution's sums, whose parameters are exact in few bits."""

    def add(build: Builder, x: str) -> str:
        x = conv(build, "conv1", x, (2, 2, 3, 3))
        values = {"gamma": gamma, "beta": (0.5, -0.125), "mean": (1.0, 0.5), "var": variance}
        operands = [build.constant(name, value) for name, value in values.items()]
        x = build.node("BatchNormalization", "bn1", [x, *operands], epsilon=epsilon)
        return build.quant("bn1_quant", x, bits=7, scale=1 / 8)

    return add


def arithmetic(*steps: tuple[str, Any], first: bool = False, flat: bool = False) -> Network:
    """Mul, Add and their like of constants; ``first``: the constant stands first."""

    def add(build: Builder, x: str) -> str:
        x = build.node("Flatten", "flat", [x]) if flat else conv(build, "conv1", x, (2, 2, 3, 3))
        for index, (kind, value) in enumerate(steps):
            operands = [x, build.constant(f"c{index}", value)]
            x = build.node(kind, f"step{index}", operands[::-1] if first else operands)
        x = build.quant("steps_quant", x, bits=7, scale=1 / 8)
        return layer(build, "fc1", x, (40, 3)) if flat else x

    return add


def quantised_scale(build: Builder, x: str) -> str:
    """A scale and a bias with quantisers of their own, as a module of scale and bias has."""
    x = conv(build, "conv1", x, (2, 2, 3, 3))
    scale = build.constant("scale", np.array([0.3, -1.2]).reshape(2, 1, 1))
    bias = build.constant("bias", np.array([0.3, -1.2]).reshape(2, 1, 1))
    x = build.node("Mul", "scaled", [x, build.quant("scale_quant", scale, bits=6, scale=1 / 16)])
    x = build.node("Add", "biased", [x, build.quant("bias_quant", bias, bits=6, scale=1 / 8)])
    return build.quant("biased_quant", x, bits=7, scale=1 / 8)


def channel(*values: float) -> np.ndarray:
    return np.array(values).reshape(-1, 1, 1)


CASES: dict[str, Network] = {
    "batch normalisation": batch_norm(),
    "scale and bias": arithmetic(("Mul", channel(0.375, -2)), ("Add", channel(-1, 0.5))),
    "bias before scale": arithmetic(("Sub", 0.75), ("Div", channel(0.5, -4))),
    "constant first": arithmetic(("Mul", channel(0.375, -2)), ("Add", 1.25), first=True),
    "quantised": quantised_scale,
    "flattened image": arithmetic(
        ("Mul", np.arange(-20, 20) / 16), ("Add", np.arange(40) / 32), flat=True
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, CASES[case])
    scales = [node for node in graph.nodes if isinstance(node, Depthwise)]
    assert len(scales) == (2 if case == "bias before scale" else 1)
    assert all(node.window.kernel == (1, 1) for node in scales)


def joined(build: Builder, x: str) -> str:
    x = conv(build, "conv1", x, (2, 2, 3, 3))
    one = build.node("Mul", "one", [x, build.constant("a", channel(0.375, -2))])
    one = build.node("Add", "one_bias", [one, build.constant("b", channel(0.25, -1))])
    one = build.quant("one_quant", one, bits=7, scale=1 / 8)
    other = build.node("Add", "other", [x, build.constant("c", 0.40625)])
    other = build.quant("other_quant", other, bits=5, scale=1 / 4, rounding_mode="HALF_UP")
    plain = build.node("Mul", "plain", [x, build.constant("d", 0.75)])
    return build.node("Concat", "joined", [one, other, plain], axis=1)


@needs_gxx
def test_the_c_simulation(tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, joined, ios=BOTH, compiled=True, stretch=3)


@needs_gxx
def test_features_of_a_flattened_image_in_the_c_simulation(tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, CASES["flattened image"], ios=BOTH, compiled=True)


REFUSED: dict[str, tuple[Network, str]] = {
    "epsilon": (
        batch_norm(epsilon=1e-5),
        r"bn1: BatchNormalization: a scale of 1\.4999.* more than 24 bits.*merge_bn.*ScaleBias",
    ),
    "variance": (batch_norm(variance=(0.3, 1.0)), "bn1: BatchNormalization: a scale of 1.369"),
    "shape": (
        arithmetic(("Mul", np.full((4, 1), 2.0))),
        r"step0: the constant operand of Mul has shape \(4, 1\)",
    ),
    "zero": (arithmetic(("Div", channel(1.0, 0.0))), "step0: a division by zero"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", SHAPE, add))
