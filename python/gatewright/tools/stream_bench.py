"""Simulate devices on Verilator at its own speed: streams in from files, streams out to files."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from gatewright.fixed import IntArray
from gatewright.tools import bench, cocotb_runner, verilator
from gatewright.tools.beats import Received, read_sink, write_source

QUIET_CYCLES = 1_000_000  # without any beat: the device hangs
_MEMORIES = (".mem", ".dat")  # ours, and those of Vitis HLS
RESET_CYCLES = 4  # before each phase; as in sim/gatewright_sim/phases.py


@dataclass(frozen=True)
class Phase:
    """One run of the streams, from reset on.

    Attributes:
        idle: Chance of 256 that a source pauses in a cycle; 0: never.
        stall: Chance of 256 that a sink is not ready in a cycle; 0: always ready.
        cycles: A reset comes after so many cycles; None: the phase goes on to the last frame.
        alone: The first frame goes alone; the others follow when its result is out.
    """

    idle: int = 0
    stall: int = 0
    cycles: int | None = None
    alone: bool = False


# No stalls; a stream cut off by a reset; a slow source; a slow sink; both.
STRESS = (Phase(), Phase(64, 64, 97), Phase(100, 0), Phase(0, 100), Phase(90, 90))


@dataclass(frozen=True, eq=False)
class Source:
    """What goes into a device on one stream.

    Attributes:
        lanes: Integers [beats, lanes].
        last: tlast of each beat.
        width: Bits per lane.
    """

    lanes: IntArray
    last: NDArray[np.bool_]
    width: int


@dataclass(frozen=True)
class Sink:
    """How to read what comes out of a device on one stream.

    Attributes:
        lanes: Elements per beat.
        width: Bits per element.
        signed: Elements are two's complement.
    """

    lanes: int
    width: int
    signed: bool = False


@dataclass(frozen=True, eq=False)
class Stream:
    """What goes into a device and how to read what comes out.

    Attributes:
        sources: Of its streams in.
        sinks: Of its streams out.
        frames: Frames each sink must get.
        taps: Of the streams inside it that are written down.
    """

    sources: tuple[Source, ...]
    sinks: tuple[Sink, ...]
    frames: int
    taps: tuple[Sink, ...] = ()


@dataclass(frozen=True, eq=False)
class BenchRun:
    """What a bench gave.

    Attributes:
        received: Per phase, what each sink got, device by device.
        first_beat: Per phase, the cycle in which each source's first beat went in, device by
            device; empty for phases that were cut off.
        build_s: Seconds to build the simulation; 0 if it was in the cache.
        wall_s: Seconds to run it.
        run_s: Of these, the seconds in which the clock ran, without the start of Python.
        seed: Seed of everything random.
        tapped: Per phase, what went over each tapped stream, device by device.
    """

    received: tuple[tuple[Received, ...], ...]
    first_beat: tuple[tuple[int, ...], ...]
    build_s: float
    wall_s: float
    run_s: float
    seed: int
    tapped: tuple[tuple[Received, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How and where to simulate.

    Attributes:
        sources: SystemVerilog and .vlt files of the devices, packages before what uses them.
        sim_root: The ``sim`` folder of the package.
        cache_folder: Where builds are kept.
        memory_folder: Folder whose ``*.mem`` files the devices read; None: they read none.
        seed: Seed of everything random.
        optimise: g++ flag for the model.
        waves: FST file to write, or None.
        window: First and last cycle that it shows, counted from the first reset's end; None: all.
        log: File that keeps the simulator's output, or None.
        timeout_s: Seconds the run may take, or None.
        quiet_cycles: Cycles without any beat after which a device counts as hanging.
        plusargs: More arguments of the simulation.
        coverage: Folder that takes a file of line counts from each run, or None.
    """

    sources: Sequence[Path]
    sim_root: Path
    cache_folder: Path
    memory_folder: Path | None = None
    seed: int = 1
    optimise: str = "-O1"
    waves: Path | None = None
    window: tuple[int, int] | None = None
    log: Path | None = None
    timeout_s: float | None = None
    quiet_cycles: int = QUIET_CYCLES
    plusargs: tuple[str, ...] = ()
    coverage: Path | None = None


