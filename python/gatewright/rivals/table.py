"""The rows as a Markdown table and as ``compare.json``."""

from collections.abc import Sequence
from pathlib import Path

from gatewright.files import write_json
from gatewright.rivals.row import CpuRow, Row
from gatewright.study.table import Column
from gatewright.study.table import markdown as table

RECORD = "compare.json"
COLUMNS = (
    Column("tool", "tool"),
    Column("setting", "setting"),
    Column("cycles_per_inference", "cycles per inference", "{:,.1f}"),
    Column("latency_cycles", "latency, cycles", "{:,.0f}"),
    Column("fmax_mhz", "Fmax, MHz", "{:.1f}"),
    Column("us_per_inference", "us per inference", "{:,.3f}"),
    Column("latency_ns", "latency, ns", "{:,.1f}"),
    Column("lut4", "LUT4", "{:,}"),
    Column("carry", "CCU2C", "{:,}"),
    Column("lut", "LUT", "{:,}"),
    Column("ff", "FF", "{:,}"),
    Column("dsp", "DSP", "{:,}"),
    Column("bram", "BRAM", "{:,}"),
    Column("lut_cycles", "LUT x cycles", "{:,.0f}"),
    Column("share", "of ours", "{:,.1f} x"),
    Column("samples", "samples compared", "{:,}"),
    Column("mismatches", "integers different", "{:,}"),
)


def markdown(rows: Sequence[Row | CpuRow]) -> str:
    """Return the table, then each row's note.

    The first row is ours; ``of ours`` is a row's LUT x cycles in units of that row's.
    """
    shown = [row.as_dict() for row in rows]
    ours = shown[0]["lut_cycles"]
    for values in shown:
        work = values["lut_cycles"]
        values["share"] = None if work is None else work / ours
    notes = dict.fromkeys(f"{row.tool}: {row.note}\n" for row in rows)
    return "\n".join([table(COLUMNS, shown), *notes])


def write(folder: Path, design: str, rows: Sequence[Row | CpuRow]) -> Path:
    """Write ``compare.json`` and return its path."""
    values = [row.as_dict() for row in rows]
    write_json(
        folder / RECORD,
        {
            "design": design,
            "family": "ecp5",
            "placed": any(row["fmax_mhz"] for row in values),
            "rows": values,
        },
    )
    return folder / RECORD
