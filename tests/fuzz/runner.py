"""Runs networks in batches, keeps a file per batch, shrinks what fails."""

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from hypothesis.strategies import SearchStrategy

from fuzz.coverage import Record
from fuzz.generate import network, shrink
from fuzz.spec import Network, to_json

log = logging.getLogger(__name__)
FUZZ = Path(__file__).resolve().parent
ROOT = FUZZ.parents[1]
REGRESSIONS = FUZZ / "regressions"
SOURCES = ("python/gatewright", "rtl", "sim", "tests/fuzz")  # what a result depends on


class Level(Protocol):
    """A way to run networks."""

    name: str
    strategy: SearchStrategy[Network]

    def run(self, networks: Sequence[Network], first: int, seed: int) -> list[Record]:
        """Run them all; returns a record of each."""
        ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run.

    Attributes:
        seed: Of all networks.
        count: Networks, rounded up to whole batches.
        levels: Taken in turn, batch by batch.
        folder: Where the batches' files go.
        regressions: Where networks that fail go, shrunk; None: they are not shrunk.
        size: Networks of a batch.
    """

    seed: int
    count: int
    levels: tuple[Level, ...]
    folder: Path
    regressions: Path | None = REGRESSIONS
    size: int = 10


def run(plan: Plan) -> list[dict[str, Any]]:
    """Run all batches that have not run yet; returns the content of all the files."""
    done = []
    folder = plan.folder / f"seed_{plan.seed}_{digest()[:12]}"
    for number, first in enumerate(range(0, plan.count, plan.size)):
        level = plan.levels[number % len(plan.levels)]
        path = folder / f"{level.name}_{first:05d}.json"
        if not path.is_file():
            _write(path, _batch(plan, level, first))
        done.append(json.loads(path.read_text(encoding="utf-8")))
    return done


def records(batches: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the records of all networks."""
    for batch in batches:
        yield from batch["networks"]


def _batch(plan: Plan, level: Level, first: int) -> dict[str, Any]:
    started = time.monotonic()
    drawn = [network(level.strategy, plan.seed, first + k) for k in range(plan.size)]
    found = level.run(drawn, first, plan.seed)
    seconds = time.monotonic() - started
    wrong = [record for record in found if record.wrong]
    log.info(
        "%s %d to %d: %d wrong, %.1f s each",
        level.name, first, first + plan.size - 1, len(wrong), seconds / plan.size,
    )  # fmt: skip
    for record in wrong:
        log.error("%s %d: %s", level.name, record.index, record.wrong)
        _keep(plan, level, record, drawn[record.index - first])
    return {
        "seed": plan.seed,
        "level": level.name,
        "seconds": round(seconds, 1),
        "mismatches": len(wrong),
        "networks": [asdict(record) for record in found],
    }


def _keep(plan: Plan, level: Level, record: Record, drawn: Network) -> None:
    """Save a network that failed, as small as it can be made."""
    if plan.regressions is None:
        return
    last = {"wrong": record.wrong}

    def fails(candidate: Network) -> bool:
        (result,) = level.run([candidate], record.index, plan.seed)
        if result.wrong is None or kind_of(result.wrong) != kind_of(str(record.wrong)):
            return False
        last["wrong"] = result.wrong
        return True

    name = f"{level.name}_{plan.seed}_{record.index}"
    value = {"level": level.name, "wrong": record.wrong, "network": to_json(drawn)}
    _write(plan.regressions / f"{name}.json", value)  # also if the shrinking is interrupted
    small = shrink(level.strategy, plan.seed, record.index, fails)
    value |= {"wrong": last["wrong"], "network": to_json(small)}
    _write(plan.regressions / f"{name}.json", value)
    log.error("%s: shrunk to %d layers", name, len(small.layers))


def kind_of(wrong: str) -> str:
    """Return the beginning of what was wrong, without numbers: another fault has another."""
    return re.sub(r"[\d\s]+|net_\S+", "", wrong)[:30]


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.rename(path)


def digest() -> str:
    """Return a checksum of all that the results depend on."""
    files = sorted(
        file
        for folder in SOURCES
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".sv", ".j2", ".vlt", ".cpp")
    )
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
