"""The checks that a mutant must get past: vectors through the bench, at the simulator's own speed.

1. ``values``: real samples and full-range random ones back to back; every output must be there,
   right and marked good, in 1.05 times the cycles that the right design takes.
2. ``stalls``: some of them with pauses on both sides, after resets in mid-stream, which find the
   design empty, flowing or full.
3. ``full``: the sink is hardly ever ready, so that all that can fill up does.
4. ``empty``: the source hardly ever sends.
5. ``more``: as the first, with other and more vectors.
6. ``frames``: short and long frames among them: their results are marked, each pulses its flag, a
   short one is filled with zeros, what is too much of a long one is dropped.
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
from gatewright.graph import Dense, Graph
from gatewright.passes import inputs_of
from gatewright.tools import process, stream_bench
from gatewright.tools.beats import Received
from gatewright.tools.simulate import device_of, outputs_of, stream_of
from gatewright.tools.stream_bench import Setup, Stream
from gatewright.tools.verilator import Simulation

MAIN = "phased_loop.cpp"
SLOWER = 1.05  # as the tests of every design allow
RESETS = 16  # in mid-stream, before the pauses
_TIMEOUT_S = 600
_MORE = 8  # times the vectors, for what got past the first check
_AIMED = 1024  # samples, at most
_SOME = 12  # samples with pauses, and among them short and long frames


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
        phases: Idle, stall and cycles of each phase; what the last gives is judged.
    """

    name: str
    stream: Stream
    expected: IntArray
    bad: tuple[bool, ...]
    pulses: tuple[int, int]
    phases: tuple[tuple[int, int, int], ...]


def vectors(graph: Graph, real: IntArray, count: int, seed: int) -> IntArray:
    """Return real samples, then as many random ones of the inputs' full range.

    Of the random ones the first three are all smallest, all largest and all zero; a third of the
    others are zero for the most part. Last come samples aimed at the rows of a matrix that reads
    the input: nine elements of ten at the end of their range that makes the row's sum large, the
    others random. Without them a row that is seldom above zero would hide behind its ReLU.
    """
    rng = np.random.default_rng((seed, 4))
    formats = [(node.out.format, node.out.size) for node in inputs_of(graph)]
    low = np.concatenate([np.full(size, fmt.min_int) for fmt, size in formats])
    high = np.concatenate([np.full(size, fmt.max_int) for fmt, size in formats])
    drawn = rng.integers(low, high + 1, (count, len(low)))
    sparse = rng.random((count, len(low))) < 0.9
    drawn[::3][sparse[::3]] = 0
    chosen = real[np.sort(rng.choice(len(real), min(count, len(real)), replace=False))]
    parts = [chosen, np.stack([low, high, 0 * low]), drawn[3:]]
    sources = [node.name for node in inputs_of(graph)]
    for node in graph.nodes:
        if type(node) is Dense and len(sources) == 1 and node.inputs[0] in sources:
            rows = np.resize(rng.permutation(len(node.weight)), min(_AIMED, 2 * count))
            aimed = np.where(node.weight[rows] > 0, high, low)
            random = rng.random(aimed.shape) < 0.1
            parts.append(np.where(random, rng.integers(low, high + 1, aimed.shape), aimed))
    return np.concatenate(parts)


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
    expected = reference.outputs(graph, samples)
    some = np.linspace(0, len(samples) - 1, min(_SOME, len(samples))).astype(int)
    whole, few = (samples, expected), (samples[some], expected[some])
    others = (more, reference.outputs(graph, more))
    checks = []
    for name, (given, wanted), before, (idle, stall) in (
        ("values", whole, (), (0, 0)),
        ("stalls", few, _cuts(description, seed), (90, 90)),
        ("full", whole, (), (0, 236)),
        ("empty", few, (), (236, 0)),
        ("more", others, (), (0, 0)),
    ):
        cycles = _generous(description, len(given), idle, stall)
        checks.append(
            Check(
                name,
                stream_of(description, given),
                wanted,
                (False,) * len(given),
                (0, 0),
                (*before, (idle, stall, cycles)),
            )
        )
    few_samples = few[0]
    bent, kinds = _bent(description, few_samples, np.random.default_rng((seed, 5)))
    if bent is not None:
        shortened = few_samples.copy()
        for index, (kind, elements) in enumerate(kinds):
            if kind == "short":
                shortened[index, elements:] = 0
        checks.append(
            Check(
                "frames",
                bent,
                reference.outputs(graph, shortened),
                tuple(kind != "good" for kind, _ in kinds),
                tuple(sum(k == kind for k, _ in kinds) for kind in ("short", "long")),  # type: ignore[arg-type]  # two
                ((0, 0, 2 * _generous(description, len(few_samples), 0, 0)),),
            )
        )
    return tuple(checks)


def _cuts(description: Mapping[str, Any], seed: int) -> tuple[tuple[int, int, int], ...]:
    """Return phases that a reset ends, after a few cycles or about the latency of a frame."""
    rng = np.random.default_rng((seed, 7))
    longest = 2 * sum(block["cycles"] for block in description["blocks"]) + 100
    lengths = np.exp(rng.uniform(np.log(8), np.log(longest), RESETS)).astype(int).tolist()
    pauses = rng.choice([0, 64, 240], (RESETS, 2)).tolist()
    return tuple((i, s, length) for (i, s), length in zip(pauses, lengths, strict=True))


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
    description: Mapping[str, Any], samples: IntArray, rng: np.random.Generator
) -> tuple[Stream | None, list[tuple[str, int]]]:
    """Return the stream of the samples with some frames short or long, and which.

    Only of designs of one input and frames of several beats.
    """
    port = description["inputs"][0]
    beats = port["beats"]
    if len(description["inputs"]) > 1 or beats == 1:
        return None, []
    stream = stream_of(description, samples)
    (source,) = stream.sources
    frames = source.lanes.reshape(len(samples), beats, -1)
    kinds, lanes, last = [], [], []
    for index, frame in enumerate(frames):
        kind = ("good", "long", "good", "short")[index % 4]
        length = beats
        if kind == "short":
            length = int(rng.integers(1, beats))
        elif kind == "long":
            length = beats + int(rng.integers(1, 4))
        extra = rng.integers(0, 2, (max(length - beats, 0), frame.shape[1]))
        lanes.append(np.concatenate([frame[:length], extra]))
        last.append(np.arange(length) == length - 1)
        kinds.append((kind, min(length, beats) * port["lanes"]))
    bent = replace(source, lanes=np.concatenate(lanes), last=np.concatenate(last))
    return replace(stream, sources=(bent,)), kinds


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
            *before, (idle, stall, _) = check.phases
            limit = int(SLOWER * (max(map(max, stamps)) + 1)) + 20
            found.append(replace(check, phases=(*before, (idle, stall, limit))))
        self.checks = tuple(found)
        return self.checks

    def tried(
        self, plusargs: Sequence[str], memory: tuple[str, str] | None = None
    ) -> tuple[str, bool]:
        """Return what a mutant fails in, or nothing, and whether outputs came at other cycles.

        Args:
            plusargs: That make it active.
            memory: Name and text of a memory file that it has instead of the right one.
        """
        moved = False
        for check in self.checks:
            with self.folder(check) as folder:
                if memory is not None:
                    (folder / memory[0]).unlink()
                    (folder / memory[0]).write_text(memory[1])
                failure, stamps = self.judge(check, folder, plusargs)
            if failure:
                return f"{check.name}: {failure}", moved
            moved |= stamps != self.stamps[check.name]
        return "", moved

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
        phases = ",".join(":".join(map(str, phase)) for phase in check.phases)
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
