"""window_serial gives every window of numpy's padded image, at the law's pace."""

import numpy as np
import pytest

from gatewright.fixed import IntArray
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_windows import Geometry, image_beats, image_cycles, random_geometry, windows

WIDTH = 9
IMAGES = 6
PAD_VALUE = 0x155

# What layers of real networks do, and corners.
SAME = {"kernel": (3, 3), "begin": (1, 1), "end": (1, 1)}
CASES = [
    (Geometry(lanes=1, channels=1, image=(1, 1), kernel=(1, 1)), 1, False),
    (Geometry(lanes=2, channels=4, image=(5, 6), **SAME), 2, False),
    (Geometry(lanes=2, channels=4, image=(5, 6), **SAME), 1, True),
    (Geometry(lanes=1, channels=4, image=(5, 6), kernel=(1, 1)), 3, False),  # pointwise
    (Geometry(lanes=1, channels=1, image=(9, 7), kernel=(1, 1)), 1, False),
    (Geometry(lanes=1, channels=3, image=(6, 7), kernel=(1, 1), stride=(2, 2)), 5, False),
    (Geometry(lanes=2, channels=2, image=(8, 8), kernel=(2, 2), stride=(2, 2)), 1, True),
    (Geometry(lanes=1, channels=2, image=(7, 7), kernel=(7, 7)), 1, True),  # global pooling
    (Geometry(lanes=3, channels=3, image=(12, 10), kernel=(5, 5)), 2, False),
    (
        Geometry(lanes=2, channels=2, image=(1, 20), kernel=(1, 5), begin=(0, 2), end=(0, 2)),
        2,
        False,
    ),
    (Geometry(lanes=1, channels=1, image=(9, 9), kernel=(3, 3), stride=(4, 4)), 1, False),
    (
        Geometry(lanes=1, channels=2, image=(4, 4), kernel=(1, 1), begin=(1, 1), end=(2, 3)),
        2,
        False,
    ),
    (
        Geometry(lanes=1, channels=2, image=(3, 3), **(SAME | {"begin": (4, 5), "end": (5, 4)})),
        1,
        True,
    ),
    (Geometry(lanes=1, channels=1, image=(12, 12), kernel=(3, 2), dilation=(3, 4)), 2, False),
]


def case(
    rng: np.random.Generator, geometry: Geometry, passes: int, outer: bool, images: int = IMAGES
) -> Case:
    """Return random images and their windows."""
    x = rng.integers(0, 1 << WIDTH, (images, *geometry.image, geometry.channels))
    lanes, last = image_beats(x, geometry.lanes)
    out, out_last = beats_of(windows(x, geometry, PAD_VALUE), geometry, passes, outer)
    inside = windows(np.ones_like(x), geometry)
    user = beats_of(inside, geometry, passes, outer)[0][:, 0] == 0
    parameters = {
        "Width": WIDTH,
        **geometry.parameters,
        "Passes": passes,
        "ChannelOuter": f"1'b{int(outer)}",
        "PadValue": f"{WIDTH}'d{PAD_VALUE}",
    }
    width = geometry.lanes * WIDTH
    device = Device(
        module="window_serial", in_width=width, out_width=width, parameters=parameters, user=True
    )
    return Case(device, lanes, last, WIDTH, out, out_last, WIDTH, out_user=user)


def beats_of(
    taps: IntArray, geometry: Geometry, passes: int, outer: bool
) -> tuple[IntArray, IntArray]:
    """Return the output beats for taps [n, r, c, kh, kw, channels], and their tlast."""
    grouped = taps.reshape(*taps.shape[:5], geometry.groups, geometry.lanes)
    if outer:
        grouped = np.moveaxis(grouped, 5, 3)
        ends = np.prod(geometry.kernel)
    else:
        ends = np.prod(grouped.shape[3:6])
        grouped = np.repeat(grouped.reshape(*taps.shape[:3], 1, -1), passes, axis=3)
    beats = grouped.reshape(-1, geometry.lanes)
    return beats, np.arange(len(beats)) % ends == ends - 1


def run(
    rng: np.random.Generator, cases: list[tuple[Geometry, int, bool]], seed: int
) -> list[tuple[Geometry, str]]:
    """Run them in one bench; return those that do not keep to the law."""
    phases = (*STRESS, Phase(0, 0, 211), Phase(20, 0), Phase(0, 200))
    result = check([case(rng, *one) for one in cases], seed, phases)
    wrong = []
    for (geometry, passes, outer), got in zip(cases, result.received[0], strict=True):
        per_window = passes * int(np.prod(geometry.kernel)) * geometry.groups
        cycles, exact = geometry.cycles(per_window)
        found = image_cycles(got, IMAGES)
        if (found != cycles).any() if exact else (found > cycles).any():
            wrong.append((geometry, f"{passes=} {outer=} {found} law {cycles} {exact=}"))
    return wrong


def test_window_serial(seed: int) -> None:
    assert run(np.random.default_rng(seed), CASES, seed) == []


@pytest.mark.parametrize("batch", range(2))
def test_any_geometry(batch: int, seed: int) -> None:
    assert run(*random_batch(1000 * batch + seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(2, 12))
def test_any_geometry_more(batch: int, seed: int) -> None:
    assert run(*random_batch(1000 * batch + seed)) == []


def random_batch(seed: int) -> tuple[np.random.Generator, list[tuple[Geometry, int, bool]], int]:
    """Return a dozen random geometries, with passes or channel groups outermost."""
    rng = np.random.default_rng(seed)
    picked = []
    for _ in range(12):
        outer = bool(rng.random() < 0.4)
        passes = 1 if outer else int(rng.integers(1, 4))
        picked.append((random_geometry(rng), passes, outer))
    return rng, picked, seed
