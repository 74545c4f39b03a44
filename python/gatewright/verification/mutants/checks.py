"""The checks that a mutant must get past: vectors through the bench, at the simulator's own speed.

1. ``first``: a few vectors back to back, which most mutants do not get past.
2. ``values``: real samples and full-range random ones back to back; every output must be there,
   right and marked good, in 1.05 times the cycles that the right design takes.
3. ``stalls``: some of them with pauses on both sides, after resets in mid-stream, of a cycle or
   several, which find the design empty, flowing or full.
4. ``full``: the sink is closed until all that can fill up is full, then open, then closed again.
5. ``reset``: a reset of one cycle finds it full.
6. ``empty``: the source hardly ever sends.
7. ``frames``: short and long frames among them, drawn: their results are marked, each pulses its
   flag, a short one is filled with zeros, what is too much of a long one is dropped.
8. ``full frames``: the same with the sink closed at first.
9. ``slow``: the sink opens for about a frame at a time and less often than the design could give
   one, so that every frame waits at every block.
10. ``more``: as the second, with other and more vectors.
11. ``test set``: the real samples that the simulation of the design takes, or as many as a limit of
    cycles allows; only for memories, whose mutants may show in a single sample.

A netlist of the right design takes the very cycles that the RTL takes (the ladder compares them),
so its mutants must too, in every check.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import reference
from gatewright.errors import CheckFailedError
from gatewright.fixed import IntArray
from gatewright.graph import Graph
from gatewright.tools import process, stream_bench
from gatewright.tools.beats import Received
from gatewright.tools.simulate import device_of, outputs_of, stream_of
from gatewright.tools.stream_bench import Setup, Stream
from gatewright.tools.verilator import Simulation
from gatewright.verification.mutants.vectors import vectors

MAIN = "phased_loop.cpp"
SLOWER = 1.05  # as the tests of every design allow
RESETS = 17  # in mid-stream, before the pauses; the last is of one cycle
_TIMEOUT_S = 600
_MORE = 8  # times the vectors, for what got past the first check
_FIRST = 4  # samples
_SOME = 12  # samples with pauses
_BENT = 60  # short and long frames, and good ones among them
_CLOSED = 256  # the sink's stall: never ready
_WAITING = 24  # frames that leave through a slow sink
_TEST_SET_CYCLES = 10_000_000


Part = tuple[int, int, int]
Stamps = tuple[tuple[int, ...], ...]  # cycle of each beat, of each output


@dataclass(frozen=True, eq=False)
class Check:
    """One run of the bench.

    Attributes:
        name: As in the header of this module.
        stream: What goes in.
        expected: Integers [frames, elements] that must come out.
        bad: Whether each frame's result must be marked.
        pulses: Short and long frames.
        phases: Each from a reset on, of parts of idle, stall and cycles; what the last phase gives
            is judged.
    """

    name: str
    stream: Stream
    expected: IntArray
    bad: tuple[bool, ...]
    pulses: tuple[int, int]
    phases: tuple[tuple[Part, ...], ...]


def plan(
    graph: Graph, description: Mapping[str, Any], real: IntArray, count: int, seed: int
) -> tuple[Check, ...]:
    """Return the checks; their cycles are those of a generous first run: see ``Bench.measured``.

    Args:
        graph: The hardware graph, which gives what must come out.
        description: What ``emit`` says about the design.
        real: Real samples to choose from, integers [samples, elements].
        count: Real ones, and random ones, in the first check.
        seed: Chooses and draws.
    """
    samples, more = vectors(graph, real, count, seed), vectors(graph, real, _MORE * count, seed + 1)
    fill, flow = _fill(description), (0, 0)
    closed = ((0, _CLOSED, fill),)
    again = (*closed, (0, 0, int(description["cycles_per_inference_law"])), *closed)
    checks = [
        _check(description, graph, name, given, before, idle_stall)
        for name, given, before, idle_stall in (
            ("first", _some(samples, _FIRST), ((),), flow),
            ("values", samples, ((),), flow),
            ("stalls", _some(samples, _SOME), (*_cuts(description, seed), ()), (90, 90)),
            ("full", samples, (again,), flow),
            ("reset", _some(samples, _SOME), (closed, ()), flow),
            ("empty", _some(samples, _SOME), ((),), (236, 0)),
        )
    ]
    bent = _bent(description, graph, _some(samples, _BENT), np.random.default_rng((seed, 5)))
    if bent is not None:
        full = replace(bent, name="full frames", phases=((*closed, *bent.phases[-1]),))
        checks += [bent, full]
    slow = _check(
        description, graph, "slow", _some(more, 3 * _WAITING), (_slow(description, seed),), flow
    )
    return (*checks, slow, _check(description, graph, "more", more, ((),), flow))


def test_set(graph: Graph, description: Mapping[str, Any], real: IntArray) -> Check:
    """Return the check of all real samples, or of the first so many."""
    most = max(1, _TEST_SET_CYCLES // int(description["cycles_per_inference_law"]))
    return _check(description, graph, "test set", real[:most], ((),), (0, 0))


def _some(samples: IntArray, count: int) -> IntArray:
    chosen: IntArray = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(np.int64)
    return np.take(samples, chosen, axis=0)


def _check(
    description: Mapping[str, Any],
    graph: Graph,
    name: str,
    samples: IntArray,
    phases: Sequence[tuple[Part, ...]],
    chances: tuple[int, int],
) -> Check:
    """Return a check of good frames; its last phase ends with a part of these chances."""
    last = (*chances, _generous(description, len(samples), *chances))
    return Check(
        name,
        stream_of(description, samples),
        reference.outputs(graph, samples),
        (False,) * len(samples),
        (0, 0),
        (*phases[:-1], (*phases[-1], last)),
    )


def _fill(description: Mapping[str, Any]) -> int:
    """Return cycles after which all is full that can be, with the sink closed."""
    blocks = sum(block["cycles"] for block in description["blocks"])
    return int(
        blocks + description["frames_in_flight"] * description["cycles_per_inference_law"] + 200
    )


def _slow(description: Mapping[str, Any], seed: int) -> tuple[Part, ...]:
    """Return parts that let a frame out about every one and a half times the law."""
    rng = np.random.default_rng((seed, 8))
    law = int(description["cycles_per_inference_law"])
    beats = max(port["beats"] for port in description["outputs"])
    parts: list[Part] = [(0, _CLOSED, _fill(description))]
    for _ in range(_WAITING):
        parts.append((0, 0, int(rng.integers(1, 2 * beats + 1))))
        parts.append((0, _CLOSED, int(rng.integers(law, 2 * law + 2))))
    return tuple(parts)


def _cuts(description: Mapping[str, Any], seed: int) -> tuple[tuple[Part, ...], ...]:
    """Return phases that a reset ends, after a few cycles or about the latency of a frame."""
    rng = np.random.default_rng((seed, 7))
    longest = 2 * sum(block["cycles"] for block in description["blocks"]) + 100
    lengths = np.exp(rng.uniform(np.log(8), np.log(longest), RESETS)).astype(int).tolist()
    pauses = rng.choice([0, 64, 240], (RESETS, 2)).tolist()
    return tuple(((i, s, length),) for (i, s), length in zip(pauses, lengths, strict=True))


def _generous(description: Mapping[str, Any], frames: int, idle: int, stall: int) -> int:
    """Return more cycles than the right design takes for so many frames."""
    blocks = sum(block["cycles"] for block in description["blocks"])
    law = int(description["cycles_per_inference_law"])
    cycles = 3 * law * frames + 20 * int(blocks) + 5000
    for side, chance in (("inputs", idle), ("outputs", stall)):
        beats = max(port["beats"] for port in description[side])
        cycles += 8 * 256 // (256 - chance) * int(beats) * frames if chance else 0
    return cycles


def _bent(
    description: Mapping[str, Any], graph: Graph, samples: IntArray, rng: np.random.Generator
) -> Check | None:
    """Return the check of the samples with some frames short or long.

    Only of designs of one input and frames of several beats.
    """
    port = description["inputs"][0]
    beats = port["beats"]
    if len(description["inputs"]) > 1 or beats == 1:
        return None
    stream = stream_of(description, samples)
    (source,) = stream.sources
    frames = source.lanes.reshape(len(samples), beats, -1)
    kinds = rng.choice(["good", "good", "short", "long"], len(samples)).tolist()
    lanes, last, taken = [], [], samples.copy()
    for index, (kind, frame) in enumerate(zip(kinds, frames, strict=True)):
        length = beats
        if kind == "short":
            length = int(rng.integers(1, beats))
            taken[index, length * port["lanes"] :] = 0
        elif kind == "long":
            length = beats + int(rng.integers(1, 4))
        extra = rng.integers(0, 2, (max(length - beats, 0), frame.shape[1]))
        lanes.append(np.concatenate([frame[:length], extra]))
        last.append(np.arange(length) == length - 1)
    bent = replace(source, lanes=np.concatenate(lanes), last=np.concatenate(last))
    return Check(
        "frames",
        replace(stream, sources=(bent,)),
        reference.outputs(graph, taken),
        tuple(kind != "good" for kind in kinds),
        (kinds.count("short"), kinds.count("long")),
        (((0, 0, _generous(description, len(samples), 0, 0)),),),
    )


class Bench:
    """A built bench of a design, or of many mutants of it, that checks run in."""

    def __init__(
        self, description: Mapping[str, Any], setup: Setup, checks: Sequence[Check]
    ) -> None:
        self.description = description
        self.device = replace(device_of(description), notes=())
        self.memories = setup.memory_folder
        self.seed = setup.seed
        self.simulation: Simulation = stream_bench.build([self.device], setup, MAIN)
        self.checks = tuple(checks)
        self.stamps: dict[str, Stamps] = {}  # of the right design

    def measured(self) -> tuple[Check, ...]:
        """Return the checks with the cycles that the right design takes, and some more.

        Raises:
            CheckFailedError: the right design does not pass them: expectations are at fault.
        """
        found = []
        for check in self.checks:
            with self.folder(check) as folder:
                failure, stamps = self.judge(check, folder)
            if failure:
                raise CheckFailedError(f"without any fault the check {check.name} fails: {failure}")
            self.stamps[check.name] = stamps
            *phases, (*parts, (idle, stall, _)) = check.phases
            passed = sum(cycles for _, _, cycles in parts)
            limit = int(SLOWER * (max(map(max, stamps)) + 1 - passed)) + 20
            found.append(replace(check, phases=(*phases, (*parts, (idle, stall, limit)))))
        self.checks = tuple(found)
        return self.checks

    def tried(self, plusargs: Sequence[str], memory: tuple[str, str] | None = None) -> str:
        """Return what a mutant fails in, or nothing.

        Args:
            plusargs: That make it active.
            memory: Name and text of a memory file that it has instead of the right one.
        """
        for check in self.checks:
            with self.folder(check) as folder:
                if memory is not None:
                    (folder / memory[0]).unlink()
                    (folder / memory[0]).write_text(memory[1])
                failure, stamps = self.judge(check, folder, plusargs)
            if not failure and stamps != self.stamps[check.name]:
                failure = "every output is right, some come at other cycles than in the RTL"
            if failure:
                return f"{check.name}: {failure}"
        return ""

    @contextmanager
    def folder(self, check: Check) -> Iterator[Path]:
        """Yield a folder with what the bench reads."""
        folder = Path(tempfile.mkdtemp(prefix="gatewright-mutant-"))
        try:
            stream_bench.write_inputs(folder, [check.stream], self.memories)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def judge(self, check: Check, folder: Path, plusargs: Sequence[str] = ()) -> tuple[str, Stamps]:
        """Run a check; return what is wrong, or nothing, and the cycles of the outputs."""
        phases = ",".join(
            "/".join(":".join(map(str, part)) for part in parts) for parts in check.phases
        )
        fixed = [f"+phases={phases}", f"+seed={self.seed % 2**31}", "+verilator+rand+reset+2"]
        command: list[str | Path] = [self.simulation.program, *fixed, *plusargs]
        finished = process.run(command, cwd=folder, timeout_s=_TIMEOUT_S)
        if finished.status != 0:
            return f"the simulator {finished.outcome}", ()
        try:
            received = stream_bench.received(
                folder, len(check.phases) - 1, [self.device], [check.stream]
            )
            if not all(sink.last.any() for sink in received):
                return "no result", ()
            outputs = outputs_of(self.description, received)
        except CheckFailedError as error:
            return str(error), ()
        stamps = tuple(tuple(sink.cycle.tolist()) for sink in received)
        return _wrong(check, outputs, received), stamps


def _wrong(check: Check, outputs: IntArray, received: Sequence[Received]) -> str:
    """Return what is wrong with what came out, or nothing."""
    frames = len(check.expected)
    if len(outputs) != frames:
        return f"{len(outputs)} frames of {frames}, in time"
    differ = np.argwhere(outputs != check.expected)
    if len(differ):
        sample, element = (int(i) for i in differ[0])
        return f"frame {sample}, element {element}"
    for sink in received:
        if sink.user[sink.last].tolist() != list(check.bad) or sink.user[~sink.last].any():
            return "tuser"
    pulses = tuple(int(count) for count in received[0].notes[-1, :2])
    if pulses != check.pulses:
        return f"{pulses} pulses of frame_short_o and frame_long_o"
    return ""
