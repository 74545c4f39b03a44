"""Networks of images: QONNX execution, C simulation and the integer reference give one result."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import graph_io, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import (
    dequantize,
    parse_format,
)
from gatewright.frontend import hls_step
from gatewright.frontend.prepare import prepare
from gatewright.graph import Concat, Conv, Dense, Depthwise, Merge, Pool, Pooling, Strategy
from gatewright.vectors import to_integers
from image_networks import (
    Network,
    classifier,
    conv,
    identity_residual,
    inception,
    network,
    relu,
    residual,
    small_ds_cnn,
)
from ladder import check_reference, executed, graph_from, samples, write
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def window(name: str, shape: tuple[int, ...], **window: Any) -> Network:
    return lambda build, x: conv(build, name, x, shape, **window)


def pooled(kind: str, *, rectified: bool = False, **window: Any) -> Network:
    """A pooling between two quantisers, or right behind a ReLU's."""

    def add(build: Builder, x: str) -> str:
        x = relu(build, "relu1", x) if rectified else x
        x = build.node(kind, "pool", [x], **window)
        return build.quant("pool_quant", x, bits=6, scale=1 / 32)

    return add


def flattened_output(build: Builder, x: str) -> str:
    x = build.node("Flatten", "flat", [conv(build, "conv1", x, (4, 3, 3, 3))])
    return build.quant("flat_quant", x, bits=5, scale=0.5)


