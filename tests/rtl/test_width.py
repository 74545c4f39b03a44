"""axis_width: every element arrives, in order, padded with zeros, without gaps."""

import numpy as np
import pytest

from gatewright.tools.beats import beats_of, to_beats
from gatewright.tools.bench import Device
from rtl_blocks import Case, check

SIZES = (  # bits, lanes in, lanes out, elements
    (8, 1, 4, 10),
    (8, 1, 4, 8),
    (5, 2, 6, 9),
    (8, 4, 1, 10),
    (3, 6, 2, 9),
    (8, 4, 2, 4),
    (7, 3, 3, 10),
    (8, 8, 1, 1),
    (8, 1, 8, 1),
)
MORE = ((1, 1, 2, 2), (1, 32, 1, 31), (16, 16, 4, 100), (16, 4, 16, 100), (4, 5, 10, 7))


def case(rng: np.random.Generator, width: int, lanes_in: int, lanes_out: int, size: int) -> Case:
    """Return a case with random samples, and with anything in the padding of the input."""
    samples = rng.integers(0, 1 << width, (200, size))
    padded = rng.integers(0, 1 << width, (200, beats_of(size, lanes_in) * lanes_in))
    padded[:, :size] = samples
    _, last = to_beats(samples, lanes_in)
    out, out_last = to_beats(samples, lanes_out)
    device = Device(
        module="axis_width",
        in_width=lanes_in * width,
        out_width=lanes_out * width,
        parameters={
            "Width": width,
            "InLanes": lanes_in,
            "OutLanes": lanes_out,
            "Elements": size,
        },
    )
    interval = max(beats_of(size, lanes_in), beats_of(size, lanes_out))
    return Case(
        device, padded.reshape(-1, lanes_in), last, width, out, out_last, width, interval=interval
    )


def test_width(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check([case(rng, *size) for size in SIZES], seed)


@pytest.mark.slow
def test_width_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check([case(rng, *size) for size in MORE], seed)
