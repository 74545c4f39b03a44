"""Networks through hls4ml: QONNX execution = C simulation = reference = RTL."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fuzz import csim, rtl
from fuzz.coverage import Record, record
from fuzz.hls_sketch import networks
from fuzz.networks import inputs_of
from fuzz.qonnx import Writer, exact_in_float32, executed
from fuzz.spec import Network
from gatewright import reference
from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray, quantize
from gatewright.frontend import hls_step
from gatewright.frontend.csim import run_csim
from gatewright.frontend.prepare import prepare
from gatewright.graph import Graph, StreamType

SAMPLES = 40
EXECUTED = 6  # samples through QONNX execution, which takes a millisecond per node


@dataclass(frozen=True, eq=False)
class Converted:
    """A network behind the front end.

    Attributes:
        network: What it is.
        writer: Its QONNX graph and the hardware graph it was described by.
        graph: The hardware graph that the front end read.
        project: Folder of hls4ml's project, of the same name.
        onnx: The QONNX file.
        reals: Inputs [samples, elements], some between and beyond the integers of the format.
    """

    network: Network
    writer: Writer
    graph: Graph
    project: Path
    onnx: Path
    reals: NDArray[np.float64]

    @property
    def integers(self) -> IntArray:
        return quantize(self.reals, self.network.format)

    @property
    def expected(self) -> IntArray:
        """What must come out, by the description alone, in units of the front end's output."""
        shift = self.out.format.fraction - self.described.format.fraction
        return reference.outputs(self.writer.graph, self.integers) << shift

    @property
    def out(self) -> StreamType:
        return self.graph[self.graph.outputs[0]].out

    @property
    def described(self) -> StreamType:
        return self.writer.graph.nodes[-1].out


def convert(network: Network, name: str, folder: Path) -> Converted:
    """Take a network through the front end.

    Raises:
        GatewrightError: hls4ml or the front end refuses it.
    """
    writer = Writer(network, name)
    onnx = writer.save(folder / f"{name}.onnx")
    io = "io_stream" if network.seed % 2 else "io_parallel"
    target = hls_step.Target(name, 5.0, "part", io, csim.namespace(name))
    model = hls_step.convert(prepare(onnx), writer.settings, target, folder / name)
    graph = hls_step.stored_graph(model)
    rng = np.random.default_rng(network.seed)
    exact = inputs_of(network, SAMPLES)
    off = rng.choice([-0.5, -0.25, 0.0, 0.0, 0.25, 0.5], exact.shape)
    return Converted(
        network, writer, graph, folder / name, onnx, (exact + off) * network.format.lsb
    )


def check_software(each: Converted, library: Path) -> str | None:
    """Compare what needs no simulator; returns what was wrong."""
    out, described = each.out, each.described
    if out.size != described.size or out.format.fraction < described.format.fraction:
        return f"the front end's output is {out}, described as {described}"
    expected = each.expected
    rungs = {"the front end's graph": reference.outputs(each.graph, each.integers)}
    if exact_in_float32(each.network, each.writer.graph):
        source = each.writer.graph.nodes[0].out
        rungs["QONNX execution"] = executed(each.onnx, each.reals[:EXECUTED], source, out)
    try:
        rungs["the C simulation"] = run_csim(
            library, each.project.name, each.reals, [each.graph.nodes[0].out.size], [out]
        )[0]
    except GatewrightError as error:
        return str(error)
    for what, y in rungs.items():
        differs = y != expected[: len(y)]
        if differs.any():
            where = tuple(int(i) for i in np.argwhere(differs)[0])
            return (
                f"{what}: {int(differs.sum())} of {y.size} values differ; the first, {where}, is "
                f"{y[where]}, must be {expected[where]}"
            )
    return None


class HlsLevel:
    """Through hls4ml: what the front end supports."""

    name = "hls4ml"
    strategy = networks()

    def __init__(self, cache: Path, *, keep: bool = False) -> None:
        self.cache, self.keep = cache, keep

    def run(self, networks: Sequence[Network], first: int, seed: int) -> list[Record]:
        """Run them all in one C++ build and one simulation."""
        wrong: dict[int, str] = {}
        converted: dict[int, Converted] = {}
        with tempfile.TemporaryDirectory(prefix="gatewright-fuzz-") as name:
            folder = Path(name)
            for index, network in enumerate(networks, start=first):
                try:
                    converted[index] = convert(network, f"net_{index}", folder)
                except GatewrightError as error:
                    wrong[index] = f"refused: {error}"
            for index, library in self._compiled(converted, folder, wrong).items():
                found = check_software(converted[index], library)
                if found:
                    wrong[index] = found
        cases = [
            rtl.Case(each.graph, each.integers, each.expected, each.network.input_lanes)
            for each in converted.values()
        ]
        simulated = rtl.run(cases, self.cache, seed, keep=self.keep)
        for index, found in zip(converted, simulated, strict=True):
            if found:
                wrong.setdefault(index, found)
        return [
            self._record(first + k, network, wrong.get(first + k))
            for k, network in enumerate(networks)
        ]

    def _compiled(
        self, converted: dict[int, Converted], folder: Path, wrong: dict[int, str]
    ) -> dict[int, Path]:
        """Return the library of each; all in one, or each alone where that fails."""
        projects = {index: each.project for index, each in converted.items()}
        if not projects:
            return {}
        try:
            return dict.fromkeys(projects, csim.build(list(projects.values()), folder))
        except GatewrightError:
            libraries = {}
            for index, project in projects.items():
                try:
                    libraries[index] = csim.build([project], project)
                except GatewrightError as error:
                    wrong[index] = str(error)
            return libraries

    def _record(self, index: int, network: Network, wrong: str | None) -> Record:
        writer = Writer(network, f"net_{index}")
        return record(index, network, writer.graph, inputs_of(network, SAMPLES), wrong)
