"""Rung 9: the properties of the blocks that a design is made of, proved by SymbiYosys."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.files import write_json
from gatewright.tools import sby, yosys
from gatewright.verification import properties
from gatewright.verification.context import Context
from gatewright.verification.properties import Proof
from gatewright.verification.result import RungResult, Status

log = logging.getLogger(__name__)
RECORD = "proofs.json"
CACHE = ".proofs"  # beside the designs: they share the library
_AT_ONCE = 2


@dataclass(frozen=True)
class Proved:
    """A proof and what came of it.

    Attributes:
        proof: The block and its parameters.
        status: ``pass`` if all its properties hold and all its covers are reached; ``unknown`` if
            its time was up.
        seconds: How long it took, all its runs together, when they were made.
        detail: What failed, or how far it came; else empty.
    """

    proof: Proof
    status: sby.Status
    seconds: float
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "block": self.proof.block,
            "parameters": dict(self.proof.parameters),
            "constants": [change.wrong for change in self.proof.constants],
            "method": self.proof.method,
            "status": self.status,
            "seconds": self.seconds,
            "detail": self.detail,
        }


def prove(
    proofs: Sequence[Proof],
    folder: Path,
    *,
    cache: Path | None,
    library: Mapping[str, str] | None = None,
    tell: Callable[[Proved], None] = lambda _: None,
) -> list[Proved]:
    """Prove, two runs of SymbiYosys at a time.

    Args:
        proofs: What to prove.
        folder: Takes the logs, and the trace of what fails.
        cache: Folder of earlier verdicts, which hold as long as nothing they read changes.
        library: {module: text} that stands for the library's files of these names.
        tell: Called with each result as it comes.

    Raises:
        NotRunError: SymbiYosys or a solver is missing; the message says how to get it.
        CheckFailedError: SymbiYosys could not read a proof.
    """
    results = []
    for proof in proofs:
        verdicts = sby.run(proof.tasks(library), folder, cache, _AT_ONCE)
        results.append(_together(proof, verdicts))
        tell(results[-1])
    return results


def chosen(blocks: Sequence[str]) -> list[Proof]:
    """Return the proofs of ``blocks``, or of the whole library if none is named.

    Raises:
        GatewrightError: there is no proof of a block of that name; the message lists them.
    """
    proofs = properties.load()
    known = dict.fromkeys(proof.block for proof in proofs)
    for block in blocks:
        if block not in known:
            raise GatewrightError(
                f"no properties of {block}; there are those of {', '.join(known)}"
            )
    return [proof for proof in proofs if not blocks or proof.block in blocks]


def run(context: Context) -> RungResult:
    """Prove every block of the design that has properties, and requantise in each format it has.

    What is read is the library that was emitted with the design. ``verify/proofs.json`` lists each
    proof with its method and time.

    Raises:
        NotRunError: SymbiYosys or a solver is missing.
    """
    sby.require()
    started = time.monotonic()
    rtl = context.folder / "rtl"
    sources = [rtl / name for name in context.description["sources"]]
    library = {path.stem: path.read_text(encoding="utf-8") for path in sources}
    proofs = [proof for proof in properties.load() if proof.block in library]
    proofs += _conversions(context, sources)
    results = prove(
        proofs,
        context.work / "proofs",
        cache=context.folder.parent / CACHE,
        library=library,
        tell=lambda result: log.info("  %s", line(result)),
    )
    write_json(context.work / RECORD, {"proofs": [result.as_dict() for result in results]})
    return _rung(results, sorted(library), time.monotonic() - started)


def line(result: Proved) -> str:
    """Return a result in one line: block, parameters, method, status, seconds."""
    words = f"{result.proof.name}: {result.proof.method}, {result.status}, {result.seconds:.1f} s"
    return f"{words}; {result.detail}" if result.detail else words


def table(results: Sequence[Proved]) -> str:
    """Return the results as a Markdown table, with the bound's reason where there is one."""
    rows = [
        f"| {result.proof.name} | {result.proof.method} | {result.status} | {result.seconds:.1f} "
        f"| {_depth(result.proof)} |"
        for result in results
    ]
    head = ["| proof | method | status | s | of a bound |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _depth(proof: Proof) -> str:
    if proof.bounded is None:
        return ""
    return f"latency {proof.latency}, storage {proof.storage}; {proof.why}"


def _conversions(context: Context, sources: list[Path]) -> list[Proof]:
    """Return proofs of requantise with just the parameters that it has in the design."""
    if "requantise" not in {path.stem for path in sources}:
        return []
    sets = yosys.parameters_of(
        "requantise",
        sources,
        context.description["top"],
        context.work / "proofs",
        context.folder / "rtl",
    )
    return [
        Proof(block="requantise", parameters={**found, "All": 0}, combinational=True)
        for found in sets
    ]


def _together(proof: Proof, verdicts: Sequence[sby.Verdict]) -> Proved:
    worst: sby.Status = "pass"
    for status in ("unknown", "fail"):
        if any(verdict.status == status for verdict in verdicts):
            worst = status
    detail = "; ".join(verdict.detail for verdict in verdicts if verdict.detail)
    if worst == "unknown" and not detail:
        detail = "its time was up"
    return Proved(proof, worst, round(sum(verdict.seconds for verdict in verdicts), 2), detail)


def _rung(results: Sequence[Proved], blocks: Sequence[str], wall_s: float) -> RungResult:
    failed = [line(result) for result in results if result.status == "fail"]
    left_open = [line(result) for result in results if result.status == "unknown"]
    proved = {result.proof.block for result in results if result.status == "pass"}
    without = [name for name in blocks if name not in {result.proof.block for result in results}]
    status: Status = "pass"
    why = f"proved: {', '.join(sorted(proved))}; without properties: {', '.join(without)}"
    if failed:
        status, why = "fail", "; ".join(failed)
    elif left_open or not results:
        status, why = "not_run", "; ".join(left_open) or "the design has no block with properties"
    return RungResult(
        rung="proof",
        status=status,
        compared=len(results) - len(left_open),
        mismatches=len(failed),
        wall_s=round(wall_s, 3),
        why=why,
    )