NETWORKS: dict[str, tuple[tuple[int, ...], Network, tuple[type, ...]]] = {
    "asymmetric": (
        (3, 6, 7),
        window("conv1", (4, 3, 3, 2), strides=[2, 3], pads=[1, 0, 2, 1]),
        (Conv,),
    ),
    "same": (
        (2, 5, 6),
        window("conv1", (3, 2, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER"),
        (Conv,),
    ),
    "same lower": ((2, 5, 6), window("conv1", (3, 2, 2, 2), auto_pad="SAME_LOWER"), (Conv,)),
    "pointwise": ((3, 4, 5), window("conv1", (4, 3, 1, 1), strides=[2, 2]), (Conv,)),
    "depthwise": ((3, 5, 4), window("conv1", (3, 1, 3, 2), group=3, strides=[2, 1]), (Depthwise,)),
    "sequence": ((3, 8), window("conv1", (4, 3, 3), strides=[2], pads=[1, 0]), (Conv,)),
    "sequence, maximum": (
        (3, 9),
        lambda build, x: classifier(
            build, build.node("MaxPool", "pool", [x], kernel_shape=[2], strides=[2]), 3, 4
        ),
        (Pool,),
    ),
    "overlapping maximum": (
        (2, 7, 8),
        pooled("MaxPool", kernel_shape=[3, 2], strides=[2, 1]),
        (Pool,),
    ),
    "padded maximum": (
        (2, 6, 6),
        pooled("MaxPool", rectified=True, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 1]),
        (Pool,),
    ),
    "global maximum": ((3, 3, 4), pooled("GlobalMaxPool"), (Pool,)),
    "average of 4": (
        (3, 4, 6),
        pooled("AveragePool", kernel_shape=[2, 2], strides=[2, 2]),
        (Pool,),
    ),
    "average of 9": (
        (3, 5, 7),
        pooled("AveragePool", kernel_shape=[3, 3], strides=[2, 2]),
        (Pool,),
    ),
    "padded average": (
        (2, 4, 4),
        pooled("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        (Pool,),
    ),
    "global average": ((3, 5, 7), pooled("GlobalAveragePool"), (Pool,)),
    "average of one channel": ((1, 4, 4), pooled("GlobalAveragePool"), (Pool,)),
    "mean": ((3, 3, 5), pooled("ReduceMean", axes=[2, 3], keepdims=0), (Pool,)),
    "residual": ((3, 4, 5), residual, (Conv, Merge)),
    "identity residual": ((2, 4, 5), identity_residual, (Conv, Merge, Pool)),
    "inception": ((3, 4, 5), inception, (Conv, Concat)),
    "flatten": ((3, 2, 4), lambda build, x: classifier(build, x, 3, 8), ()),
    "reshape": ((3, 2, 4), lambda build, x: classifier(build, x, 3, 8, "Reshape"), ()),
    "flattened output": ((3, 4, 4), flattened_output, (Conv,)),
    "depthwise-separable": ((1, 8, 8), small_ds_cnn, (Conv, Depthwise, Pool)),
}
COMPILED = ("residual", "depthwise-separable", "padded maximum")


@pytest.mark.parametrize("case", NETWORKS)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    write(*NETWORKS[case][:2], tmp_path)
    graph = graph_from(tmp_path, "io_stream")
    assert graph.channels_first
    assert {type(node) for node in graph.nodes} >= set(NETWORKS[case][2])
    check_reference(graph, tmp_path)
    check_reference(graph_from(tmp_path, "io_parallel"), tmp_path)


@needs_gxx
@pytest.mark.parametrize("case", COMPILED)
def test_the_whole_step(case: str, tmp_path: Path) -> None:
    write(*NETWORKS[case][:2], tmp_path)
    io = "io_parallel" if case == "depthwise-separable" else "io_stream"
    said = hls_step.run(
        case, tmp_path / "m.onnx", tmp_path / "v.npz", {}, tmp_path / "b", 5.0, "part", io
    )
    assert said["compared"] > 0
    assert said["mismatches"] == 0
    graph = graph_io.load(tmp_path / "b")
    assert graph.channels_first
    check_reference(graph, tmp_path)


def test_an_average_is_an_average_in_hardware(tmp_path: Path) -> None:
    write(*NETWORKS["depthwise-separable"][:2], tmp_path)
    graph = graph_from(tmp_path, "io_stream")
    mean = graph["mean"]
    assert isinstance(mean, Pool)
    assert mean.kind is Pooling.AVERAGE
    assert mean.window.kernel == (4, 4)


def test_a_wrong_order_would_be_seen(tmp_path: Path) -> None:
    """Without turning the images the comparison fails."""
    from dataclasses import replace

    write(*NETWORKS["asymmetric"][:2], tmp_path)
    graph = replace(graph_from(tmp_path, "io_parallel"), channels_first=False)
    with pytest.raises(AssertionError):
        check_reference(graph, tmp_path)


def test_reals_are_the_same(tmp_path: Path) -> None:
    """Once in real numbers, so that units and order are not judged by the code under test."""
    shape, add, _ = NETWORKS["pointwise"]
    path = network(tmp_path / "m.onnx", shape, add)
    x = samples(shape, 5)
    graph = graph_from(tmp_path, "io_parallel")
    inputs = x.transpose(0, 2, 3, 1).reshape(5, -1)
    first, last = graph.nodes[0].out, graph[graph.outputs[0]].out
    assert first.shape == (4, 5, 3)
    found = dequantize(reference.outputs(graph, to_integers(inputs, first.format)), last.format)
    images = found.reshape(5, *last.shape).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images, executed(path, x))


def test_settings_of_convolutions(tmp_path: Path) -> None:
    write(*NETWORKS["depthwise-separable"][:2], tmp_path)
    settings = {
        "LayerName": {
            "conv1": {"PE": 2, "SIMD": 3},
            "dw": {"PE": 2},
            "pw": {"ReuseFactor": 5, "Strategy": "Latency", "Precision": "fixed<9,5>"},
        }
    }
    graph = graph_from(tmp_path, "io_parallel", settings)
    found = {node.name: node for node in graph.nodes if isinstance(node, Dense)}
    assert (found["conv1"].request.pe, found["conv1"].request.simd) == (2, 3)
    # hls4ml computes it as Latency, which is what its C++ has; what was asked for stays.
    assert found["dw"].request.strategy is Strategy.RESOURCE
    assert found["dw"].request.pe == 2
    assert found["dw"].weight.shape == (4, 9)
    request = found["pw"].request
    assert (request.strategy, request.asked_reuse_factor, request.reuse_factor) == (
        Strategy.LATENCY, 5, 4,
    )  # fmt: skip
    assert found["pw"].out.format == parse_format("fixed<9,5>")


SETTINGS_REFUSED = {
    "pe": ({"dw": {"PE": 5}}, "dw: PE is 5; allowed: 1 to 4"),
    "accumulator": (
        {"pw": {"Precision": {"accum": "fixed<8,4>"}}},
        r"pw: accumulator fixed<8,4,TRN,WRAP> loses .*accum: 'fixed<\d+,\d+>'",
    ),
}


@pytest.mark.parametrize("case", SETTINGS_REFUSED)
def test_settings_refused(case: str, tmp_path: Path) -> None:
    layers, words = SETTINGS_REFUSED[case]
    write(*NETWORKS["depthwise-separable"][:2], tmp_path, 1)
    with pytest.raises(GatewrightError, match=words):
        graph_from(tmp_path, "io_stream", {"LayerName": layers})


REFUSED: dict[str, tuple[tuple[int, ...], Network, str]] = {
    "average without quantiser": (
        (2, 3, 3),
        lambda build, x: build.node("GlobalAveragePool", "pool", [x]),
        "pool: an average over 9 values needs one quantiser",
    ),
    "mean of channels": (
        (2, 3, 3),
        pooled("ReduceMean", axes=[1]),
        "pool: ReduceMean .* over axes",
    ),
    "concat of rows": (
        (2, 3, 3),
        lambda build, x: build.node("Concat", "joined", [x, x], axis=2),
        "joined: Concat over axis 2",
    ),
    "dense on an image": (
        (2, 3, 4),
        lambda build, x: build.node("MatMul", "fc1", [x, build.constant("w", np.ones((4, 2)))]),
        r"fc1: a Linear layer over shape \(1, 2, 3, 4\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    shape, add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", shape, add))
