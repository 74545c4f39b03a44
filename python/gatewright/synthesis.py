"""The synthesis step: what a design takes on ECP5 (placed and routed) and 7-series (estimated)."""

import logging
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.emit.harness import render_harness
from gatewright.files import read_json, sha256, write_json, write_text
from gatewright.resources import rtl_root
from gatewright.tools import nextpnr, yosys

log = logging.getLogger(__name__)
_HARNESS = "synthesis_harness"


def run(design: Design, folder: Path, *, place: bool) -> dict[str, Any]:
    """Synthesise the emitted RTL and write ``synth.json``.

    Args:
        design: For the seeds and the target clock.
        folder: The design's build folder, with ``rtl/`` in it.
        place: Place and route for ECP5 too; without it LUT and FF are Yosys' counts.

    Returns:
        The content of ``synth.json``: per target ``lut``, ``ff``, ``dsp``, ``bram`` and, where it
        was placed and routed, ``fmax_mhz``, the median over the seeds.
    """
    rtl, work = folder / "rtl", folder / "synth"
    work.mkdir(parents=True, exist_ok=True)
    description = read_json(folder / "rtl.json")
    write_text(work / f"{_HARNESS}.sv", render_harness(description, _HARNESS))
    log.info("       Yosys for xilinx7")
    generic = sources_of(description, rtl, "xilinx7")
    xilinx = yosys.synthesise(generic, description["top"], "xilinx7", work, rtl)
    log.info("       Yosys for ecp5")
    sources = sources_of(description, rtl, "ecp5")
    ecp5 = yosys.synthesise([*sources, work / f"{_HARNESS}.sv"], _HARNESS, "ecp5", work, rtl)
    result: dict[str, Any] = {
        "design": design.name,
        "rtl_sha256": sha256(rtl / f"{description['top']}.sv"),
        "xilinx7": yosys.xilinx_usage(xilinx),
        "ecp5": _placed(design, ecp5)
        if place
        else yosys.ecp5_usage(ecp5.cells) | {"placed": False},
    }
    write_json(folder / "synth.json", result)
    return result


def sources_of(description: Mapping[str, Any], rtl: Path, family: str) -> list[Path]:
    """Return a design's files for a family, in compile order.

    A library module that has a body for the family (``rtl/boards/<family>``) is replaced by it.
    """
    bodies = rtl_root() / "boards" / family
    return [
        bodies / Path(name).name if (bodies / Path(name).name).is_file() else rtl / name
        for name in description["sources"]
    ]


def _placed(design: Design, netlist: yosys.Netlist) -> dict[str, Any]:
    target, seeds = design.synth.target_mhz, design.synth.seeds
    log.info("       nextpnr-ecp5, seeds %s", ", ".join(map(str, seeds)))
    placements = nextpnr.place_ecp5(netlist.path, seeds, target)
    middle = sorted(placements, key=lambda run: run.fmax_mhz)[(len(placements) - 1) // 2]
    return {
        "lut": middle.cells.get("TRELLIS_COMB", 0),
        "ff": middle.cells.get("TRELLIS_FF", 0),
        "dsp": middle.cells.get("MULT18X18D", 0),
        "bram": middle.cells.get("DP16KD", 0),
        "fmax_mhz": statistics.median(run.fmax_mhz for run in placements),
        "device": "LFE5U-85F, speed grade 6",
        "target_mhz": target,
        "seeds": {str(run.seed): run.fmax_mhz for run in placements},
        "placed": True,
    }
