"""Each model of a cell gives what the logic before mapping gives, and no more than it models."""

import re
from pathlib import Path

import pytest

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.tools import icestorm, verilator
from gatewright.tools.nextpnr import Routed
from gatewright.verification import bitstream, gates, placed
from mapped import CYCLES, Compared, Mapped, memory, product
from mapped import Block as MappedBlock
from rtl_blocks import SIM

ECP5 = SIM / "models" / "ecp5"
SEED = 1
# Widths of block RAM with their depths.
SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
LOGIC = MappedBlock("mapped_logic", 40)


def all_equal(compared: Compared, least: int) -> None:
    """Fail unless at least so many vectors were compared and all were equal."""
    assert compared.mismatches == (0,) * len(compared.mismatches)
    assert compared.cycles * len(compared.mismatches) >= least


def flip(text: str, cell: str, parameter: str) -> str:
    """Flip the lowest bit of a parameter of the first cell whose instance's name has ``cell``."""
    instance = re.compile(rf"\.{parameter}\((\d+)'h([0-9a-f]+)\)(?=[^;]*\) \\?{cell})")
    found = instance.search(text)
    assert found
    value = f"{int(found[2], 16) ^ 1:x}"
    return f"{text[: found.start()]}.{parameter}({found[1]}'h{value}){text[found.end() :]}"


