import json
from dataclasses import replace
from pathlib import Path

import pytest

from gatewright.rivals import table
from gatewright.rivals.row import Cells, Row

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
    heading, _, first, second, *_ = table.markdown([placed, THEIRS]).splitlines()
    titles = [word.strip() for word in heading.split("|")[1:-1]]
    rows = [[word.strip() for word in line.split("|")[1:-1]] for line in (first, second)]
    ours, theirs = (dict(zip(titles, row, strict=True)) for row in rows)
    assert (ours["Fmax, MHz"], ours["latency, ns"]) == ("120.0", "250.0")
    assert (theirs["Fmax, MHz"], theirs["latency, ns"]) == ("", "")


def test_record(tmp_path: Path) -> None:
    record = json.loads(table.write(tmp_path, "net", [OURS, THEIRS]).read_text())
    assert [row["lut"] for row in record["rows"]] == [150, 1500]
    assert record["rows"][1]["lut_cycles"] == 1_500_000
    assert (record["design"], record["placed"]) == ("net", False)
