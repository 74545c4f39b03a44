"""The verification ladder: nine rungs from PyTorch to the bitstream, each with the same integers.

Every rung is compared with the integers of the first. A rung that did not run says so; asked for
and not run is no pass.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import write_json
from gatewright.verification.context import Context
from gatewright.verification.result import NotApplicableError, RungResult
from gatewright.verification.software import TRUTH

log = logging.getLogger(__name__)
RECORD = "verify.json"


@dataclass(frozen=True)
class Rung:
    """A rung of the ladder.

    Attributes:
        number: Its place, from 1.
        name: As on the command line.
        compares: What is compared, in a few words.
        module: Module of this package with the function; loaded when it runs.
        function: Takes the context and returns the result, or raises CheckFailedError or
            NotRunError.
    """

    number: int
    name: str
    compares: str
    module: str
    function: str = "run"

    def attempt(self, context: Context) -> tuple[RungResult, bool]:
        """Run it; what it raises becomes a result.

        Returns:
            The result, and whether the design has such a rung at all.

        Raises:
            GatewrightError: the user's mistake.
        """
        call: Callable[[Context], RungResult]
        call = getattr(import_module(f"{__package__}.{self.module}"), self.function)
        started = time.monotonic()
        has = True
        try:
            return call(context), has
        except CheckFailedError as error:
            result = RungResult(rung=self.name, status="fail", why=str(error))
        except NotRunError as error:
            has = not isinstance(error, NotApplicableError)
            result = RungResult(rung=self.name, status="not_run", why=str(error))
        return replace(result, wall_s=round(time.monotonic() - started, 3)), has


_ALL = (
    Rung(1, "pytorch", "the quantised network, evaluated", "software", "pytorch"),
    Rung(2, "qonnx", "QONNX execution", "software", "qonnx"),
    Rung(3, "csim", "hls4ml's C simulation", "software", "csim"),
    Rung(4, "reference", "integer evaluation of the hardware graph", "software", "the_reference"),
    Rung(5, "rtl", "the SystemVerilog on Verilator", "rtl"),
    Rung(6, "netlist", "the netlist after synthesis", "netlist"),
    Rung(7, "placed", "the netlist after place and route", "placed"),
    Rung(8, "bitstream", "the bitstream, read back", "bitstream"),
    Rung(9, "proof", "properties, proved", "proof"),
)
RUNGS = tuple(rung for rung in _ALL if find_spec(f"{__package__}.{rung.module}"))


@dataclass(frozen=True)
class Outcome:
    """What came of a ladder.

    Attributes:
        results: In the order of the rungs.
        failed: Names of the rungs that failed.
        missing: Names of the rungs that were asked for and did not run.
    """

    results: tuple[RungResult, ...]
    failed: tuple[str, ...]
    missing: tuple[str, ...]

    def require(self) -> None:
        """Refuse a ladder that is not whole.

        Raises:
            CheckFailedError: a rung failed, or nothing was compared at all.
            NotRunError: a rung that was asked for did not run.
        """
        if self.failed:
            raise CheckFailedError(f"rung {', '.join(self.failed)} failed")
        if self.missing:
            raise NotRunError(f"rung {', '.join(self.missing)} did not run")
        if not any(result.compared for result in self.results):
            raise CheckFailedError("nothing was compared, so nothing is shown")


def run(
    context: Context,
    wanted: Sequence[Rung],
    *,
    by_name: bool,
    tell: Callable[[Rung, RungResult], None],
) -> Outcome:
    """Run rungs, and write ``verify.json``.

    Args:
        context: The design.
        wanted: Rungs to run.
        by_name: They were asked for by name: one that the design has not is a rung that did not
            run.
        tell: Called with each result as it comes.

    Raises:
        GatewrightError: the user's mistake, such as a file of an earlier step that is missing.
    """
    record = context.folder / RECORD
    record.unlink(missing_ok=True)  # no record but that of a run to its end
    (context.work / TRUTH).unlink(missing_ok=True)
    results: list[RungResult] = []
    missing: list[str] = []
    for rung in wanted:
        log.info("%d %-10s %s", rung.number, rung.name, rung.compares)
        result, has = rung.attempt(context)
        if result.status == "not_run" and (by_name or has):
            missing.append(rung.name)
        if (context.work / TRUTH).is_file() and context.truth is None:
            context = replace(context, truth=context.work / TRUTH)
        results.append(result)
        tell(rung, result)
    write_json(record, [result.as_dict() for result in results])
    failed = tuple(result.rung for result in results if result.status == "fail")
    return Outcome(tuple(results), failed, tuple(missing))


def chosen(words: Iterable[str]) -> tuple[Rung, ...]:
    """Return the rungs that words like ``1-5``, ``rtl`` or ``9`` name, in their order.

    Raises:
        GatewrightError: a word that names none.
    """
    found: set[int] = set()
    for word in words:
        first, dash, last = word.partition("-")
        numbers = range(_number(first), _number(last if dash else first) + 1)
        if not numbers:
            raise GatewrightError(f"--rungs {word}: the first stands above the last")
        found.update(numbers)
    return tuple(rung for rung in RUNGS if rung.number in found)


def _number(word: str) -> int:
    for rung in RUNGS:
        if word in (rung.name, str(rung.number)):
            return rung.number
    there = ", ".join(f"{rung.number} {rung.name}" for rung in RUNGS)
    raise GatewrightError(f"--rungs: no rung {word!r}; there are: {there}")
