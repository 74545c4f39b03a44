"""Layers on images against plain loops in exact rationals, and against PyTorch in float64."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright import graph_io, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding, parse_format, requantize
from gatewright.graph import (
    Combination,
    Concat,
    Conv,
    Depthwise,
    Graph,
    Input,
    Merge,
    Node,
    Pool,
    Pooling,
    StreamType,
    Window,
)

SIGNED = parse_format("fixed<5,2>")
EXACT = FixedFormat(True, 30, 20)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
windows = st.builds(
    Window,
    kernel=pairs,
    stride=pairs,
    dilation=pairs,
    pad=st.tuples(*[st.integers(0, 2)] * 4),
)


def image(rows: int, columns: int, channels: int, name: str = "global_in") -> Input:
    return Input(
        name=name, origin=name, inputs=(), out=StreamType(SIGNED, (rows, columns, channels))
    )


def fits(window: Window, rows: int, columns: int) -> bool:
    try:
        window.output(rows, columns)
    except GatewrightError:
        return False
    return True


def values(node: Input, samples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(SIGNED.min_int, SIGNED.max_int + 1, (samples, node.out.size))


def convolution(source: Input, window: Window, filters: int, seed: int, depth: bool) -> Node:
    rows, columns, channels = source.out.image
    rng = np.random.default_rng(seed)
    count = channels if depth else filters
    width = window.taps * (1 if depth else channels)
    kind = Depthwise if depth else Conv
    return kind(
        name="conv",
        origin="conv",
        inputs=(source.name,),
        out=StreamType(EXACT, (*window.output(rows, columns), count)),
        weight=rng.integers(-8, 8, (count, width)),
        weight_format=parse_format("fixed<4,1>"),
        bias=rng.integers(-8, 8, count),
        bias_format=parse_format("fixed<4,2>"),
        window=window,
    )


@given(windows, st.integers(1, 7), st.integers(1, 7), st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_convolution_is_pytorchs(
    window: Window, rows: int, columns: int, channels: int, depth: bool
) -> None:
    if not fits(window, rows, columns):
        return
    source = image(rows, columns, channels)
    node = convolution(source, window, 3, rows, depth)
    x = values(source, 2, columns)
    found = reference.outputs(Graph("g", (source, node), ("conv",)), x)
    top, left, bottom, right = window.pad
    pixels = torch.tensor(x.reshape(2, rows, columns, channels)).double().permute(0, 3, 1, 2)
    padded = torch.nn.functional.pad(pixels, (left, right, top, bottom))
    kernel = torch.tensor(node.weight).double()
    if depth:
        kernel = kernel.reshape(channels, 1, *window.kernel)
    else:
        kernel = kernel.reshape(3, *window.kernel, channels).permute(0, 3, 1, 2)
    # Input 3 fraction bits, weight 3, bias 2; the output has 10.
    expected = torch.nn.functional.conv2d(
        padded,
        kernel,
        torch.tensor(node.bias).double() * 2**4,
        stride=window.stride,
        dilation=window.dilation,
        groups=channels if depth else 1,
    )
    flat = (expected.permute(0, 2, 3, 1) * 2**4).reshape(2, -1).numpy()
    assert np.array_equal(found, flat)


@given(
    windows,
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from(Pooling),
    st.booleans(),
    st.sampled_from(Rounding),
)
@settings(max_examples=80, deadline=None)
def test_pooling_is_exact(
    window: Window, rows: int, columns: int, kind: Pooling, count_padding: bool, mode: Rounding
) -> None:
    # As in PyTorch: a window that lies beyond the image as a whole is no question.
    if not fits(window, rows, columns) or any(
        pad > (extent - 1) // 2 for pad, extent in zip(window.pad, window.extent * 2, strict=True)
    ):
        return
    source = image(rows, columns, 2)
    out = FixedFormat(True, 6, 3, mode, Overflow.SAT)
    height, width = window.output(rows, columns)
    node = Pool(
        name="pool",
        origin="pool",
        inputs=(source.name,),
        out=StreamType(out, (height, width, 2)),
        kind=kind,
        window=window,
        count_padding=count_padding,
    )
    x = values(source, 1, rows + 7 * columns)
    found = reference.outputs(Graph("g", (source, node), ("pool",)), x).reshape(height, width, 2)
    pixels = x.reshape(rows, columns, 2)
    for y, z, c in itertools.product(range(height), range(width), range(2)):
        taps = []
        for i, j in itertools.product(*map(range, window.kernel)):
            row = y * window.stride[0] - window.pad[0] + i * window.dilation[0]
            column = z * window.stride[1] - window.pad[1] + j * window.dilation[1]
            if 0 <= row < rows and 0 <= column < columns:
                taps.append(int(pixels[row, column, c]))
        if not taps:
            continue
        if kind is Pooling.MAX:
            exact = Fraction(max(taps))
        else:
            exact = Fraction(sum(taps), window.taps if count_padding else len(taps))
        # Same fraction: units of the input are units of the output.
        assert found[y, z, c] == rounded(exact, mode, out)


def rounded(x: Fraction, mode: Rounding, fmt: FixedFormat) -> int:
    down = x.numerator // x.denominator
    rest = x - down
    half = Fraction(1, 2)
    up = {
        Rounding.TRN: False,
        Rounding.TRN_ZERO: x < 0 and rest > 0,
        Rounding.RND: rest >= half,
        Rounding.RND_MIN_INF: rest > half,
        Rounding.RND_ZERO: rest > half or (rest == half and x < 0),
        Rounding.RND_INF: rest > half or (rest == half and x >= 0),
        Rounding.RND_CONV: rest > half or (rest == half and down % 2 == 1),
    }[mode]
    return min(max(down + up, fmt.min_int), fmt.max_int)


@pytest.mark.parametrize("kind", list(Combination))
def test_merging_is_exact_with_unequal_formats(kind: Combination) -> None:
    a = Input(name="a", origin="a", inputs=(), out=StreamType(SIGNED, (2, 2, 3)))
    b = Input(
        name="b", origin="b", inputs=(), out=StreamType(parse_format("ufixed<4,3>"), (2, 2, 3))
    )
    out = FixedFormat(True, 9, 5, Rounding.RND_CONV, Overflow.SAT)
    node = Merge(name="m", origin="m", inputs=("a", "b"), out=StreamType(out, (2, 2, 3)), kind=kind)
    rng = np.random.default_rng(5)
    x, y = rng.integers(-16, 16, (4, 12)), rng.integers(0, 16, (4, 12))
    found = reference.combine(node, [(x, a.out), (y, b.out)])
    for p, q, r in zip(x.flat, y.flat, found.flat, strict=True):
        first, second = Fraction(int(p), 8), Fraction(int(q), 2)
        exact = {
            Combination.ADD: first + second,
            Combination.SUBTRACT: first - second,
            Combination.MULTIPLY: first * second,
            Combination.AVERAGE: (first + second) / 2,
            Combination.MAXIMUM: max(first, second),
            Combination.MINIMUM: min(first, second),
        }[kind]
        assert int(r) == rounded(exact * 16, Rounding.RND_CONV, out)


def test_concatenation_is_by_channels_and_everything_comes_back(tmp_path: Path) -> None:
    source = image(3, 4, 2)
    window = Window(kernel=(2, 1), pad=(1, 0, 0, 0))
    conv = convolution(source, window, 3, 1, depth=False)
    pool = Pool(
        name="pool",
        origin="pool",
        inputs=(source.name,),
        out=StreamType(SIGNED, (3, 4, 2)),
        kind=Pooling.MAX,
        window=Window(kernel=(1, 1)),
    )
    joined = Concat(
        name="joined", origin="c", inputs=("pool", "conv"), out=StreamType(EXACT, (3, 4, 5))
    )
    graph = Graph("g", (source, conv, pool, joined), ("joined",))
    x = values(source, 3, 9)
    found = reference.outputs(graph, x).reshape(3, 3, 4, 5)
    assert np.array_equal(found[..., :2], requantize(x, SIGNED, EXACT).reshape(3, 3, 4, 2))
    graph_io.save(graph, tmp_path)
    assert np.array_equal(reference.outputs(graph_io.load(tmp_path), x).reshape(found.shape), found)
