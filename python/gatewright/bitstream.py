"""From an emitted design to a board's bitstream, with open tools; and into the board."""

import logging
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gatewright.boards import Board, Limits
from gatewright.design import Design
from gatewright.emit.board import Shell, render_board, shell_for, shell_sources
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json, sha256, write_json, write_text
from gatewright.resources import rtl_root
from gatewright.tools import board_tools, yosys

log = logging.getLogger(__name__)
FOLDER = "boards"
_GOWIN_MEMORIES = "block_ram.txt"
_WHAT_HELPS = {
    "lut": "a larger ReuseFactor, fewer bits of weights and activations, or a smaller network",
    "ff": "a larger ReuseFactor (fewer lanes), or a smaller network",
    "bram": "fewer bits of weights, `Strategy: Compressed` on a pruned network, or a smaller one",
    "dsp": "a larger ReuseFactor: fewer multipliers at once",
}


def write_sources(
    design: Design,
    folder: Path,
    board: Board,
    clock_mhz: float | None = None,
    baud: int | None = None,
) -> tuple[Shell, Path]:
    """Write all that a board's design is made of into ``boards/<board>``, replacing it.

    Args:
        design: The design.
        folder: Its build folder, built up to rtl.
        board: The board.
        clock_mhz: Least clock of the design; None: the board's.
        baud: Of the serial line; None: the fastest.

    Returns:
        The shell, and the folder: ``src/``, memories, constraints, ``<top>.sv``, ``shell.json``.
    """
    description, rtl = read_json(folder / "rtl.json"), folder / "rtl"
    shell = shell_for(description, rtl, board, clock_mhz, baud)
    work = folder / FOLDER / board.name
    shutil.rmtree(work, ignore_errors=True)
    (work / "src").mkdir(parents=True)
    for name, path in shell_sources(description, rtl, board.family).items():
        shutil.copyfile(path, work / "src" / name)
    for name in description["memories"]:
        shutil.copyfile(rtl / name, work / name)
    write_text(work / "src" / f"{shell.top}.sv", render_board(shell))
    write_json(work / "shell.json", shell.as_dict())
    return shell, work


def run(
    design: Design,
    folder: Path,
    board: Board,
    clock_mhz: float | None = None,
    baud: int | None = None,
) -> dict[str, Any]:
    """Synthesise, place, route and pack a design for a board.

    Args:
        design: For the placer's seeds: the next is tried where one misses the clock.
        folder: The design's build folder, built up to rtl.
        board: The board.
        clock_mhz: Least clock of the design; None: the board's.
        baud: Of the serial line; None: the fastest.

    Returns:
        What is written beside the bitstream: clock, cells, seconds, SHA-256.

    Raises:
        CheckFailedError: it does not fit, does not route, or misses its clock; the message has
            what it needs, or the slowest path.
        GatewrightError: the board cannot take such a design at all.
        NotRunError: a tool is missing.
    """
    board_tools.require(board)
    started = time.monotonic()
    shell, work = write_sources(design, folder, board, clock_mhz, baud)
    bitstream = folder / f"{shell.top}.{board.ending or board_tools.ENDINGS[board.family]}"
    record = folder / f"{shell.top}.json"
    for old in (bitstream, record):
        old.unlink(missing_ok=True)
    log.info("       Yosys for %s", board.device)
    cells = _synthesise(shell, board, work)
    needs = needed(board.family, cells)
    description = read_json(folder / "rtl.json")
    require_fit(board, needs, description)
    synthesised = time.monotonic()
    pins = work / f"{shell.top}.{board_tools.CONSTRAINTS[board.family]}"
    write_text(pins, board_tools.constraints(board))
    placed = _placed(design, shell, board, work)
    board_tools.pack(board, shell.top, work, bitstream)
    content = {
        **shell.as_dict(),
        "bitstream": bitstream.name,
        "sha256": sha256(bitstream),
        "device": board.device,
        "clock_mhz": shell.pll.mhz,
        "fmax_mhz": _design_clock(placed, shell),
        "core_inferences_per_s": round(shell.pll.hz / _cycles(description), 1),
        "line_inferences_per_s": round(shell.line_inferences_per_s, 1),
        "seed": placed.seed,
        "needs": asdict(needs),
        "limits": asdict(board.limits),
        "cells": dict(placed.cells),
        "synthesis_s": round(synthesised - started, 1),
        "place_s": round(placed.seconds, 1),
        "total_s": round(time.monotonic() - started, 1),
    }
    write_json(record, content)
    return content


def _cycles(description: dict[str, Any]) -> float:
    """Return the cycles per inference: with sparse layers the mean that training data predict."""
    law: float = description["cycles_per_inference_law"]
    return float(description.get("cycles_per_inference_predicted", law))


def _synthesise(shell: Shell, board: Board, work: Path) -> dict[str, int]:
    """Run Yosys in ``work``; all names are relative, so that the folder's own leaves no trace."""
    sources = [path.name for path in (work / "src").iterdir()]
    sources.sort(key=lambda name: (not name.endswith("_pkg.sv"), name))
    script = [
        *(f"read_verilog -sv -defer src/{name}" for name in sources),
        *_mapping(shell, board, work),
        f"write_json {shell.top}.json",
        f"tee -q -o {shell.top}_stat.json stat -json",
    ]
    said = work / f"{shell.top}_yosys.log"
    yosys.run(script, work, said, f"Yosys for {board.device}")
    conflicts = re.findall(r"Driver-driver conflict.*", said.read_text(encoding="utf-8"))
    if conflicts:
        raise CheckFailedError(
            f"Yosys drives {len(conflicts)} nets of {shell.top} twice, which is a fault of one of "
            f"its passes: the netlist is not the design. The first: {conflicts[0][:300]}"
        )
    counts = read_json(work / f"{shell.top}_stat.json")["design"]["num_cells_by_type"]
    return {name: int(count) for name, count in counts.items()}


