"""What each block of a design takes: one synthesis with the blocks kept apart."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.emit import write_rtl
from gatewright.emit.builder import build
from gatewright.estimate.model import Synthesis
from gatewright.estimate.sizes import DOORS, kind_of, sizes_of, sizes_of_doors
from gatewright.files import read_json
from gatewright.graph import Graph
from gatewright.synthesis import sources_of
from gatewright.tools import yosys

RESOURCES = ("lut", "ff", "dsp", "bram")


def blocks_of(graph: Graph, folder: Path) -> list[Synthesis]:
    """Synthesise a graph for ECP5 with its blocks kept apart, and return what each took.

    Args:
        graph: The network, with what is asked of its layers.
        folder: Takes the RTL and what Yosys writes.

    Raises:
        CheckFailedError: Yosys failed.
    """
    description = write_rtl(graph, folder / "rtl")
    pipeline = build(graph, None)
    modules = _synthesise(description, folder)
    found = []
    for block in pipeline.blocks:
        used = yosys.ecp5_usage(
            _cells(modules, modules[graph.name]["cells"][f"u_{block.name}"]["type"])
        )
        found.append(Synthesis(graph.name, kind_of(block), sizes_of(block), used))
    whole = yosys.ecp5_usage(_cells(modules, graph.name))
    rest = {name: whole[name] - sum(one.used[name] for one in found) for name in RESOURCES}
    return [*found, Synthesis(graph.name, DOORS, sizes_of_doors(pipeline), rest)]


def _synthesise(description: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the netlist's modules, one for each block."""
    rtl, top = folder / "rtl", description["top"]
    netlist = folder / "blocks.json"
    sources = sources_of(description, rtl, "ecp5")
    script = [
        *(f'read_verilog -sv -defer "{path.resolve()}"' for path in sources),
        f"hierarchy -top {top}",
        f"cd {top}",
        "setattr -set keep_hierarchy 1 t:*",
        "cd ..",
        f"synth_ecp5 -top {top}",
        f"write_json {os.path.relpath(netlist, rtl)}",
    ]
    yosys.run(script, rtl, folder / "blocks_yosys.log", "Yosys, block by block,")
    modules: dict[str, Any] = read_json(netlist)["modules"]
    return {
        name: module
        for name, module in modules.items()
        if not module["attributes"].keys() & {"blackbox", "whitebox"}
    }


def _cells(modules: Mapping[str, Any], name: str) -> dict[str, int]:
    """Return how many cells of each type a module holds, over its hierarchy."""
    counts: dict[str, int] = {}
    for cell in modules[name]["cells"].values():
        kind = cell["type"]
        inside = _cells(modules, kind) if kind in modules else {kind: 1}
        for key, count in inside.items():
            counts[key] = counts.get(key, 0) + count
    return counts
