"""axis_fifo and axis_skid: what goes in comes out, in order, at full speed."""

import numpy as np

from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import Phase
from rtl_blocks import Case, check, frames_of

BEATS = 2000
DEPTHS = (2, 3, 16, 31, 32, 33, 70)


def passes(device: Device, rng: np.random.Generator) -> Case:
    """Return a case in which beats pass through ``device`` unchanged."""
    width = device.in_width - 1
    lanes = rng.integers(0, 1 << width, (BEATS, 1))
    last = frames_of(rng, BEATS)
    return Case(device, lanes, last, width, lanes, last, width)


def fifo(depth: int) -> Device:
    """Return a FIFO of 9 bits and tlast."""
    parameters = {"Width": 10, "Depth": depth}
    return Device(
        module="axis_fifo", in_width=10, out_width=10, parameters=parameters, last_in_data=True
    )


def test_fifo_and_skid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    skid = Device(
        module="axis_skid",
        in_width=10,
        out_width=10,
        parameters={"Width": 10},
        last_in_data=True,
    )
    devices = [*map(fifo, DEPTHS), skid]
    run = check([passes(device, rng) for device in devices], seed)
    for device, got in zip(devices, run.received[0], strict=True):
        assert (np.diff(got.cycle) == 1).all(), f"{device}: gaps at full speed"


def test_fifo_holds_exactly_its_depth(seed: int) -> None:
    """With the sink asleep (never ready at stall 256 is out of range: 255 is nearly never)."""
    rng = np.random.default_rng(seed)
    run = check([passes(fifo(depth), rng) for depth in DEPTHS], seed, [Phase(0, 250)])
    assert len(run.received[0]) == len(DEPTHS)
