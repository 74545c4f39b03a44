"""Shapes, orders and places: padding, upsampling, transposing, reshaping, flattening."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.frontend.moves import joined, order_of
from gatewright.frontend.prepare import prepare
from gatewright.graph import Pad, Reshape, Transpose, Upsample
from image_networks import Network, conv, network
from ladder import check_csim, check_reference, graph_from, write, write_many
from qonnx_networks import Builder, layer

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
IMAGE = (2, 3, 4)


def padded(
    zeros: list[int], behind: str = "", *, quantised: bool = True, **attributes: Any
) -> Network:
    """A padding that stands alone, or in front of a pooling that must see the zeros."""

    def add(build: Builder, x: str) -> str:
        axes = len(zeros) // 2
        whole = [0, 0, *zeros[:axes], 0, 0, *zeros[axes:]]
        x = build.node("Pad", "pad", [x, build.constant("pads", whole, np.int64)])
        if behind:
            x = build.node(behind, "pool", [x], **attributes)
        return build.quant("q", x, bits=4, scale=0.125) if quantised else x

    return add


def resized(scales: list[float], *, sizes: bool = False, **attributes: Any) -> Network:
    def add(build: Builder, x: str) -> str:
        operands = [x, "", build.constant("scales", scales)]
        if sizes:
            operands = [x, "", "", build.constant("sizes", scales, np.int64)]
        attributes.setdefault("coordinate_transformation_mode", "asymmetric")
        attributes.setdefault("nearest_mode", "floor")
        return build.node("Resize", "up", operands, mode="nearest", **attributes)

    return add


def convolved(inner: Network, shape: tuple[int, ...]) -> Network:
    """Something between two convolutions, so that every element's place matters."""

    def add(build: Builder, x: str) -> str:
        y = build.quant("q0", conv(build, "conv0", x, (2, 2, 1, 1)), bits=6, scale=0.125)
        y = conv(build, "conv1", inner(build, y), shape)
        return build.quant("q1", y, bits=7, scale=0.25)

    return add


def reshaped(shape: list[int], kind: str = "Reshape", **attributes: Any) -> Network:
    def add(build: Builder, x: str) -> str:
        if kind == "Reshape":
            return build.node(kind, "move", [x, build.constant("shape", shape, np.int64)])
        operands = [build.constant("axes", shape, np.int64)] if shape else []
        return build.node(kind, "move", [x, *operands], **attributes)

    return add


def transposed(*perm: int) -> Network:
    return lambda build, x: build.node("Transpose", "move", [x], perm=list(perm))


def twice_padded(build: Builder, x: str) -> str:
    y = padded([1, 0, 0, 1], quantised=False)(build, x)
    return conv(build, "conv1", y, (3, 2, 3, 3), pads=[0, 1, 1, 0])


def decoder(build: Builder, x: str) -> str:
    """A vector made an image, as in an autoencoder."""
    y = build.quant("q0", layer(build, "fc1", x, (5, 24)), bits=6, scale=0.25)
    y = reshaped([1, 2, 3, 4])(build, y)
    return build.quant("q1", conv(build, "conv1", y, (3, 2, 2, 2)), bits=7, scale=0.25)


def flattened_and_back(build: Builder, x: str) -> str:
    y = build.node("Relu", "relu1", [build.node("Flatten", "flat", [x])])
    y = build.quant("q0", y, bits=4, scale=0.125, signed=0)
    y = reshaped([1, 3, 2, 4])(build, y)
    return build.quant("q1", conv(build, "conv1", y, (3, 3, 2, 2)), bits=7, scale=0.25)


def flattened_quantised(build: Builder, x: str) -> str:
    """A flattened image that a quantiser reads, and a matrix and another quantiser behind it."""
    y = build.quant("q0", build.node("Flatten", "flat", [x]), bits=4, scale=0.125)
    z = build.quant("q1", build.node("Relu", "relu1", [y]), bits=3, scale=0.25, signed=0)
    return build.node(
        "Add", "sum", [layer(build, "fc1", y, (24, 3)), layer(build, "fc2", z, (24, 3))]
    )


def flattened_part(build: Builder, x: str) -> str:
    """Flattened rows of a transposed image, to a matrix."""
    y = transposed(0, 3, 1, 2)(build, x)
    y = build.node("Flatten", "flat", [y])
    return layer(build, "fc1", y, (24, 3))


def transposed_output(build: Builder, x: str) -> str:
    """A sequence, transposed, as the network's output."""
    return build.quant("q", transposed(0, 2, 1)(build, x), bits=4, scale=0.125)


