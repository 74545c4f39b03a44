"""What the rungs below RTL share: Verilog of gates and cells, simulated as the RTL is.

A cell is simulated with Gatewright's model of it (``sim/models/<family>``) where there is one, else
with Yosys' own. A cell that has neither is refused by name.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gatewright import simulation
from gatewright.errors import NotRunError
from gatewright.files import read_json, sha256, write_json, write_text
from gatewright.resources import sim_root
from gatewright.tools import yosys
from gatewright.tools.stream_bench import Setup
from gatewright.verification import hardware
from gatewright.verification.context import Context
from gatewright.verification.hardware import Hardware
from gatewright.verification.result import RungResult

FAMILIES = ("ecp5", "ice40")
# Waived where a tool wrote the Verilog: widths of strings, carry chains in one vector, open pins.
_WAIVED = ("WIDTH", "UNOPTFLAT", "PINMISSING", "INITIALDLY", "CASEINCOMPLETE", "MULTIDRIVEN")
HEADER = "".join(f"/* verilator lint_off {rule} */\n" for rule in _WAIVED)


def folder_of(context: Context) -> Path:
    """Return the folder of the family's netlists.

    Raises:
        NotRunError: a family without cell models.
    """
    family = context.options.family
    if family not in FAMILIES:
        raise NotRunError(
            f"family {family!r} has no cell models to simulate; choose {' or '.join(FAMILIES)}"
        )
    return context.work / family


def simulate(
    context: Context, rung: str, what: str, sources: Sequence[Path], most: int | None
) -> RungResult:
    """Simulate gates with the bench and the vectors of the RTL.

    Args:
        context: The design.
        rung: The rung's name.
        what: What the gates were made of, in a few words.
        sources: Verilog of the gates, whose top has the design's name and ports, and of their
            cells.
        most: Samples it takes by itself; None: all.

    Raises:
        CheckFailedError: it hangs, a frame is not as it must be, or a beat leaves in another cycle
            than in the RTL.
        NotRunError: Verilator or a compiler is missing.
    """
    # Nothing inside a netlist has a name to look at.
    description = {**context.description, "layers": [], "streams": []}
    setup = Setup(
        sources=[sim_root() / "models" / "gates.vlt", *sources],
        sim_root=sim_root(),
        cache_folder=context.cache,
        seed=context.seed,
        optimise="-O0",  # g++ takes most of the time
    )
    rtl = simulation.setup_for(description, context.folder / "rtl", context.cache, context.seed)
    return hardware.run(context, Hardware(rung, what, description, setup, most, rtl))


def verilog_of(netlist: Path, top: str, family: str, verilog: Path) -> list[Path]:
    """Write a netlist in Yosys' JSON as Verilog, and the models of its cells beside it.

    Args:
        netlist: With one module, ``top``, or with the library's empty shells besides.
        top: Its top module.
        family: Whose cells it is made of.
        verilog: File to write.

    Returns:
        The sources of a simulation.

    Raises:
        NotRunError: a cell has no model; the message names it.
    """
    yosys.write_verilog(netlist, verilog)
    write_text(verilog, HEADER + verilog.read_text(encoding="utf-8"))
    cells = read_json(netlist)["modules"][top]["cells"].values()
    types = {cell["type"] for cell in cells if not cell["type"].startswith("$")}
    return [*models(types, family, verilog.with_name(f"{verilog.stem}_cells.v")), verilog]


def models(types: Iterable[str], family: str, library: Path) -> list[Path]:
    """Return the files with the models of some cells, and of the cells these are made of.

    Args:
        types: Names of the cells.
        family: Whose they are.
        library: File to write those of Yosys' models to that are needed.

    Raises:
        NotRunError: a cell has no model; the message names it.
    """
    own = {path.stem: path for path in (sim_root() / "models" / family).glob("*.sv")}
    of_yosys = yosys.cell_models(family)
    waiting, files, texts = sorted(types), [], {}
    while waiting:
        name = waiting.pop()
        if name in own:
            files.append(own[name])
        elif name in of_yosys and name not in texts:
            texts[name] = of_yosys[name]
            words = set(re.findall(r"\w+", texts[name]))
            waiting += [child for child in of_yosys if child in words and child != name]
        elif name not in texts:
            raise NotRunError(
                f"cell {name} of {family} has no model to simulate it with: Yosys has none, nor "
                f"has {sim_root() / 'models' / family}"
            )
    write_text(library, HEADER + "`timescale 1ns/1ps\n" + "\n".join(texts.values()) + "\n")
    return [*sorted(set(files)), library]


def port_bits(netlist: Path, top: str) -> int:
    """Return the number of pins that the ports of a netlist's top take."""
    ports = read_json(netlist)["modules"][top]["ports"].values()
    return sum(len(port["bits"]) for port in ports)


def make_once(
    result: Path, read: Iterable[Path], settings: Sequence[object], make: Callable[[], None]
) -> None:
    """Make files unless they stand there, made of the same.

    Args:
        result: A file that ``make`` leaves; beside it stands the record of what it was made of.
        read: Files that decide what is made.
        settings: All else that does.
        make: Makes them.
    """
    record = result.with_suffix(".made.json")
    digests = [(path.name, sha256(path)) for path in read]
    key = hashlib.sha256(json.dumps([digests, list(settings)], default=str).encode()).hexdigest()
    if result.is_file() and record.is_file() and read_json(record).get("key") == key:
        return
    record.unlink(missing_ok=True)
    make()
    write_json(record, {"key": key})
