"""A design behind an AXI DMA, on boards whose processor feeds it: block design and driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.boards import Board
from gatewright.emit.board import Sizes, design_hash
from gatewright.emit.environment import environment
from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.version import __version__

FORMAT = 1
"""Of the JSON file that the driver reads."""
_WIDTHS = tuple(1 << k for k in range(8))  # bytes of a beat that AXI DMA takes


@dataclass(frozen=True)
class Attached:
    """A design and the DMA around it.

    Attributes:
        board: The board.
        core: Name of the design's module.
        top: Name of the files and of the module that the block design takes.
        mhz: Clock, made by the processor.
        sizes: Of the design's streams.
        hash: Of the design, 32 hexadecimal digits.
        sides: What the driver needs to know of input and output.
    """

    board: Board
    core: str
    top: str
    mhz: float
    sizes: Sizes
    hash: str
    sides: Mapping[str, Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return what the driver needs to know, as JSON values."""
        return {
            "format": FORMAT,
            "board": self.board.name,
            "core": self.core,
            "clock_mhz": self.mhz,
            "hash": self.hash,
            **self.sides,
        }


def attached(
    description: Mapping[str, Any], rtl: Path, board: Board, clock_mhz: float | None
) -> Attached:
    """Return a design behind a DMA.

    Args:
        description: The content of ``rtl.json``.
        rtl: The folder it describes.
        board: The board.
        clock_mhz: Of the design; None: the board's.

    Raises:
        GatewrightError: several inputs or outputs, or beats that the DMA does not take.
    """
    sizes = Sizes.of(description)
    for side, beat in (("input", sizes.in_beat), ("output", sizes.out_beat)):
        if beat not in _WIDTHS:
            raise GatewrightError(
                f"{description['top']}: a beat of its {side} has {beat} bytes; AXI DMA takes "
                f"{', '.join(map(str, _WIDTHS))}: choose another SIMD of the first layer, or PE of "
                "the last"
            )
    core = str(description["top"])
    return Attached(
        board,
        core,
        f"{core}_{board.name}",
        clock_mhz or board.clock.design_mhz,
        sizes,
        design_hash(description, rtl),
        {
            "input": _side(description["inputs"][0]),
            "output": _side(description["outputs"][0]),
        },
    )


def _side(port: Mapping[str, Any]) -> dict[str, Any]:
    kind = parse_format(port["format"])
    letter = "i" if kind.signed else "u"
    return {
        "elements": port["elements"],
        "frame": port["beats"] * port["lanes"],
        "dtype": f"<{letter}{port['bus_bits_per_element'] // 8}",
        "format": port["format"],
        "range": [kind.min_int, kind.max_int],
    }


def render(design: Attached, sources: Sequence[str], memories: Sequence[str]) -> dict[str, str]:
    """Return {name: text}: the block design's module, the script for Vivado, the driver.

    Args:
        design: What is rendered.
        sources: Files in ``src/``, packages first.
        memories: Files beside the script.
    """
    digits = bytes.fromhex(design.hash)
    values: dict[str, Any] = {
        "version": __version__,
        "board": design.board,
        "core": design.core,
        "top": design.top,
        "mhz": design.mhz,
        "sizes": design.sizes,
        "id_low": digits[:4][::-1].hex(),
        "id_high": digits[4:8][::-1].hex(),
        "in_memory": max(32, 8 * design.sizes.in_beat),
        "out_memory": max(32, 8 * design.sizes.out_beat),
        "sources": [*sources, f"{design.top}.v"],
        "memories": memories,
        "format": FORMAT,
    }
    templates = {
        f"src/{design.top}.v": "dma_top.v.j2",
        "build.tcl": "dma.tcl.j2",
        f"{design.top}.py": "pynq_driver.py.j2",
    }
    return {
        name: environment().get_template(template).render(**values)
        for name, template in templates.items()
    }
