"""Networks on Verilator: emitted, many in one bench, compared with the reference."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.coverage import Record, record
from fuzz.networks import graph_of, inputs_of
from fuzz.sketch import networks
from fuzz.spec import Network
from gatewright import emit, reference
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.fixed import IntArray
from gatewright.graph import Graph
from gatewright.tools.beats import Received
from gatewright.tools.bench import TOP
from gatewright.tools.simulate import device_of, outputs_of, stream_of
from gatewright.tools.stream_bench import STRESS, Phase, Setup, run_bench
from rtl_blocks import SIM

PHASES = (*STRESS, Phase(0, 0, 211), Phase(90, 20))
FRAMES = 40  # per network and phase, at most
CYCLES = 5000  # of a phase at full speed, about: fewer frames of slow networks
SLOWEST = 1.3  # cycles per frame at full speed, over the law's; one more of 4 is within it


@dataclass(frozen=True, eq=False)
class Case:
    """A network ready to be simulated.

    Attributes:
        graph: Its graph; names are unique in the bench.
        inputs: Integers [samples, elements].
        expected: What must come out.
        input_lanes: Elements per beat at its input.
    """

    graph: Graph
    inputs: IntArray
    expected: IntArray
    input_lanes: int | None


def case_of(network: Network, name: str) -> Case:
    """Return a network of the hardware graph alone."""
    graph, inputs = graph_of(network, name), inputs_of(network, FRAMES)
    return Case(graph, inputs, reference.outputs(graph, inputs), network.input_lanes)


def run(cases: Sequence[Case], cache: Path, seed: int, *, keep: bool = False) -> list[str | None]:
    """Simulate all networks; returns for each what was wrong, or None.

    A fault that ends the whole simulation (a refusal, a hang) is looked for in each alone.

    Args:
        cases: The networks.
        cache: Where builds are made.
        seed: Of the stalls.
        keep: Leave the build there, for the same networks another time.
    """
    try:
        return _run_together(cases, cache, seed, keep) if cases else []
    except GatewrightError as error:
        if len(cases) == 1:
            return [f"{type(error).__name__}: {error}"]
    return [found for case in cases for found in run([case], cache, seed)]


def _run_together(cases: Sequence[Case], cache: Path, seed: int, keep: bool) -> list[str | None]:
    with tempfile.TemporaryDirectory(prefix="gatewright-fuzz-") as name:
        folder = Path(name)
        memories = folder / "memories"
        memories.mkdir()
        sources: dict[str, Path] = {}
        descriptions, inputs = [], []
        for case in cases:
            rtl = folder / case.graph.name
            options = emit.RtlOptions(case.input_lanes, skip_zeros=True)  # where there are any
            description = emit.write_rtl(case.graph, rtl, options)
            sources |= {Path(file).name: rtl / file for file in description["sources"]}
            for memory in rtl.glob("*.mem"):
                shutil.copy(memory, memories)
            descriptions.append(description)
            frames = CYCLES // description["cycles_per_inference_law"]
            inputs.append(case.inputs[: max(4, frames)])
        setup = Setup(
            sources=list(sources.values()),
            sim_root=SIM,
            cache_folder=cache,
            memory_folder=memories,
            seed=seed,
            optimise="-O0",
            quiet_cycles=5000,
            timeout_s=600,
        )
        devices = [device_of(description) for description in descriptions]
        streams = [stream_of(d, x) for d, x in zip(descriptions, inputs, strict=True)]
        try:
            result = run_bench(devices, streams, PHASES, setup)
        finally:
            for built in () if keep else cache.glob(f"{TOP}-*"):
                shutil.rmtree(built, ignore_errors=True)
    found, first = [], 0
    for case, description in zip(cases, descriptions, strict=True):
        behind = first + len(description["outputs"])
        received = [phase[first:behind] for phase in result.received]
        found.append(_wrong(case, received, description))
        first = behind
    return found


def _wrong(
    case: Case, received: Sequence[Sequence[Received]], description: Mapping[str, Any]
) -> str | None:
    """Return what is wrong in the first phase that is not right, or too slow at full speed."""
    for number, (phase, got) in enumerate(zip(PHASES, received, strict=True)):
        if phase.cycles is not None:
            continue
        try:
            y = outputs_of(description, got)
        except CheckFailedError as error:
            return f"phase {number}: {error}"
        if any(port.user.any() for port in got):
            return f"phase {number}: good frames are marked bad"
        differs = y != case.expected[: len(y)]
        if differs.any():
            where = tuple(int(i) for i in np.argwhere(differs)[0])
            return (
                f"phase {number}: {int(differs.sum())} of {y.size} values differ; "
                f"the first, {where}, is {y[where]}, must be {case.expected[where]}"
            )
    law = description["cycles_per_inference_law"]
    cycles = [np.diff(port.frame_ends()) for port in received[0]]
    pace = max(float(each[len(each) // 2 :].mean()) for each in cycles)
    return f"{pace:.1f} cycles per frame, by the law {law}" if pace > SLOWEST * law else None


class GraphLevel:
    """Hardware graphs, reference against RTL: all node kinds, all modes."""

    name = "graph"
    strategy = networks()

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def run(self, networks: Sequence[Network], first: int, seed: int) -> list[Record]:
        """Run them all in one simulation."""
        cases = [case_of(each, f"net_{first + k}") for k, each in enumerate(networks)]
        wrong = run(cases, self.cache, seed)
        return [
            record(first + k, network, case.graph, case.inputs, found)
            for k, (network, case, found) in enumerate(zip(networks, cases, wrong, strict=True))
        ]
