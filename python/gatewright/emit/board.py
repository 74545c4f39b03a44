"""The top of a board around an emitted design: its clock, its reset, its serial line."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewright.boards import Board
from gatewright.boards.pll import Setting, settings
from gatewright.emit.environment import environment
from gatewright.emit.write import library_of
from gatewright.errors import GatewrightError
from gatewright.resources import rtl_root
from gatewright.version import __version__

_HASH_BYTES = 16
_STORE_BYTES = 2048  # one block RAM of ECP5 and Gowin, four of iCE40
_MOST_SLOTS = 16
_BITS_PER_BYTE = 10  # on the line
_PACKET_BYTES = 9  # of a packet besides its payload: flags, kind, tag, CRC
_FASTEST = 16  # clock cycles per bit at least


@dataclass(frozen=True)
class Sizes:
    """Bytes of a design's streams: per frame and per beat."""

    in_frame: int
    in_beat: int
    out_frame: int
    out_beat: int

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> "Sizes":
        """Return the sizes of the design that ``rtl.json`` describes.

        Raises:
            GatewrightError: the shell cannot carry them.
        """
        for side in ("inputs", "outputs"):
            ports = description[side]
            if len(ports) != 1:
                raise GatewrightError(
                    f"{description['top']} has {len(ports)} {side} "
                    f"({', '.join(port['node'] for port in ports)}); a board's shell carries one: "
                    "concatenate them in the network"
                )
        frames = []
        for port in (description["inputs"][0], description["outputs"][0]):
            beat = port["lanes"] * port["bus_bits_per_element"] // 8
            frames += [port["beats"] * beat, beat]
        sizes = cls(*frames)
        if not 2 <= sizes.in_frame <= 65_536:
            raise GatewrightError(
                f"{description['top']}: a sample has {sizes.in_frame} bytes; a board's shell "
                "carries 2 to 65,536"
            )
        return sizes


@dataclass(frozen=True)
class Shell:
    """What stands around a design on a board.

    Attributes:
        board: The board.
        top: Name of the board's top module.
        core: Name of the design's.
        pll: Makes the design's clock.
        baud: Of the serial line.
        slots: Samples that may be unanswered at once.
        sizes: Of the design's streams.
        hash: Of the design, 32 hexadecimal digits.
    """

    board: Board
    top: str
    core: str
    pll: Setting
    baud: int
    slots: int
    sizes: Sizes
    hash: str

    @property
    def line_inferences_per_s(self) -> float:
        """Samples per second that the line carries at most, if no byte needs an escape."""
        longest = max(self.sizes.in_frame, self.sizes.out_frame + 1)
        return self.baud / (_BITS_PER_BYTE * (longest + _PACKET_BYTES))

    def as_dict(self) -> dict[str, Any]:
        """Return what a host needs to know, as JSON values."""
        return {
            "board": self.board.name,
            "top": self.top,
            "core": self.core,
            "clock_hz": self.pll.hz,
            "baud": self.baud,
            "slots": self.slots,
            "sizes": asdict(self.sizes),
            "hash": self.hash,
        }


def shell_for(
    description: Mapping[str, Any],
    rtl: Path,
    board: Board,
    clock_mhz: float | None = None,
    baud: int | None = None,
) -> Shell:
    """Return the shell of a design on a board.

    Args:
        description: The content of ``rtl.json``.
        rtl: The folder it describes.
        board: The board.
        clock_mhz: Least clock of the design; None: the board's.
        baud: Of the serial line; None: the fastest that the board takes at that clock.

    Raises:
        GatewrightError: the board has no serial line, or cannot do what is asked.
    """
    if board.uart is None or board.clock.mhz is None:
        raise GatewrightError(
            f"{board.name} has no serial line: its processor feeds the design through a DMA; take "
            f"`gatewright vivado DESIGN --board {board.name}`"
        )
    sizes = Sizes.of(description)
    pll = settings(board.family, board.clock.mhz, clock_mhz or board.clock.design_mhz)
    fastest = pll.hz // _FASTEST
    if baud is not None and not 300 <= baud <= fastest:
        raise GatewrightError(
            f"{baud} baud: at {pll.mhz:g} MHz it must be 300 to {fastest} (a sixteenth of the "
            "clock); ask for another baud rate (--baud) or clock (--clock)"
        )
    stored = 1 << (sizes.in_frame - 1).bit_length()
    core = str(description["top"])
    return Shell(
        board,
        f"{core}_{board.name}",
        core,
        pll,
        baud or min(board.uart.baud, fastest),
        max(2, min(_MOST_SLOTS, _STORE_BYTES // stored)),
        sizes,
        design_hash(description, rtl),
    )


def design_hash(description: Mapping[str, Any], rtl: Path) -> str:
    """Return what tells a design from others: 32 hexadecimal digits of its files' SHA-256."""
    digest = hashlib.sha256()
    for name in sorted([*description["sources"], *description["memories"]]):
        content = (rtl / name).read_bytes()
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[: 2 * _HASH_BYTES]


def render_board(shell: Shell) -> str:
    """Return the text of the board's top module."""
    return (
        environment()
        .get_template("board_top.sv.j2")
        .render(
            version=__version__,
            name=shell.top,
            core=shell.core,
            board=shell.board,
            pll=shell.pll,
            pll_parameters=_pll_parameters(shell.board, shell.pll),
            baud=shell.baud,
            slots=shell.slots,
            sizes=shell.sizes,
            outputs=list(shell.board.outputs),
            hash_literal=bytes.fromhex(shell.hash)[::-1].hex(),
        )
    )


def shell_sources(description: Mapping[str, Any], rtl: Path, family: str) -> dict[str, Path]:
    """Return all but the top that a board's design is made of, by file name, in compile order.

    Args:
        description: The content of ``rtl.json``.
        rtl: The folder it describes.
        family: Library modules are replaced by their bodies for it.
    """
    found = {path.name: path for path in library_of({"uart_shell", "reset_sync"})}
    found |= {Path(name).name: rtl / name for name in description["sources"]}
    bodies = rtl_root() / "boards" / family
    found |= {name: bodies / name for name in found if (bodies / name).is_file()}
    found["board_pll.sv"] = bodies / "board_pll.sv"
    return dict(sorted(found.items(), key=lambda item: (not item[0].endswith("_pkg.sv"), item[0])))


def _pll_parameters(board: Board, pll: Setting) -> dict[str, str | int]:
    found: dict[str, str | int] = {
        "RefDiv": pll.ref,
        "FeedbackDiv": pll.feedback,
        "OutDiv": pll.out,
    }
    if board.family == "ice40":
        found |= {"FilterRange": pll.filter_range, "Pad": f"1'b{int(board.clock.pll_pad)}"}
    if board.family == "gowin":
        found |= {"InMhz": f'"{pll.in_mhz:g}"', "Device": f'"{board.pll_device}"'}
    if board.family == "xilinx7":
        found["InHz"] = round(pll.in_mhz * 1e6)
    return found
