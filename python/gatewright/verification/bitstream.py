"""Rung 8: the bitstream, packed, unpacked again, and read back into Verilog.

iCE40 alone: of the bits, `icebox_vlog` makes logic, flip-flops and block RAMs with their contents.
What nextpnr wrote gives nothing but the place of each port's pad.
"""

import re
from pathlib import Path
from typing import Any

from gatewright.errors import CheckFailedError
from gatewright.files import read_json, write_text
from gatewright.tools import icestorm
from gatewright.tools.nextpnr import PARTS, Routed
from gatewright.verification import gates
from gatewright.verification.context import Context
from gatewright.verification.placed import placed
from gatewright.verification.result import NotApplicableError, RungResult

SAMPLES = 300
_CHIP = "chip"


def run(context: Context) -> RungResult:
    """Pack and unpack the bitstream, and simulate what stands in it on the vectors.

    Raises:
        CheckFailedError: what is in the bitstream does not what the RTL does.
        NotRunError: a tool is missing, or the design does not fit.
        NotApplicableError: a family whose bitstream cannot be read back into Verilog.
    """
    family, top = context.options.family, context.description["top"]
    if family != "ice40":
        raise NotApplicableError(
            f"no tool reads a bitstream of {family} back into Verilog; take --family ice40"
        )
    for program in ("icepack", "iceunpack", "icebox_vlog"):
        icestorm.find(program)
    sources = verilog_of(placed(context), top)
    what = f"the bitstream of {PARTS[family].name}, read back"
    return gates.simulate(context, "bitstream", what, sources, SAMPLES)


def verilog_of(routed: Routed, top: str) -> list[Path]:
    """Pack and unpack a bitstream; return the sources of a simulation of what stands in it.

    Raises:
        CheckFailedError: a tool failed, or the pads are not those that nextpnr placed.
        NotRunError: a tool is missing.
    """
    folder = routed.netlist.parent
    bitstream, text = folder / f"{top}.bin", folder / "unpacked.asc"
    icestorm.pack(routed.bitstream, bitstream)
    icestorm.unpack(bitstream, text)
    chip = icestorm.read_back(text, _CHIP)
    verilog = folder / "bitstream.v"
    write_text(
        verilog, gates.HEADER + chip.verilog + shell_of(top, read_json(routed.netlist), chip)
    )
    types = set(re.findall(r"^(SB_\w+) #\($", chip.verilog, re.MULTILINE))
    return [*gates.models(types, "ice40", folder / "bitstream_cells.v"), verilog]


def shell_of(top: str, design: dict[str, Any], chip: icestorm.Chip) -> str:
    """Return a module with the design's ports around a chip whose ports are pads.

    Args:
        top: Name to give it.
        design: What nextpnr wrote: the place of each port's pad.
        chip: What is in the bitstream. An input's pad that nothing reads is no port of it, nor is
            an output's that nothing drives: that one gives 0.

    Raises:
        CheckFailedError: the bitstream uses a pad that belongs to no port, or the other way round.
    """
    module = next(iter(design["modules"].values()))
    ports, pads = module["ports"], _pads(module)
    connections, driven = [], set()
    for pad, direction in chip.ports.items():
        port, bit = pads.get(pad, (None, None))
        if port is None or ports[port]["direction"] != direction:
            raise CheckFailedError(
                f"the bitstream of {top} uses the pad {pad} as {direction}; nextpnr placed "
                f"{port or 'nothing'} there"
            )
        connections.append(f"    .{pad}({port}[{bit}])")
        driven.add((port, bit))
    assigns = [
        f"  assign {port}[{bit}] = 1'b0;"
        for port, content in ports.items()
        for bit in range(len(content["bits"]))
        if content["direction"] == "output" and (port, bit) not in driven
    ]
    declared = [
        f"  {content['direction']} [{len(content['bits']) - 1}:0] {port}"
        for port, content in ports.items()
    ]
    lines = [f"module {top} (", ",\n".join(declared), ");", *assigns]
    lines += [f"  {_CHIP} u_chip (", ",\n".join(connections), "  );", "endmodule", ""]
    return "\n".join(lines)


def _pads(module: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """Return the port and its bit that each pad belongs to, pads named as ``icebox_vlog`` does."""
    owners = {
        bit: (name, index)
        for name, port in module["ports"].items()
        for index, bit in enumerate(port["bits"])
    }
    pads = {}
    for cell in module["cells"].values():
        if cell["type"] == "SB_IO":
            place = re.fullmatch(r"X(\d+)/Y(\d+)/io(\d)", cell["attributes"]["NEXTPNR_BEL"])
            (bit,) = cell["connections"]["PACKAGE_PIN"]
            if place and bit in owners:
                pads["io_{}_{}_{}".format(*place.groups())] = owners[bit]
    return pads
