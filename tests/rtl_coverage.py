"""Which lines of the RTL library the block benches ran: ``python -m rtl_coverage FOLDER``.

Verilator writes, for each simulation, points with the lines that they stand for and how often each
was passed. A line counts as covered if any instance in any bench passed it; lines that Verilator
has no point for (declarations, assignments outside processes) are not counted. Assertions, which
must not fire, are left out. The lines of a file that no bench has are asked of Verilator: they
count, as not passed.
"""

import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gatewright.errors import CheckFailedError
from gatewright.tools import process, verilator
from rtl_parameters import PARAMETERS

RTL = Path(__file__).resolve().parents[1] / "rtl"
FOLDERS = ("stream", "arith", "layers", "shell")  # what a design is made of, and what is around it
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
    for folder in FOLDERS:
        if (RTL / folder / Path(file).name).is_file():
            return f"{folder}/{Path(file).name}"
    return None


def _lines(point: Mapping[str, str]) -> Iterator[int]:
    """Yield the lines that a point stands for."""
    for part in point.get("S", point["l"]).split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def library() -> dict[str, str]:
    """Return {place in the library: text} of the library, without the bodies for boards."""
    paths = sorted(path for folder in FOLDERS for path in (RTL / folder).glob("*.sv"))
    return {path.relative_to(RTL).as_posix(): path.read_text() for path in paths}


def lines_of(path: Path) -> set[int]:
    """Return the lines that Verilator has points for in a module, whatever its benches have."""
    sets = ({}, *PARAMETERS.get(path.stem, ()))
    return {line for parameters in sets for line in _lines_with(path, parameters)}


def _lines_with(path: Path, parameters: Mapping[str, int | str]) -> Iterator[int]:
    """Yield the lines that Verilator has points for in a module with these parameters."""
    found = verilator.find()
    folders = [word for folder in FOLDERS for word in ("-y", RTL / folder)]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        command: list[str | Path] = [
            *(found.program, "--json-only", "--coverage-line", "--no-timing"),
            *("--Mdir", work, "--json-only-output", work / "tree.json"),
            *("--json-only-meta-output", work / "meta.json", "--top-module", path.stem),
            *(f"-G{key}={value}" for key, value in parameters.items()),
            *(*folders, *dict.fromkeys((RTL / "arith" / "gatewright_pkg.sv", path))),
        ]
        finished = process.run(command, cwd=work, env=found.env)
        if finished.status != 0:
            raise CheckFailedError(f"Verilator on {path}: {finished.output}")
        tree = json.loads((work / "tree.json").read_text())
        files = json.loads((work / "meta.json").read_text())["files"]
    own = {key for key, file in files.items() if Path(file["filename"]) == path}
    for node in _nodes(tree):
        file, _, place = node["loc"].partition(",")
        if node["type"] == "COVEROTHERDECL" and file in own:
            yield from _lines({"l": node["linescov"] or place.partition(":")[0]})


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield each node of Verilator's tree that has a place in a file."""
    if isinstance(tree, dict):
        if "loc" in tree:
            yield tree
        tree = list(tree.values())
    for branch in tree if isinstance(tree, list) else ():
        yield from _nodes(branch)


def report(
    counts: Counts, texts: Mapping[str, str] | None = None, root: Path = RTL
) -> tuple[list[str], float]:
    """Return a line per file, with the lines never passed, and the share of all that was.

    Args:
        counts: How often each line was passed.
        texts: {place under root: text} of the files; None: those of the library.
        root: Where they stand.
    """
    rows, passed, total = [], 0, 0
    for name, text in (library() if texts is None else texts).items():
        source = text.splitlines()
        lines = {**dict.fromkeys(lines_of(root / name), 0), **counts.get(name, {})}
        if not lines:
            rows.append(f"{name:34}    -  nothing but wires, instances or constants")
            continue
        missed = [line for line, count in sorted(lines.items()) if not count]
        passed, total = passed + len(lines) - len(missed), total + len(lines)
        rows.append(f"{name:34}{len(lines):5}{1 - len(missed) / len(lines):7.1%}")
        early = _lines_of_constants(text)
        for line in missed:
            why = "  (runs when the design is built)" if line in early else ""
            rows.append(f"    {line:4}  {source[line - 1].strip()}{why}")
    rows.append(f"{'all':34}{total:5}{passed / max(total, 1):7.1%}")
    return rows, passed / max(total, 1)


def _lines_of_constants(text: str) -> set[int]:
    """Return the lines of functions that only constants call: no simulation runs them."""
    code = re.sub(r"//.*", "", text)
    functions = list(re.finditer(r"function automatic .*?(\w+)\(.*?endfunction", code, re.DOTALL))
    rest = re.sub(r"function automatic .*?endfunction|localparam .*?;", "", code, flags=re.DOTALL)
    return {
        line
        for function in functions
        if not re.search(rf"\b{function[1]}\(", rest)
        for line in range(
            code.count("\n", 0, function.start()) + 1, code.count("\n", 0, function.end()) + 2
        )
    }


def main(folder: Path) -> int:
    """Print the report; 1 if too little was covered, or nothing was counted."""
    rows, share = report(counts_of(folder.glob("*.dat")))
    print("\n".join(rows))  # noqa: T201
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
