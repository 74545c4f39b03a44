"""Carries of an ECP5 netlist that nobody reads.

Yosys connects every carry cell's ``COUT`` to a net. nextpnr leads a net out of a carry chain
through one more carry cell, two LUTs, even where nothing reads it: the last carry of a sum.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.files import read_json, write_json


def leave_unread_open(netlist: Path) -> int:
    """Take the carries that nobody reads out of a netlist.

    Args:
        netlist: Yosys' JSON for ECP5; rewritten.

    Returns:
        How many there were.
    """
    design = read_json(netlist)
    count = sum(_open(module) for module in design["modules"].values())
    if count:
        write_json(netlist, design)
    return count


def _open(module: Mapping[str, Any]) -> int:
    readers = Counter(bit for port in module["ports"].values() for bit in port["bits"])
    carries = []
    for cell in module["cells"].values():
        directions = cell.get("port_directions", {})
        for port, bits in cell["connections"].items():
            if directions.get(port) != "output":
                readers.update(bits)
        if cell["type"] == "CCU2C" and "COUT" in cell["connections"]:
            carries.append(cell["connections"])
    unread = [connections for connections in carries if not readers[connections["COUT"][0]]]
    for connections in unread:
        del connections["COUT"]
    return len(unread)
