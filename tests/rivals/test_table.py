import json
from dataclasses import replace
from pathlib import Path

import pytest

from gatewright.rivals import table
from gatewright.rivals.row import Cells, CpuRow, Row

OURS = Row(
    tool="Gatewright",
    setting="fc1 sparse",
    network="net",
    cycles_per_inference=12.5,
    latency_cycles=30,
    cells=Cells.of({"LUT4": 100, "CCU2C": 10, "TRELLIS_DPR16X4": 5, "TRELLIS_FF": 7}),
    samples=4,
    mismatches=0,
    note="on chip",
)
THEIRS = replace(
    OURS,
    tool="Other",
    cycles_per_inference=1000,
    cells=Cells.of({"LUT4": 1500, "DP16KD": 3, "MULT18X18D": 2, "PFUMX": 9}),
    note="outside",
)
CPU = CpuRow(
    tool="Runtime",
    setting="int8",
    network="net",
    samples=9,
    mismatches=0,
    note="measured",
    us_per_inference=4.5,
)


def shown(*rows: Row | CpuRow) -> list[dict[str, str]]:
    """Return the cells of each row by their titles."""
    heading, _, *lines = table.markdown(rows).splitlines()[: 2 + len(rows)]
    titles, *cells = (
        [word.strip() for word in line.split("|")[1:-1]] for line in (heading, *lines)
    )
    return [dict(zip(titles, each, strict=True)) for each in cells]


def test_cells_count_as_nextpnr_places_them() -> None:
    assert OURS.cells.lut == 100 + 2 * 10 + 6 * 5
    assert THEIRS.cells == Cells(lut4=1500, carry=0, lut_ram=0, ff=0, dsp=2, bram=3)
    assert OURS.lut_cycles == pytest.approx(150 * 12.5)


def test_markdown_is_in_units_of_ours() -> None:
    heading, _, ours, theirs, *rest = table.markdown([OURS, THEIRS]).splitlines()
    titles = [word.strip() for word in heading.split("|")[1:-1]]
    cells = dict(zip(titles, [word.strip() for word in theirs.split("|")[1:-1]], strict=True))
    assert cells["LUT x cycles"] == "1,500,000"
    assert cells["of ours"] == "800.0 x"
    assert cells["cycles per inference"] == "1,000.0"
    assert (cells["DSP"], cells["BRAM"], cells["FF"]) == ("2", "3", "0")
    assert "1.0 x" in ours
    assert [line for line in rest if line] == ["Gatewright: on chip", "Other: outside"]


def test_nanoseconds_follow_the_clock() -> None:
    placed = replace(OURS, fmax_mhz=120.0)
    assert placed.latency_ns == pytest.approx(250)
    assert OURS.latency_ns is None
    assert placed.us_per_inference == pytest.approx(12.5 / 120)
    assert OURS.us_per_inference is None
    ours, theirs = shown(placed, THEIRS)
    assert (ours["Fmax, MHz"], ours["latency, ns"]) == ("120.0", "250.0")
    assert (theirs["Fmax, MHz"], theirs["latency, ns"]) == ("", "")
    assert (ours["us per inference"], theirs["us per inference"]) == ("0.104", "")


def test_a_cpu_has_no_cycles_and_no_cells(tmp_path: Path) -> None:
    ours, cpu = shown(OURS, CPU)
    assert ours["of ours"] == "1.0 x"
    assert {title: text for title, text in cpu.items() if text} == {
        "tool": "Runtime",
        "setting": "int8",
        "us per inference": "4.500",
        "samples compared": "9",
        "integers different": "0",
    }
    placed = replace(OURS, fmax_mhz=120.0)
    first, second = json.loads(table.write(tmp_path, "net", [placed, CPU]).read_text())["rows"]
    assert first.keys() == second.keys()
    assert all(value is not None for value in first.values())
    assert (second["us_per_inference"], second["cycles_per_inference"]) == (4.5, None)
    assert (second["lut"], second["lut_cycles"], second["fmax_mhz"]) == (None, None, None)


def test_summaries() -> None:
    assert OURS.summary == "12.5 cycles per inference, 150 LUT"
    assert replace(OURS, fmax_mhz=120.0).summary == OURS.summary + ", 120.0 MHz"
    assert CPU.summary == "4.50 us per inference"


def test_record(tmp_path: Path) -> None:
    record = json.loads(table.write(tmp_path, "net", [OURS, THEIRS]).read_text())
    assert [row["lut"] for row in record["rows"]] == [150, 1500]
    assert record["rows"][1]["lut_cycles"] == 1_500_000
    assert (record["design"], record["placed"]) == ("net", False)
