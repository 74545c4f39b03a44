"""What came of a rung of the ladder."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gatewright.comparison import Comparison
from gatewright.errors import CheckFailedError, NotRunError

Status = Literal["pass", "fail", "not_run"]


class NotApplicableError(NotRunError):
    """The design has no such rung: not_run, but a failure only if it was asked for by name."""


@dataclass(frozen=True, kw_only=True)
class RungResult:
    """What came of one rung.

    Attributes:
        rung: Its name, as in ``ladder.RUNGS``.
        status: ``pass`` only if something was compared and nothing differs.
        samples: Samples compared.
        compared: Integers compared; for proofs, properties.
        mismatches: How many of them differ; for proofs, fail.
        wall_s: Seconds it took.
        why: Why it failed or did not run; else what was compared, in a few words.
    """

    rung: str
    status: Status
    samples: int = 0
    compared: int = 0
    mismatches: int = 0
    wall_s: float = 0.0
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def of_comparison(rung: str, comparison: Comparison, wall_s: float, what: str) -> RungResult:
    """Return the result of a rung that compared integers.

    Args:
        rung: Its name.
        comparison: With the integers of the first rung.
        wall_s: Seconds it took.
        what: What was compared, in a few words, if all is equal.
    """
    status: Status = "pass"
    try:
        comparison.require_equal()
    except CheckFailedError as error:
        status, what = "fail", str(error)
    return RungResult(
        rung=rung,
        status=status,
        samples=comparison.samples,
        compared=comparison.compared,
        mismatches=comparison.mismatches,
        wall_s=round(wall_s, 3),
        why=what,
    )
