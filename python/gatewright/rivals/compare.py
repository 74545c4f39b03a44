"""Measure a design and what other tools make of its network, with the same scripts, in one run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatewright import graph_io
from gatewright.design import Design
from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import read_json, sha256
from gatewright.flow import require
from gatewright.rivals import adders, cpu, nngen
from gatewright.rivals.row import Cells, CpuRow, Row
from gatewright.rivals.subject import Subject
from gatewright.synthesis import sources_of
from gatewright.tools import yosys
from gatewright.vectors import Interface, read_vectors
from gatewright.version import __version__

Measure = Callable[[Subject, Sequence[str]], Iterable[Row | CpuRow]]
# Every other tool: what measures it, given the settings asked for (none: its own choice of them).
TOOLS: dict[str, Measure] = {
    "nngen": nngen.measure,
    "onnxruntime": cpu.measure,
    "alkaid": adders.alkaid,
    "da4ml": adders.da4ml,
}


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    Attributes:
        rows: Ours first.
        missing: Of each tool that could not run, why.
    """

    rows: list[Row | CpuRow]
    missing: dict[str, str]


def run(
    design: Design,
    build_dir: Path,
    tools: Sequence[str],
    *,
    settings: Mapping[str, Sequence[str]],
    samples: int,
    place: bool = False,
    adders_per_stage: tuple[int, ...] = (),
    tell: Callable[[Row | CpuRow], None],
) -> Comparison:
    """Measure the design, then each tool.

    Args:
        design: Built up to sim.
        build_dir: Holds its build folder.
        tools: Of ``TOOLS``.
        settings: Of each tool, those to try; none: the tool's own choice.
        samples: Inferences that other tools' RTL is simulated for.
        place: Place and route the pipelines of unrolled networks too.
        adders_per_stage: Depths to compare those pipelines at; none: the design's own.
        tell: Is given every row as soon as it is measured.

    Raises:
        GatewrightError: an unknown tool; the design was not built up to sim.
        CheckFailedError: a tool failed.
    """
    for name in [*tools, *settings]:
        if name not in TOOLS:
            raise GatewrightError(f"unknown tool {name!r}; must be of {', '.join(TOOLS)}")
    folder = build_dir / design.name
    require(design, folder, "sim")
    rows: list[Row | CpuRow] = [_ours(design, folder)]
    missing: dict[str, str] = {}
    tell(rows[0])
    subject = replace(
        _subject(design, folder, samples),
        place_mhz=design.synth.target_mhz if place else None,
        adders_per_stage=adders_per_stage,
    )
    for name in tools:
        try:
            for row in TOOLS[name](subject, settings.get(name, ())):
                if row not in rows:  # our own pipeline, beside each of two
                    tell(row)
                    rows.append(row)
        except NotRunError as error:
            missing[name] = str(error)
    return Comparison(rows, missing)


def _subject(design: Design, folder: Path, samples: int) -> Subject:
    graph = graph_io.load(folder)
    interface = Interface.of(graph)
    vectors = read_vectors(folder / "vectors.npz", interface)
    inputs = vectors.integers(interface.inputs)
    typical = vectors.typical_integers(interface.inputs)
    given = inputs if typical is None else typical
    return Subject(design.name, graph, inputs, given, folder / "compare", samples=samples)


def _ours(design: Design, folder: Path) -> Row:
    """Return the design's own row: cycles of the sim step, cells of the script of all rows."""
    description, sim = read_json(folder / "rtl.json"), read_json(folder / "sim.json")
    work, rtl = folder / "compare" / "gatewright", folder / "rtl"
    sources = sources_of(description, rtl, "ecp5")
    netlist = yosys.synthesise(sources, description["top"], "ecp5", work, rtl)
    return Row(
        tool=f"Gatewright {__version__}",
        setting=_cores(description),
        network=design.name,
        cycles_per_inference=sim["cycles_per_inference"],
        latency_cycles=sim["latency_cycles"],
        cells=Cells.of(netlist.cells),
        samples=sim["samples"],
        mismatches=sim["mismatches"],
        note="weights on chip, AXI4-Stream in and out",
        fmax_mhz=_fmax(folder),
    )


def _cores(description: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{layer['name']} {layer.get('core', '')}".strip() for layer in description["layers"]
    )


def _fmax(folder: Path) -> float | None:
    """Return what ``synth.json`` says of the clock in MHz, if this RTL was placed."""
    path = folder / "synth.json"
    if not path.is_file():
        return None
    found = read_json(path)
    top = folder / "rtl" / f"{found['design']}.sv"
    same = top.is_file() and sha256(top) == found["rtl_sha256"]
    return found["ecp5"].get("fmax_mhz") if same else None
