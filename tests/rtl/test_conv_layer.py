"""conv_layer and depthwise_layer give the sums of a plain convolution, at the law's pace."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from gatewright.fixed import FixedFormat, Overflow, Rounding, format_for_range, requantize
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_nodes import hex_words
from rtl_windows import (
    Geometry,
    image_beats,
    image_cycles,
    narrowly_padded,
    random_geometry,
    windows,
)

IMAGES = 6
WEIGHT_WIDTH = 5
LOGIC_DEPTH, BANK_DEPTH = 32, 8  # words of a weight memory without banks, and of a bank
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)
SAME = {"kernel": (3, 3), "begin": (1, 1), "end": (1, 1)}

# Geometry; output channels, PE, output lanes, group (None: depthwise); taps at once.
Layer = tuple[Geometry, tuple[int, int, int, int] | None, int]
CASES: list[Layer] = [
    (Geometry(lanes=2, channels=4, image=(6, 5), **SAME), (8, 4, 1, 2), 1),
    (Geometry(lanes=4, channels=4, image=(6, 5), **SAME), (7, 3, 3, 1), 1),  # rows do not divide
    (Geometry(lanes=1, channels=1, image=(8, 8), kernel=(5, 5)), (6, 6, 1, 6), 1),
    (Geometry(lanes=2, channels=8, image=(4, 5), kernel=(1, 1)), (12, 2, 1, 1), 1),  # pointwise
    (Geometry(lanes=3, channels=3, image=(7, 7), kernel=(1, 1), stride=(2, 2)), (4, 1, 1, 1), 1),
    (Geometry(lanes=2, channels=4, image=(6, 5), **SAME), None, 1),
    (Geometry(lanes=3, channels=3, image=(9, 7), stride=(2, 2), **SAME), None, 1),
    (Geometry(lanes=1, channels=6, image=(1, 12), kernel=(1, 4), begin=(0, 3)), None, 1),
    (Geometry(lanes=2, channels=2, image=(6, 6), kernel=(1, 1)), None, 1),  # a scale per channel
    (Geometry(lanes=2, channels=6, image=(5, 4), kernel=(1, 1)), (4, 4, 2, 2), 1),  # no buffer
    (Geometry(lanes=2, channels=2, image=(6, 5), **SAME), (4, 4, 4, 4), 9),  # a pixel per cycle
    (Geometry(lanes=1, channels=1, image=(9, 40), kernel=(5, 5)), (6, 2, 1, 2), 13),
    (Geometry(lanes=3, channels=3, image=(8, 8), stride=(2, 2), **SAME), (5, 2, 2, 2), 4),
    (Geometry(lanes=1, channels=2, image=(1, 12), kernel=(1, 4), begin=(0, 3)), None, 4),
    (Geometry(lanes=2, channels=4, image=(9, 7), stride=(2, 2), **SAME), None, 5),
    (Geometry(lanes=4, channels=4, image=(6, 7), **SAME), None, 9),
    (Geometry(lanes=1, channels=4, image=(4, 5), **SAME), None, 1),  # weights in block RAM
]


def random_case(
    rng: np.random.Generator,
    name: str,
    geometry: Geometry,
    fold: tuple[int, int, int, int] | None,
    taps_at_once: int,
    memories: Path,
) -> Case:
    """Return a layer of random weights; its memory files go into ``memories``."""
    in_width, in_signed = int(rng.integers(3, 9)), bool(rng.random() < 0.5)
    source = FixedFormat(in_signed, in_width, in_width)
    low, high = source.min_int, source.max_int
    x = rng.integers(low, high, (IMAGES, *geometry.image, geometry.channels), endpoint=True)
    if rng.random() < 0.5:  # extremes only
        x = np.where(x < (low + high) / 2, low, high)
    rows = fold[0] if fold else geometry.channels
    weight_signed, has_bias = bool(rng.random() < 0.7), bool(rng.random() < 0.7)
    weight_format = FixedFormat(weight_signed, WEIGHT_WIDTH, WEIGHT_WIDTH)
    shape = (rows, *geometry.kernel, geometry.channels) if fold else (rows, *geometry.kernel)
    weight = rng.integers(weight_format.min_int, weight_format.max_int, shape, endpoint=True)
    shift = int(rng.integers(0, 3))
    bias = rng.integers(-500, 500, rows) if has_bias else np.zeros(rows, np.int64)
    taps = windows(x, geometry)
    products = np.einsum("nrcijk,oijk->nrco" if fold else "nrcijo,oij->nrco", taps, weight)
    sums = (products << shift if has_bias else products) + bias
    span = format_for_range(int(sums.min()), int(sums.max()), 0)
    acc = format_for_range(int(products.min()), int(products.max()), 0)
    relu, drop = bool(rng.random() < 0.4), int(rng.integers(0, 8))
    target = FixedFormat(
        not relu, 7, 7 + drop, ROUNDINGS[rng.integers(7)], OVERFLOWS[rng.integers(5)]
    )
    total = FixedFormat(True, span.width + 1, span.width + 1)
    out = requantize(np.maximum(sums, 0) if relu else sums, total, target)
    if fold:
        pe, lanes, group = fold[1:]
        simd = geometry.lanes * taps_at_once
        columns = int(np.prod(geometry.kernel)) * geometry.channels
        beats = ceil(columns / simd)
        padded = np.zeros((ceil(rows / pe) * pe, beats * simd), np.int64)
        padded[:rows, :columns] = weight.reshape(rows, columns)
        words = padded.reshape(-1, pe, beats, simd).transpose(0, 2, 1, 3)
        for rank, first in enumerate(range(0, pe, group)):
            part = words[:, :, first : first + group].reshape(len(words) * beats, -1)
            banked = len(part) > LOGIC_DEPTH
            for bank, at in enumerate(range(0, len(part), BANK_DEPTH if banked else len(part))):
                file = f"{name}_{rank:03d}_{bank:03d}.mem" if banked else f"{name}_{rank:03d}.mem"
                words_here = part[at : at + BANK_DEPTH] if banked else part
                (memories / file).write_text(hex_words(words_here, WEIGHT_WIDTH))
        results = pe // lanes
        levels = (simd - 1).bit_length()
        delay = max(0, ceil(pe / group) - results) if lanes > group else 0
        depth = max(2, results * (1 + ceil((20 + levels + delay + results) / beats)))
        sizes = {"OutChannels": rows, "Pe": pe, "Simd": simd}
        sizes |= {"Group": group, "OutLanes": lanes, "BankDepth": BANK_DEPTH}
    else:
        lanes, count = geometry.lanes, int(np.prod(geometry.kernel))
        beats = ceil(count / taps_at_once)
        padded = np.zeros((rows, beats * taps_at_once), np.int64)
        padded[:, :count] = weight.reshape(rows, count)
        words = padded.reshape(-1, lanes, beats, taps_at_once).transpose(0, 2, 1, 3)
        words = words.reshape(-1, lanes * taps_at_once)
        (memories / f"{name}.mem").write_text(hex_words(words, WEIGHT_WIDTH))
        sizes = {"Pe": lanes, "Simd": taps_at_once}
        depth = max(2, 1 + ceil((18 + (taps_at_once - 1).bit_length()) / beats))
    out_beats = ceil(rows / lanes)
    padded_out = np.zeros((*out.shape[:3], out_beats * lanes), np.int64)
    padded_out[..., :rows] = out
    padded_bias = np.zeros(out_beats * lanes, np.int64)
    padded_bias[:rows] = bias
    (memories / f"{name}_bias.mem").write_text(hex_words(padded_bias.reshape(-1, lanes), 12))
    out_lanes, out_last = image_beats(padded_out, lanes)
    lanes_in, last = image_beats(x, geometry.lanes)
    parameters = {
        **{k: v for k, v in geometry.parameters.items() if k != "Lanes"},
        **sizes,
        "InWidth": in_width,
        "InSigned": f"1'b{int(in_signed)}",
        "WeightWidth": WEIGHT_WIDTH,
        "WeightSigned": f"1'b{int(weight_signed)}",
        "AccWidth": acc.width + 1,
        "HasBias": f"1'b{int(has_bias)}",
        "BiasShift": shift if has_bias else 0,
        "BiasWidth": 12,
        "SumWidth": total.width,
        "Drop": drop,
        "OutWidth": target.width,
        "OutSigned": f"1'b{int(target.signed)}",
        "Rounding": ROUNDINGS.index(target.rounding),
        "Overflow": OVERFLOWS.index(target.overflow),
        "Relu": f"1'b{int(relu)}",
        "FifoDepth": depth,
        "WeightFile": f'"{name}"' if fold else f'"{name}.mem"',
        "BiasFile": f'"{name}_bias.mem"',
    }
    device = Device(
        module="conv_layer" if fold else "depthwise_layer",
        in_width=geometry.lanes * in_width,
        out_width=lanes * target.width,
        parameters=parameters,
    )
    return Case(device, lanes_in, last, in_width, out_lanes, out_last, target.width, target.signed)


def run(cases: Sequence[Layer], seed: int, folder: Path) -> list[str]:
    """Run them in one bench; return those that do not keep to the law."""
    rng = np.random.default_rng(seed)
    made = [random_case(rng, f"layer{index}", *case, folder) for index, case in enumerate(cases)]
    phases = (*STRESS, Phase(0, 0, 211), Phase(0, 200))
    result = check(made, seed, phases, memories=folder)
    wrong = []
    for (geometry, fold, taps), got in zip(cases, result.received[0], strict=True):
        passes = ceil(fold[0] / fold[1]) if fold else 1
        beats = passes * ceil(int(np.prod(geometry.kernel)) / taps)
        found = image_cycles(got, IMAGES)
        if taps > 1:
            cycles, exact = geometry.parallel_cycles(beats), geometry.tail == 0
            ahead = abs(np.cumsum(found - cycles)).max()
            right = ahead <= geometry.tail * geometry.groups
        else:
            cycles, exact = geometry.cycles(beats * geometry.groups)
            right = bool((found == cycles).all() if exact else (found <= cycles).all())
        if not right:
            wrong.append(f"{geometry} {fold} {taps}: {found} cycles, law {cycles} {exact=}")
    return wrong


def test_layers(seed: int, tmp_path: Path) -> None:
    assert run(CASES, seed, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(6))
def test_any_layer(batch: int, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1000 * batch + seed)
    cases: list[Layer] = []
    while len(cases) < 8:
        geometry, taps = random_geometry(rng), 1
        count = int(np.prod(geometry.kernel))
        depthwise = rng.random() < 0.4
        if narrowly_padded(geometry) and (depthwise or geometry.groups == 1):
            taps = int(rng.integers(1, count + 1))
        beats = ceil(count / taps) * geometry.groups
        pe = int(rng.integers(1, 7))
        lanes = int(rng.choice([n for n in range(1, pe + 1) if pe % n == 0]))
        group = int(rng.integers(1, pe + 1))
        delay = max(0, ceil(pe / group) - pe // lanes) if lanes > group else 0
        if depthwise:
            cases.append((geometry, None, taps))
        elif pe // lanes <= beats and delay < beats:
            cases.append((geometry, (int(rng.integers(1, 14)), pe, lanes, group), taps))
    assert run(cases, seed, tmp_path) == []
