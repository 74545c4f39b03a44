"""nextpnr: place and route a netlist, and read what it reports."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gatewright.errors import NotRunError
from gatewright.files import read_json
from gatewright.tools import carries, process


@dataclass(frozen=True)
class Part:
    """A device to place on.

    Attributes:
        name: As its maker calls it.
        options: That choose it, and nextpnr's ways for it.
        pins: Of its package, for the user's signals.
        bitstream: Option that writes what the bitstream is packed from.
    """

    name: str
    options: tuple[str, ...]
    pins: int
    bitstream: str


# Router 1 weighs delays where router 2 gives way to crowding; it needs the places of the static
# placer, from which it is quick too.
ECP5_ROUTING = ("--placer", "static", "--router", "router1")
PARTS = {
    "ecp5": Part(
        "LFE5U-85F, speed grade 6, CABGA756",
        (
            *("--85k", "--speed", "6", "--package", "CABGA756", *ECP5_ROUTING),
            "--lpf-allow-unconstrained",
        ),
        365,
        "--textcfg",
    ),
    "ice40": Part("HX8K, CT256", ("--hx8k", "--package", "ct256"), 206, "--asc"),
}


@dataclass(frozen=True)
class Placement:
    """What nextpnr reports of one run.

    Attributes:
        seed: The run's seed.
        fmax_mhz: Highest clock of the slowest clock domain.
        cells: Placed cells by type.
    """

    seed: int
    fmax_mhz: float
    cells: dict[str, int]


def find(family: str) -> list[str]:
    """Return the command of nextpnr for a family: on PATH, or the WebAssembly build from pip.

    Raises:
        NotRunError: neither is there.
    """
    program = f"nextpnr-{family}"
    beside = Path(sys.executable).parent / f"yowasp-{program}"
    for candidate in (shutil.which(program), str(beside) if beside.is_file() else None):
        if candidate:
            return [candidate]
    raise NotRunError(
        f"{program} is missing; install it: pip install yowasp-{program}, or do without placing "
        "(synth --no-place)"
    )


def place_ecp5(netlist: Path, seeds: Sequence[int], target_mhz: float) -> list[Placement]:
    """Place and route for an LFE5U-85F, speed grade 6, without pin constraints; once per seed.

    Args:
        netlist: Yosys' JSON; reports and logs go beside it.
        seeds: Of the placer.
        target_mhz: Clock to aim at.

    Raises:
        CheckFailedError: nextpnr failed: it does not fit or does not route.
        NotRunError: nextpnr is missing.
    """
    command = [*find("ecp5"), *PARTS["ecp5"].options, *_aiming_at(target_mhz)]
    # By names in the working folder: the WebAssembly build has a /tmp of its own.
    folder = netlist.parent
    command += ["--json", carries.leave_unread_open(netlist).name]
    reports = [folder / f"ecp5_seed{seed}.json" for seed in seeds]
    jobs = [
        process.Job(
            [*command, "--seed", str(seed), "--report", report.name],
            folder,
            log=folder / f"ecp5_seed{seed}.log",
        )
        for seed, report in zip(seeds, reports, strict=True)
    ]
    for seed, finished in zip(seeds, process.run_together(jobs), strict=True):
        process.check(finished, f"nextpnr-ecp5, seed {seed}")
    return [_placement(seed, report) for seed, report in zip(seeds, reports, strict=True)]


@dataclass(frozen=True)
class Routed:
    """The files that nextpnr leaves of one run.

    Attributes:
        netlist: What was placed and routed, as JSON for Yosys.
        bitstream: Text that the family's packer makes a bitstream of.
    """

    netlist: Path
    bitstream: Path


def routed_files(netlist: Path, family: str) -> Routed:
    """Return the files that ``place`` makes of a netlist, beside it."""
    folder = netlist.parent
    return Routed(folder / f"{family}_placed.json", folder / f"{family}_placed.txt")


def place(netlist: Path, family: str, seed: int, target_mhz: float) -> Routed:
    """Place and route on the family's part, without pin constraints, and keep what came of it.

    Args:
        netlist: Yosys' JSON; what comes of it goes beside it.
        family: ``ecp5`` or ``ice40``.
        seed: Of the placer.
        target_mhz: Clock to aim at; one that is missed is no error.

    Raises:
        CheckFailedError: nextpnr failed: it does not fit or does not route.
        NotRunError: nextpnr is missing.
    """
    part, folder = PARTS[family], netlist.parent
    routed = routed_files(netlist, family)
    command = [*find(family), *part.options, *_aiming_at(target_mhz), "--seed", str(seed)]
    given = carries.leave_unread_open(netlist) if family == "ecp5" else netlist
    command += ["--json", given.name, "--write", routed.netlist.name]
    command += [part.bitstream, routed.bitstream.name]
    finished = process.run(command, cwd=folder, log=folder / f"{family}_placed.log")
    process.check(finished, f"nextpnr-{family}, seed {seed}")
    return routed


def _aiming_at(target_mhz: float) -> list[str]:
    return ["--freq", f"{target_mhz:g}", "--timing-allow-fail"]


def _placement(seed: int, report: Path) -> Placement:
    content = read_json(report)
    clocks = [clock["achieved"] for clock in content["fmax"].values()]
    cells = {name: int(use["used"]) for name, use in content["utilization"].items()}
    return Placement(seed, min(clocks), {name: count for name, count in cells.items() if count})
