"""Yosys: SystemVerilog to a netlist of an FPGA family's cells, and a netlist to Verilog."""

import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gatewright.errors import NotRunError
from gatewright.files import read_json
from gatewright.tools import process

_SYNTHESISE = {
    "ecp5": "synth_ecp5 -top {top}",
    "ice40": "synth_ice40 -top {top}",
    "xilinx7": "synth_xilinx -family xc7 -top {top} -flatten",
}
# Files of Yosys that hold the simulation models of a family's cells.
_CELL_MODELS = {"ecp5": "lattice/common_sim.vh lattice/ccu2c_sim.vh", "ice40": "ice40/cells_sim.v"}
# What a cell counts as. LUT memories of the 7-series count as the LUTs they take.
_XILINX_LUT = {f"LUT{n}": 1 for n in range(1, 7)} | {
    "INV": 0,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM64X1S": 1,
    "RAM32X1S": 1,
    "SRL16E": 1,
    "SRLC32E": 1,
}
_XILINX_FF = {"FDRE": 1, "FDSE": 1, "FDCE": 1, "FDPE": 1}
_XILINX_BRAM = {"RAMB36E1": 1.0, "RAMB18E1": 0.5}


@dataclass(frozen=True)
class Netlist:
    """A synthesised design.

    Attributes:
        path: Yosys JSON.
        cells: How many of each cell type, over the whole hierarchy.
    """

    path: Path
    cells: dict[str, int]


