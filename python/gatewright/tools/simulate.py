"""Simulate an emitted design on Verilator, feed it samples, and compare its outputs."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.comparison import Comparison, compare
from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray, parse_format
from gatewright.tools import cocotb_runner, verilator
from gatewright.tools.beats import Received, pack, to_beats
from gatewright.tools.bench import Device
from gatewright.tools.cocotb_runner import Results
from gatewright.tools.stream_bench import (
    Phase,
    Setup,
    Sink,
    Source,
    Stream,
    run_bench,
    write_inputs,
)

_NOT_NUMBERS = ("outputs", "comparison", "beat_cycles")
WARM_UP = 4  # least frames left out at each end where the steady state is measured


@dataclass(frozen=True, eq=False)
class SimResult:
    """What a design gave for a set of samples.

    Attributes:
        outputs: Integers [samples, elements].
        beat_cycles: Cycle in which each beat was taken, of each output stream.
        comparison: With what was expected; None if nothing was.
        seed: Seed of everything random.
        cycles: Clock cycles simulated, from the first reset to the last output.
        cycles_per_inference: Mean, in the steady state; None with fewer than 3 samples or with
            stalls.
        cycles_worst: The most of any sample in the steady state, from the end of the one before;
            None where that is.
        latency_cycles: One sample alone: from the cycle its first beat is taken to the cycle its
            last output beat is.
        mac_utilisation: Useful multiplications of the slowest layer, counted in the RTL, over its
            multipliers x the cycles they took, in the steady state; None where the above is, or
            it has no multipliers.
        busy: The same of every layer that has multipliers, by its name.
        wall_s: Seconds the simulation ran, its start included.
        cycles_per_s: Cycles simulated per second, without the simulation's start.
        build_s: Seconds to build it; 0 if it was in the cache.
    """

    outputs: IntArray
    beat_cycles: tuple[IntArray, ...]
    comparison: Comparison | None
    seed: int
    cycles: int
    cycles_per_inference: float | None
    cycles_worst: int | None
    latency_cycles: int
    mac_utilisation: float | None
    busy: Mapping[str, float] | None
    wall_s: float
    cycles_per_s: float
    build_s: float

    def summary(self) -> dict[str, Any]:
        """Return everything but the outputs, for a JSON file."""
        compared = self.comparison.summary() if self.comparison else {}
        return compared | {k: v for k, v in vars(self).items() if k not in _NOT_NUMBERS}


def run_design(
    description: Mapping[str, Any],
    inputs: IntArray,
    setup: Setup,
    *,
    expected: IntArray | None = None,
    idle: int = 0,
    stall: int = 0,
) -> SimResult:
    """Simulate a design on ``inputs``, the first sample alone, the others back to back.

    Args:
        description: What ``emit`` says about the design (rtl.json): ``top``, ``inputs`` and
            ``outputs`` (``format``, ``elements``, ``lanes``, ``bus_bits_per_element``), ``layers``,
            ``slowest_layer``, ``cycles_per_inference_law``.
        inputs: Integers [samples, elements], in units of the input format.
        setup: Where and how; ``rtl_setup`` makes it for a folder that ``emit`` wrote.
        expected: Integers [samples, outputs] that must come out; None: nothing is compared.
        idle: Chance of 256 that the source pauses in a cycle.
        stall: Chance of 256 that the sink is not ready in a cycle.

    Raises:
        GatewrightError: ``inputs`` has the wrong shape or no samples.
        CheckFailedError: it does not build, an assertion fired, the design hung or gave frames of
            the wrong length. A mismatch does not raise: see ``Comparison.require_equal``.
    """
    elements = sum(port["elements"] for port in description["inputs"])
    if inputs.ndim != 2 or inputs.shape[1] != elements or not len(inputs):
        raise GatewrightError(
            f"{description['top']}: inputs have shape {inputs.shape}, must be at least one sample "
            f"of {elements} elements"
        )
    device, stream = device_of(description), stream_of(description, inputs)
    phase = Phase(idle=idle, stall=stall, alone=True)
    run = run_bench([device], [stream], [phase], setup)
    outputs = outputs_of(description, run.received[0])
    last = max(run.received[0], key=lambda received: int(received.cycle[-1]))
    steady = None if idle or stall else _steady_state(description, last)
    comparison = None
    if expected is not None:
        nodes = ", ".join(port["node"] for port in description["outputs"])
        comparison = compare(expected, outputs, what="the RTL", layer=nodes)
    return SimResult(
        outputs=outputs,
        beat_cycles=tuple(received.cycle for received in run.received[0]),
        comparison=comparison,
        seed=setup.seed,
        cycles=int(last.cycle[-1]) + 1,
        latency_cycles=int(last.frame_ends()[0]) - min(run.first_beat[0]),
        cycles_per_inference=float(steady[0].mean()) if steady else None,
        cycles_worst=int(steady[0].max()) if steady else None,
        mac_utilisation=steady[1].get(description["slowest_layer"]) if steady else None,
        busy=steady[1] if steady else None,
        wall_s=run.wall_s,
        cycles_per_s=(int(last.cycle[-1]) + 1) / run.run_s,
        build_s=run.build_s,
    )


def run_tapped(
    description: Mapping[str, Any], inputs: IntArray, setup: Setup
) -> tuple[Sequence[Received], Sequence[Received]]:
    """Simulate a design on ``inputs`` and return what went over its streams.

    Args:
        description: As of ``run_design``, with ``streams``: those between its blocks.
        inputs: As of ``run_design``.
        setup: As of ``run_design``.

    Returns:
        Of each of ``streams``, and of each of ``outputs``.
    """
    streams = description["streams"]
    formats = [parse_format(stream["format"]) for stream in streams]
    device = replace(
        device_of(description),
        notes=(),
        taps=tuple(
            (stream["name"], stream["lanes"] * fmt.width)
            for stream, fmt in zip(streams, formats, strict=True)
        ),
    )
    taps = tuple(
        Sink(stream["lanes"], fmt.width, fmt.signed)
        for stream, fmt in zip(streams, formats, strict=True)
    )
    data = replace(stream_of(description, inputs), taps=taps)
    run = run_bench([device], [data], [Phase()], setup)
    return run.tapped[0], run.received[0]


def rtl_setup(rtl_folder: Path, description: Mapping[str, Any], setup: Setup) -> Setup:
    """Return ``setup`` for the design that ``emit`` wrote into ``rtl_folder``."""
    sources = [rtl_folder / name for name in description["sources"]]
    return replace(setup, sources=sources, memory_folder=rtl_folder)


def device_of(description: Mapping[str, Any]) -> Device:
    """Return the design as a device of a bench; it notes down its pulses and its layers' counts."""
    inputs, outputs = (
        tuple((port["port"], _bus_bits(port)) for port in description[side])
        for side in ("inputs", "outputs")
    )
    return Device(
        module=description["top"],
        inputs=inputs,
        outputs=outputs,
        user=True,
        pulses=("frame_short_o", "frame_long_o"),
        notes=tuple(layer["counter"] for layer in description["layers"]),
    )


