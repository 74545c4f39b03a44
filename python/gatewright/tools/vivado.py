"""Vivado, where it is installed: run a script, read its reports."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.tools import process

SETTING = "GATEWRIGHT_VIVADO"
_ROWS = {
    "lut": r"(?:Slice|CLB) LUTs\*?",
    "ff": r"(?:Slice|CLB) Registers|Register as Flip Flop",
    "bram": r"Block RAM Tile",
    "dsp": r"DSPs",
}


@dataclass(frozen=True)
class Timing:
    """What ``report_timing_summary`` says of the design.

    Attributes:
        setup_ns: Worst slack of setup; negative: missed.
        hold_ns: Worst slack of hold.
        path: The lines on the slowest path.
    """

    setup_ns: float
    hold_ns: float
    path: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        """Whether no path misses its clock."""
        return self.setup_ns >= 0 and self.hold_ns >= 0


def find() -> Path:
    """Return Vivado's path: of the setting, or on PATH.

    Raises:
        NotRunError: it is not there.
    """
    named = os.environ.get(SETTING)
    found = shutil.which(named or "vivado")
    if found is None:
        raise NotRunError(
            f"Vivado is missing{f' ({SETTING} is {named})' if named else ''}; it comes from AMD: "
            f"put `vivado` on PATH or its path into {SETTING}"
        )
    return Path(found)


def run(script: Path) -> None:
    """Run a Tcl script in its folder.

    Raises:
        CheckFailedError: Vivado failed.
        NotRunError: it is missing.
    """
    command = [str(find()), "-mode", "batch", "-nojournal", "-nolog", "-notrace"]
    command += ["-source", script.name]
    log = script.with_name("vivado.log")
    process.check(process.run(command, cwd=script.parent, log=log), "Vivado")


def utilisation(report: Path) -> dict[str, float]:
    """Return LUT, FF, BRAM (of 36 kbit) and DSP of ``report_utilization``.

    Raises:
        CheckFailedError: a row is missing.
    """
    text = _read(report)
    found = {}
    for key, name in _ROWS.items():
        row = re.search(rf"^\|\s*(?:{name})\s*\|\s*([\d.]+)\s*\|", text, re.MULTILINE)
        if row is None:
            raise CheckFailedError(f"{report} has no row for {key}; see it")
        found[key] = float(row[1])
    return found


def timing(report: Path) -> Timing:
    """Return the slacks of ``report_timing_summary`` and its slowest path.

    Raises:
        CheckFailedError: it has none: nothing was timed.
    """
    text = _read(report)
    number = r"(-?\d+\.\d+)"
    row = re.search(
        rf"WNS\(ns\).*WHS\(ns\).*\n[ -]+\n\s*{number}\s+{number}\s+\d+\s+\d+\s+{number}", text
    )
    if row is None:
        raise CheckFailedError(f"{report} gives no slack: no path was timed")
    path = re.search(r"^Slack.*(?:\n.*\S.*)*", text, re.MULTILINE)
    lines = tuple(path[0].splitlines()[:12]) if path else ()
    return Timing(float(row[1]), float(row[3]), lines)


def _read(report: Path) -> str:
    if not report.is_file():
        raise CheckFailedError(f"Vivado left no {report}; see {report.with_name('vivado.log')}")
    return report.read_text(encoding="utf-8", errors="replace")
