"""Rung 6: the netlist after synthesis by Yosys, for ECP5 or iCE40."""

import importlib.metadata
import logging
from pathlib import Path

from gatewright.synthesis import sources_of
from gatewright.tools import yosys
from gatewright.verification import gates
from gatewright.verification.context import Context
from gatewright.verification.result import RungResult

SAMPLES = 300
log = logging.getLogger(__name__)


def run(context: Context) -> RungResult:
    """Synthesise the emitted design, without any harness, and simulate its cells.

    Raises:
        CheckFailedError: Yosys failed, or the cells do not what the RTL does.
        NotRunError: a tool or a cell's model is missing.
    """
    netlist = synthesised(context)
    family, top = context.options.family, context.description["top"]
    sources = gates.verilog_of(netlist, top, family, netlist.with_name("netlist.v"))
    what = f"Yosys' netlist for {family}"
    return gates.simulate(context, "netlist", what, sources, SAMPLES)


def synthesised(context: Context) -> Path:
    """Return Yosys' netlist of the emitted design in JSON, made once for the same RTL.

    Raises:
        CheckFailedError: Yosys failed.
        NotRunError: the family has no cell models.
    """
    folder, family, rtl = gates.folder_of(context), context.options.family, context.folder / "rtl"
    sources = sources_of(context.description, rtl, family)
    netlist = folder / f"{family}.json"

    def make() -> None:
        log.info("       Yosys for %s", family)
        yosys.synthesise(sources, context.description["top"], family, folder, rtl)

    read = [*sources, *sorted(rtl.glob("*.mem"))]
    gates.make_once(netlist, read, [family, importlib.metadata.version("pyosys")], make)
    return netlist
