"""A registered harness with few pins around a top, so that place and route measures the design.

Inputs come from a shift register fed by one pin, outputs are registered and folded by exclusive or
into one pin: every bit of the design matters, and no path of it reaches a pin.
"""

from typing import Any

from gatewright.emit.environment import environment


def render_harness(description: dict[str, Any], name: str) -> str:
    """Return the harness's text.

    Args:
        description: The content of ``rtl.json``.
        name: Module name of the harness.
    """
    (source,), (result,) = description["inputs"], description["outputs"]
    return (
        environment()
        .get_template("harness.sv.j2")
        .render(
            name=name,
            top=description["top"],
            in_width=source["bus_bits_per_element"] * source["lanes"],
            out_width=result["bus_bits_per_element"] * result["lanes"],
        )
    )