def test_block_ram_of_ecp5(tmp_path: Path) -> None:
    blocks = [memory(kind, width, depth) for kind in (0, 1) for width, depth in SHAPES]
    blocks += [memory(kind, width, depth) for kind in (2, 3, 4) for width, depth in SHAPES[1:4]]
    blocks += [memory(1, 18, 1024, reset=1), memory(1, 18, 1024, reset=2)]  # of the output
    blocks += [memory(5, 36, 512), memory(5, 18, 1024)]  # with enables of the bytes
    mapped = Mapped(tmp_path, blocks, "ecp5", SEED)
    cells = mapped.cells("DP16KD")
    assert {int(cell["DATA_WIDTH_A"], 2) for cell in cells} == {1, 2, 4, 9, 18, 36}
    modes = {cell.get("WRITEMODE_A") for cell in cells} - {None}
    assert modes == {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"}
    assert {cell["RESETMODE"] for cell in cells} == {"SYNC", "ASYNC"}
    all_equal(mapped.compare(mapped.as_netlist()), 100_000)


def test_multiplier_of_ecp5(tmp_path: Path) -> None:
    blocks = [
        product(a, b, signed, registered)
        for a, b, signed, registered in (
            *((18, 18, (0, 0), 0), (18, 18, (1, 1), 0), (12, 9, (0, 0), 0), (10, 17, (1, 1), 0)),
            *((18, 18, (0, 0), 1), (18, 18, (1, 1), 1), (8, 6, (0, 1), 1), (17, 3, (1, 0), 1)),
        )
    ]
    mapped = Mapped(tmp_path, blocks, "ecp5", SEED)
    assert len(mapped.cells("MULT18X18D")) == len(blocks)
    all_equal(mapped.compare(mapped.as_netlist()), 100_000)


def test_ecp5_as_placed(tmp_path: Path) -> None:
    memories = [memory(6, 4, 16, style="distributed"), memory(6, 6, 32, style="distributed")]
    memories += [memory(0, 36, 512), memory(2, 9, 2048)]
    mapped = Mapped(tmp_path, [*memories, product(9, 7, (0, 1), 1), LOGIC], "ecp5", SEED)
    for kind in ("TRELLIS_DPR16X4", "CCU2C", "L6MUX21", "DP16KD", "MULT18X18D"):
        assert mapped.cells(kind)
    all_equal(mapped.compare(placed.verilog_of(mapped.routed(), "mapped", "ecp5")), 100_000)


def test_a_flipped_bit_is_seen(tmp_path: Path) -> None:
    blocks = [memory(0, 18, 1024), LOGIC, product(8, 6, (0, 1), 1), memory(0, 9, 2048)]
    mapped = Mapped(tmp_path, blocks, "ecp5", SEED)

    def break_it(text: str) -> str:
        return flip(flip(text, r"u_0\.memory", "INITVAL_00"), r"u_1\.", "INIT")

    in_memory, in_logic, *others = mapped.compare(mapped.as_netlist(), break_it).mismatches
    assert in_memory > 0
    assert in_logic > 0
    assert others == [0, 0]


@pytest.fixture(scope="module")
def ice40(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapped, Routed]:
    blocks = [memory(0, 16, 256), memory(1, 8, 512), LOGIC]
    mapped = Mapped(tmp_path_factory.mktemp("ice40"), blocks, "ice40", SEED)
    return mapped, mapped.routed()


def test_ice40_as_placed(ice40: tuple[Mapped, Routed]) -> None:
    mapped, routed = ice40
    all_equal(mapped.compare(placed.verilog_of(routed, "mapped", "ice40")), 3 * CYCLES)


def test_ice40_as_in_the_bitstream(ice40: tuple[Mapped, Routed]) -> None:
    try:
        icestorm.find("icebox_vlog")
    except NotRunError as error:
        pytest.skip(str(error))
    mapped, routed = ice40
    all_equal(mapped.compare(bitstream.verilog_of(routed, "mapped")), 3 * CYCLES)
    # One bit of a block RAM's contents.
    text = routed.bitstream.read_text()
    data = re.search(r"^\.ram_data \d+ \d+\n.*?(.)$", text, re.MULTILINE)
    assert data
    flipped = f"{int(data[1], 16) ^ 1:x}"
    routed.bitstream.write_text(text[: data.start(1)] + flipped + text[data.end(1) :])
    assert any(mapped.compare(bitstream.verilog_of(routed, "mapped")).mismatches)


@pytest.mark.parametrize(
    ("cell", "parameter", "value"),
    [
        ("DP16KD", "REGMODE_A", '"OUTREG"'),
        ("DP16KD", "DATA_WIDTH_A", "8"),
        ("DP16KD", "DATA_WIDTH_B", "36"),
        ("DP16KD", "CSDECODE_B", '"0b001"'),
        ("DP16KD", "RESETMODE", '"NEVER"'),
        ("DP16KD", "WRITEMODE_A", '"OTHER"'),
        ("DP16KD", "CLKAMUX", '"0"'),
        ("DP16KD", "INIT_DATA", '"DYNAMIC"'),
        ("MULT18X18D", "REG_INPUTA_CLK", '"CLK0"'),
        ("MULT18X18D", "REG_OUTPUT_CLK", '"CLK1"'),
        ("MULT18X18D", "REG_PIPELINE_CLK", '"CLK0"'),
        ("MULT18X18D", "REG_INPUTB_CE", '"CE1"'),
        ("MULT18X18D", "REG_OUTPUT_RST", '"RST1"'),
        ("TRELLIS_COMB", "MODE", '"OTHER"'),
        ("TRELLIS_COMB", "WREMUX", '"INV"'),
    ],
)
def test_other_configurations_are_refused(cell: str, parameter: str, value: str) -> None:
    with pytest.raises(CheckFailedError, match=f"{cell}: .*{parameter.removesuffix('_A')[:8]}"):
        verilator.lint([ECP5 / f"{cell}.sv"], cell, {parameter: value})


@pytest.mark.parametrize("model", sorted(ECP5.glob("*.sv")), ids=lambda path: path.stem)
def test_verilator_warns_of_nothing(model: Path) -> None:
    verilator.lint([ECP5.parent / "gates.vlt", model], model.stem)


def test_a_cell_without_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunError, match="cell EHXPLLL of ecp5 has no model"):
        gates.models({"LUT4", "EHXPLLL"}, "ecp5", tmp_path / "cells.v")
