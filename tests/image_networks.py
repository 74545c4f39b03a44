"""Small QONNX networks of images for tests, built node by node: no training, no data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qonnx_networks import Builder, layer

Network = Callable[[Builder, str], str]  # adds nodes behind a tensor and returns the last


def conv(
    build: Builder,
    name: str,
    source: str,
    shape: tuple[int, ...],
    *,
    bias: bool = True,
    seed: int = 1,
    **window: Any,
) -> str:
    """Add a convolution with 4-bit weights of ``shape`` and 7-bit biases."""
    rng = np.random.default_rng(seed + len(name))
    weight = build.constant(f"{name}.weight", rng.integers(-7, 8, shape) / 8)
    operands = [build.quant(f"{name}_weight_quant", weight, bits=4, scale=0.125, narrow=1)]
    if bias:
        value = build.constant(f"{name}.bias", rng.integers(-64, 64, shape[0]) / 32)
        operands.append(build.quant(f"{name}_bias_quant", value, bits=7, scale=1 / 32))
    window.setdefault("kernel_shape", list(shape[2:]))
    return build.node("Conv", name, [source, *operands], **window)


def relu(build: Builder, name: str, source: str, scale: float = 0.25, bits: int = 4) -> str:
    """Add a ReLU and its quantiser."""
    tensor = build.node("Relu", name, [source])
    return build.quant(f"{name}_quant", tensor, bits=bits, scale=scale, signed=0)


def network(
    path: Path,
    shape: tuple[int, ...],
    add: Network,
    *,
    signed: int = 1,
    bits: int = 5,
    **quant: Any,
) -> Path:
    """Write the network ``add`` makes behind a quantised input of ``shape``."""
    build = Builder()
    tensor = build.quant("input_quant", "x", signed=signed, bits=bits, **quant)
    return build.save(path, add(build, tensor), (1, *shape))


def residual(build: Builder, x: str) -> str:
    """Two branches of unequal scales, added and quantised."""
    main = relu(build, "relu1", conv(build, "conv1", x, (4, 3, 3, 3), pads=[1, 1, 1, 1]))
    main = conv(build, "conv2", main, (4, 4, 3, 3), pads=[1, 1, 1, 1])
    main = build.quant("conv2_quant", main, bits=6, scale=0.5)
    side = conv(build, "short", x, (4, 3, 1, 1), bias=False)
    side = build.quant("short_quant", side, bits=5, scale=0.125)
    return relu(build, "relu2", build.node("Add", "sum", [main, side]), 0.25, 5)


def identity_residual(build: Builder, x: str) -> str:
    """A branch that is the stream itself, a global average of 20 values, dense."""
    x = relu(build, "relu1", conv(build, "conv1", x, (4, 2, 3, 3), pads=[1, 1, 1, 1]), 0.5)
    main = relu(build, "relu2", conv(build, "conv2", x, (4, 4, 3, 3), pads=[1, 1, 1, 1]), 1.0)
    main = conv(build, "conv3", main, (4, 4, 3, 3), pads=[1, 1, 1, 1])
    main = build.quant("conv3_quant", main, bits=6, scale=1.0)
    x = relu(build, "relu3", build.node("Add", "sum", [main, x]), 0.5, 6)
    x = build.quant("mean_quant", build.node("GlobalAveragePool", "mean", [x]), bits=7, scale=0.25)
    return classifier(build, x, 4, 1)


def inception(build: Builder, x: str) -> str:
    """Three branches of unequal scales, joined."""
    branches = [
        relu(build, f"relu{i}", conv(build, f"conv{i}", x, (i + 1, 3, 1, i), pads=pads), 0.5**i)
        for i, pads in ((1, [0, 0, 0, 0]), (2, [0, 0, 0, 1]), (3, [0, 1, 0, 1]))
    ]
    return build.node("Concat", "joined", branches, axis=1)


def classifier(build: Builder, x: str, channels: int, pixels: int, flat: str = "Flatten") -> str:
    """Flatten and classify."""
    if flat == "Reshape":
        target = build.constant("target", [1, -1], np.int64)
        x = build.node("Reshape", "flat", [x, target])
    else:
        x = build.node("Flatten", "flat", [x])
    return layer(build, "fc1", x, (channels * pixels, 3))


def small_ds_cnn(build: Builder, x: str) -> str:
    """Convolution, depthwise, pointwise, pooling, global average of 9 values, dense."""
    x = relu(
        build, "relu1", conv(build, "conv1", x, (4, 1, 3, 3), strides=[2, 2], pads=[0, 0, 1, 1])
    )
    x = relu(build, "relu2", conv(build, "dw", x, (4, 1, 3, 3), group=4, pads=[1, 1, 1, 1]))
    x = relu(build, "relu3", conv(build, "pw", x, (6, 4, 1, 1)))
    x = build.node("GlobalAveragePool", "mean", [x])
    x = build.quant("mean_quant", x, bits=6, scale=1 / 16, signed=0)
    return classifier(build, x, 6, 1)