def synthesise(
    sources: Sequence[Path], top: str, family: str, folder: Path, working_folder: Path
) -> Netlist:
    """Synthesise ``top`` for ``ecp5``, ``ice40`` or ``xilinx7``.

    Args:
        sources: SystemVerilog in compile order.
        top: Name of the top module.
        family: Which cells to map to.
        folder: Takes the netlist and the log.
        working_folder: Where ``$readmemh`` finds its files.

    Raises:
        CheckFailedError: Yosys failed; the message ends with what it said last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    netlist, statistics = folder / f"{family}.json", folder / f"{family}_stat.json"
    script = [
        *(f'read_verilog -sv -defer "{path.resolve()}"' for path in sources),
        _SYNTHESISE[family].format(top=top),
        # Relative, for not every command of Yosys takes a quoted path.
        f"write_json {os.path.relpath(netlist, working_folder)}",
        f"tee -q -o {os.path.relpath(statistics, working_folder)} stat -json",
    ]
    run(script, working_folder, folder / f"{family}_yosys.log", f"Yosys for {family}")
    return read_netlist(folder, family)


def read_netlist(folder: Path, family: str) -> Netlist:
    """Return the netlist that ``synthesise`` left in a folder."""
    design = read_json(folder / f"{family}_stat.json")["design"]
    cells = {name: int(number) for name, number in _cell_counts(design).items()}
    return Netlist(folder / f"{family}.json", cells)


def write_verilog(netlist: Path, verilog: Path) -> None:
    """Write a netlist in Yosys' JSON as Verilog, initial contents of memories included.

    Raises:
        CheckFailedError: Yosys failed.
    """
    folder = verilog.parent
    script = [
        f"read_json {os.path.relpath(netlist, folder)}",
        "delete t:$scopeinfo",
        f"write_verilog -noattr {verilog.name}",
    ]
    run(script, folder, verilog.with_suffix(".log"), "Yosys, writing Verilog")


def translate(sources: Sequence[str], top: str, folder: Path, verilog: str) -> None:
    """Write a design as Verilog-2005 in one file, the contents of its memories included.

    Args:
        sources: SystemVerilog in ``folder``/rtl, in compile order.
        top: Name of the top module.
        folder: Where ``$readmemh`` finds its files.
        verilog: File to write, relative to ``folder``.

    Raises:
        CheckFailedError: Yosys failed.
    """
    script = [
        *(f"read_verilog -sv -defer rtl/{name}" for name in sources),
        f"hierarchy -top {top}",
        "proc",
        "flatten",
        "opt_clean",
        "memory_collect",
        f"write_verilog -noattr {verilog}",
    ]
    with tempfile.TemporaryDirectory(prefix="gatewright-yosys-") as name:
        run(script, folder, Path(name) / "yosys.log", f"Yosys, translating {top},")


def run(script: Sequence[str], folder: Path, log: Path, what: str) -> None:
    """Run commands of Yosys in ``folder``.

    Raises:
        CheckFailedError: one failed; the message ends with what Yosys said last.
    """
    command = [sys.executable, "-m", "gatewright.tools.yosys_worker", json.dumps(list(script))]
    process.check(process.run(command, cwd=folder, log=log), what)


@cache
def cell_models(family: str) -> dict[str, str]:
    """Return the Verilog of each of a family's cells that Yosys has a model of, by its name.

    Raises:
        NotRunError: the package of Yosys has no such models.
    """
    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise NotRunError("pyosys is missing; install it: pip install pyosys")
    share = Path(spec.origin).parent / "share"
    models: dict[str, str] = {}
    for name in _CELL_MODELS[family].split():
        if not (share / name).is_file():
            raise NotRunError(f"{share / name} is missing; install it: pip install pyosys")
        models |= _modules((share / name).read_text(encoding="utf-8"))
    return models


def _modules(text: str) -> dict[str, str]:
    """Return each module of a library by its name, as a simulator without high impedance takes it.

    Timing and the library's macros are resolved; a pin is never open, so that none is pulled.
    """
    macros = {"SB_DFF_INIT": "initial Q = 0;"}
    macros |= {f"ICE40_DEFAULT_ASSIGNMENT_{bit}": f"= 1'b{bit}" for bit in (0, 1)}
    text = re.sub(r"`ICE40_DEFAULT_ASSIGNMENT_V\((.*?)\)", r"= \1", text)
    text = re.sub(r"`(\w+)", lambda found: macros.get(found[1], found[0]), text)
    text = re.sub(r"\bspecify\b.*?\bendspecify\b", "", text, flags=re.DOTALL)
    text = re.sub(r"\(\w+ === 1'bz\)", "1'b0", text)
    found = re.finditer(r"^module\s+(\S+?)\s*\(.*?^endmodule$", text, re.MULTILINE | re.DOTALL)
    return {match[1]: match[0] for match in found}


def _cell_counts(design: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = design["num_cells_by_type"]
    return counts


def xilinx_usage(netlist: Netlist) -> dict[str, float]:
    """Return LUT, FF, DSP and BRAM (in 36-kbit blocks) of a 7-series netlist."""
    cells = netlist.cells
    return {
        "lut": sum(_XILINX_LUT.get(name, 0) * count for name, count in cells.items()),
        "ff": sum(_XILINX_FF.get(name, 0) * count for name, count in cells.items()),
        "dsp": cells.get("DSP48E1", 0),
        "bram": sum(_XILINX_BRAM.get(name, 0) * count for name, count in cells.items()),
    }


def ecp5_usage(cells: Mapping[str, int]) -> dict[str, int]:
    """Return LUT, FF, DSP and BRAM of ECP5 cells, as nextpnr places them.

    A carry cell is two LUTs, a 16 x 4 memory four and two more.
    """
    return {
        "lut": cells.get("LUT4", 0)
        + 2 * cells.get("CCU2C", 0)
        + 6 * cells.get("TRELLIS_DPR16X4", 0),
        "ff": cells.get("TRELLIS_FF", 0),
        "dsp": cells.get("MULT18X18D", 0),
        "bram": cells.get("DP16KD", 0),
    }


def parameters_of(
    module: str, sources: list[Path], top: str, folder: Path, working_folder: Path
) -> list[dict[str, int]]:
    """Return the parameter sets that ``module`` has in the design under ``top``.

    Args:
        module: A module whose parameters are all integers.
        sources: SystemVerilog in compile order.
        top: Name of the top module.
        folder: Takes the log and what Yosys writes.
        working_folder: Where ``$readmemh`` finds its files.

    Raises:
        CheckFailedError: Yosys failed; the message ends with what it said last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / f"{module}.json"
    script = [
        *(f'read_verilog -sv -defer "{path.resolve()}"' for path in sources),
        f"hierarchy -top {top}",
        "select -none",
        f"select -add A:hdlname={module}",
        "proc",
        f"write_json -selected {os.path.relpath(found, working_folder)}",
    ]
    finished = process.run(
        [sys.executable, "-m", "gatewright.tools.yosys_worker", json.dumps(script)],
        cwd=working_folder,
        log=folder / f"{module}_yosys.log",
    )
    process.check(finished, f"Yosys, looking for {module},")
    modules = read_json(found)["modules"].values()
    return [
        {name: _integer(bits) for name, bits in instance["parameter_default_values"].items()}
        for instance in modules
    ]


def _integer(bits: str) -> int:
    """Return the value of a parameter's bits; 32 of them are an ``int``."""
    value = int(bits, 2)
    return value - 2**32 if len(bits) == 32 and bits[0] == "1" else value
