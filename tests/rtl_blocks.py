"""Run blocks in the bench and compare with what plain Python says must come out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import CheckFailedError
from gatewright.fixed import IntArray
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import (
    STRESS,
    BenchRun,
    Phase,
    Setup,
    Sink,
    Source,
    Stream,
    run_bench,
)

ROOT = Path(__file__).resolve().parents[1]
RTL = ROOT / "rtl"
SIM = ROOT / "sim"
COVERAGE = Path(os.environ["GATEWRIGHT_COVERAGE"]) if "GATEWRIGHT_COVERAGE" in os.environ else None
CACHE = Path(os.environ.get("GATEWRIGHT_CACHE", ROOT / "build" / "verilator"))

# In the order of dependency.
LIBRARY = (
    "lint.vlt",
    "arith/gatewright_pkg.sv",
    "arith/requantise.sv",
    "arith/offset_requantise.sv",
    "arith/carry_sum.sv",
    "arith/adder_tree.sv",
    "arith/mul_reg.sv",
    "arith/mul_parts.sv",
    "arith/divide_serial.sv",
    "arith/divide_stream.sv",
    "stream/axis_fifo.sv",
    "stream/axis_skid.sv",
    "stream/axis_width.sv",
    "stream/axis_frame_guard.sv",
    "stream/axis_frame_mark.sv",
    "stream/vector_buffer.sv",
    "stream/window_serial.sv",
    "stream/window_parallel.sv",
    "stream/axis_window.sv",
    "stream/credit_gate.sv",
    "stream/axis_fork.sv",
    "stream/axis_branch_fifo.sv",
    "stream/axis_concat.sv",
    "stream/axis_pad.sv",
    "stream/axis_upsample.sv",
    "stream/axis_transpose.sv",
    "stream/axis_pick.sv",
    "layers/axis_quantise.sv",
    "layers/axis_merge.sv",
    "layers/axis_rectify.sv",
    "layers/axis_table.sv",
    "layers/softmax.sv",
    "layers/argmax.sv",
    "layers/weight_memory.sv",
    "layers/matvec_rank.sv",
    "layers/matvec_serialise.sv",
    "layers/matvec_folded.sv",
    "layers/matvec_bias.sv",
    "layers/layer_output.sv",
    "layers/matvec_engine.sv",
    "layers/matvec_layer.sv",
    "stream/level_queue.sv",
    "stream/axis_nonzero.sv",
    "stream/nonzero_pick.sv",
    "layers/sparse_pe.sv",
    "layers/matvec_sparse.sv",
    "layers/sparse_layer.sv",
    "layers/conv_layer.sv",
    "layers/depthwise_folded.sv",
    "layers/depthwise_engine.sv",
    "layers/depthwise_layer.sv",
    "layers/pool_reduce.sv",
    "layers/pool.sv",
)


@dataclass(frozen=True, eq=False)
class Case:
    """A device, what goes in, and what must come out.

    Attributes:
        device: The device.
        lanes: Integers [beats, lanes] that go in.
        last: tlast of each of these beats.
        in_width: Bits per input lane.
        out: Integers [beats, lanes] that must come out.
        out_last: tlast of each of these beats.
        out_width: Bits per output lane.
        out_signed: Output lanes are two's complement.
        out_user: tuser of each output beat, where the device has one.
        interval: Cycles per frame at full speed; None: not checked.
    """

    device: Device
    lanes: IntArray
    last: NDArray[np.bool_]
    in_width: int
    out: IntArray
    out_last: NDArray[np.bool_]
    out_width: int
    out_signed: bool = False
    out_user: NDArray[np.bool_] | None = None
    interval: int | None = None


def check(
    cases: Sequence[Case],
    seed: int,
    phases: Sequence[Phase] = STRESS,
    *,
    rtl: Path = RTL,
    extra: Sequence[Path] = (),
    memories: Path | None = None,
) -> BenchRun:
    """Run every case through every phase, all in one simulation, and compare every beat.

    Args:
        cases: What to run.
        seed: Of everything random.
        phases: The phases of each.
        rtl: The library.
        extra: More sources.
        memories: Folder of the devices' memory files.
    """
    setup = Setup(
        sources=[*(rtl / name for name in LIBRARY), *extra],
        sim_root=SIM,
        cache_folder=CACHE,
        memory_folder=memories,
        seed=seed,
        optimise="-O0",
        timeout_s=300,
        quiet_cycles=5_000,
        coverage=COVERAGE,
    )
    streams = [
        Stream(
            sources=(Source(case.lanes, case.last, case.in_width),),
            sinks=(Sink(case.out.shape[1], case.out_width, case.out_signed),),
            frames=int(case.out_last.sum()),
        )
        for case in cases
    ]
    run = run_bench([case.device for case in cases], streams, phases, setup)
    for number, phase in enumerate(phases):
        for index, case in enumerate(cases):
            _compare(case, run, number, phase, index)
    return run


def _compare(case: Case, run: BenchRun, number: int, phase: Phase, index: int) -> None:
    what = f"{case.device.module} {dict(case.device.parameters)} in phase {number}"
    got = run.received[number][index]
    count = len(got.last)
    if phase.cycles is None and count != len(case.out_last):
        raise CheckFailedError(f"{what}: {count} beats came out, must be {len(case.out_last)}")
    wrong = (got.lanes != case.out[:count]).any(axis=1) | (got.last != case.out_last[:count])
    if case.out_user is not None:
        wrong |= got.user != case.out_user[:count]
    if wrong.any():
        beat = int(np.argmax(wrong))
        raise CheckFailedError(
            f"{what}: beat {beat} is {got.lanes[beat]} last {got.last[beat]} user "
            f"{got.user[beat]}, must be {case.out[beat]} last {case.out_last[beat]}"
        )
    if case.interval is not None and phase == Phase():
        ends = got.frame_ends()
        gaps = np.diff(ends)
        if (gaps != case.interval).any():
            raise CheckFailedError(
                f"{what}: {gaps.min()} to {gaps.max()} cycles per frame at full speed, "
                f"must be {case.interval}"
            )


def frames_of(rng: np.random.Generator, beats: int) -> NDArray[np.bool_]:
    """Return a random tlast for each of ``beats`` beats; the last one has it."""
    last = rng.random(beats) < 0.2
    last[-1] = True
    return last
