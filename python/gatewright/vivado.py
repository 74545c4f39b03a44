"""From an emitted design to the bitstream of a board for Vivado.

A board with a serial line gets the shell; one whose processor feeds the design (Zynq) an AXI DMA,
and a driver for PYNQ beside the bitstream.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.bitstream import FOLDER, write_sources
from gatewright.boards import Board
from gatewright.design import Design
from gatewright.emit import dma
from gatewright.emit.vivado import render_pins, render_script
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json, sha256, write_json, write_text
from gatewright.tools import vivado

FAMILY = "xilinx7"
PROCESSORS = ("zynq7", "zynqmp")


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
        board: A board of AMD's: 7-series with a serial line, or Zynq.
        clock_mhz: Least clock of the design; None: the board's.
        baud: Of the serial line; None: the fastest.

    Returns:
        What is written beside the bitstream: utilisation, slack, SHA-256.

    Raises:
        CheckFailedError: Vivado failed, or the clock is missed; the message has the path.
        GatewrightError: not a board for Vivado, or it cannot take such a design.
        NotRunError: Vivado is missing; the script is there all the same.
    """
    if board.family in PROCESSORS:
        if baud is not None:
            raise GatewrightError(f"{board.name} has no serial line; leave --baud away")
        return _behind_dma(design, folder, board, clock_mhz)
    if board.family != FAMILY:
        raise GatewrightError(
            f"{board.name} is of the family {board.family}, whose tools are open; take "
            "`gatewright bitstream`"
        )
    shell, work = write_sources(design, folder, board, clock_mhz, baud)
    names = sorted(path.name for path in (work / "src").iterdir())
    names.sort(key=lambda name: not name.endswith("_pkg.sv"))
    memories = read_json(folder / "rtl.json")["memories"]
    write_text(work / "build.tcl", render_script(shell, names, memories))
    write_text(work / f"{shell.top}.xdc", render_pins(shell))
    return _implemented(folder, work, shell.top, shell.pll.mhz, board, shell.as_dict())


def _behind_dma(
    design: Design, folder: Path, board: Board, clock_mhz: float | None
) -> dict[str, Any]:
    """Write block design and driver, run Vivado; the driver goes beside the bitstream."""
    description, rtl = read_json(folder / "rtl.json"), folder / "rtl"
    attached = dma.attached(description, rtl, board, clock_mhz)
    work = folder / FOLDER / board.name
    shutil.rmtree(work, ignore_errors=True)
    (work / "src").mkdir(parents=True)
    names = [Path(name).name for name in description["sources"]]
    for name, source in zip(names, description["sources"], strict=True):
        shutil.copyfile(rtl / source, work / "src" / name)
    for name in description["memories"]:
        shutil.copyfile(rtl / name, work / name)
    for name, text in dma.render(attached, names, description["memories"]).items():
        write_text(work / name, text)
    known = attached.as_dict() | {"argmax": design.rtl.argmax}
    content = _implemented(folder, work, attached.top, attached.mhz, board, known)
    for ending in ("hwh", "py"):
        shutil.copyfile(work / f"{attached.top}.{ending}", folder / f"{attached.top}.{ending}")
    return content


def _implemented(
    folder: Path, work: Path, top: str, mhz: float, board: Board, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Run ``build.tcl`` in ``work``; return what is written beside the bitstream."""
    record, bitstream = folder / f"{top}.json", folder / f"{top}.bit"
    for old in (record, bitstream):
        old.unlink(missing_ok=True)
    vivado.run(work / "build.tcl")
    timing = vivado.timing(work / "timing.rpt")
    if not timing.is_met:
        raise CheckFailedError(
            f"{top} misses {mhz:.6g} MHz: slack of setup {timing.setup_ns} ns, of hold "
            f"{timing.hold_ns} ns. Take a lower clock (--clock) or fewer lanes. The slowest "
            "path:\n" + "\n".join(timing.path)
        )
    made = work / bitstream.name
    if not made.is_file():
        raise CheckFailedError(f"Vivado left no {made}; see {work / 'vivado.log'}")
    needs = vivado.utilisation(work / "utilisation.rpt")
    made.replace(bitstream)
    content = {
        **known,
        "bitstream": bitstream.name,
        "sha256": sha256(bitstream),
        "device": board.device,
        "clock_mhz": mhz,
        "setup_slack_ns": timing.setup_ns,
        "hold_slack_ns": timing.hold_ns,
        "needs": needs,
    }
    write_json(record, content)
    return content
