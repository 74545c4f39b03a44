"""Rows of measurements as CSV and as a Markdown table."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.files import write_text


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: Of the rows; the CSV's heading.
        title: The Markdown table's heading.
        form: How the Markdown table shows a value; the CSV has it as it is.
    """

    key: str
    title: str
    form: str = "{}"

    def shown(self, row: Mapping[str, Any]) -> str:
        """Return the value for the Markdown table; nothing where there is none."""
        value = row[self.key]
        return "" if value is None else self.form.format(value)


def write(path: Path, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``path`` with ``.csv`` and with ``.md``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    writer.writerows([[row[column.key] for column in columns] for row in rows])
    write_text(path.with_suffix(".csv"), stream.getvalue())
    write_text(path.with_suffix(".md"), markdown(columns, rows))


def markdown(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown table."""
    lines = [
        [column.title for column in columns],
        ["---" for _ in columns],
        *([column.shown(row) for column in columns] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
