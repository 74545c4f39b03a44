"""The checks that a mutant must get past: vectors through the bench, at the simulator's own speed.

1. ``values``: real samples and full-range random ones back to back; every output must be there,
   right and marked good, in 1.05 times the cycles that the right design takes.
2. ``stalls``: some of them with pauses on both sides, after a reset in mid-stream.
3. ``frames``: short and long frames among them: their results are marked, each pulses its flag, a
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
CUT = 97  # cycles until the reset in mid-stream
_TIMEOUT_S = 600
_AIMED = 128  # rows, at most
_SOME = 12  # samples with pauses, and among them short and long frames


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
            rows = rng.permutation(len(node.weight))[:_AIMED]
            aimed = np.where(node.weight[rows] > 0, high, low)
            random = rng.random(aimed.shape) < 0.1
            parts.append(np.where(random, rng.integers(low, high + 1, aimed.shape), aimed))
    return np.concatenate(parts)


def plan(
    graph: Graph, description: Mapping[str, Any], samples: IntArray, seed: int
) -> tuple[Check, ...]:
    """Return the checks; their cycles are those of a generous first run: see ``Bench.measured``."""
    blocks = sum(block["cycles"] for block in description["blocks"])
    cycles = 3 * description["cycles_per_inference_law"] * len(samples) + 20 * blocks + 5000
    expected = reference.outputs(graph, samples)
    good = (False,) * len(samples)
    some = np.linspace(0, len(samples) - 1, min(_SOME, len(samples))).astype(int)
    few, stream = samples[some], stream_of(description, samples)
    paused = stream_of(description, few)
    checks = [
        Check("values", stream, expected, good, (0, 0), ((0, 0, cycles),)),
        Check(
            "stalls",
            paused,
            expected[some],
            good[: len(some)],
            (0, 0),
            ((64, 64, CUT), (0, 0, 3 * CUT), (90, 90, 4 * cycles)),
        ),
    ]
    bent, kinds = _bent(description, few, np.random.default_rng((seed, 5)))
    if bent is not None:
        shortened = few.copy()
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
                ((0, 0, 2 * cycles),),
            )
        )
    return tuple(checks)


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

    def measured(self) -> tuple[Check, ...]:
        """Return the checks with the cycles that the right design takes, and some more.

        Raises:
            CheckFailedError: the right design does not pass them: expectations are at fault.
        """
        found = []
        for check in self.checks:
            with self.folder(check) as folder:
                failure, cycles = self.judge(check, folder)
            if failure:
                raise CheckFailedError(f"without any fault the check {check.name} fails: {failure}")
            *before, (idle, stall, _) = check.phases
            limit = int(SLOWER * cycles) + 20
            found.append(replace(check, phases=(*before, (idle, stall, limit))))
        self.checks = tuple(found)
        return self.checks

    def killed(self, plusargs: Sequence[str], memory: tuple[str, str] | None = None) -> str:
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
                failure, _ = self.judge(check, folder, plusargs)
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

    def judge(self, check: Check, folder: Path, plusargs: Sequence[str] = ()) -> tuple[str, int]:
        """Run a check; return what is wrong, or nothing, and the cycle of the last frame's end."""
        phases = ",".join(":".join(map(str, phase)) for phase in check.phases)
        fixed = [f"+phases={phases}", f"+seed={self.seed % 2**31}", "+verilator+rand+reset+2"]
        command: list[str | Path] = [self.simulation.program, *fixed, *plusargs]
        finished = process.run(command, cwd=folder, timeout_s=_TIMEOUT_S)
        if finished.status != 0:
            return f"the simulator {finished.outcome}", 0
        try:
            received = stream_bench.received(
                folder, len(check.phases) - 1, [self.device], [check.stream]
            )
            if not all(sink.last.any() for sink in received):
                return "no result", 0
            outputs = outputs_of(self.description, received)
        except CheckFailedError as error:
            return str(error), 0
        return _wrong(check, outputs, received)


def _wrong(check: Check, outputs: IntArray, received: Sequence[Received]) -> tuple[str, int]:
    frames = len(check.expected)
    if len(outputs) != frames:
        return f"{len(outputs)} frames of {frames}, in time", 0
    differ = np.argwhere(outputs != check.expected)
    if len(differ):
        sample, element = (int(i) for i in differ[0])
        return f"frame {sample}, element {element}", 0
    for sink in received:
        if sink.user[sink.last].tolist() != list(check.bad) or sink.user[~sink.last].any():
            return "tuser", 0
    pulses = tuple(int(count) for count in received[0].notes[-1, :2])
    if pulses != check.pulses:
        return f"{pulses} pulses of frame_short_o and frame_long_o", 0
    return "", max(int(sink.cycle[-1]) for sink in received) + 1
