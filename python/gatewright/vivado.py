"""From an emitted design to the bitstream of a board for Vivado."""

from pathlib import Path
from typing import Any

from gatewright.bitstream import write_sources
from gatewright.boards import Board
from gatewright.design import Design
from gatewright.emit.vivado import render_pins, render_script
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json, sha256, write_json, write_text
from gatewright.tools import vivado

FAMILY = "xilinx7"


def run(
    design: Design,
    folder: Path,
    board: Board,
    clock_mhz: float | None = None,
    baud: int | None = None,
) -> dict[str, Any]:
    """Write the script for Vivado, run it, and read what it reports.

    Args:
        design: The design.
        folder: Its build folder, built up to rtl.
        board: A board of AMD's 7-series with a serial line.
        clock_mhz: Least clock of the design; None: the board's.
        baud: Of the serial line; None: the fastest.

    Returns:
        What is written beside the bitstream: utilisation, slack, SHA-256.

    Raises:
        CheckFailedError: Vivado failed, or the clock is missed; the message has the path.
        GatewrightError: not a board for Vivado with a serial line.
        NotRunError: Vivado is missing; the script is there all the same.
    """
    if board.family != FAMILY:
        raise GatewrightError(
            f"{board.name} is of the family {board.family}; this makes bitstreams for boards of "
            f"{FAMILY} with a serial line"
            + ("; take `gatewright bitstream`" if board.is_open else "")
        )
    shell, work = write_sources(design, folder, board, clock_mhz, baud)
    names = sorted(path.name for path in (work / "src").iterdir())
    names.sort(key=lambda name: not name.endswith("_pkg.sv"))
    memories = read_json(folder / "rtl.json")["memories"]
    write_text(work / "build.tcl", render_script(shell, names, memories))
    write_text(work / f"{shell.top}.xdc", render_pins(shell))
    record, bitstream = folder / f"{shell.top}.json", folder / f"{shell.top}.bit"
    for old in (record, bitstream):
        old.unlink(missing_ok=True)
    vivado.run(work / "build.tcl")
    timing = vivado.timing(work / "timing.rpt")
    if not timing.is_met:
        raise CheckFailedError(
            f"{shell.top} misses {shell.pll.mhz:.6g} MHz: slack of setup {timing.setup_ns} ns, of "
            f"hold {timing.hold_ns} ns. Take a lower clock (--clock) or fewer lanes. The slowest "
            "path:\n" + "\n".join(timing.path)
        )
    made = work / bitstream.name
    if not made.is_file():
        raise CheckFailedError(f"Vivado left no {made}; see {work / 'vivado.log'}")
    made.replace(bitstream)
    content = {
        **shell.as_dict(),
        "bitstream": bitstream.name,
        "sha256": sha256(bitstream),
        "device": board.device,
        "clock_mhz": shell.pll.mhz,
        "setup_slack_ns": timing.setup_ns,
        "hold_slack_ns": timing.hold_ns,
        "needs": vivado.utilisation(work / "utilisation.rpt"),
    }
    write_json(record, content)
    return content
