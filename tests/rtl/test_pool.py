"""pool and pool_reduce give exact maxima and means, converted in every mode, at the law's pace."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest

from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding, requantize
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_windows import Geometry, image_beats, image_cycles, random_geometry, windows

IMAGES = 6
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)

SAME = {"kernel": (3, 3), "begin": (1, 1), "end": (1, 1)}
# Geometry; average, padding counts.
CASES = [
    (Geometry(lanes=2, channels=4, image=(6, 7), kernel=(2, 2), stride=(2, 2)), False, True),
    (Geometry(lanes=2, channels=4, image=(6, 7), kernel=(2, 2), stride=(2, 2)), True, True),
    (Geometry(lanes=1, channels=2, image=(5, 5), **SAME), True, True),
    (Geometry(lanes=1, channels=2, image=(5, 5), **SAME), True, False),
    (Geometry(lanes=1, channels=2, image=(5, 5), **SAME), False, False),
    (Geometry(lanes=3, channels=3, image=(5, 7), kernel=(5, 7)), True, True),  # global
    (Geometry(lanes=1, channels=1, image=(1, 16), kernel=(1, 2), end=(0, 1)), True, False),
    (Geometry(lanes=1, channels=1, image=(1, 16), kernel=(1, 3), stride=(1, 2)), True, True),
    (Geometry(lanes=2, channels=4, image=(4, 4), kernel=(1, 1)), True, True),
]


def convert(means: list[Fraction], target: FixedFormat) -> IntArray:
    """Return exact numbers, in units of one, in the target format.

    What rounding looks at are the integer below, the half, and whether there is more: two bits.
    """
    scaled = [mean * Fraction(2) ** target.fraction for mean in means]
    rest = [value - floor(value) for value in scaled]
    half = Fraction(1, 2)
    codes = [0 if r == 0 else 1 if r < half else 2 if r == half else 3 for r in rest]
    values = np.array([4 * floor(v) + c for v, c in zip(scaled, codes, strict=True)], np.int64)
    wide = FixedFormat(True, 40, 38 - target.fraction)
    return requantize(values, wide, target)


def expected(
    taps: IntArray, inside: IntArray, average: bool, count_padding: bool, target: FixedFormat
) -> IntArray:
    """Return the results for taps and inside [..., taps]: maxima or means, converted."""
    shape = taps.shape[:-1]
    rows = taps.reshape(-1, taps.shape[-1])
    real = inside.reshape(rows.shape).astype(bool)
    if not average:
        values = [Fraction(int(row[r].max())) for row, r in zip(rows, real, strict=True)]
    else:
        counts = np.full(len(rows), rows.shape[1]) if count_padding else real.sum(axis=1)
        values = [
            Fraction(int(total), int(count))
            for total, count in zip((rows * real).sum(axis=1), counts, strict=True)
        ]
    return convert(values, target).reshape(shape)


def parameters_of(
    source: FixedFormat, target: FixedFormat, average: bool, count_padding: bool
) -> dict[str, int | str]:
    """Return what pool and pool_reduce have in common."""
    return {
        "Average": f"1'b{int(average)}",
        "CountPadding": f"1'b{int(count_padding)}",
        "InWidth": source.width,
        "InSigned": f"1'b{int(source.signed)}",
        "Drop": source.fraction - target.fraction,
        "OutWidth": target.width,
        "OutSigned": f"1'b{int(target.signed)}",
        "Rounding": ROUNDINGS.index(target.rounding),
        "Overflow": OVERFLOWS.index(target.overflow),
    }


def random_formats(rng: np.random.Generator) -> tuple[FixedFormat, FixedFormat]:
    """Return an integer source format and a target of about as many bits."""
    in_signed, out_signed = rng.random(2) < 0.5
    width = int(rng.integers(2, 9))
    out_width, fraction = int(rng.integers(2, 10)), int(rng.integers(-3, 4))
    rounding, overflow = ROUNDINGS[rng.integers(7)], OVERFLOWS[rng.integers(5)]
    target = FixedFormat(bool(out_signed), out_width, out_width - fraction, rounding, overflow)
    return FixedFormat(bool(in_signed), width, width), target


def pool(
    rng: np.random.Generator,
    geometry: Geometry,
    average: bool,
    count_padding: bool,
    given: tuple[IntArray, FixedFormat, FixedFormat] | None = None,
) -> Case:
    """Return a pooling of the given images and formats, or of random ones."""
    if given is not None:
        x, source, target = given
    else:
        source, target = random_formats(rng)
        size = (IMAGES, *geometry.image, geometry.channels)
        x = rng.integers(source.min_int, source.max_int, size, endpoint=True)
    taps, inside = (
        np.moveaxis(windows(values, geometry), 5, 3).reshape(
            len(x), *geometry.out, geometry.channels, -1
        )
        for values in (x, np.ones_like(x))
    )
    out = expected(taps, inside, average, count_padding, target)
    lanes, last = image_beats(x, geometry.lanes)
    out_lanes, out_last = image_beats(out, geometry.lanes)
    device = Device(
        module="pool",
        in_width=geometry.lanes * source.width,
        out_width=geometry.lanes * target.width,
        parameters=geometry.parameters | parameters_of(source, target, average, count_padding),
    )
    return Case(device, lanes, last, source.width, out_lanes, out_last, target.width, target.signed)


def run(cases: Sequence[tuple[Geometry, bool, bool]], seed: int) -> list[str]:
    """Run them in one bench; return those that do not keep to the law."""
    rng = np.random.default_rng(seed)
    phases = (*STRESS, Phase(0, 0, 211), Phase(0, 200))
    result = check([pool(rng, *case) for case in cases], seed, phases)
    wrong = []
    for case, got in zip(cases, result.received[0], strict=True):
        cycles, exact = case[0].cycles(int(np.prod(case[0].kernel)) * case[0].groups)
        found = image_cycles(got, IMAGES)
        if (found != cycles).any() if exact else (found > cycles).any():
            wrong.append(f"{case}: {found} cycles, law {cycles} {exact=}")
    return wrong


def test_pool(seed: int) -> None:
    assert run(CASES, seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(6))
def test_any_pool(batch: int, seed: int) -> None:
    rng = np.random.default_rng(1000 * batch + seed)
    cases = []
    while len(cases) < 12:
        geometry = random_geometry(rng)
        inside = windows(np.ones((1, *geometry.image, geometry.channels), np.int64), geometry)
        if inside.any(axis=(3, 4)).all():
            cases.append((geometry, bool(rng.random() < 0.7), bool(rng.random() < 0.5)))
    assert run(cases, seed) == []


def test_every_mean_in_every_mode(seed: int) -> None:
    """Every window of three taps of 4 bits; every rounding mode, signed or not."""
    rng = np.random.default_rng(seed)
    geometry = Geometry(lanes=1, channels=1, image=(1, 3), kernel=(1, 3))
    cases = []
    for index, rounding in enumerate(Rounding):
        for signed in (True, False):
            source = FixedFormat(signed, 4, 4)
            values = range(source.min_int, source.max_int + 1)
            x = np.array(list(product(values, repeat=3))).reshape(-1, 1, 3, 1)
            width, fraction = 3 + index % 3, index % 4 - 1
            overflow = OVERFLOWS[(index + signed) % 5]
            target = FixedFormat(signed, width, width - fraction, rounding, overflow)
            cases.append(pool(rng, geometry, True, True, (x, source, target)))
    check(cases, seed, [Phase(), Phase(80, 80)])
