"""Weight memories come to the block RAM that the folding counts, with no logic before registers.

What they hold and when they give it is checked with the cores that read them.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from gatewright.folding import best_bank_depth, block_rams
from gatewright.tools import yosys
from rtl_blocks import RTL
from rtl_nodes import hex_words


@pytest.mark.parametrize(
    ("depth", "width"),
    [
        (784, 36),
        (1152, 45),  # unpadded, Yosys would build it of two rows
        (2304, 24),
        (6000, 12),  # three banks
        (8192, 24),  # as one bank, Yosys would build it of rows in part
        (4500, 6),
        (9600, 6),
    ],
)
def test_yosys_builds_what_the_folding_counts(depth: int, width: int, tmp_path: Path) -> None:
    bank_depth = best_bank_depth(depth, width)
    banks = -(-depth // bank_depth)
    words = np.random.default_rng(1).integers(0, 2, (depth, width))
    for bank in range(banks):
        name = f"weights_{bank:03d}.mem" if banks > 1 else "weights.mem"
        here = words[bank * bank_depth : (bank + 1) * bank_depth]
        (tmp_path / name).write_text(hex_words(here, 1))
    address = (depth - 1).bit_length()
    values = f".Width({width}), .Depth({depth}), .BankDepth({bank_depth})"
    top = tmp_path / "top.sv"
    top.write_text(
        f"module top (input logic clk_i, input logic [{address - 1}:0] address_i,\n"
        f"            output logic [{width - 1}:0] word_o);\n"
        f"  weight_memory #({values}) u_memory (.clk_i, .address_i, .word_o);\nendmodule\n"
    )
    sources = [RTL / "layers" / "weight_memory.sv", top]
    netlist = yosys.synthesise(sources, "top", "ecp5", tmp_path / "out", tmp_path)
    assert netlist.cells.get("DP16KD", 0) == block_rams(depth, width), netlist.cells
    assert logic_behind(netlist.path, "DP16KD") == set()


def logic_behind(netlist: Path, memory: str) -> set[str]:
    """Return what other than registers reads an output of a cell of type ``memory``."""
    cells = json.loads(netlist.read_text())["modules"]["top"]["cells"].values()
    outputs = {
        bit
        for cell in cells
        if cell["type"] == memory
        for port, bits in cell["connections"].items()
        if port.startswith("DO")
        for bit in bits
    }
    assert outputs
    return {
        cell["type"]
        for cell in cells
        if cell["type"] not in (memory, "TRELLIS_FF")
        for bits in cell["connections"].values()
        if outputs.intersection(bits)
    }