def _mapping(shell: Shell, board: Board, work: Path) -> list[str]:
    """Return Yosys' commands that map to a board's device."""
    words = " ".join([board_tools.SYNTHESIS[board.family], f"-top {shell.top}", *board.synthesis])
    if board.family != "gowin":
        return [words]
    # Block RAM first, in the only form that nextpnr times; the file says why.
    shutil.copyfile(rtl_root() / "boards" / "gowin" / _GOWIN_MEMORIES, work / _GOWIN_MEMORIES)
    words += f" -family {'gw2a' if board.gowin_family.startswith('GW2A') else 'gw1n'}"
    return [
        f"{words} -run begin:map_ram",
        f"memory_libmap -lib +/gowin/lutrams.txt -lib {_GOWIN_MEMORIES}",
        "techmap -map +/gowin/lutrams_map.v -map +/gowin/brams_map.v",
        f"{words} -run map_ffram:",
    ]


def needed(family: str, cells: Mapping[str, int]) -> Limits:
    """Return what a netlist's cells take of a device, at least."""

    def count(pattern: str) -> int:
        return sum(n for name, n in cells.items() if re.fullmatch(pattern, name))

    if family == "ecp5":
        # A carry cell is two LUTs, a 16 x 4 memory four and two more.
        lut = count("LUT4") + 2 * count("CCU2C") + 6 * count("TRELLIS_DPR16X4")
        bram, dsp = count("DP16KD"), count("MULT18X18D")
    elif family == "ice40":
        lut, bram, dsp = count("SB_LUT4"), count("SB_RAM40_4K.*"), count("SB_MAC16")
    else:
        lut = count("LUT[1-4]") + count("ALU") + 4 * count("RAM16SDP4")
        bram = count("(SDP|DP|SP)(X9)?B|pROM(X9)?")
        dsp = count("MULT18X18") + -(-count("MULT9X9") // 2)
    return Limits(
        lut=max(lut, 1), ff=max(count("TRELLIS_FF|SB_DFF.*|DFF.*"), 1), bram=bram, dsp=dsp
    )


def require_fit(board: Board, needs: Limits, description: Mapping[str, Any]) -> None:
    """Refuse a design that needs more than a board has, before hours of placing.

    Raises:
        CheckFailedError: what it needs, what there is, and what would help.
    """
    have, want = asdict(board.limits), asdict(needs)
    over = [key for key in have if want[key] > have[key]]
    if not over:
        return
    lines = [
        f"{key.upper()}: needs {want[key]}, {board.name} has {have[key]}; {_WHAT_HELPS[key]}"
        for key in over
    ]
    layers = sorted(description["layers"], key=lambda layer: -layer["multipliers"])[:3]
    largest = ", ".join(f"{layer['name']} ({layer['multipliers']} multipliers)" for layer in layers)
    raise CheckFailedError(
        f"{description['top']} does not fit {board.name} ({board.device}):\n"
        + "\n".join(lines)
        + (f"\nlargest layers: {largest}" if layers else "")
    )


def _placed(design: Design, shell: Shell, board: Board, work: Path) -> board_tools.Placed:
    """Return the first placement that reaches the clock, seed by seed.

    Raises:
        CheckFailedError: none does.
    """
    best: board_tools.Placed | None = None
    for seed in design.synth.seeds:
        log.info("       nextpnr for %s at %.6g MHz, seed %d", board.name, shell.pll.mhz, seed)
        placed = board_tools.place(board, shell.top, work, shell.pll.mhz, seed)
        _design_clock(placed, shell)
        if placed.is_met:
            return placed
        if best is None or _slack(placed) > _slack(best):
            best = placed
    if best is None:
        raise GatewrightError(f"{design.name}: synth: seeds: give at least one")
    clocks = "; ".join(
        f"{n}: {got:.1f} of {want:.1f} MHz" for n, (got, want) in best.clocks.items()
    )
    raise CheckFailedError(
        f"{shell.top} misses its clock with seeds {', '.join(map(str, design.synth.seeds))}; "
        f"best: {clocks}, {best.hold} paths too fast (hold; see the log). Take a lower clock "
        "(--clock), more seeds (synth: seeds), or fewer lanes. "
        "The slowest path:\n" + "\n".join(best.path)
    )


def _slack(placed: board_tools.Placed) -> tuple[float, int]:
    """Return what the best of several placements has most of."""
    return min(reached / asked for reached, asked in placed.clocks.values()), -placed.hold


def _design_clock(placed: board_tools.Placed, shell: Shell) -> float:
    """Return what the design's clock reaches.

    Raises:
        CheckFailedError: nextpnr checked no clock against the PLL's.
    """
    near = [got for got, asked in placed.clocks.values() if asked >= shell.pll.mhz * 0.999]
    if not near:
        raise CheckFailedError(
            f"nextpnr checked no clock against {shell.pll.mhz:.6g} MHz, but {placed.clocks}"
        )
    return round(min(near), 2)


def program(design: Design, folder: Path, board: Board) -> str:
    """Load a design's bitstream into a board; return what openFPGALoader said.

    Raises:
        GatewrightError: there is no bitstream, or the one that is there is not of this design.
        NotRunError: openFPGALoader is missing, or no board answers.
    """
    record = read_json(folder / f"{design.name}_{board.name}.json")
    bitstream = folder / record["bitstream"]
    if not bitstream.is_file() or sha256(bitstream) != record["sha256"]:
        raise GatewrightError(
            f"{bitstream} is not what `gatewright bitstream {design.name} --board {board.name}` "
            "left; run that again"
        )
    return board_tools.program(board, bitstream)
