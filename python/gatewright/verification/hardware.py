"""What every rung of hardware does: the same bench, the same samples, whatever the top was made of.

The top has the ports of the emitted design. First all samples go through it back to back, then some
with pauses on both sides, both at the simulator's own speed; then cocotb drives the streams from
Python: stalls, resets in mid-stream, short and long frames. Below the RTL, where nothing but values
and cycles can be seen, every beat must also leave in the cycle in which it leaves the RTL.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError
from gatewright.simulation import protocol_samples
from gatewright.tools import simulate
from gatewright.tools.simulate import SimResult
from gatewright.tools.stream_bench import Setup
from gatewright.verification import layers
from gatewright.verification.context import Context, Samples
from gatewright.verification.judge import judged
from gatewright.verification.result import RungResult
from gatewright.verification.subject import Subject

PAUSED = 100  # samples that go through it with pauses
CHANCE = 64  # of 256: of a pause of the source, and of the sink, in a cycle


@dataclass(frozen=True, eq=False)
class Hardware:
    """A top to simulate.

    Attributes:
        rung: The rung's name.
        what: What it was made of, in a few words.
        description: As ``rtl.json``; ``layers`` empty if their counters are not there, ``streams``
            if those between the blocks cannot be seen.
        setup: Its sources and where its memories are.
        most: Samples it takes by itself; None: all.
        timed: The RTL whose cycles it must keep; None: it is the RTL.
    """

    rung: str
    what: str
    description: Mapping[str, Any]
    setup: Setup
    most: int | None = None
    timed: Setup | None = None


def run(context: Context, hardware: Hardware) -> RungResult:
    """Simulate a top on the samples and compare what it gives.

    Raises:
        CheckFailedError: it hangs, an assertion fired, a frame is not as it must be, or a beat
            leaves in another cycle than in the RTL.
        NotRunError: Verilator or a compiler is missing.
    """
    started = time.monotonic()
    count = context.count(hardware.most)
    paused = min(PAUSED, count)
    results = [_pass(context, hardware, count, 0), _pass(context, hardware, paused, CHANCE)]
    wrong = next((result for result in results if result.status != "pass"), None)
    if wrong is not None:
        return replace(wrong, wall_s=round(time.monotonic() - started, 3))
    chosen = protocol_samples(count, context.design.sim.protocol_frames, context.seed)
    inputs, expected = context.inputs(count)[chosen], context.expected(count)[chosen]
    simulate.run_protocol(hardware.description, inputs, expected, hardware.setup)
    outputs = expected.shape[1]
    return replace(
        results[0],
        compared=(count + paused + len(chosen)) * outputs,
        wall_s=round(time.monotonic() - started, 3),
        why=(
            f"{hardware.what}: {count} samples back to back, {paused} with pauses, {len(chosen)} "
            "with stalls, resets, short and long frames"
            + (", every beat in the RTL's cycle" if hardware.timed else "")
        ),
    )


def _pass(context: Context, hardware: Hardware, count: int, chance: int) -> RungResult:
    """Send the first ``count`` samples through the top."""
    started = time.monotonic()
    give = partial(_simulated, context, hardware, chance)
    subject = Subject(
        hardware.rung,
        lambda samples: give(samples).outputs,
        lambda sample: layers.of_hardware(context, sample, hardware.description, hardware.setup),
        partial(_waves, context, hardware, chance),
        argmax=context.design.rtl.argmax,
    )
    samples = context.samples[:count]
    found = give(samples)
    result = judged(context, subject, found.outputs, started, hardware.what)
    if result.status == "pass" and hardware.timed is not None:
        rtl = replace(hardware, description=context.description, setup=hardware.timed)
        same_cycles(context, hardware.what, found, _simulated(context, rtl, chance, samples))
    return result


def same_cycles(context: Context, what: str, found: SimResult, rtl: SimResult) -> None:
    """Refuse beats that leave in another cycle than in the RTL.

    Raises:
        CheckFailedError: with the first such beat.
    """
    ports = context.description["outputs"]
    for port, cycles, right in zip(ports, found.beat_cycles, rtl.beat_cycles, strict=True):
        differ = np.flatnonzero(cycles != right)
        if differ.size:
            beat = int(differ[0])
            raise CheckFailedError(
                f"{what}: beat {beat} of {port['port']} leaves in cycle {cycles[beat]}, in the RTL "
                f"in cycle {right[beat]}; its values are right"
            )


def _simulated(context: Context, hardware: Hardware, chance: int, samples: Samples) -> SimResult:
    inputs = context.integers(samples)
    return simulate.run_design(
        hardware.description, inputs, hardware.setup, idle=chance, stall=chance
    )


def _waves(
    context: Context,
    hardware: Hardware,
    chance: int,
    sample: Samples,
    window: tuple[int, int],
    path: Path,
) -> None:
    """Write the waveform of one sample from a first to a last cycle."""
    setup = replace(hardware.setup, waves=path, window=window)
    inputs = context.integers(sample)
    simulate.run_design(hardware.description, inputs, setup, idle=chance, stall=chance)
