"""Quantisers in every mode that QONNX has: QONNX execution, the reference and the C simulation."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climb import climb
from gatewright.errors import GatewrightError
from gatewright.fixed import Rounding
from gatewright.frontend.prepare import prepare
from gatewright.graph import Conv, Depthwise, Table
from image_networks import Network, conv, network
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
BOTH = ("io_parallel", "io_stream")
SHAPE = (2, 4, 5)
MODES = ("ROUND", "HALF_EVEN", "FLOOR", "CEIL", "DOWN", "UP", "HALF_UP", "HALF_DOWN")
TIES = {"bits": 8, "scale": 1 / 64}  # of the input: behind it values of 1/16 have ties


def quantised(wide: bool = False, **quant: Any) -> Network:
    """A quantiser of the input's quantiser, or of a convolution's sums."""

    def add(build: Builder, x: str) -> str:
        x = conv(build, "conv1", x, (2, 2, 3, 3)) if wide else x
        return build.quant("act_quant", x, **{"bits": 5, "scale": 1 / 16, **quant})

    return add


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "UP"])
@pytest.mark.parametrize("wide", [False, True])
def test_every_rounding_mode(mode: str, wide: bool, tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, quantised(wide, rounding_mode=mode), stretch=3, **TIES)


@pytest.mark.parametrize("mode", MODES)
def test_every_rounding_mode_without_sign(mode: str, tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, quantised(rounding_mode=mode, signed=0), stretch=3, **TIES)


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"CEIL", "UP"}))
def test_every_rounding_mode_at_the_input(mode: str, tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, quantised(True), rounding_mode=mode)
    assert graph.nodes[0].out.format.rounding in set(Rounding)


def both_signs(build: Builder, x: str) -> str:
    """Every mode, one bit with and without sign, narrow ranges with and without: joined."""
    x = conv(build, "conv1", x, (2, 2, 3, 3))
    given: list[dict[str, Any]] = [
        *({"rounding_mode": mode} for mode in ("FLOOR", "CEIL", "DOWN", "HALF_UP", "HALF_DOWN")),
        {"rounding_mode": "UP", "signed": 0},
    ]
    found = [build.quant(f"q{i}", x, **{"bits": 4, **quant}) for i, quant in enumerate(given)]
    return build.node("Concat", "joined", found, axis=1)


def ranges(build: Builder, x: str) -> str:
    x = conv(build, "conv1", x, (2, 2, 3, 3))
    given: list[dict[str, Any]] = [
        {"bits": 3, "narrow": 1},
        {"bits": 3, "narrow": 1, "signed": 0},
        {"bits": 1, "scale": 0.5},
        {"bits": 1, "scale": 0.25, "signed": 0},
        {"bits": 2, "scale": 1.0},
        {"bits": 4, "scale": np.array([0.25, 1.0]).reshape(1, 2, 1, 1)},
    ]
    found = [build.quant(f"q{i}", x, **quant) for i, quant in enumerate(given)]
    found.append(build.node("BipolarQuant", "sign", [x, build.constant("sign_scale", 2.0)]))
    return build.node("Concat", "joined", found, axis=1)


@needs_gxx
@pytest.mark.parametrize("io", BOTH)
@pytest.mark.parametrize("add", [both_signs, ranges])
def test_the_c_simulation(add: Network, io: str, tmp_path: Path) -> None:
    climb(tmp_path, SHAPE, add, ios=(io,), compiled=True, stretch=3)


def test_rounding_up_is_a_bias_and_a_truncation(tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, quantised(True, rounding_mode="CEIL"), **TIES)
    (lift,) = (node for node in graph.nodes if isinstance(node, Depthwise))
    assert lift.out.format.rounding is Rounding.TRN


def binary(build: Builder, x: str) -> str:
    """Binary activations of binary weights, twice."""
    x = build.node("BipolarQuant", "input_sign", [x, build.constant("input_scale", 1.0)])
    for name in ("conv1", "conv2"):
        rng = np.random.default_rng(len(name))
        weight = build.constant(
            f"{name}_w", rng.normal(size=(3, 2 if name == "conv1" else 3, 2, 2))
        )
        scale = build.constant(f"{name}_s", 0.5)
        weight = build.node("BipolarQuant", f"{name}_wq", [weight, scale])
        x = build.node("Conv", name, [x, weight])
        if name == "conv1":
            x = build.node("BipolarQuant", "sign", [x, build.constant("sign_scale", 0.25)])
    return x


def weights(**quant: Any) -> Network:
    """A convolution of weights with this quantiser."""

    def add(build: Builder, x: str) -> str:
        value = np.random.default_rng(2).uniform(-1, 1, (3, 2, 3, 3))
        weight = build.quant("wq", build.constant("w", value), **quant)
        return build.node("Conv", "conv1", [x, weight])

    return add


WEIGHTS: dict[str, Network] = {
    "ternary": weights(bits=2, narrow=1, scale=0.5),
    "two bits": weights(bits=2, scale=0.5),
    "one bit with sign": weights(bits=1, scale=0.5),
    "one bit without": weights(bits=1, scale=0.5, signed=0),
    "a scale for each channel": weights(
        bits=4, scale=np.array([0.125, 0.25, 0.03125]).reshape(3, 1, 1, 1)
    ),
    "narrow without sign": weights(bits=2, narrow=1, signed=0, scale=0.25),
    **{mode: weights(bits=4, scale=0.125, rounding_mode=mode) for mode in MODES},
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(case: str, tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, WEIGHTS[case])
    assert Conv in {type(node) for node in graph.nodes}


@needs_gxx
def test_binary_networks(tmp_path: Path) -> None:
    graph = climb(tmp_path, SHAPE, binary, ios=BOTH, compiled=True)
    assert sum(isinstance(node, Table) for node in graph.nodes) == 2


def test_dense_weights_of_several_scales(tmp_path: Path) -> None:
    def add(build: Builder, x: str) -> str:
        value = np.random.default_rng(2).uniform(-1, 1, (3, 40))
        scale = np.array([[0.125], [0.5], [0.25]])
        weight = build.quant("wq", build.constant("w", value), bits=4, scale=scale)
        x = build.node("Flatten", "flat", [x])
        return build.node("Gemm", "fc1", [x, weight], transB=1)

    climb(tmp_path, SHAPE, add)


def test_int_quant_is_quant(tmp_path: Path) -> None:
    def add(build: Builder, x: str) -> str:
        operands = [build.constant(n, v) for n, v in (("s", 0.125), ("z", 0.0), ("b", 4.0))]
        x = build.node("IntQuant", "q", [x, *operands], signed=1, narrow=0, rounding_mode="FLOOR")
        return conv(build, "conv1", x, (2, 2, 3, 3))

    climb(tmp_path, SHAPE, add)


REFUSED: dict[str, tuple[Network, str]] = {
    "up": (
        quantised(True, rounding_mode="UP"),
        "act_quant: rounding mode 'UP' of values of fixed.* ap_fixed does not have",
    ),
    "bipolar scale": (
        lambda build, x: build.node("BipolarQuant", "sign", [x, build.constant("s", 0.3)]),
        r"sign: BipolarQuant with scale \[0.3.*\]; allowed: one constant power of two",
    ),
    "weights' scale": (
        weights(bits=4, scale=np.array([0.1, 0.25, 0.5]).reshape(3, 1, 1, 1)),
        "wq: scale 0.1.* is not a power of two",
    ),
    "weights' mode": (
        weights(bits=4, rounding_mode="NEAREST"),
        "wq: rounding mode 'NEAREST', which QONNX does not define",
    ),
    "scales of pixels": (
        quantised(scale=np.array([0.25, 0.5, 1, 2]).reshape(1, 1, 4, 1)),
        "act_quant: .*scales .* channels",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", SHAPE, add))