CASES: dict[str, tuple[tuple[int, ...], Network]] = {
    "pad": (IMAGE, padded([1, 0, 2, 1])),
    "pad, sequence": ((2, 5), padded([2, 1])),
    "pad, maximum": (IMAGE, padded([1, 1, 1, 1], "MaxPool", kernel_shape=[2, 3])),
    "pad, own maximum": (
        IMAGE,
        padded([1, 0, 0, 1], "MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ),
    "pad, average": (IMAGE, padded([1, 1, 1, 1], "AveragePool", kernel_shape=[3, 2])),
    "pad twice": (
        IMAGE,
        twice_padded,
    ),
    "upsample": (IMAGE, resized([1, 1, 2, 3])),
    "upsample, sizes": (IMAGE, resized([1, 2, 6, 4], sizes=True)),
    "upsample, half pixel": (
        IMAGE,
        resized(
            [1, 1, 3, 2],
            coordinate_transformation_mode="half_pixel",
            nearest_mode="round_prefer_floor",
        ),
    ),
    "upsample, sequence": ((3, 4), resized([1, 1, 3])),
    "upsample, convolved": (IMAGE, convolved(resized([1, 1, 1, 2]), (3, 2, 2, 3))),
    "transpose": (IMAGE, convolved(transposed(0, 1, 3, 2), (3, 2, 3, 2))),
    "transpose, channels": (IMAGE, convolved(transposed(0, 3, 1, 2), (3, 4, 2, 2))),
    "transpose, rows": (IMAGE, convolved(transposed(0, 2, 3, 1), (2, 3, 2, 2))),
    "transpose, sequence": ((3, 4), transposed_output),
    "transpose, one row": ((2, 1, 4), transposed(0, 3, 2, 1)),
    "reshape": (IMAGE, convolved(reshaped([1, 4, 3, 2]), (3, 4, 2, 2))),
    "reshape, pixels": (IMAGE, convolved(reshaped([1, 2, 6, 2]), (3, 2, 2, 2))),
    "reshape, to a sequence": (
        IMAGE,
        lambda build, x: conv(build, "conv1", reshaped([1, 6, 4])(build, x), (3, 6, 2)),
    ),
    "squeeze": (
        (3, 1, 4),
        lambda build, x: conv(
            build, "conv1", reshaped([2], "Squeeze")(build, x), (3, 3, 2)
        ),
    ),
    "unsqueeze": (
        (3, 4),
        lambda build, x: conv(
            build, "conv1", reshaped([3], "Unsqueeze")(build, x), (3, 3, 2, 1)
        ),
    ),
    "decoder": ((5,), decoder),
    "flattened and back": (IMAGE, flattened_and_back),
    "flattened, quantised": (IMAGE, flattened_quantised),
    "flattened part": (IMAGE, flattened_part),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_qonnx_execution_gives(case: str, tmp_path: Path) -> None:
    shape, add = CASES[case]
    write(shape, add, tmp_path)
    check_reference(graph_from(tmp_path, "io_stream"), tmp_path)
    check_reference(graph_from(tmp_path, "io_parallel"), tmp_path)


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_the_c_simulation_gives_what_qonnx_execution_gives(io: str, tmp_path: Path) -> None:
    write_many(CASES, tmp_path)
    check_csim(tmp_path, io)


@pytest.mark.parametrize(
    ("case", "kind", "count"),
    [
        ("pad", Pad, 1),
        ("pad twice", Pad, 0),  # the convolution pads
        ("pad, average", Pad, 1),
        ("upsample", Upsample, 1),
        ("transpose", Transpose, 1),
        ("reshape", Transpose, 2),
        ("reshape, pixels", Transpose, 0),
        ("flattened part", Transpose, 1),
        ("flattened part", Reshape, 0),  # the matrix takes the elements as they come
        ("squeeze", Reshape, 0),
    ],
)
def test_what_hardware_does(case: str, kind: type, count: int, tmp_path: Path) -> None:
    write(*CASES[case], tmp_path, 2)
    for io in ("io_parallel", "io_stream"):
        nodes = graph_from(tmp_path, io).nodes
        assert sum(isinstance(node, kind) for node in nodes) == count, io


def test_orders() -> None:
    assert order_of((1, 2, 1, 3)) == (0, 3, 1, 4, 2, 5)
    assert order_of((1, 1, 2, 3)) is None
    assert order_of((1, 6, 1, 1)) is None
    assert joined([(None, 2), ((1, 0), 2), (None, 1)]) == (0, 1, 3, 2, 4)
    assert joined([(None, 2), (None, 1)]) is None


REFUSED: dict[str, tuple[tuple[int, ...], Network, str]] = {
    "bilinear": (
        IMAGE,
        lambda build, x: build.node(
            "Resize", "up", [x, "", build.constant("s", [1, 1, 2, 2])], mode="linear"
        ),
        "up: Resize of mode linear.* supported: nearest",
    ),
    "half a factor": (
        IMAGE,
        resized([1, 1, 1.5, 2]),
        r"up: Resize .* from \(1, 2, 3, 4\) to \(1, 2, 4, 8\); supported: .* whole factors",
    ),
    "another place": (
        IMAGE,
        resized([1, 1, 2, 2], nearest_mode="ceil"),
        "up: Resize of mode nearest, asymmetric and ceil",
    ),
    "batch": (IMAGE, transposed(1, 0, 2, 3), r"move: Transpose \[1, 0, 2, 3\] .*batch"),
    "five axes": (
        IMAGE,
        reshaped([1, 2, 3, 2, 2]),
        r"move: Reshape from \(1, 2, 3, 4\) to \(1, 2, 3, 2, 2\)",
    ),
    "edges": (
        IMAGE,
        lambda build, x: build.node(
            "Pad", "pad", [x, build.constant("p", [0, 0, 1, 0, 0, 0, 1, 0], np.int64)],
            mode="reflect",
        ),
        "pad: Pad .* of mode reflect",
    ),
    "channels": (
        IMAGE,
        lambda build, x: build.node(
            "Pad", "pad", [x, build.constant("p", [0, 1, 0, 0, 0, 0, 0, 0], np.int64)]
        ),
        "pad: Pad .* supported: zeros around the rows and columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    shape, add, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        prepare(network(tmp_path / "m.onnx", shape, add))
