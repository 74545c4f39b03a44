"""alkaid and da4ml: they write their own Verilog of a network, which is measured as ours is."""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import write_json, write_text
from gatewright.fixed import FixedFormat
from gatewright.graph import Dense, Elementwise, Function, Graph, Input, sum_range
from gatewright.rivals.pipeline_bench import Element, Ports, Vectors
from gatewright.rivals.pipelines import Pipeline, Result, measured
from gatewright.tools import adder_rivals, process

KEPT = ("shift_adder", "negative")  # modules of theirs that get keep_hierarchy


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
            layers.append(_layer(node, exact))
            exact, relu = sum_range(node, exact).total, False
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
    return {"spans": spans, "layers": layers, "fraction": exact.fraction}


def _layer(node: Dense, exact: FixedFormat) -> dict[str, Any]:
    span = sum_range(node, exact)
    bias = [0] * len(node.weight)
    if node.bias is not None and node.bias_format is not None:
        bias = (node.bias << (span.fraction - node.bias_format.fraction)).tolist()
    up = span.fraction - span.products.fraction
    return {"weight": (node.weight << up).tolist(), "bias": bias}


@dataclass(frozen=True)
class Made:
    """What a tool wrote of a network, at several latencies.

    Attributes:
        tool: ``alkaid`` or ``da4ml``.
        folders: Of each latency asked for, where its Verilog is.
        latencies: Of each, the cycles from a vector to its results.
        ports: Elements of ``model_inp`` and ``model_out``.
    """

    tool: str
    folders: tuple[Path, ...]
    latencies: tuple[int, ...]
    ports: Ports


def generate(
    tool: str,
    spec: dict[str, Any],
    latencies: Sequence[int],
    folder: Path,
) -> Made:
    """Let alkaid or da4ml write a network; it searches for the adders once for all latencies.

    Args:
        tool: ``alkaid`` or ``da4ml``.
        spec: See ``specification``.
        latencies: Cycles to meet as closely as the tool can.
        folder: Takes what they write.

    Raises:
        NotRunError: the tool is missing or fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "spec.json", spec)
    command = [sys.executable, str(Path(adder_rivals.__file__)), tool, "spec.json", "."]
    finished = process.run([*command, *map(str, latencies)], cwd=folder)
    if finished.status != 0:
        raise NotRunError(
            f"{tool} made nothing of the network; if it is not installed: pip install "
            f"'gatewright[compare]'. It said:\n{finished.output[-1000:]}"
        )
    said = json.loads(finished.output.splitlines()[-1])
    elements = [tuple(Element(bool(k), k + i + f, f) for k, i, f in said[side]) for side in _SIDES]
    folders = tuple(folder / str(index) for index in range(len(latencies)))
    return Made(tool, folders, tuple(said["latencies"]), Ports(*elements))


_SIDES = ("inputs", "outputs")


def rival(
    made: Made,
    index: int,
    vectors: Vectors,
    folder: Path,
    *,
    kept: bool,
    target_mhz: float | None = None,
) -> Result:
    """Measure what alkaid or da4ml made of a network.

    Args:
        made: See ``generate``.
        index: Of the latency.
        vectors: Samples and what must come of them, in units of the specification.
        folder: To work in.
        kept: Give their adders ``keep_hierarchy``.
        target_mhz: Place and route, aiming at this clock.
    """
    sources = []
    for path in sorted(made.folders[index].rglob("src/**/*.v")):
        if "wrapper" in path.stem:
            continue
        text = path.read_text(encoding="utf-8")
        if kept and path.stem in KEPT:
            text = re.sub(r"^module ", "(* keep_hierarchy *) module ", text, flags=re.MULTILINE)
        sources.append(folder / path.name)
        write_text(sources[-1], text)
    pipeline = Pipeline(
        what=f"{made.tool}, adders kept" if kept else made.tool,
        latency=made.latencies[index],
        sources=tuple(sources),
        top="rival",
        ports=made.ports,
    )
    return measured(pipeline, vectors, folder, target_mhz)
