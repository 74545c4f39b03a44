"""sparse_layer gives the sums of a plain matrix product, whatever is zero, within its bound."""

from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from gatewright import sparse, sparse_cycles
from gatewright.emit.memory import hex_lines
from gatewright.emit.sparse import memory_files
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding, format_for_range, requantize
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check

VECTORS = 40
WEIGHT_WIDTH = 4
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer to try.

    Attributes:
        rows, cols: Of its matrix.
        pe: PEs.
        lanes: Activations per beat.
        picks: Activations per cycle.
        out_lanes: Elements per output beat.
        weights, inputs: How many of each are not zero, from 0 to 1.
        skip: Bits of a skip; None: the best.
        queue: Words of a queue.
    """

    rows: int
    cols: int
    pe: int
    lanes: int = 4
    picks: int = 2
    out_lanes: int = 1
    weights: float = 0.2
    inputs: float = 0.3
    skip: int | None = None
    queue: int = 16


LAYERS = (
    Layer(rows=24, cols=50, pe=4),
    Layer(rows=23, cols=64, pe=8, lanes=16, out_lanes=2, weights=0.1),  # rows do not divide
    Layer(rows=40, cols=30, pe=2, lanes=3, picks=1, skip=1, weights=0.15),  # fillers
    Layer(rows=9, cols=33, pe=3, out_lanes=3, weights=1.0, inputs=1.0),  # dense
    Layer(rows=16, cols=20, pe=4, weights=0.0),  # nothing
    Layer(rows=5, cols=12, pe=1, lanes=2, weights=0.5, queue=8),
    Layer(rows=6, cols=7, pe=6, lanes=7, picks=4, out_lanes=6, weights=0.4, inputs=0.6),
    Layer(rows=32, cols=90, pe=4, lanes=8, picks=4, weights=0.6, inputs=0.8, queue=8),
    Layer(rows=1, cols=9, pe=1, lanes=1, picks=1, weights=0.6, inputs=0.7),
    Layer(rows=64, cols=40, pe=16, lanes=8, weights=0.05, inputs=0.05),
    Layer(rows=200, cols=25, pe=1, lanes=5, weights=0.6, inputs=0.1),  # several banks
)


def thinned(rng: np.random.Generator, values: IntArray, density: float) -> IntArray:
    return np.where(rng.random(values.shape) < density, values, 0)


def drawn(rng: np.random.Generator, layer: Layer) -> tuple[FixedFormat, IntArray, IntArray]:
    """Return the inputs' format, the inputs and the weights of a layer."""
    in_width, in_signed = int(rng.integers(3, 9)), bool(rng.random() < 0.5)
    source = FixedFormat(in_signed, in_width, in_width)
    x = rng.integers(source.min_int, source.max_int, (VECTORS, layer.cols), endpoint=True)
    x = thinned(rng, x, layer.inputs)
    x[3:5], x[7] = 0, source.max_int  # vectors of nothing and of everything
    weight_format = FixedFormat(True, WEIGHT_WIDTH, WEIGHT_WIDTH)
    low, high = weight_format.min_int, weight_format.max_int
    weight = rng.integers(low, high, (layer.rows, layer.cols), endpoint=True)
    weight = thinned(rng, weight, layer.weights)
    weight[:, layer.cols // 2] = 0
    weight[layer.rows // 2] = 0
    return source, x, weight


def case(rng: np.random.Generator, name: str, layer: Layer, memories: Path) -> Case:
    """Return a layer of random weights; its memory files go into ``memories``."""
    source, x, weight = drawn(rng, layer)
    packed = sparse.pack(weight, sparse.deal(weight, layer.pe), layer.pe, layer.skip)
    has_bias = bool(rng.random() < 0.7)
    shift = int(rng.integers(0, 3)) if has_bias else 0
    bias = rng.integers(-500, 500, layer.rows) if has_bias else np.zeros(layer.rows, np.int64)
    products = x @ weight.T
    sums = (products << shift) + bias
    acc = format_for_range(*bounds(weight, source), 0)
    low, high = bounds(weight, source)
    span = format_for_range((low << shift) - 500, (high << shift) + 500, 0)
    relu, drop = bool(rng.random() < 0.4), int(rng.integers(0, 8))
    target = FixedFormat(
        not relu, 7, 7 + drop, ROUNDINGS[rng.integers(7)], OVERFLOWS[rng.integers(5)]
    )
    total = FixedFormat(True, span.width + 1, span.width + 1)
    out = requantize(np.maximum(sums, 0) if relu else sums, total, target)
    out_beats = ceil(layer.rows / layer.out_lanes)
    files = memory_files(packed, layer.pe, layer.out_lanes, WEIGHT_WIDTH, name)
    padded = np.zeros(out_beats * layer.out_lanes, np.int64)
    padded[: layer.rows] = bias
    files[f"{name}_bias.mem"] = hex_lines(padded.reshape(-1, layer.out_lanes), 12)
    for file, text in files.items():
        (memories / file).write_text(text)
    device = Device(
        module="sparse_layer",
        in_width=layer.lanes * source.width,
        out_width=layer.out_lanes * target.width,
        parameters={
            "Rows": layer.rows,
            "Cols": layer.cols,
            "Pe": layer.pe,
            "Lanes": layer.lanes,
            "Picks": layer.picks,
            "OutLanes": layer.out_lanes,
            "InWidth": source.width,
            "InSigned": f"1'b{int(source.signed)}",
            "WeightWidth": WEIGHT_WIDTH,
            "AccWidth": max(acc.width + 1, source.width + WEIGHT_WIDTH),
            "Entries": packed.depth,
            "CountWidth": packed.count_width,
            "SkipWidth": packed.skip_width,
            "QueueDepth": layer.queue,
            "BankDepth": packed.bank_depth(WEIGHT_WIDTH),
            "HasBias": f"1'b{int(has_bias)}",
            "BiasShift": shift,
            "BiasWidth": 12,
            "SumWidth": max(total.width, source.width + WEIGHT_WIDTH + shift + 2),
            "Drop": drop,
            "OutWidth": target.width,
            "OutSigned": f"1'b{int(target.signed)}",
            "Rounding": ROUNDINGS.index(target.rounding),
            "Overflow": OVERFLOWS.index(target.overflow),
            "Relu": f"1'b{int(relu)}",
            "FifoDepth": int(rng.integers(2, 12)),
            "PointerFile": f'"{name}_pointers"',
            "WeightFile": f'"{name}_entries"',
            "OrderFile": f'"{name}_order"',
            "BiasFile": f'"{name}_bias.mem"',
        },
    )
    lanes, last = beats(x, layer.lanes)
    given, given_last = beats(out, layer.out_lanes)
    return Case(device, lanes, last, source.width, given, given_last, target.width, target.signed)


def bounds(weight: IntArray, source: FixedFormat) -> tuple[int, int]:
    """Return the least and the largest sum of products."""
    ends = np.stack([weight * source.min_int, weight * source.max_int])
    return int(ends.min(axis=0).sum(axis=1).min()), int(ends.max(axis=0).sum(axis=1).max())


def beats(values: IntArray, lanes: int) -> tuple[IntArray, np.ndarray]:
    """Return vectors as beats, and the last of each."""
    count = ceil(values.shape[1] / lanes)
    padded = np.zeros((len(values), count * lanes), np.int64)
    padded[:, : values.shape[1]] = values
    last = np.tile(np.arange(count) == count - 1, len(values))
    return padded.reshape(-1, lanes), last


@pytest.mark.parametrize("part", [slice(0, 5), slice(5, None)], ids=["first", "second"])
def test_sums(part: slice, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    cases = [
        case(rng, f"layer{index}", layer, tmp_path) for index, layer in enumerate(LAYERS[part])
    ]
    check(cases, seed, (*STRESS, Phase(0, 0, 211), Phase(0, 200)), memories=tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_cycles_are_as_predicted(share: float, seed: int, tmp_path: Path) -> None:
    """The model follows everything but the turns that a PE's queues take: a word, at times."""
    layer = Layer(rows=48, cols=160, pe=8, lanes=8, weights=share, queue=sparse.QUEUE_DEPTH)
    _, x, weight = drawn(np.random.default_rng(seed), layer)
    tried = case(np.random.default_rng(seed), "layer", layer, tmp_path)
    roomy = {**tried.device.parameters, "FifoDepth": 32}  # the results never wait
    tried = replace(tried, device=replace(tried.device, parameters=roomy))
    ends = check([tried], seed, [Phase()], memories=tmp_path).received[0][0].frame_ends()
    pes = sparse.deal(weight, layer.pe)
    mean = sparse_cycles.predicted_cycles(weight, layer.pe, layer.picks, x, lanes=8, pes=pes)
    got = float(ends[-1] - ends[4]) / (len(ends) - 5)
    assert mean == pytest.approx(got, rel=0.01)


SHORT = (
    Layer(rows=1, cols=1, pe=1, lanes=1, picks=1, inputs=1.0),
    Layer(rows=10, cols=2, pe=1, lanes=2, weights=1.0, inputs=1.0),
    Layer(rows=4, cols=5, pe=4, lanes=5, out_lanes=4, weights=1.0, inputs=1.0),
)


def test_short_vectors_keep_the_bound(seed: int, tmp_path: Path) -> None:
    """Where a vector takes a few cycles, its bank of sums is what the next but one waits for."""
    cases, limits = [], []
    for index, layer in enumerate(SHORT):
        _, _, weight = drawn(np.random.default_rng(seed), layer)
        packed = sparse.pack(weight, sparse.deal(weight, layer.pe), layer.pe)
        size = (layer.rows, layer.cols, layer.pe, layer.lanes, layer.lanes)
        fold = sparse.SparseFold(*size, layer.out_lanes, layer.picks, 1, packed)
        tried = case(np.random.default_rng(seed), f"layer{index}", layer, tmp_path)
        depth = {"FifoDepth": min(max(2, 2 * fold.result_beats), 32)}  # as emitted
        device = replace(tried.device, parameters={**tried.device.parameters, **depth})
        cases.append(replace(tried, device=device))
        limits.append(fold.bound)
    run = check(cases, seed, [Phase()], memories=tmp_path)
    for received, bound in zip(run.received[0], limits, strict=True):
        ends = received.frame_ends()[8:]  # behind the vectors of nothing
        assert ends[-1] - ends[0] <= bound * len(ends)  # one more than there are intervals
