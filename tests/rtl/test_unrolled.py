"""An unrolled layer gives the results of the integer reference, one vector per cycle."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gatewright import reference
from gatewright.emit import unrolled
from gatewright.emit.streams import Lanes, Stream
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.graph import (
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    StreamType,
    Window,
    sum_range,
)
from gatewright.tools import verilator
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS
from gatewright.unrolled import unrolled_fold
from rtl_blocks import LIBRARY, RTL, Case, check

pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")

FRAMES = 50
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer to try: size, how many weights are not zero, adders between registers, signs.

    With ``window``, a convolution on an image of 5 x 6 pixels of ``cols`` channels.
    """

    rows: int
    cols: int
    weights: float = 0.5
    per_stage: int = 2
    signed: bool = False
    bits: int = 5
    window: Window | None = None
    depthwise: bool = False


LAYERS = (
    Layer(rows=8, cols=12),
    Layer(rows=5, cols=16, per_stage=1, signed=True),
    Layer(rows=10, cols=7, weights=1.0, per_stage=4, bits=7),
    Layer(rows=6, cols=9, weights=0.15),  # empty rows and columns
    Layer(rows=3, cols=4, weights=0.0, per_stage=3),  # nothing
    Layer(rows=1, cols=1, weights=1.0, signed=True),
    Layer(rows=4, cols=2, window=Window(kernel=(3, 3), pad=(1, 1, 1, 1))),
    Layer(rows=3, cols=3, window=Window(kernel=(1, 1), stride=(1, 2)), signed=True),
    Layer(rows=3, cols=3, window=Window(kernel=(3, 2), stride=(1, 2)), depthwise=True),
)


def network(rng: np.random.Generator, name: str, layer: Layer, rounding: Rounding) -> Graph:
    """Return a layer of random weights and formats, with the conversion behind it."""
    width = int(rng.integers(2, 7))
    source = FixedFormat(layer.signed, width, width - 2)
    pixels = (5, 6) if layer.window else (1, 1)
    image = StreamType(source, (*pixels, layer.cols))
    columns = layer.cols
    if layer.window:
        pixels = layer.window.output(*pixels)
        columns = layer.window.taps * (1 if layer.depthwise else layer.cols)
    most = 2 ** (layer.bits - 1) - 1
    weight = rng.integers(-most, most, (layer.rows, columns), endpoint=True)
    weight = np.where(rng.random(weight.shape) < layer.weights, weight, 0)
    relu, drop = bool(rng.random() < 0.4), int(rng.integers(1, 6))
    if rng.random() < 0.2:
        drop = -1  # nothing to round
    settings = {
        "name": name, "origin": name, "inputs": ("x",), "weight": weight,
        "weight_format": FixedFormat(True, layer.bits, 2),
        "bias": rng.integers(-500, 500, layer.rows),
        "bias_format": FixedFormat(True, 10, 10 - int(rng.integers(0, 8))),
        "out": StreamType(source, (*pixels, layer.rows)),
        "request": FoldRequest(adders_per_stage=layer.per_stage),
    }  # fmt: skip
    kind = Depthwise if layer.depthwise else Conv
    node = kind(**settings, window=layer.window) if layer.window else Dense(**settings)
    exact = sum_range(node, source).total
    wide = FixedFormat(True, exact.width + 1, exact.integer + 1)
    settings["out"] = StreamType(wide, (*pixels, layer.rows))
    node = kind(**settings, window=layer.window) if layer.window else Dense(**settings)
    overflow = OVERFLOWS[rng.integers(5)]
    target = FixedFormat(not relu, 6, 6 - (exact.fraction - drop), rounding, overflow)
    function = Function.RELU if relu else Function.IDENTITY
    out = StreamType(target, (*pixels, layer.rows))
    behind = Elementwise(name="y", origin="y", inputs=(name,), out=out, function=function)
    return Graph(name, (Input(name="x", origin="x", inputs=(), out=image), node, behind), ("y",))


def case(
    rng: np.random.Generator, name: str, layer: Layer, rounding: Rounding, folder: Path
) -> Case:
    """Return a layer between streams; its sources go into ``folder``."""
    graph = network(rng, name, layer, rounding)
    _, node, behind = graph.nodes
    assert isinstance(node, Dense)
    assert isinstance(behind, Elementwise)
    image, target = graph.source(node), behind.out.format
    source = image.format
    folded = unrolled_fold(node)
    stream = Stream("x", Lanes(source, image.size, folded.in_lanes))
    block = unrolled.layer("layers", node, behind, folded, stream, image)
    for module, content in block.modules.items():
        (folder / f"{module}.sv").write_text(content)
    x = rng.integers(source.min_int, source.max_int, (FRAMES, image.size), endpoint=True)
    x[3], x[4], x[5] = 0, source.max_int, source.min_int
    out = reference.outputs(graph, x)
    beats, results = image.size // folded.in_lanes, folded.vectors
    device = Device(
        module=block.module,
        in_width=folded.in_lanes * source.width,
        out_width=layer.rows * target.width,
        parameters=block.parameters,
    )
    return Case(
        device,
        x.reshape(-1, folded.in_lanes),
        np.arange(FRAMES * beats) % beats == beats - 1,
        source.width,
        out.reshape(-1, layer.rows),
        np.arange(FRAMES * results) % results == results - 1,
        target.width,
        target.signed,
        interval=block.interval,
    )


def test_results(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    # Every mode, and the one that designs have on the first layers.
    modes = [Rounding.RND_CONV, Rounding.RND_CONV, *ROUNDINGS]
    cases = [
        case(rng, f"layer{index}", layer, mode, tmp_path)
        for index, (layer, mode) in enumerate(zip(LAYERS, modes, strict=True))
    ]
    sources = sorted(tmp_path.glob("*.sv"), key=lambda path: "sums" not in path.name)
    check(cases, seed, STRESS, extra=sources)


@pytest.mark.parametrize("layer", LAYERS[:7], ids=lambda layer: f"{layer.rows}x{layer.cols}")
def test_verilator_warns_of_nothing(layer: Layer, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    name = case(rng, "layer", layer, Rounding.RND_CONV, tmp_path).device.module
    sources = [RTL / name for name in LIBRARY]
    verilator.lint([*sources, tmp_path / f"{name}_sums.sv", tmp_path / f"{name}.sv"], name)
