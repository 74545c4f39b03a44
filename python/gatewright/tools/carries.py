"""Carries of an ECP5 netlist that nobody reads.

Yosys connects every carry cell's ``COUT`` to a net. nextpnr leads a net out of a carry chain
through one more carry cell, two LUTs, even where nothing reads it: the last carry of a sum.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.files import read_json, write_json

_OPEN = ["x"]  # a pin that is missing altogether stops nextpnr


def leave_unread_open(netlist: Path) -> Path:
    """Write a netlist without the carries that nobody reads, for nextpnr.

    Args:
        netlist: Yosys' JSON for ECP5.

    Returns:
        What was written, beside it.
    """
    design = read_json(netlist)
    for module in design["modules"].values():
        _open(module)
    result = netlist.with_name(f"{netlist.stem}_open.json")
    write_json(result, design)
    return result


def _open(module: Mapping[str, Any]) -> None:
    readers = Counter(bit for port in module["ports"].values() for bit in port["bits"])
    carries = []
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                readers.update(bits)
        if cell["type"] == "CCU2C" and "COUT" in cell["connections"]:
            carries.append(cell["connections"])
    for connections in carries:
        if not readers[connections["COUT"][0]]:
            connections["COUT"] = _OPEN
