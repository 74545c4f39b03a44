"""Measure simulation speed against a bare C++ loop around the same model, in one run."""

import tempfile
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError
from gatewright.fixed import IntArray
from gatewright.tools import process
from gatewright.tools.simulate import device_of, run_design, stream_of
from gatewright.tools.stream_bench import Setup, build, write_inputs

_ROUND_S = 1.0  # seconds that a round should take: what is shorter says little
_MOST_ELEMENTS = 2**24  # of a round's samples


def simulation_speed(
    description: Mapping[str, Any], inputs: IntArray, setup: Setup, *, rounds: int = 3
) -> dict[str, Any]:
    """Return cycles per second under cocotb and in the bare loop, and their ratio.

    Both run the same bench with the same g++ flags, turn by turn, so that what else the machine
    does hits both; the best round of each counts. The bare loop has no VPI. Neither counts its
    start. Few samples are sent again and again, for rounds of about a second.

    Args:
        description: What ``emit`` says about the design.
        inputs: Integers [samples, elements].
        setup: Where and how to simulate.
        rounds: Runs of each.
    """
    once = run_design(description, inputs, setup)
    repeats = min(
        ceil(_ROUND_S * once.cycles_per_s / once.cycles), max(1, _MOST_ELEMENTS // inputs.size)
    )
    inputs = np.tile(inputs, (repeats, 1))
    device, stream = device_of(description), stream_of(description, inputs)
    bare = build([device], setup, "bare_loop.cpp")
    cocotb_speeds, bare_speeds = [], []
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as name:
        folder = Path(name)
        write_inputs(folder, [stream], setup.memory_folder)
        for _ in range(rounds):
            result = run_design(description, inputs, setup)
            cocotb_speeds.append(result.cycles_per_s)
            finished = process.run([bare.program, f"+cycles={result.cycles}"], cwd=folder)
            if finished.status != 0:
                raise CheckFailedError(f"the bare loop {finished.outcome}: {finished.output}")
            bare_speeds.append(result.cycles / float(finished.output.split()[-1]))
    return {
        "cycles": result.cycles,
        "cycles_per_s": max(cocotb_speeds),
        "bare_loop_cycles_per_s": max(bare_speeds),
        "ratio": max(cocotb_speeds) / max(bare_speeds),
        "rounds": {"cycles_per_s": cocotb_speeds, "bare_loop_cycles_per_s": bare_speeds},
    }
