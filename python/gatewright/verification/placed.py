"""Rung 7: what nextpnr placed and routed, read back through Yosys.

The design is placed with its own ports on the package's pins, so that what is simulated is what was
placed, port for port; a design with more port bits than the package has pins is refused.
"""

import json
import logging
from pathlib import Path

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.files import read_json, write_text
from gatewright.tools import nextpnr
from gatewright.tools.nextpnr import PARTS, Routed
from gatewright.verification import gates
from gatewright.verification.context import Context
from gatewright.verification.netlist import synthesised
from gatewright.verification.placed_cells import prepare
from gatewright.verification.result import RungResult

SAMPLES = 300
_UNROUTED = "Failed to route"  # in nextpnr's words: from another place of the clock's pin it may
log = logging.getLogger(__name__)


def run(context: Context) -> RungResult:
    """Place and route the netlist of rung 6 and simulate what came of it.

    Raises:
        CheckFailedError: what was placed does not what the RTL does.
        NotRunError: a tool or a cell's model is missing, or the design does not fit.
    """
    family = context.options.family
    sources = verilog_of(placed(context), context.description["top"], family)
    what = f"nextpnr's cells on {PARTS[family].name}"
    return gates.simulate(context, "placed", what, sources, SAMPLES)


def verilog_of(routed: Routed, top: str, family: str) -> list[Path]:
    """Return the sources of a simulation of what nextpnr placed and routed.

    Raises:
        NotRunError: a cell has no model, or is used in a way that is not modelled.
    """
    design = read_json(routed.netlist)
    prepare(design, top, family)
    netlist = routed.netlist.with_name("placed.json")
    write_text(netlist, json.dumps(design))
    return gates.verilog_of(netlist, top, family, netlist.with_suffix(".v"))


def placed(context: Context) -> Routed:
    """Return what nextpnr made of the netlist, with the first seed that routes; made once.

    Raises:
        NotRunError: a tool is missing, or the design does not fit.
    """
    netlist = synthesised(context)
    family, synth = context.options.family, context.design.synth
    part = PARTS[family]
    bits = gates.port_bits(netlist, context.description["top"])
    if bits > part.pins:
        raise NotRunError(
            f"the ports of {context.description['top']} are {bits} bits, and {part.name} has "
            f"{part.pins} pins; take fewer elements per beat (rtl: input_lanes) or another family"
        )
    routed = nextpnr.routed_files(netlist, family)

    def make() -> None:
        for seed in synth.seeds:
            log.info("       nextpnr-%s, seed %d", family, seed)
            try:
                nextpnr.place(netlist, family, seed, synth.target_mhz)
            except CheckFailedError as error:
                if _UNROUTED in str(error) and seed != synth.seeds[-1]:
                    continue
                raise NotRunError(f"{part.name} does not take the design: {error}") from error
            return

    settings = [family, *synth.seeds, synth.target_mhz, *nextpnr.find(family)]
    gates.make_once(routed.netlist, [netlist], settings, make)
    return routed
