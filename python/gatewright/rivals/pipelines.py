"""Unrolled networks beside alkaid's and da4ml's: the same integers, the same Yosys script.

Compared are the pipelines alone: theirs has no handshake, so ours is measured without its doors
(credit gates, FIFOs). Their tools round half up only: networks that round half to even are compared
with half up in both.
"""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gatewright import emit
from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import write_json, write_text
from gatewright.fixed import Overflow, Rounding
from gatewright.graph import (
    Dense,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    Strategy,
    sum_range,
)
from gatewright.tools import adder_rivals, nextpnr, process, yosys

KEPT = ("shift_adder", "negative")  # modules of theirs that get keep_hierarchy


@dataclass(frozen=True)
class Result:
    """What one pipeline takes.

    Attributes:
        what: Whose it is.
        latency: Cycles from a vector to its results.
        lut: LUT4.
        carry: CCU2C, carry cells of two bits.
        ff: Registers.
        fmax_mhz: After place and route; None: not placed.
    """

    what: str
    latency: int
    lut: int
    carry: int
    ff: int
    fmax_mhz: float | None = None

    @property
    def cells(self) -> int:
        """LUT4 and carry cells."""
        return self.lut + self.carry

    def summary(self) -> dict[str, Any]:
        """Return it for a JSON file."""
        return asdict(self) | {"cells": self.cells}


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


def specification(graph: Graph) -> dict[str, Any]:
    """Return a chain of dense layers as ``adder_rivals`` takes it.

    Raises:
        GatewrightError: something else than dense layers and their conversions.
    """
    first, *others = graph.nodes
    if not isinstance(first, Input):
        raise GatewrightError(f"{graph.name}: no input to compare adders from")
    fmt = first.out.format
    spans = [[fmt.min_int, fmt.max_int]] * first.out.size
    layers: list[dict[str, Any]] = []
    exact = fmt
    for node in others:
        if isinstance(node, Dense) and type(node) is Dense:
            span = sum_range(node, exact)
            bias = [0] * len(node.weight)
            if node.bias is not None and node.bias_format is not None:
                bias = (node.bias << (span.fraction - node.bias_format.fraction)).tolist()
            up = span.fraction - span.products.fraction
            layers.append({"weight": (node.weight << up).tolist(), "bias": bias})
            exact, relu = span.total, False
        elif isinstance(node, Elementwise) and layers and "out" not in layers[-1]:
            relu = node.function is Function.RELU
        else:
            raise GatewrightError(
                f"{node.name} ({node.origin}): adders are compared of dense layers and ReLUs"
            )
        out = node.out.format
        if relu or not out.contains(exact):
            layers[-1]["out"] = {
                "drop": exact.fraction - out.fraction,
                "width": out.width,
                "signed": out.signed,
                "relu": relu,
                "rounding": out.rounding.name,
                "overflow": out.overflow.name,
            }
            exact = out
    return {"spans": spans, "layers": layers}


def ours(graph: Graph, folder: Path, *, target_mhz: float | None = None) -> Result:
    """Measure the pipelines of a network whose layers are all unrolled, one behind the other."""
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
    return _measured("ours", latency, sources, "pipeline", widths, folder, target_mhz)


def _flip(graph: Graph, node: Dense) -> str:
    """Return what turns over the signs of a layer's inputs, as its pipeline takes them."""
    source = graph.source(node)
    if not source.format.signed:
        return ""
    width = source.format.width
    return f" ^ {{{source.size}{{{width}'d{2 ** (width - 1)}}}}}"


_PARTS = ("gatewright_pkg", "requantise", "offset_requantise", "carry_sum")


def generate(
    tool: str, spec: dict[str, Any], pace: float, folder: Path, *, python: str = sys.executable
) -> int:
    """Let alkaid or da4ml write a network into ``folder/project``; return its latency in cycles.

    Args:
        tool: ``alkaid`` or ``da4ml``.
        spec: See ``specification``.
        pace: alkaid's number of stages; da4ml's latency of a stage.
        folder: Takes what they write.
        python: A Python that has the tool.

    Raises:
        NotRunError: the tool is missing or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "spec.json", spec)
    command = [python, str(Path(adder_rivals.__file__)), tool, str(folder / "spec.json")]
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    finished = process.run([*command, str(project), str(pace)], cwd=folder)
    if finished.status != 0:
        raise NotRunError(
            f"{tool} made nothing of the network; if it is not installed: pip install "
            f"'gatewright[compare]'. It said:\n{finished.output[-1000:]}"
        )
    return int(json.loads(finished.output.splitlines()[-1])["latency"])


def rival(
    tool: str,
    spec: dict[str, Any],
    pace: float,
    folder: Path,
    *,
    kept: bool,
    python: str = sys.executable,
    target_mhz: float | None = None,
) -> Result:
    """Measure what alkaid or da4ml makes of a network; see ``generate``.

    Args:
        tool: As there.
        spec: Likewise.
        pace: Likewise.
        folder: Likewise.
        kept: Give their adders ``keep_hierarchy``.
        python: As there.
        target_mhz: Place and route, aiming at this clock.

    Raises:
        NotRunError: the tool is missing or fails.
    """
    latency = generate(tool, spec, pace, folder, python=python)
    project = folder / "project"
    sources = [p for p in sorted(project.rglob("src/**/*.v")) if "wrapper" not in p.stem]
    for path in sources:
        if kept and path.stem in KEPT:
            text = path.read_text(encoding="utf-8")
            write_text(path, re.sub(r"^module ", "(* keep_hierarchy *) module ", text, flags=re.M))
    top = (project / "src" / "rival.v").read_text(encoding="utf-8")
    widths = [_port(top, name) for name in ("model_inp", "model_out")]
    what = f"{tool}, adders kept" if kept else tool
    return _measured(what, latency, sources, "rival", widths, folder, target_mhz)


def _port(text: str, name: str) -> int:
    found = re.search(rf"\[(\d+):0\]\s*{name}\b", text)
    if not found:
        raise GatewrightError(f"a pipeline without a port {name}")
    return int(found[1]) + 1


def _measured(
    what: str,
    latency: int,
    sources: Sequence[Path],
    top: str,
    widths: Sequence[int],
    folder: Path,
    target_mhz: float | None,
) -> Result:
    cells = yosys.synthesise(sources, top, "ecp5", folder / "mapped", folder).cells
    fmax = None
    if target_mhz is not None:
        harness = folder / "harness.sv"
        write_text(harness, _HARNESS.format(top=top, inp=widths[0], out=widths[-1]))
        netlist = yosys.synthesise(
            [*sources, harness], "harness", "ecp5", folder / "placed", folder
        )
        (placed,) = nextpnr.place_ecp5(netlist.path, [1], target_mhz)
        fmax = placed.fmax_mhz
    lut, carry, ff = (cells.get(name, 0) for name in ("LUT4", "CCU2C", "TRELLIS_FF"))
    return Result(what, latency, lut, carry, ff, fmax)


# Every bit of the pipeline matters, and no path of it reaches a pin.
_HARNESS = """\
module harness (input clk, input in_i, output reg out_o);
  reg  [{inp}-1:0] in_q;
  wire [{out}-1:0] out;
  reg  [{out}-1:0] out_q;
  {top} u_top (.clk(clk), .model_inp(in_q), .model_out(out));
  always @(posedge clk) begin
    in_q  <= {{in_q, in_i}};
    out_q <= {{out_q, in_i}} ^ out;
    out_o <= out_q[{out}-1];
  end
endmodule
"""
