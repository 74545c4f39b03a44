"""Unrolled networks beside other tools': the same integers, the same Yosys script, the same bench.

Compared are the pipelines alone: theirs has no handshake, so ours is measured without its doors
(credit gates, FIFOs). Their tools round half up only: networks that round half to even are compared
with half up in both.
"""

import importlib.metadata
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gatewright import emit, reference
from gatewright.errors import GatewrightError
from gatewright.files import write_text
from gatewright.fixed import IntArray, Overflow, Rounding
from gatewright.graph import Dense, FoldRequest, Graph, Strategy
from gatewright.rivals.pipeline_bench import Element, Ports, Vectors, differing
from gatewright.rivals.pipeline_clock import fmax_mhz
from gatewright.tools import yosys
from gatewright.verification.gates import make_once


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with ports ``clk``, ``model_inp`` and ``model_out``.

    Attributes:
        what: Whose it is.
        latency: Cycles from a vector to its results.
        sources: In compile order.
        top: Its module.
        ports: Its elements.
    """

    what: str
    latency: int
    sources: tuple[Path, ...]
    top: str
    ports: Ports


@dataclass(frozen=True)
class Result:
    """What one pipeline takes.

    Attributes:
        what: Whose it is.
        latency: Cycles from a vector to its results.
        lut: LUT4.
        carry: CCU2C, carry cells of two bits.
        ff: Registers.
        samples: Vectors whose results were compared, in simulation.
        mismatches: Integers that differ.
        fmax_mhz: After place and route; None: not placed.
    """

    what: str
    latency: int
    lut: int
    carry: int
    ff: int
    samples: int
    mismatches: int
    fmax_mhz: float | None = None

    @property
    def cells(self) -> int:
        """LUT4 and carry cells."""
        return self.lut + self.carry


def half_up(graph: Graph) -> Graph:
    """Return a network whose conversions round half up and saturate in full range."""
    swap = {Rounding.RND_CONV: Rounding.RND}
    range_ = {Overflow.SAT_SYM: Overflow.SAT}
    nodes = []
    for node in graph.nodes:
        fmt = node.out.format
        fmt = replace(
            fmt,
            rounding=swap.get(fmt.rounding, fmt.rounding),
            overflow=range_.get(fmt.overflow, fmt.overflow),
        )
        nodes.append(replace(node, out=replace(node.out, format=fmt)))
    return replace(graph, nodes=tuple(nodes))


def unrolled(graph: Graph, adders_per_stage: int | None = None) -> Graph:
    """Return a network whose layers with weights are all unrolled.

    Args:
        graph: The network.
        adders_per_stage: Of every layer; None: what the layer itself asks for.
    """
    nodes = [
        replace(node, request=_request(node, adders_per_stage)) if isinstance(node, Dense) else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))


def _request(node: Dense, adders_per_stage: int | None) -> FoldRequest:
    return FoldRequest(
        strategy=Strategy.DISTRIBUTED_ARITHMETIC,
        adders_per_stage=adders_per_stage or node.request.adders_per_stage,
    )


def ours(
    graph: Graph, inputs: IntArray, folder: Path, *, target_mhz: float | None = None
) -> Result:
    """Measure the pipelines of a network whose layers are all unrolled, one behind the other.

    Args:
        graph: The network.
        inputs: Integers [samples, elements] to simulate.
        folder: To work in.
        target_mhz: Place and route, aiming at this clock.
    """
    emit.write_rtl(graph, folder / "rtl")
    texts = {p.stem: p.read_text() for p in (folder / "rtl").glob("*_sums.sv")}
    layers = {
        f"{graph.name}_{node.name}_unrolled_sums": node
        for node in graph.nodes
        if isinstance(node, Dense)
    }
    names = list(layers)
    widths = [_port(texts[names[0]], "x_i"), *(_port(texts[name], "y_o") for name in names)]
    lines = [f"  logic [{width - 1}:0] v{index};" for index, width in enumerate(widths) if index]
    lines += [
        f"  {name} u_{index} (.clk_i(clk), .x_i(v{index}{_flip(graph, node)}), .y_o(v{index + 1}));"
        for index, (name, node) in enumerate(layers.items())
    ]
    text = (
        f"module pipeline (input clk, input [{widths[0] - 1}:0] model_inp,\n"
        f"  output [{widths[-1] - 1}:0] model_out);\n"
        f"  logic [{widths[0] - 1}:0] v0;\n  assign v0 = model_inp;\n"
        + "\n".join(lines)
        + f"\n  assign model_out = v{len(names)};\nendmodule\n"
    )
    write_text(folder / "pipeline.sv", text)
    library = [folder / "rtl" / "lib" / f"{name}.sv" for name in _PARTS]
    sources = [*library, *(folder / "rtl" / f"{name}.sv" for name in names), folder / "pipeline.sv"]
    found = [re.search(r"y_o\(t \+ (\d+)\)", texts[name]) for name in names]
    latency = sum(int(each[1]) for each in found if each)
    pipeline = Pipeline("ours", latency, tuple(sources), "pipeline", _ports(graph, widths))
    vectors = expected(graph, inputs, graph.nodes[-1].out.format.fraction)
    return measured(pipeline, vectors, folder, target_mhz)


def _ports(graph: Graph, widths: list[int]) -> Ports:
    sides = [
        (Element(node.out.format.signed, node.out.format.width),) * node.out.size
        for node in (graph.nodes[0], graph.nodes[-1])
    ]
    ports = Ports(*sides)
    if [ports.in_width, ports.out_width] != [widths[0], widths[-1]]:
        raise GatewrightError(
            f"{graph.name}: ports of {widths[0]} and {widths[-1]} bits, elements of "
            f"{ports.in_width} and {ports.out_width}"
        )
    return ports


def expected(graph: Graph, inputs: IntArray, fraction: int) -> Vectors:
    """Return samples and what must come of them.

    Args:
        graph: The network.
        inputs: Integers [samples, elements].
        fraction: Fraction bits of the unit that results are given in.
    """
    up = fraction - graph.nodes[-1].out.format.fraction
    return Vectors(inputs, np.ldexp(reference.outputs(graph, inputs).astype(np.float64), up))


def _flip(graph: Graph, node: Dense) -> str:
    """Return what turns over the signs of a layer's inputs, as its pipeline takes them."""
    source = graph.source(node)
    if not source.format.signed:
        return ""
    width = source.format.width
    return f" ^ {{{source.size}{{{width}'d{2 ** (width - 1)}}}}}"


