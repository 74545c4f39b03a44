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
from gatewright.passes import inputs_of as graph_inputs
from gatewright.passes import with_argmax

SAMPLES = 40
EXECUTED = 6  # samples through QONNX execution, which takes a millisecond per node


@dataclass(frozen=True, eq=False)
class Converted:
    """A network behind the front end.

    Attributes:
        network: What it is.
        writer: Its QONNX graph and the hardware graph it was described by.
        software: The hardware graph that the front end read.
        order: For each of its outputs, its place among hls4ml's.
        project: Folder of hls4ml's project, of the same name.
        onnx: The QONNX file.
        reals: Inputs [samples, elements], some between and beyond the integers of the formats.
    """

    network: Network
    writer: Writer
    software: Graph
    order: tuple[int, ...]
    project: Path
    onnx: Path
    reals: NDArray[np.float64]

    @property
    def graph(self) -> Graph:
        """What becomes hardware."""
        return with_argmax(self.software) if self.network.ends_in_argmax else self.software

    @property
    def sources(self) -> list[StreamType]:
        return [node.out for node in graph_inputs(self.writer.graph)]

    @property
    def integers(self) -> IntArray:
        ends = np.cumsum([source.size for source in self.sources])[:-1]
        parts = zip(np.split(self.reals, ends, axis=1), self.sources, strict=True)
        return np.concatenate([quantize(part, source.format) for part, source in parts], axis=1)

    @property
    def expected(self) -> IntArray:
        """What must come out, by the description alone, in units of the front end's outputs."""
        shifts = [
            np.full(out.size, out.format.fraction - described.format.fraction)
            for out, described in zip(types_out(self.graph), self.described, strict=True)
        ]
        return reference.outputs(self.writer.graph, self.integers) << np.concatenate(shifts)

    @property
    def described(self) -> list[StreamType]:
        return types_out(self.writer.graph)

    def result(self, y: IntArray) -> IntArray:
        """Return what the hardware makes of the network's outputs."""
        index: IntArray = y.argmax(axis=1, keepdims=True)
        return index if self.network.ends_in_argmax else y


def types_out(graph: Graph) -> list[StreamType]:
    """Return the types of a graph's outputs."""
    return [graph[name].out for name in graph.outputs]


def convert(network: Network, name: str, folder: Path) -> Converted:
    """Take a network through the front end.

    Raises:
        GatewrightError: hls4ml or the front end refuses it.
    """
    writer = Writer(network, name)
    onnx = writer.save(folder / f"{name}.onnx")
    io = "io_stream" if network.seed % 2 else "io_parallel"
    target = hls_step.Target(name, 5.0, "part", io, csim.namespace(name))
    prepared = prepare(onnx)
    model = hls_step.convert(prepared, writer.settings, target, folder / name)
    rng = np.random.default_rng(network.seed)
    exact = inputs_of(network, SAMPLES)
    off = rng.choice([-0.5, -0.25, 0.0, 0.0, 0.25, 0.5], exact.shape)
    lsb = [np.full(node.out.size, node.out.format.lsb) for node in graph_inputs(writer.graph)]
    return Converted(
        network,
        writer,
        hls_step.stored_graph(model),
        prepared.output_order,
        folder / name,
        onnx,
        (exact + off) * np.concatenate(lsb),
    )


def check_software(each: Converted, library: Path) -> str | None:
    """Compare what needs no simulator; returns what was wrong."""
    for out, described in zip(types_out(each.graph), each.described, strict=True):
        if out.size != described.size or out.format.fraction < described.format.fraction:
            return f"the front end's output is {out}, described as {described}"
    outs = types_out(each.software)
    rungs = {"the front end's graph": reference.outputs(each.software, each.integers)}
    if exact_in_float32(each.writer):
        rungs["QONNX execution"] = executed(each.onnx, each.reals[:EXECUTED], each.sources, outs)
    listed = [outs[each.order.index(place)] for place in range(len(outs))]
    sizes = [source.size for source in each.sources]
    try:
        got = run_csim(library, each.project.name, each.reals, sizes, listed)
    except GatewrightError as error:
        return str(error)
    rungs["the C simulation"] = np.concatenate([got[place] for place in each.order], axis=1)
    for what, raw in rungs.items():
        y, expected = each.result(raw), each.expected[: len(raw)]
        differs = y != expected
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
