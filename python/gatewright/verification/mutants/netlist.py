"""Mutants of the netlist: Yosys' ``mutate``, all of them in one build behind a select input."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError
from gatewright.tools import process
from gatewright.verification.mutants.draw import shares
from gatewright.verification.mutants.mutant import NetlistMutant

SELECT = "mutant_i"
SELECT_BITS = 16
DOORS = "doors"  # guard, skid and mark at the ports, and what stands between the blocks
# As Yosys writes it; what a mutant makes a bit depend on looks like a loop through its vector, and
# a mutant of one bit's clock like a second driver.
_LINT = """\
`verilator_config

lint_off -file "*/netlist.v"
lint_off -rule UNOPTFLAT
lint_off -rule MULTIDRIVEN
"""
# Registers keep their names, and with them where they are from.
FLAT = ("flatten", "opt -full -nodffe -nosdff", "wreduce", "opt_clean")
_SPLIT = ("splitcells", "opt_clean")  # no bit that nothing reads stays
_MEMORIES = ("memory_collect", "opt_clean")
_WHAT = re.compile(r"-mode (\w+).* -cell (\S+) -port (\S+) -portbit (\d+)")


@dataclass(frozen=True)
class Netlist:
    """A netlist with mutants in it.

    Attributes:
        sources: SystemVerilog of a top with the ports of the design; ``+mutant=<number>`` makes
            one of the mutants active.
        mutants: All of them.
    """

    sources: tuple[Path, ...]
    mutants: tuple[NetlistMutant, ...]


def prepared(description: Mapping[str, Any]) -> list[str]:
    """Return Yosys' commands from the sources to a flat netlist of words, without what is idle."""
    return [*elaborated(description), *FLAT, *_SPLIT, *_MEMORIES]


def elaborated(description: Mapping[str, Any]) -> list[str]:
    """Return Yosys' commands from the sources to modules of cells and registers."""
    return [
        *(f"read_verilog -sv -defer {name}" for name in description["sources"]),
        f"hierarchy -check -top {description['top']}",
        "proc",
    ]


def mutated(
    description: Mapping[str, Any], rtl_folder: Path, folder: Path, count: int, seed: int
) -> Netlist:
    """Draw mutants evenly over the blocks, and write the netlist that holds them all.

    Args:
        description: What ``emit`` says about the design.
        rtl_folder: Where it is.
        folder: Takes the netlist.
        count: Mutants wanted.
        seed: Draws them.

    Raises:
        CheckFailedError: Yosys failed; the message ends with what it said last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    top, blocks = description["top"], [block["name"] for block in description["blocks"]]
    rng = np.random.default_rng((seed, 6))
    wanted = shares(count, dict.fromkeys([*blocks, DOORS], count), rng)
    inside = " ".join(f"c:*u_{block}.* %d" for block in blocks)
    commands, lists, first = prepared(description), [], 1
    for block, share in wanted:
        file = folder / f"{block}.txt"
        file.unlink(missing_ok=True)
        cells = f"c:*u_{block}.*" if block != DOORS else f"c:* {inside}"
        cells += " t:$mem_v2 %d"  # not every port of it can be a signal
        options = f"-seed {int(rng.integers(1, 2**31))} -ctrl {SELECT} {SELECT_BITS} {first}"
        if share:
            commands.append(f"mutate -list {share} {options} -o {file.absolute()} {cells}")
            lists.append((block, file, first))
        first += share
    commands += [f"script {file.absolute()}" for _, file, _ in lists]
    netlist = folder / "netlist.v"
    commands += ["opt_clean", f"rename {top} {top}_mutants"]
    commands.append(f"write_verilog -noattr {netlist.absolute()}")
    yosys(commands, rtl_folder, folder / "yosys.log")
    mutants = []
    for block, file, number in lists:
        for offset, line in enumerate(file.read_text().splitlines()):
            mutants.append(_read(block, line, number + offset))
    (folder / f"{top}.sv").write_text(_wrapper(description))
    (folder / "netlist.vlt").write_text(_LINT)
    sources = tuple(folder / name for name in ("netlist.vlt", "netlist.v", f"{top}.sv"))
    return Netlist(sources, tuple(mutants))


def pattern(instance: str) -> str:
    """Return Yosys' pattern of the names of the cells in a flattened instance."""
    return re.sub(r"[^\w.$]", "?", f"$flatten\\{instance}.")  # others mean something there


def yosys(commands: Sequence[str], cwd: Path, log: Path, timeout_s: float | None = None) -> None:
    """Run Yosys' commands.

    Raises:
        CheckFailedError: one failed; the message ends with what it said last.
    """
    worker = [sys.executable, "-m", "gatewright.tools.yosys_worker", json.dumps(list(commands))]
    process.check(process.run(worker, cwd=cwd, log=log, timeout_s=timeout_s), "Yosys")


def _read(block: str, line: str, number: int) -> NetlistMutant:
    match = _WHAT.search(line)
    if match is None or f"-ctrl {SELECT} {SELECT_BITS} {number} " not in line:
        raise CheckFailedError(f"Yosys' list of mutants has another form than expected: {line}")
    mode, cell, port, bit = match.groups()
    what = f"{mode} of port {port}, bit {bit}, of cell {cell}"
    return NetlistMutant("netlist", block, what, number, line.strip())


def ports(description: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Return direction, width and name of each port of the design."""
    found = [("input", 1, "clk_i"), ("input", 1, "rst_ni")]
    for side, there, back in (("inputs", "input", "output"), ("outputs", "output", "input")):
        for port in description[side]:
            width, name = port["lanes"] * port["bus_bits_per_element"], port["port"]
            found += [(there, 1, f"{name}_tvalid"), (back, 1, f"{name}_tready")]
            found += [(there, width, f"{name}_tdata"), (there, 1, f"{name}_tlast")]
            if side == "outputs":
                found.append((there, 1, f"{name}_tuser"))
    return [*found, ("output", 1, "frame_short_o"), ("output", 1, "frame_long_o")]


def _wrapper(description: Mapping[str, Any]) -> str:
    """Return a top with the design's ports around the netlist with its select input."""
    top = description["top"]
    declared = ",\n".join(
        f"  {way} logic [{width - 1}:0] {name}" for way, width, name in ports(description)
    )
    connected = "".join(f"    .{name},\n" for _, _, name in ports(description))
    return (
        f"module {top} (\n{declared}\n);\n\n"
        f"  int unsigned number;\n"
        f'  initial if ($value$plusargs("mutant=%d", number) == 0) number = 0;\n\n'
        f"  {top}_mutants u_mutants (\n{connected}    .{SELECT}({SELECT_BITS}'(number))\n  );\n\n"
        "endmodule\n"
    )
