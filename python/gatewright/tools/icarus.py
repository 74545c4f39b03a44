"""Icarus Verilog: runs a test bench that another tool wrote."""

import shutil
from pathlib import Path

from gatewright.errors import NotRunError
from gatewright.tools import process


def require() -> None:
    """Refuse to go on without Icarus.

    Raises:
        NotRunError: a program of it is not on PATH; the message says how to get it.
    """
    for program in ("iverilog", "vvp"):
        if shutil.which(program) is None:
            raise NotRunError(f"{program} is missing; install it: sudo apt-get install iverilog")


def simulate(source: Path, top: str) -> str:
    """Run a test bench until its ``$finish`` and return what it printed.

    Args:
        source: Verilog of the bench and all below it; run in its folder, where ``$readmemh`` finds
            its files.
        top: The bench's module.

    Raises:
        CheckFailedError: Icarus refused it or did not come to the end.
        NotRunError: Icarus is missing.
    """
    require()
    folder, program = source.parent, source.with_suffix(".vvp")
    build = ["iverilog", "-s", top, "-o", program.name, source.name]
    process.check(process.run(build, cwd=folder), f"Icarus, building {source},")
    finished = process.run(["vvp", "-n", program.name], cwd=folder)
    process.check(finished, f"Icarus, running {source},")
    return finished.output