def run_bench(
    devices: Sequence[bench.Device],
    streams: Sequence[Stream],
    phases: Sequence[Phase],
    setup: Setup,
) -> BenchRun:
    """Build a bench of the devices, send each its stream in every phase, return what came out.

    Raises:
        CheckFailedError: the bench does not build, an assertion fired, a device hung or gave beats
            after its last frame.
        NotRunError: a tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as name:
        folder = Path(name)
        simulation = build(devices, setup)
        write_inputs(folder, streams, setup.memory_folder)
        plan = {
            "frames": [stream.frames for stream in streams for _ in stream.sinks],
            "devices": [index for index, stream in enumerate(streams) for _ in stream.sinks],
            "sources": sum(len(stream.sources) for stream in streams),
            "quiet_cycles": setup.quiet_cycles,
            "phases": [vars(phase) for phase in phases],
        }
        (folder / "plan.json").write_text(json.dumps(plan))
        window = None
        if setup.window is not None:
            first, last = setup.window
            window = (max(first + RESET_CYCLES, 0), last + RESET_CYCLES)
        plusargs = [f"+seed={setup.seed % 2**31}", *setup.plusargs]
        if setup.coverage is not None:
            setup.coverage.mkdir(parents=True, exist_ok=True)
            counts = setup.coverage.absolute() / f"{uuid4().hex}.dat"
            plusargs.append(f"+verilator+coverage+file+{counts}")
        results = cocotb_runner.run(
            simulation,
            "gatewright_sim.phases",
            cwd=folder,
            seed=setup.seed,
            python_path=[setup.sim_root],
            plusargs=plusargs,
            waves=setup.waves,
            window=window,
            log=setup.log,
            timeout_s=setup.timeout_s,
        )
        sinks = sum(len(stream.sinks) for stream in streams)
        return BenchRun(
            received=tuple(received(folder, k, devices, streams) for k in range(len(phases))),
            tapped=tuple(_tapped(folder, k, sinks, streams) for k in range(len(phases))),
            first_beat=tuple(_first_beats(folder, k) for k in range(len(phases))),
            build_s=simulation.build_s,
            wall_s=results.wall_s,
            run_s=json.loads((folder / "run_s.json").read_text()),
            seed=setup.seed,
        )


def build(
    devices: Sequence[bench.Device], setup: Setup, main: str = "main.cpp"
) -> verilator.Simulation:
    """Build the bench of the devices around ``main``; without cocotb if it is the bare loop."""
    own = setup.sim_root / "bench"
    options = verilator.Options(
        waves=setup.waves is not None,
        optimise=setup.optimise,
        main=own / main,
        cocotb=main == "main.cpp",
        coverage=setup.coverage is not None,
    )
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as name:
        top = Path(name) / f"{bench.TOP}.sv"
        top.write_text(bench.emit(devices))
        sources = [*setup.sources, own / "stream_source.sv", own / "stream_sink.sv", top]
        return verilator.build(sources, bench.TOP, options, cache_folder=setup.cache_folder)


def write_inputs(folder: Path, streams: Sequence[Stream], memory_folder: Path | None) -> None:
    """Write what the sources read into ``folder``, beside links to the devices' memory files."""
    memories = sorted(memory_folder.iterdir()) if memory_folder else []
    for file in memories:
        if file.suffix in _MEMORIES:
            (folder / file.name).symlink_to(file.absolute())
    sources = [source for stream in streams for source in stream.sources]
    for index, source in enumerate(sources):
        write_source(folder / f"source{index}.bin", source.lanes, source.last, source.width)


def received(
    folder: Path, phase: int, devices: Sequence[bench.Device], streams: Sequence[Stream]
) -> tuple[Received, ...]:
    """Return what each sink of the devices got in a phase, from its file in ``folder``."""
    sinks = [
        (device, sink)
        for device, stream in zip(devices, streams, strict=True)
        for sink in stream.sinks
    ]
    return tuple(
        read_sink(
            folder / f"sink{index}_{phase}.bin",
            sink.lanes,
            sink.width,
            signed=sink.signed,
            notes=device.note_count,
        )
        for index, (device, sink) in enumerate(sinks)
    )


def _tapped(
    folder: Path, phase: int, first: int, streams: Sequence[Stream]
) -> tuple[Received, ...]:
    taps = [tap for stream in streams for tap in stream.taps]
    return tuple(
        read_sink(folder / f"sink{index}_{phase}.bin", tap.lanes, tap.width, signed=tap.signed)
        for index, tap in enumerate(taps, first)
    )


def _first_beats(folder: Path, phase: int) -> tuple[int, ...]:
    path = folder / f"first_beat_{phase}.json"
    return tuple(json.loads(path.read_text())) if path.is_file() else ()
