"""Vitis HLS, where it is installed: run a script, read what csynth_design reports."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.tools import process

SETTING = "GATEWRIGHT_VITIS"
# The program of its name, up to 2024.1 and after it, and the words before the script.
_PROGRAMS = {"vitis_hls": ("-f",), "vitis-run": ("--mode", "hls", "--tcl")}
_RESOURCES = {"lut": "LUT", "ff": "FF", "bram_18k": "BRAM_18K", "dsp": "DSP", "uram": "URAM"}
_PERFORMANCE = "PerformanceEstimates"


@dataclass(frozen=True)
class Port:
    """A port of the RTL that Vitis HLS made: its direction (``in``, ``out``) and bits."""

    direction: str
    bits: int


@dataclass(frozen=True)
class Report:
    """What ``csynth.xml`` says; all of it an estimate but for the ports.

    Attributes:
        version: Of Vitis HLS.
        clock_ns: Asked for.
        estimated_ns: The clock it expects to reach.
        latency: Cycles from start to done, best and worst; None where it depends on the data.
        interval: Cycles between starts, best and worst; likewise.
        needs: LUT, FF, BRAM, DSP, URAM.
        available: What the part has of them.
        ports: Of the top module.
    """

    version: str
    clock_ns: float
    estimated_ns: float
    latency: tuple[int, int] | None
    interval: tuple[int, int] | None
    needs: Mapping[str, int]
    available: Mapping[str, int]
    ports: Mapping[str, Port]


def find() -> tuple[Path, tuple[str, ...]]:
    """Return the program's path, of the setting or on PATH, and the words before a script.

    Raises:
        NotRunError: it is not there.
    """
    named = os.environ.get(SETTING)
    for candidate in [named] if named else list(_PROGRAMS):
        found = shutil.which(candidate)
        if found is not None:
            return Path(found), _PROGRAMS.get(Path(found).name, _PROGRAMS["vitis_hls"])
    raise NotRunError(
        f"Vitis HLS is missing{f' ({SETTING} is {named})' if named else ''}; it comes from AMD: "
        f"put `vitis_hls` or `vitis-run` on PATH or its path into {SETTING}"
    )


def run(script: Path) -> None:
    """Run a Tcl script in its folder.

    Raises:
        CheckFailedError: Vitis HLS failed.
        NotRunError: it is missing.
    """
    program, words = find()
    command = [str(program), *words, script.name]
    log = script.with_name("vitis_hls.log")
    process.check(process.run(command, cwd=script.parent, log=log), "Vitis HLS")


def report(path: Path) -> Report:
    """Read ``csynth.xml``.

    Raises:
        CheckFailedError: it is not there, or lacks something.
    """
    if not path.is_file():
        raise CheckFailedError(f"Vitis HLS left no {path}; see vitis_hls.log")
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - of the user's own tool
    except ElementTree.ParseError as error:
        raise CheckFailedError(f"{path} is no XML: {error}") from error

    def text(place: str) -> str:
        found = root.findtext(place)
        if found is None or not found.strip():
            raise CheckFailedError(f"{path} has no {place}; see it")
        return found.strip()

    def cycles(*names: str) -> tuple[int, int] | None:
        best, worst = (text(f"{_PERFORMANCE}/SummaryOfOverallLatency/{name}") for name in names)
        return (int(best), int(worst)) if best.isdigit() and worst.isdigit() else None

    def resources(place: str) -> dict[str, int]:
        return {
            key: int(root.findtext(f"AreaEstimates/{place}/{name}") or 0)
            for key, name in _RESOURCES.items()
        }

    text("AreaEstimates/Resources/LUT")
    ports = {
        port.findtext("name", ""): Port(port.findtext("Dir", ""), int(port.findtext("Bits", "0")))
        for port in root.iter("RtlPorts")
    }
    return Report(
        version=text("ReportVersion/Version"),
        clock_ns=float(text("UserAssignments/TargetClockPeriod")),
        estimated_ns=float(text(f"{_PERFORMANCE}/SummaryOfTimingAnalysis/EstimatedClockPeriod")),
        latency=cycles("Best-caseLatency", "Worst-caseLatency"),
        interval=cycles("Interval-min", "Interval-max"),
        needs=resources("Resources"),
        available=resources("AvailableResources"),
        ports=ports,
    )
