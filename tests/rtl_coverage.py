"""Which lines of the RTL library the block benches ran: ``python -m rtl_coverage FOLDER``.

Verilator writes, for each simulation, points with the lines that they stand for and how often each
was passed. A line counts as covered if any instance in any bench passed it; lines that Verilator
has no point for (declarations, assignments outside processes) are not counted. Assertions, which
must not fire, are left out.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

RTL = Path(__file__).resolve().parents[1] / "rtl"
WANTED = 0.95  # of the lines
Counts = Mapping[str, Mapping[int, int]]  # by file in the library, by line


def counts_of(files: Iterable[Path]) -> Counts:
    """Return how often each line was passed."""
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for file in files:
        for point, count in _points(file.read_text()):
            name = _in_library(point.get("f", ""))
            if name is not None and "assert" not in point.get("o", ""):
                for line in _lines(point):
                    counts[name][line] += count
    return counts


def _points(text: str) -> Iterator[tuple[dict[str, str], int]]:
    """Yield each point's keys and its count; see Verilator's ``VerilatedCov``."""
    for line in text.splitlines():
        found = re.match(r"C '(.*)' (\d+)$", line)
        if found:
            pairs = (part.partition("\x02") for part in found[1].split("\x01") if part)
            yield {key: value for key, _, value in pairs}, int(found[2])


def _in_library(file: str) -> str | None:
    """Return a file's place in the library, wherever the copy that was built stood."""
    for folder in ("stream", "arith", "layers"):
        if (RTL / folder / Path(file).name).is_file():
            return f"{folder}/{Path(file).name}"
    return None


def _lines(point: Mapping[str, str]) -> Iterator[int]:
    """Yield the lines that a point stands for."""
    for part in point.get("S", point["l"]).split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def report(counts: Counts) -> tuple[list[str], float]:
    """Return a line per file, with the lines never passed, and the share of all that was."""
    rows, passed, total = [], 0, 0
    for path in sorted(RTL.rglob("*.sv")):
        name = path.relative_to(RTL).as_posix()
        if name.startswith("boards/"):
            continue
        source = path.read_text().splitlines()
        lines = counts.get(name, {})
        missed = [line for line, count in sorted(lines.items()) if not count]
        passed, total = passed + len(lines) - len(missed), total + len(lines)
        share = f"{1 - len(missed) / len(lines):7.1%}" if lines else "      -"
        rows.append(f"{name:34}{len(lines):5}{share}")
        rows += [f"    {line:4}  {source[line - 1].strip()}" for line in missed]
    rows.append(f"{'all':34}{total:5}{passed / max(total, 1):7.1%}")
    return rows, passed / max(total, 1)


def main(folder: Path) -> int:
    """Print the report; 1 if too little was covered, or nothing was counted."""
    rows, share = report(counts_of(folder.glob("*.dat")))
    print("\n".join(rows))  # noqa: T201
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