_PARTS = ("gatewright_pkg", "requantise", "offset_requantise", "carry_sum")


def _port(text: str, name: str) -> int:
    found = re.search(rf"\[(\d+):0\]\s*{name}\b", text)
    if not found:
        raise GatewrightError(f"a pipeline without a port {name}")
    return int(found[1]) + 1


def measured(
    pipeline: Pipeline, vectors: Vectors, folder: Path, target_mhz: float | None
) -> Result:
    """Synthesise and simulate a pipeline, and place it if a clock to aim at is given."""
    top, ports = pipeline.top, pipeline.ports
    mapped = folder / "mapped"

    def synthesise() -> None:
        yosys.synthesise(pipeline.sources, top, "ecp5", mapped, folder)

    version = importlib.metadata.version("pyosys")
    make_once(mapped / "ecp5.json", pipeline.sources, [top, version], synthesise)
    netlist = yosys.read_netlist(mapped, "ecp5")
    wrong = differing(pipeline.sources, top, ports, pipeline.latency, vectors, folder)
    fmax = None
    if target_mhz is not None:
        fmax = fmax_mhz(pipeline.sources, top, ports, folder / "placed", target_mhz)
    lut, carry, ff = (netlist.cells.get(name, 0) for name in ("LUT4", "CCU2C", "TRELLIS_FF"))
    return Result(pipeline.what, pipeline.latency, lut, carry, ff, len(vectors.inputs), wrong, fmax)
