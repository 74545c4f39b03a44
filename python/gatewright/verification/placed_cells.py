"""What nextpnr writes after place and route, made into cells that have a model.

nextpnr leaves pins open that read a constant in the device, keeps constants in parameters beside
the pin, and puts pads and clock buffers between the ports and the logic. Here every pin gets what
it reads, and pads become wires; all that computes or stores stays as it was placed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gatewright.errors import NotRunError

Cell = dict[str, Any]

# What an open pin reads. ECP5: an unrouted wire is 1; a set/reset of a flip-flop is inactive.
_ONE_WHERE_OPEN = re.compile(r"CEN|[RW]CLKE")  # iCE40; every other pin reads 0


def prepare(design: dict[str, Any], top: str, family: str) -> None:
    """Change a placed design, as nextpnr wrote it, into one of cells that have a model.

    Args:
        design: The JSON that nextpnr wrote, with one module; changed in place.
        top: Name to give the module.
        family: ``ecp5`` or ``ice40``.

    Raises:
        NotRunError: a cell is used in a way that is not modelled; the message names the cell.
    """
    module = next(iter(design["modules"].values()))
    design["modules"] = {top: module}
    cells: dict[str, Cell] = module["cells"]
    for name, cell in list(cells.items()):
        pair = _FAMILIES[family](name, cell)
        if pair is not None:
            cells[name] = _wire(*pair)


def _wire(bit_in: Any, bit_out: Any) -> Cell:
    return {
        "hide_name": 0,
        "type": "$_BUF_",
        "parameters": {},
        "attributes": {},
        "port_directions": {"A": "input", "Y": "output"},
        "connections": {"A": [bit_in], "Y": [bit_out]},
    }


def _open_inputs(cell: Cell) -> Iterator[str]:
    connections = cell["connections"]
    for pin, direction in cell["port_directions"].items():
        if direction == "input" and not connections.get(pin):
            yield pin


def _require_open(name: str, cell: Cell, *pins: str) -> None:
    used = [pin for pin in pins if cell["connections"].get(pin)]
    if used:
        raise NotRunError(
            f"placed netlist: {cell['type']} {name} uses {', '.join(used)}, which is not modelled"
        )


def _pad(name: str, cell: Cell, kind: str, ways: Mapping[str, tuple[str, str]]) -> tuple[Any, Any]:
    """Return input and output of a pad; ``ways``: value of parameter ``kind`` to its two pins."""
    way = ways.get(str(cell["parameters"].get(kind)))
    if way is None:
        raise NotRunError(
            f"placed netlist: {cell['type']} {name} has {kind} {cell['parameters'].get(kind)}, "
            f"only {', '.join(ways)} are modelled"
        )
    bits = [cell["connections"].get(pin) for pin in way]
    # A pad that nothing inside reads.
    return tuple(bit[0] if bit else "x" for bit in bits)  # type: ignore[return-value]


def _ice40(name: str, cell: Cell) -> tuple[Any, Any] | None:
    if cell["type"] == "SB_IO":
        pins = ("D_OUT_1", "OUTPUT_ENABLE", "OUTPUT_CLK", "INPUT_CLK", "LATCH_INPUT_VALUE")
        _require_open(name, cell, *pins)
        ways = {
            f"{1:032b}": ("PACKAGE_PIN", "D_IN_0"),
            f"{0b011001:032b}": ("D_OUT_0", "PACKAGE_PIN"),
        }
        return _pad(name, cell, "PIN_TYPE", ways)
    for pin in _open_inputs(cell):
        cell["connections"][pin] = ["1" if _ONE_WHERE_OPEN.fullmatch(pin) else "0"]
    return None


def _ecp5(name: str, cell: Cell) -> tuple[Any, Any] | None:
    parameters, connections = cell["parameters"], cell["connections"]
    if cell["type"] == "TRELLIS_IO":
        _require_open(name, cell, "T", "IOLDO", "IOLTO")
        return _pad(name, cell, "DIR", {"INPUT": ("B", "O"), "OUTPUT": ("I", "B")})
    if cell["type"] == "DCCA":
        _require_open(name, cell, "CE")
        return connections["CLKI"][0], connections["CLKO"][0]
    if cell["type"] == "TRELLIS_FF":
        parameters.setdefault("LSRMUX", "LSR")
        if parameters.pop("SD").strip() == "0":  # not from the LUT beside it
            connections["DI"] = connections["M"]
        if not connections.get("LSR"):
            connections["LSR"] = ["1" if parameters["LSRMUX"] == "INV" else "0"]
    elif cell["type"] in ("MULT18X18D", "DP16KD"):
        _resolve_constants(cell)
    elif cell["type"] == "TRELLIS_COMB":
        parameters["IsMux6"] = "1" if connections.get("FXA") else "0"
    for pin in list(_open_inputs(cell)):
        connections[pin] = ["1"]
    return None


def _resolve_constants(cell: Cell) -> None:
    """Bring the constants that stand in parameters <pin>MUX to the pins."""
    parameters, connections = cell["parameters"], cell["connections"]
    for pin in list(_open_inputs(cell)):
        if re.match(r"SRI[AB]\d", pin):  # the cascade between multipliers, which has no model
            del cell["port_directions"][pin]
            connections.pop(pin, None)
        elif str(parameters.pop(f"{pin}MUX", "1")).strip() in ("0", "INV"):
            connections[pin] = ["0"]
    for pin in connections:
        if parameters.get(f"{pin}MUX") == pin:
            del parameters[f"{pin}MUX"]


_FAMILIES: dict[str, Callable[[str, Cell], tuple[Any, Any] | None]] = {
    "ecp5": _ecp5,
    "ice40": _ice40,
}
