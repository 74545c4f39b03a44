"""A registered harness with few pins around a top, so that place and route measures the design.

Inputs come from a shift register fed by one pin, outputs are registered and folded by exclusive or
into one pin: every bit of the design matters, and no path of it reaches a pin.
"""

from collections.abc import Mapping
from typing import Any

from gatewright.emit.environment import environment


def render_harness(description: Mapping[str, Any], name: str) -> str:
    """Return the harness's text.

    Args:
        description: The content of ``rtl.json``.
        name: Module name of the harness.
    """
    driven = {"rst_ni": 1}
    read = {}
    for port in description["inputs"]:
        prefix = port["port"]
        driven |= {f"{prefix}_tvalid": 1, f"{prefix}_tlast": 1, f"{prefix}_tdata": _bits(port)}
        read[f"{prefix}_tready"] = 1
    for port in description["outputs"]:
        prefix = port["port"]
        driven[f"{prefix}_tready"] = 1
        read |= {f"{prefix}_{side}": 1 for side in ("tvalid", "tlast", "tuser")}
        read[f"{prefix}_tdata"] = _bits(port)
    read |= {"frame_short_o": 1, "frame_long_o": 1}
    return (
        environment()
        .get_template("harness.sv.j2")
        .render(
            name=name,
            top=description["top"],
            connections=_slices(driven, "in_q") | _slices(read, "out"),
            in_width=sum(driven.values()),
            out_width=sum(read.values()),
        )
    )


def _bits(port: Mapping[str, Any]) -> int:
    return int(port["bus_bits_per_element"]) * int(port["lanes"])


def _slices(widths: Mapping[str, int], vector: str) -> dict[str, str]:
    """Return for each port its part of ``vector``, one after the other."""
    parts, first = {}, 0
    for port, width in widths.items():
        parts[port] = f"{vector}[{first}]" if width == 1 else f"{vector}[{first}+:{width}]"
        first += width
    return parts
