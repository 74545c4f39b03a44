"""vector_buffer gives each vector Passes times, without gaps."""

import numpy as np

from gatewright.tools.bench import Device
from rtl_blocks import Case, check

SIZES = ((1, 1), (1, 3), (5, 1), (5, 4), (16, 2), (17, 3), (40, 2))  # beats, passes


def case(rng: np.random.Generator, beats: int, passes: int) -> Case:
    """Return random vectors, and each of them repeated."""
    vectors = rng.integers(0, 256, (60, beats))
    out = np.repeat(vectors, passes, axis=0).reshape(-1, 1)
    device = Device(
        module="vector_buffer",
        in_width=8,
        out_width=8,
        parameters={"Width": 8, "Beats": beats, "Passes": passes},
    )
    last = np.arange(60 * beats) % beats == beats - 1
    out_last = np.arange(len(out)) % beats == beats - 1
    return Case(device, vectors.reshape(-1, 1), last, 8, out, out_last, 8, interval=beats)


def test_vector_buffer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check([case(rng, *size) for size in SIZES], seed)
