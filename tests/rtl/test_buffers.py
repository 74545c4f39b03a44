"""axis_fifo, axis_branch_fifo and axis_skid: what goes in comes out, in order, at full speed."""

import numpy as np

from gatewright.tools.bench import Device
from rtl_blocks import Case, check, frames_of

BEATS = 2000
DEPTHS = (2, 3, 16, 31, 32, 33, 70)


def passes(device: Device, rng: np.random.Generator) -> Case:
    """Return a case in which beats pass through ``device`` unchanged."""
    width = device.in_width - device.last_in_data
    lanes = rng.integers(0, 1 << width, (BEATS, 1))
    last = frames_of(rng, BEATS)
    return Case(device, lanes, last, width, lanes, last, width)


def fifo(depth: int) -> Device:
    """Return a FIFO of 9 bits and tlast."""
    parameters = {"Width": 10, "Depth": depth}
    return Device(
        module="axis_fifo", in_width=10, out_width=10, parameters=parameters, last_in_data=True
    )


def branch_fifo(depth: int) -> Device:
    """Return a FIFO on a branch, of 10 bits beside tlast."""
    parameters = {"Width": 10, "Depth": depth}
    return Device(module="axis_branch_fifo", in_width=10, out_width=10, parameters=parameters)


def skid() -> Device:
    """Return a register slice of 9 bits and tlast."""
    parameters = {"Width": 10}
    return Device(
        module="axis_skid", in_width=10, out_width=10, parameters=parameters, last_in_data=True
    )


def test_fifo_and_skid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    devices = [*map(fifo, DEPTHS), *map(branch_fifo, (2, 40)), skid()]
    run = check([passes(device, rng) for device in devices], seed)
    for device, got in zip(devices, run.received[0], strict=True):
        assert (np.diff(got.cycle) == 1).all(), f"{device}: gaps at full speed"
