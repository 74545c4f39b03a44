"""Activations and rearrangements against plain arithmetic in exact rationals."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gatewright import graph_io, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, parse_format
from gatewright.graph import (
    Clip,
    Graph,
    Input,
    Node,
    Pad,
    Rectifier,
    Reshape,
    Softmax,
    StreamType,
    Table,
    Transpose,
    Upsample,
)

SOURCE = parse_format("fixed<6,3>")
EXACT = FixedFormat(True, 40, 20)
SHAPE = (2, 3, 4)
COMMON = {"name": "node", "origin": "node", "inputs": ("global_in",)}


def run(node: Node, tmp_path: Path, samples: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and what the node, saved and read again, gives: exact rationals."""
    source = Input(name="global_in", origin="global_in", inputs=(), out=StreamType(SOURCE, SHAPE))
    graph_io.save(Graph("small", (source, node), ("node",)), tmp_path)
    graph = graph_io.load(tmp_path)
    rng = np.random.default_rng(5)
    x = rng.integers(SOURCE.min_int, SOURCE.max_int + 1, (samples, source.out.size))
    return x, reference.outputs(graph, x)


@pytest.mark.parametrize("slope_text", ["fixed<5,1>", "fixed<4,6>", "ufixed<6,-2>"])
@pytest.mark.parametrize("channels", [1, 4])
def test_rectifier_is_exact(slope_text: str, channels: int, tmp_path: Path) -> None:
    fmt = parse_format(slope_text)
    rng = np.random.default_rng(1)
    slope = rng.integers(fmt.min_int, fmt.max_int + 1, channels)
    node = Rectifier(
        out=StreamType(EXACT, SHAPE), slope=slope, slope_format=fmt, threshold=3, **COMMON
    )
    x, y = run(node, tmp_path)
    for value, found, position in zip(x.flat, y.flat, range(x.size), strict=True):
        factor = Fraction(int(slope[position % channels])) * Fraction(2) ** -fmt.fraction
        exact = Fraction(int(value), 8) * (1 if value > 3 else factor)
        assert Fraction(int(found), 1 << 20) == exact


def test_clip_is_exact(tmp_path: Path) -> None:
    node = Clip(out=StreamType(EXACT, SHAPE), low=None, high=19, fraction=4, **COMMON)
    x, y = run(node, tmp_path)
    assert np.array_equal(y, np.minimum(x * 2, 19) << 16)


def test_table_is_looked_up(tmp_path: Path) -> None:
    fmt = parse_format("ufixed<6,0>")
    values = np.arange(64)[::-1].copy()
    node = Table(out=StreamType(fmt, SHAPE), values=values, function="down", **COMMON)
    x, y = run(node, tmp_path)
    assert np.array_equal(y, 63 - (x + 32))


def test_softmax_rounds_the_exact_quotient(tmp_path: Path) -> None:
    fmt = parse_format("ufixed<8,0,RND_CONV,SAT>")
    values = np.round(np.exp(-np.arange(64) / 8) * 1023).astype(np.int64)
    node = Softmax(out=StreamType(fmt, SHAPE), values=values, **COMMON)
    x, y = run(node, tmp_path)
    for pixel, found in zip(x.reshape(-1, 4), y.reshape(-1, 4), strict=True):
        e = [int(values[pixel.max() - value]) for value in pixel]
        for value, result in zip(e, found, strict=True):
            assert result == min(round(Fraction(value * 256, sum(e))), 255)


def test_rearrangements(tmp_path: Path) -> None:
    kept = StreamType(SOURCE, (5, 4, 4))
    x, y = run(Pad(out=kept, pad=(1, 0, 2, 1), **COMMON), tmp_path)
    images = x.reshape(-1, *SHAPE)
    assert np.array_equal(y.reshape(-1, 5, 4, 4), np.pad(images, ((0, 0), (1, 2), (0, 1), (0, 0))))
    _, y = run(Upsample(out=StreamType(SOURCE, (4, 9, 4)), factor=(2, 3), **COMMON), tmp_path)
    assert np.array_equal(y.reshape(-1, 4, 9, 4), images.repeat(2, 1).repeat(3, 2))
    _, y = run(Transpose(out=StreamType(SOURCE, (4, 2, 3)), axes=(2, 0, 1), **COMMON), tmp_path)
    assert np.array_equal(y.reshape(-1, 4, 2, 3), images.transpose(0, 3, 1, 2))
    _, y = run(Reshape(out=StreamType(SOURCE, (6, 4)), **COMMON), tmp_path)
    assert np.array_equal(y, x)


def test_wrong_parameters_are_refused() -> None:
    out = StreamType(EXACT, SHAPE)
    with pytest.raises(GatewrightError, match="3,"):
        Rectifier(out=out, slope=np.arange(3), slope_format=SOURCE, **COMMON)
    with pytest.raises(GatewrightError, match="without a bound"):
        Clip(out=out, low=None, high=None, fraction=3, **COMMON)
    with pytest.raises(GatewrightError, match="value"):
        Table(out=StreamType(SOURCE, SHAPE), values=np.array([99]), function="f", **COMMON)
