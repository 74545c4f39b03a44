"""Convolutions and poolings that hls4ml gets wrong: every rung gives what QONNX execution gives."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.frontend.image_layers import dilated
from gatewright.frontend.prepare import prepare
from gatewright.graph import Conv, Depthwise, Pool, Pooling, Window
from image_networks import Network, conv, network, relu
from ladder import check_csim, check_reference, graph_from, write, write_many
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def convolved(shape: tuple[int, ...], **window: Any) -> Network:
    return lambda build, x: conv(build, "conv1", x, shape, **window)


def pooled(
    kind: str, *, target: dict[str, Any] | None = None, between: str = "", **window: Any
) -> Network:
    """A pooling, perhaps something elementwise behind it, and a quantiser."""

    def add(build: Builder, x: str) -> str:
        x = build.node(kind, "pool", [x], **window)
        if between:
            x = build.node(between, "between", [x])
        return build.quant("pool_quant", x, **(target or {"bits": 6, "scale": 1 / 32}))

    return add


def unquantised(kind: str, **window: Any) -> Network:
    return lambda build, x: build.node(kind, "pool", [x], **window)


def on_sums(build: Builder, x: str) -> str:
    """A padded maximum of sums that no quantiser has seen."""
    x = build.node("MaxPool", "pool", [conv(build, "conv1", x, (3, 2, 2, 2))],
                   kernel_shape=[3, 2], strides=[2, 2], pads=[1, 1, 0, 0])  # fmt: skip
    return relu(build, "relu1", x, 0.25, 6)


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], Network]] = {
    "dilation": ((2, 8, 9), convolved((3, 2, 3, 2), dilations=[2, 3], pads=[1, 0, 2, 1])),
    "dilation, stride": ((2, 9, 9), convolved((3, 2, 3, 3), dilations=[2, 2], strides=[2, 1])),
    "dilation, depthwise": ((3, 8, 7), convolved((3, 1, 3, 3), dilations=[2, 1], group=3)),
    "dilation, sequence": ((3, 9), convolved((4, 3, 3), dilations=[3], pads=[2, 1])),
    "groups": ((4, 5, 5), convolved((6, 2, 3, 3), group=2, pads=[1, 1, 1, 1])),
    "groups, sequence": ((6, 7), convolved((3, 2, 2), group=3)),
    "multiplier": ((2, 5, 5), convolved((6, 1, 3, 3), group=2)),
    "groups, dilation": ((4, 7, 7), convolved((4, 2, 2, 2), group=2, dilations=[3, 2])),
    "asymmetric": ((2, 4, 5), convolved((3, 2, 2, 3), pads=[0, 2, 3, 0], strides=[1, 2])),
    "same lower": ((2, 6, 7), convolved((3, 2, 4, 3), auto_pad="SAME_LOWER", strides=[2, 3])),
    "one row": ((2, 5, 7), convolved((3, 2, 1, 2), strides=[2, 1])),
    "one row, depthwise": ((2, 5, 7), convolved((2, 1, 1, 1), strides=[3, 2], group=2)),
    "valid": ((2, 6, 7), convolved((3, 2, 4, 3), auto_pad="VALID", strides=[2, 3])),
}
POOLINGS: dict[str, tuple[tuple[int, ...], Network]] = {
    "padded maximum": ((2, 6, 6), pooled("MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])),
    "dilated maximum": (
        (2, 8, 6),
        pooled("MaxPool", kernel_shape=[3, 2], pads=[2, 0, 1, 1], dilations=[2, 3]),
    ),
    "rounded up": (
        (2, 6, 5),
        pooled("MaxPool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    ),
    "padded sequence": ((2, 9), pooled("MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1])),
    "same": ((2, 5, 6), pooled("MaxPool", kernel_shape=[2, 3], auto_pad="SAME_LOWER")),
    "maximum of sums": ((2, 6, 6), on_sums),
    "maximum left as it is": (
        (2, 5, 5),
        unquantised("MaxPool", kernel_shape=[3, 3], pads=[0, 1, 1, 2]),
    ),
    "global maximum": ((2, 5, 4), unquantised("GlobalMaxPool")),
    "global maximum, sequence": ((2, 5), unquantised("GlobalMaxPool")),
    "largest": ((3, 3, 5), pooled("ReduceMax", axes=[2, 3], keepdims=0)),
    "average of 6": ((2, 6, 6), pooled("AveragePool", kernel_shape=[2, 3], strides=[2, 1])),
    "average, no pads counted": (
        (2, 5, 6),
        pooled("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ),
    "average, pads counted": (
        (2, 5, 6),
        pooled("AveragePool", kernel_shape=[3, 3], pads=[1, 0, 1, 2], count_include_pad=1),
    ),
    "average, rounded up": (
        (2, 6, 5),
        pooled("AveragePool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    ),
    "average, sequence": ((2, 9), pooled("AveragePool", kernel_shape=[3], pads=[1, 1])),
    "average, coarse": (
        (2, 5, 6),
        pooled("AveragePool", target={"bits": 4, "scale": 0.25}, kernel_shape=[3, 3]),
    ),
    "average, floor": (
        (2, 5, 6),
        pooled(
            "AveragePool", target={"bits": 5, "rounding_mode": "FLOOR"}, kernel_shape=[3, 2]
        ),
    ),
    "average, rectified": (
        (2, 5, 6),
        pooled("AveragePool", target={"bits": 5, "signed": 0}, between="Relu", kernel_shape=[3, 3]),
    ),
    "average of 4, no quantiser": (
        (2, 5, 6),
        unquantised("AveragePool", kernel_shape=[2, 2], strides=[2, 2]),
    ),
    "global average": ((2, 5, 3), pooled("GlobalAveragePool")),
    "global average, sequence": ((2, 7), pooled("GlobalAveragePool")),
}  # fmt: skip
CASES = {f"{kind} {name}": case for kind, group in (("conv", CONVOLUTIONS), ("pool", POOLINGS))
         for name, case in group.items()}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    shape, add = CASES[case]
    write(shape, add, tmp_path)
    graph = graph_from(tmp_path, "io_stream")
    kinds = (Conv, Depthwise) if case.startswith("conv") else (Pool,)
    assert any(isinstance(node, kinds) for node in graph.nodes)
    check_reference(graph, tmp_path)
    check_reference(graph_from(tmp_path, "io_parallel"), tmp_path)


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_the_c_simulation_gives_what_qonnx_execution_gives(io: str, tmp_path: Path) -> None:
    write_many(CASES, tmp_path)
    check_csim(tmp_path, io)


def test_a_dilation_is_one_in_hardware(tmp_path: Path) -> None:
    """The zeros that hls4ml multiplies by are not multiplied by in hardware."""
    write(*CONVOLUTIONS["dilation"], tmp_path)
    node = graph_from(tmp_path, "io_parallel", {"LayerName": {"conv1": {"SIMD": 12}}})["conv1"]
    assert isinstance(node, Conv)
    assert (node.window.kernel, node.window.dilation) == ((3, 2), (2, 3))
    assert node.weight.shape == (3, 12)
    with pytest.raises(GatewrightError, match="conv1: SIMD is 13; allowed: 1 to 12"):
        graph_from(tmp_path, "io_parallel", {"LayerName": {"conv1": {"SIMD": 13}}})


def test_how_an_average_is_read(tmp_path: Path) -> None:
    write(*POOLINGS["average, no pads counted"], tmp_path)
    node = graph_from(tmp_path, "io_parallel")["pool"]
    assert isinstance(node, Pool)
    assert (node.kind, node.count_padding) == (Pooling.AVERAGE, False)
    assert node.window.pad == (1, 1, 1, 1)


@pytest.mark.parametrize(("kernel", "dilation"), [((3, 4), (1, 1)), ((2, 3), (3, 2))])
def test_a_kernel_found_again(kernel: tuple[int, int], dilation: tuple[int, int]) -> None:
    weight = np.arange(1, 1 + kernel[0] * kernel[1] * 6).reshape(*kernel, 2, 3)
    whole = np.zeros((*Window(kernel=kernel, dilation=dilation).extent, 2, 3), np.int64)
    whole[:: dilation[0], :: dilation[1]] = weight
    window, taps = dilated(Window(kernel=whole.shape[:2], stride=(2, 1)), whole)
    assert (window.kernel, window.dilation, window.stride) == (kernel, dilation, (2, 1))
    np.testing.assert_array_equal(taps, weight.reshape(-1, 2, 3))


def test_a_kernel_of_zeros_stays() -> None:
    window, taps = dilated(Window(kernel=(3, 1)), np.zeros((3, 1, 2, 2), np.int64))
    assert (window, taps.shape) == (Window(kernel=(3, 1)), (3, 2, 2))


REFUSED: dict[str, tuple[tuple[int, ...], Network, str]] = {
    "transposed": (
        (2, 4, 4),
        lambda build, x: build.node(
            "ConvTranspose", "up1", [x, build.constant("w", np.ones((2, 3, 2, 2)))]
        ),
        "up1: ConvTranspose; ",
    ),
    "volume": ((1, 3, 3, 3), convolved((2, 1, 2, 2, 2)), "conv1: Conv over 3 axes"),
    "nothing but pads": (
        (2, 4, 4),
        pooled("MaxPool", kernel_shape=[2, 2], pads=[0, 0, 2, 2]),
        "pool: MaxPool .* windows without a pixel",
    ),
    "rounded up over counted pads": (
        (2, 4, 4),
        pooled(
            "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 0, 1],
            ceil_mode=1, count_include_pad=1,
        ),
        "pool: AveragePool with ceil_mode, pads .* that count",
    ),
    "average without quantiser": (
        (2, 3, 3),
        unquantised("GlobalAveragePool"),
        "pool: an average over 9 values needs one quantiser",
    ),
    "average quantised twice": (
        (2, 3, 3),
        lambda build, x: build.node(
            "Add", "sum",
            [build.quant(f"q{i}", build.node("GlobalAveragePool", "pool", [x]) if not i else
                         "pool_tensor", bits=4 + i) for i in range(2)],
        ),
        "pool: an average over 9 values needs one quantiser",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    shape, add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", shape, add))