def stream_of(description: Mapping[str, Any], inputs: IntArray) -> Stream:
    """Return the streams of ``inputs`` through the design."""
    sources = [
        Source(*to_beats(part, port["lanes"]), port["bus_bits_per_element"])
        for port, part in zip(
            description["inputs"], _split(inputs, description["inputs"]), strict=True
        )
    ]
    sinks = [
        Sink(port["lanes"], port["bus_bits_per_element"], parse_format(port["format"]).signed)
        for port in description["outputs"]
    ]
    return Stream(tuple(sources), tuple(sinks), len(inputs))


def outputs_of(description: Mapping[str, Any], received: Sequence[Received]) -> IntArray:
    """Return the integers [samples, elements] that the sinks of a design got, side by side.

    Raises:
        CheckFailedError: frames of the wrong length.
    """
    parts = [
        got.samples(port["elements"], f"{description['top']}, {port['port']}")
        for port, got in zip(description["outputs"], received, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _split(samples: IntArray, ports: Sequence[Mapping[str, Any]]) -> list[IntArray]:
    """Return the part of samples [N, elements] that belongs to each port."""
    return np.split(samples, np.cumsum([port["elements"] for port in ports])[:-1], axis=1)


def _bus_bits(port: Mapping[str, Any]) -> int:
    return int(port["lanes"]) * int(port["bus_bits_per_element"])


def _steady_state(
    description: Mapping[str, Any], received: Received
) -> tuple[IntArray, dict[str, float]] | None:
    """Return each frame's cycles and the layers' utilisation, or None if too few frames.

    From the end of one frame to the end of another, the first and the last few left out: there the
    layers still fill or already drain.
    """
    ends = np.flatnonzero(received.last)
    # At the end, the first layer is idle for as many frames as are behind it.
    latency = int(received.cycle[ends[0]])
    edge = max(WARM_UP, latency // int(description["cycles_per_inference_law"]) + 1)
    edge = min(edge, (len(ends) - 1) // 3)
    first, last = ends[edge], ends[len(ends) - 1 - edge]
    frames = len(ends) - 1 - 2 * edge
    if edge < 1 or frames < 1:
        return None
    cycles = int(received.cycle[last] - received.cycle[first])
    busy = {}
    for index, layer in enumerate(description["layers"]):
        counted = received.notes[:, 2 + index]  # after the two pulses
        if not layer["multipliers"]:  # an unrolled layer whose weights are all zero
            continue
        busy[str(layer["name"])] = float(counted[last] - counted[first]) / (
            layer["multipliers"] * cycles
        )
    return np.diff(received.cycle[ends[edge : len(ends) - edge]]), busy


def run_protocol(
    description: Mapping[str, Any], inputs: IntArray, expected: IntArray, setup: Setup
) -> Results:
    """Drive the design's AXI4-Streams from Python: stalls, resets, short and long frames.

    Args:
        description: What ``emit`` says about the design.
        inputs: Integers [samples, elements]: some hundreds, each takes milliseconds.
        expected: Integers [samples, outputs] that must come out.
        setup: Where and how to simulate.

    Returns:
        The tests that ran, all passed.

    Raises:
        CheckFailedError: with the frame and both values where a result differs.
    """
    top = str(description["top"])
    options = verilator.Options(
        waves=setup.waves is not None,
        optimise=setup.optimise,
        main=setup.sim_root / "bench" / "main.cpp",
    )
    simulation = verilator.build(setup.sources, top, options, cache_folder=setup.cache_folder)
    with tempfile.TemporaryDirectory(prefix="gatewright-protocol-") as name:
        folder = Path(name)
        write_inputs(folder, [], setup.memory_folder)
        plan: dict[str, Any] = {"quiet_cycles": _longest_wait(description)}
        for side, samples in (("inputs", inputs), ("outputs", expected)):
            ports = description[side]
            plan[side] = np.array([port["port"] for port in ports])
            for port, part in zip(ports, _split(samples, ports), strict=True):
                plan[port["port"]] = _frame_bytes(part, port)
        np.savez(folder / "protocol.npz", **plan)
        return cocotb_runner.run(
            simulation,
            "gatewright_sim.protocol",
            cwd=folder,
            seed=setup.seed,
            python_path=[setup.sim_root],
            waves=setup.waves,
            log=setup.log,
            timeout_s=setup.timeout_s,
        )


def _longest_wait(description: Mapping[str, Any]) -> int:
    """Return cycles within which a result must come whatever the stalls: many times the law."""
    cycles = sum(block["cycles"] for block in description["blocks"])
    return 20 * int(cycles) + 10_000


def _frame_bytes(samples: IntArray, port: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Return the bytes [samples, bytes] of the samples' beats, the lowest first."""
    lanes, _ = to_beats(samples, port["lanes"])
    return pack(lanes, port["bus_bits_per_element"]).reshape(len(samples), -1)
