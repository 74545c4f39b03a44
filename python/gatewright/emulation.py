"""A board without a board: its emitted top on Verilator, behind a pseudo-terminal.

Only what is no logic is replaced: the PLL, by a model that hands its clock on, so that the clock
given is the one it would make; and bodies for one FPGA family, by the plain ones that they are
proved equal to. The serial line is driven and read bit by bit at the top's own pins.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatewright.boards import Board
from gatewright.emit.board import Shell, render_board, shell_for, shell_sources
from gatewright.errors import CheckFailedError
from gatewright.files import read_json, write_text
from gatewright.resources import sim_root
from gatewright.tools import process, verilator

_CACHE = ".verilator"
_END_S = 30


@dataclass(frozen=True, kw_only=True)
class Line:
    """How the emulated line is.

    Attributes:
        faults: Of a million bytes each way, how many are lost, doubled, changed or inserted.
        seed: Of the faults and of registers without reset.
        linger: Cycles without activity after which the model stands still.
    """

    faults: int = 0
    seed: int = 1
    linger: int = 2_000_000


@dataclass
class Emulation:
    """A running emulation.

    Attributes:
        port: The terminal to open, such as /dev/pts/7.
        shell: What stands around the design.
        cycles: Simulated clock cycles, once it has ended.
        faults: How many bytes were hurt, once it has ended.
    """

    port: str
    shell: Shell
    cycles: int = 0
    faults: int = 0


@contextmanager
def running(
    folder: Path,
    board: Board,
    *,
    clock_mhz: float | None = None,
    baud: int | None = None,
    line: Line | None = None,
    optimise: str = "-O1",
) -> Iterator[Emulation]:
    """Run a board's top until the block is left.

    Args:
        folder: Build folder of the design, built up to rtl.
        board: The board.
        clock_mhz: As of the bitstream.
        baud: As of the bitstream.
        line: What the cable does.
        optimise: g++ flag for the model.

    Raises:
        CheckFailedError: it does not build, an assertion in the hardware fired, or it crashed.
        NotRunError: Verilator or a compiler is missing.
    """
    line = line or Line()
    description = read_json(folder / "rtl.json")
    shell = shell_for(description, folder / "rtl", board, clock_mhz, baud)
    simulation = build(folder, shell, optimise)
    cycles_per_bit = shell.pll.hz / shell.baud
    words = [
        str(simulation.program),
        f"+bit={cycles_per_bit:.9f}",
        f"+linger={line.linger}",
        f"+faults={line.faults}",
        f"+seed={line.seed}",
        "+verilator+rand+reset+2",
        f"+verilator+seed+{line.seed}",
    ]
    with process.talking_to(words, cwd=folder / "rtl") as child:
        name = child.read_line()
        if not name.startswith("/dev/"):
            raise CheckFailedError(f"the emulation of {shell.top} did not start: {name}")
        emulation = Emulation(name, shell)
        try:
            yield emulation
        finally:
            status, rest = child.close(_END_S)
            found = re.search(r"cycles (\d+) faults (\d+) broken (\d+)", rest)
            if found:
                emulation.cycles, emulation.faults = int(found[1]), int(found[2])
        if status != 0 or found is None:
            raise CheckFailedError(
                f"the emulation of {shell.top} failed:\n{verilator.first_lines(rest)}"
            )


def build(folder: Path, shell: Shell, optimise: str) -> verilator.Simulation:
    """Build the simulation of a board's top, or take it from the cache."""
    description = read_json(folder / "rtl.json")
    sources = shell_sources(description, folder / "rtl", "")
    sources["board_pll.sv"] = sim_root() / "models" / "boards" / "board_pll.sv"
    with tempfile.TemporaryDirectory(prefix="gatewright-board-") as name:
        top = Path(name) / f"{shell.top}.sv"
        write_text(top, render_board(shell))
        options = verilator.Options(
            optimise=optimise,
            main=sim_root() / "bench" / "serial_line.cpp",
            cocotb=False,
        )
        return verilator.build(
            [*sources.values(), top], shell.top, options, cache_folder=folder.parent / _CACHE
        )
