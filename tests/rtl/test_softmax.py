"""softmax gives what the graph's Softmax gives: exact quotients, converted in every mode."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.graph import Softmax, StreamType
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_nodes import conversion, evaluate, frame_beats, hex_words, pick, random_mode

PIXELS = 5
SAMPLES = 12
# Channels; bits in, signed; bits of the table; output fraction; bits per cycle, dividers.
SHAPES = (
    (10, 6, True, 12, 8, 1, 1),
    (10, 7, False, 9, 7, 1, 11),  # full speed
    (3, 4, True, 17, 9, 2, 3),
    (1, 5, False, 3, 4, 1, 1),
    (40, 9, True, 6, -1, 1, 1),  # block RAM; a quotient of a half and one bit more
    (5, 3, True, 1, 0, 3, 2),
)


def table_of(rng: np.random.Generator, width: int, bits: int) -> IntArray:
    """Return a falling exponential, or anything at all."""
    largest = (1 << bits) - 1
    steps = np.arange(1 << width)
    if rng.random() < 0.5:
        return np.round(np.exp(-steps / rng.integers(2, 9)) * largest).astype(np.int64)
    values = rng.integers(0, largest, 1 << width, endpoint=True)
    values[0] = max(values[0], 1)
    return values


def case(
    rng: np.random.Generator,
    folder: Path,
    shape: tuple[int, int, bool, int, int, int, int],
    name: str = "table",
    mode: tuple[Rounding, Overflow] | None = None,
    images: IntArray | None = None,
) -> Case:
    """Return a softmax of a random table; of the given images [samples, elements] if any."""
    channels, width, signed, bits, fraction, per_cycle, dividers = shape
    source = FixedFormat(signed, width, width - 2)
    rounding, overflow = mode or random_mode(rng)
    out_width = max(fraction + int(rng.integers(-1, 2)), 2)
    target = FixedFormat(
        bool(rng.random() < 0.4), out_width, out_width - fraction, rounding, overflow
    )
    values = table_of(rng, width, bits)
    (folder / f"{name}.mem").write_text(hex_words(values[:, None], bits))
    x = pick(rng, source, (SAMPLES, PIXELS * channels)) if images is None else images
    kind = StreamType(source, (x.shape[1] // channels, channels))
    node = Softmax(
        name="softmax",
        origin="softmax",
        inputs=("source",),
        out=StreamType(target, kind.shape),
        values=values,
    )
    lanes_in, last = frame_beats(x, 1)
    parameters = conversion(FixedFormat(False, 1, 1), target)
    del parameters["Drop"]
    device = Device(
        module="softmax",
        in_width=width,
        out_width=out_width,
        parameters={
            "Channels": channels,
            "InWidth": width,
            "InSigned": f"1'b{int(signed)}",
            "TableWidth": bits,
            "OutFraction": fraction,
            **parameters,
            "Bits": per_cycle,
            "Dividers": dividers,
            "TableFile": f'"{name}.mem"',
        },
    )
    out = evaluate(kind, [node], x).reshape(-1, 1)
    return Case(device, lanes_in, last, width, out, last, out_width, target.signed)


def test_softmax(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    cases = [case(rng, tmp_path, shape, f"table{k}") for k, shape in enumerate(SHAPES)]
    phases = (*STRESS, Phase(0, 0, 211), Phase(0, 200))
    run = check(cases, seed, phases, memories=tmp_path)
    for shape, got, first in zip(SHAPES, run.received[0], run.first_beat[0], strict=True):
        channels, width, _, _, fraction, bits, dividers = shape
        steps = -(-(max(fraction + 1, 1) + 1) // bits)
        latency = channels + steps + (1 if width <= 6 else 2) + 5
        assert got.cycle[0] - first == channels - 1 + latency, shape
        pixels = got.cycle[channels - 1 :: channels]
        cycles = max(channels + 1, channels * (steps + 2) / dividers)
        mean = (pixels[-1] - pixels[4]) / (len(pixels) - 5)
        slack = 0 if dividers in (1, steps + 2) else 1
        assert cycles <= mean <= cycles + slack, f"{shape}: {mean} cycles per pixel, law {cycles}"


@pytest.mark.parametrize("overflow", [Overflow.SAT, Overflow.WRAP_SM])
def test_every_rounding_of_every_quotient(overflow: Overflow, seed: int, tmp_path: Path) -> None:
    """Every pixel of three channels of 3 bits, a table with many ties, all rounding modes."""
    rng = np.random.default_rng(seed)
    images = np.array(list(product(range(8), repeat=3))).reshape(4, -1)
    cases = [
        case(
            rng, tmp_path, (3, 3, False, 2, k % 4, 1, 1), f"table{k}", (rounding, overflow), images
        )
        for k, rounding in enumerate(Rounding)
    ]
    check(cases, seed, [Phase(), Phase(80, 80)], memories=tmp_path)
