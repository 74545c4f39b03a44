"""Stress: long runs with random stalls at every stream of a design at once, and random resets.

The design is emitted once more with ``axis_stall`` in each stream. Run after run, each with another
seed and another share of stalls, real samples go through it: first through resets in mid-stream
after a random number of cycles, then to the end. Whatever comes out must be what PyTorch gives, in
order, nothing lost and nothing twice. A watchdog names the stream that stands still.
"""

import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import emit
from gatewright.errors import CheckFailedError
from gatewright.files import write_json
from gatewright.fixed import IntArray
from gatewright.resources import sim_root
from gatewright.tools import simulate
from gatewright.tools.beats import Received, to_beats
from gatewright.tools.stream_bench import Phase, Setup, run_bench
from gatewright.verification.context import Context

log = logging.getLogger(__name__)
RECORD = "stress.json"
_SHARES = (0, 16, 64, 128, 200)  # of 256: of cycles in which a gate closes, or an end pauses
_RESETS = 8  # in mid-stream, per run
_RUN_CYCLES = 300_000  # of a run, by the law; with stalls it is several times longer
_FRAMES = 5_000  # of a run, at most
_PATIENCE = 100  # intervals that a beat may wait


@dataclass(frozen=True)
class Stress:
    """What came of a stress test.

    Attributes:
        cycles: Clock cycles, those cut off by resets included.
        runs: Simulations, each with its own seed.
        resets: In mid-stream.
        frames: Samples that came out whole, of the phases that ran to their end.
        compared: Integers compared.
        streams: With a stall in each.
        seed: Of everything random.
        wall_s: Seconds it took.
    """

    cycles: int
    runs: int
    resets: int
    frames: int
    compared: int
    streams: int
    seed: int
    wall_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def run(context: Context, cycles: int) -> Stress:
    """Stress a design for at least ``cycles`` clock cycles, and write ``stress.json``.

    Raises:
        CheckFailedError: see ``stressed``.
        NotRunError: Verilator or a compiler is missing.
    """
    (context.folder / RECORD).unlink(missing_ok=True)
    rtl, asked = context.work / "stress" / "rtl", context.design.rtl
    options = emit.RtlOptions(asked.input_lanes, asked.skip_zeros, stalls=True)
    description = emit.write_rtl(context.graph, rtl, options)
    setup = Setup(sources=[], sim_root=sim_root(), cache_folder=context.cache, seed=context.seed)
    samples = context.inputs(None), context.expected(None)
    done = stressed(description, rtl, samples, setup, cycles)
    write_json(context.folder / RECORD, {"design": context.design.name} | done.as_dict())
    return done


def stressed(
    description: dict[str, Any],
    rtl: Path,
    samples: tuple[IntArray, IntArray],
    setup: Setup,
    cycles: int,
) -> Stress:
    """Stress a design that was emitted with stalls for at least ``cycles`` clock cycles.

    Args:
        description: What ``emit.write_rtl`` returned.
        rtl: The folder that it wrote.
        samples: Integers [samples, elements] that go in, and those that must come out.
        setup: How to simulate, and the seed.
        cycles: When to stop: after the run that reaches them.

    Raises:
        CheckFailedError: a beat is lost, made, changed or out of order, or a stream stands still;
            the message names it.
    """
    started = time.monotonic()
    base = simulate.rtl_setup(rtl, description, setup)
    base = replace(base, sources=[setup.sim_root / "stress" / "axis_stall.sv", *base.sources])
    done = Stress(0, 0, 0, 0, 0, _streams(description), setup.seed, 0.0)
    rng = np.random.default_rng((setup.seed, 5))
    while done.cycles < cycles:
        one = replace(base, seed=int(rng.integers(1, 2**31)))
        done = _one(done, description, samples, one)
        log.info("       %d cycles, %d resets", done.cycles, done.resets)
    return replace(done, wall_s=round(time.monotonic() - started, 3))


def _streams(description: dict[str, Any]) -> int:
    """Return how many streams a design has that can wait, its inputs included."""
    held = [stream for stream in description["streams"] if stream["held"]]
    return len(held) + len(description["inputs"])


def _one(
    done: Stress, description: dict[str, Any], samples: tuple[IntArray, IntArray], setup: Setup
) -> Stress:
    """Run one simulation and add what it gave."""
    inputs, expected = samples
    rng = np.random.default_rng(setup.seed)
    law = int(description["cycles_per_inference_law"])
    stalls, idle, stall = (int(rng.choice(_SHARES)) for _ in range(3))
    order = rng.integers(len(inputs), size=int(np.clip(_RUN_CYCLES // law, 2, _FRAMES)))
    cut = [int(rng.integers(1, 20 * law)) for _ in range(_RESETS)]
    phases = [Phase(idle, stall, cycles) for cycles in cut] + [Phase(idle, stall)]
    patience = _PATIENCE * law + 20_000
    setup = replace(
        setup,
        plusargs=(*setup.plusargs, f"+stalls={stalls}", f"+watchdog={patience}"),
        quiet_cycles=2 * patience,
    )
    stream = simulate.stream_of(description, inputs[order])
    result = run_bench([simulate.device_of(description)], [stream], phases, setup)
    compared = 0
    for phase, received in zip(phases, result.received, strict=True):
        compared += _compare(description, expected[order], phase, received)
    last = max(int(got.cycle[-1]) for got in result.received[-1])
    return replace(
        done,
        cycles=done.cycles + sum(cut) + last,
        runs=done.runs + 1,
        resets=done.resets + len(cut),
        frames=done.frames + len(order),
        compared=done.compared + compared,
    )


def _compare(
    description: dict[str, Any],
    expected: IntArray,
    phase: Phase,
    received: tuple[Received, ...],
) -> int:
    """Compare what each output gave, beat by beat; return how many integers there were."""
    ports = description["outputs"]
    ends = np.cumsum([port["elements"] for port in ports])[:-1]
    compared = 0
    for port, part, got in zip(ports, np.split(expected, ends, axis=1), received, strict=True):
        lanes, last = to_beats(part, port["lanes"])
        count = len(got.last)
        what = f"{description['top']}, {port['port']}"
        if count > len(last) or (phase.cycles is None and count != len(last)):
            raise CheckFailedError(f"{what}: {count} beats came out, must be {len(last)}")
        wrong = (got.lanes != lanes[:count]).any(axis=1) | (got.last != last[:count]) | got.user
        if wrong.any():
            beat = int(np.argmax(wrong))
            raise CheckFailedError(
                f"{what}: beat {beat} is {got.lanes[beat]} last {got.last[beat]} marked bad "
                f"{got.user[beat]}, must be {lanes[beat]} last {last[beat]}"
            )
        compared += got.lanes.size
    return compared
