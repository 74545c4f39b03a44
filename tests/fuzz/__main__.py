"""``make fuzz COUNT=500 SEED=1``: random networks, and the table of what they exercised."""

import argparse
import logging
import sys
from pathlib import Path

from fuzz import runner
from fuzz.coverage import table
from fuzz.hls import HlsLevel
from fuzz.rtl import GraphLevel

logging.basicConfig(level=logging.ERROR, format="%(message)s")
logging.getLogger("fuzz").setLevel(logging.INFO)
log = logging.getLogger("fuzz.main")


def main() -> int:
    """Run; returns 1 if any network was wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="networks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=runner.ROOT / "build" / "fuzz")
    parser.add_argument("--level", choices=("graph", "hls4ml"), help="one alone; else in turn")
    parser.add_argument("--no-shrink", action="store_true", help="report what fails as it is")
    given = parser.parse_args()
    cache = given.folder / "verilator"
    levels: tuple[runner.Level, ...] = (GraphLevel(cache), HlsLevel(cache))
    plan = runner.Plan(
        seed=given.seed,
        count=given.count,
        levels=tuple(each for each in levels if given.level in (None, each.name)),
        folder=given.folder,
        regressions=None if given.no_shrink else runner.REGRESSIONS,
    )
    batches = runner.run(plan)
    records = list(runner.records(batches))
    wrong = [f"{each['index']}: {each['wrong']}" for each in records if each["wrong"]]
    seconds = sum(batch["seconds"] for batch in batches)
    log.info(table(records))
    log.info(f"seed {given.seed}, {seconds:.0f} s, {seconds / len(records):.1f} s each")
    log.info("\n".join([f"{len(wrong)} wrong", *wrong]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
