"""argmax gives the index of the first largest element."""

import numpy as np
import pytest

from gatewright.tools.beats import beats_of, to_beats
from gatewright.tools.bench import Device
from rtl_blocks import Case, check

SIZES = (  # bits, signed, lanes, elements
    (8, True, 1, 10),
    (8, False, 1, 10),
    (4, True, 3, 10),
    (4, False, 4, 10),
    (6, True, 10, 10),
    (3, True, 5, 3),
    (1, True, 2, 7),
    (8, True, 1, 1),
)
MORE = ((20, True, 4, 100), (1, False, 7, 20), (2, True, 16, 33))


def case(rng: np.random.Generator, width: int, signed: bool, lanes: int, size: int) -> Case:
    """Return a case with many ties, and with anything in the padding lanes."""
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    samples = rng.integers(low, high, (300, size), endpoint=True)
    samples[::7] = low  # all equal, and the smallest
    padded = rng.integers(low, high, (300, beats_of(size, lanes) * lanes), endpoint=True)
    padded[:, :size] = samples
    _, last = to_beats(samples, lanes)
    index_width = max((size - 1).bit_length(), 1)
    device = Device(
        module="argmax",
        in_width=lanes * width,
        out_width=index_width,
        parameters={
            "Width": width,
            "Signed": f"1'b{int(signed)}",
            "Lanes": lanes,
            "Elements": size,
            "IndexWidth": index_width,
        },
    )
    out = samples.argmax(axis=1)[:, None]
    ones = np.ones(len(samples), dtype=np.bool_)
    return Case(
        device,
        padded.reshape(-1, lanes),
        last,
        width,
        out,
        ones,
        index_width,
        interval=beats_of(size, lanes),
    )


def test_argmax(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check([case(rng, *size) for size in SIZES], seed)


@pytest.mark.slow
def test_argmax_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check([case(rng, *size) for size in MORE], seed)
