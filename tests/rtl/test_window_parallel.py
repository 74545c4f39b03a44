"""window_parallel gives every window of numpy's padded image, several taps per beat, at its law."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_windows import (
    Geometry,
    image_beats,
    image_cycles,
    narrowly_padded,
    random_geometry,
    windows,
)

WIDTH = 9
IMAGES = 6

SAME = {"kernel": (3, 3), "begin": (1, 1), "end": (1, 1)}
# Geometry, taps per beat, passes.
CASES = [
    (Geometry(lanes=1, channels=1, image=(1, 1), kernel=(1, 1)), 1, 1),
    (Geometry(lanes=2, channels=2, image=(5, 6), **SAME), 9, 1),  # a pixel per cycle
    (Geometry(lanes=2, channels=2, image=(5, 6), **SAME), 9, 3),
    (Geometry(lanes=2, channels=2, image=(5, 6), **SAME), 4, 2),  # the last beat is not full
    (Geometry(lanes=1, channels=3, image=(6, 7), **SAME), 9, 1),  # groups
    (Geometry(lanes=2, channels=6, image=(6, 7), stride=(2, 2), **SAME), 2, 1),
    (Geometry(lanes=1, channels=1, image=(12, 10), kernel=(5, 5)), 25, 1),
    (Geometry(lanes=1, channels=1, image=(12, 10), kernel=(5, 5)), 13, 1),
    (Geometry(lanes=1, channels=1, image=(7, 40), kernel=(3, 5), begin=(1, 2), end=(1, 2)), 15, 1),
    (Geometry(lanes=2, channels=2, image=(1, 20), kernel=(1, 5), begin=(0, 2), end=(0, 2)), 5, 1),
    (Geometry(lanes=1, channels=1, image=(9, 9), kernel=(3, 3), stride=(4, 4)), 3, 1),
    (Geometry(lanes=1, channels=2, image=(8, 8), kernel=(2, 2), stride=(2, 2)), 4, 1),
    (Geometry(lanes=1, channels=2, image=(4, 1), kernel=(3, 5), begin=(1, 2), end=(1, 2)), 15, 1),
    (Geometry(lanes=1, channels=1, image=(12, 12), kernel=(3, 2), dilation=(3, 4)), 6, 2),
]


def case(rng: np.random.Generator, geometry: Geometry, taps: int, passes: int) -> Case:
    """Return random images and their windows."""
    x = rng.integers(0, 1 << WIDTH, (IMAGES, *geometry.image, geometry.channels))
    lanes, last = image_beats(x, geometry.lanes)
    count = int(np.prod(geometry.kernel))
    beats = ceil(count / taps)
    out = windows(x, geometry).reshape(IMAGES, -1, count, geometry.groups, geometry.lanes)
    padded = np.zeros((*out.shape[:2], geometry.groups, beats * taps, geometry.lanes), np.int64)
    padded[:, :, :, :count] = np.moveaxis(out, 3, 2)
    words = padded.reshape(-1, 1, beats, taps * geometry.lanes).repeat(passes, axis=1)
    words = words.reshape(-1, taps * geometry.lanes)
    device = Device(
        module="window_parallel",
        in_width=geometry.lanes * WIDTH,
        out_width=taps * geometry.lanes * WIDTH,
        parameters={"Width": WIDTH, **geometry.parameters, "Taps": taps, "Passes": passes},
    )
    return Case(
        device, lanes, last, WIDTH, words, np.arange(len(words)) % beats == beats - 1, WIDTH
    )


def followed(rng: np.random.Generator, index: int, beats: int) -> Case:
    """Return one image and the first ``beats`` of the next; all that must come is the image's."""
    geometry = CASES[index][0]
    made = case(rng, *CASES[index])
    count, windows_of_one = geometry.image[0] * geometry.row + beats, len(made.out) // IMAGES
    return replace(
        made,
        lanes=made.lanes[:count],
        last=made.last[:count],
        out=made.out[:windows_of_one],
        out_last=made.out_last[:windows_of_one],
    )


def run(
    rng: np.random.Generator, cases: list[tuple[Geometry, int, int]], seed: int
) -> list[tuple[Geometry, str]]:
    """Run them in one bench; return those that do not keep to the law."""
    phases = (*STRESS, Phase(0, 0, 211), Phase(20, 0), Phase(0, 200))
    result = check([case(rng, *one) for one in cases], seed, phases)
    wrong = []
    for (geometry, taps, passes), got in zip(cases, result.received[0], strict=True):
        law = geometry.parallel_cycles(ceil(int(np.prod(geometry.kernel)) / taps) * passes)
        found = image_cycles(got, IMAGES)
        ahead = np.cumsum(found - law)  # no drift, and exact without padding at the right
        if (abs(ahead) > geometry.tail * geometry.groups).any():
            wrong.append((geometry, f"{taps=} {passes=} {found} law {law}"))
    return wrong


def test_window_parallel(seed: int) -> None:
    assert run(np.random.default_rng(seed), CASES, seed) == []


@pytest.mark.parametrize("beats", [0, 1])
def test_an_image_leaves_without_the_next_one(beats: int, seed: int) -> None:
    rows = {4: 1, 8: 1, 12: 1}  # of the next image that its first windows need, but the last
    made = [
        followed(np.random.default_rng(seed), index, CASES[index][0].row * count + beats)
        for index, count in rows.items()
    ]
    phases = (Phase(), Phase(idle=60, stall=40))
    check(made, seed, phases)


def test_any_geometry(seed: int) -> None:
    assert run(*random_batch(seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(1, 12))
def test_any_geometry_more(batch: int, seed: int) -> None:
    assert run(*random_batch(1000 * batch + seed)) == []


def random_batch(seed: int) -> tuple[np.random.Generator, list[tuple[Geometry, int, int]], int]:
    """Return a dozen random geometries."""
    rng = np.random.default_rng(seed)
    picked: list[tuple[Geometry, int, int]] = []
    while len(picked) < 12:
        geometry = random_geometry(rng)
        if narrowly_padded(geometry):
            taps = int(rng.integers(1, int(np.prod(geometry.kernel)) + 1))
            passes = int(rng.integers(1, 4)) if geometry.groups == 1 else 1
            picked.append((geometry, taps, passes))
    return rng, picked, seed
