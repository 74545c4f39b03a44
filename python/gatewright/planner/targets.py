"""What is asked of a plan: ``fps=...``, ``ii=...`` or ``latency=...``, within a budget.

As the command line gives it.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isfinite

from gatewright import boards
from gatewright.errors import GatewrightError
from gatewright.planner.search import NAMES, Budget

_MICROSECONDS = {"ns": Fraction(1, 1000), "us": Fraction(1), "ms": Fraction(1000)}


@dataclass(frozen=True)
class Target:
    """Cycles that a plan must not exceed.

    Attributes:
        text: As it was asked.
        interval: Cycles per sample; None: as few as the budget allows.
        mean: The cycles count on average, where they depend on the values: a rate.
        latency: Cycles from a sample's first beat in to its last beat out, alone; None: any.
    """

    text: str = "the highest rate"
    interval: int | None = None
    mean: bool = False
    latency: int | None = None


def parse_budget(text: str) -> Budget:
    """Return the budget that ``lut=4000,dsp=28`` names.

    Raises:
        GatewrightError: another word, or no number.
    """
    limits: dict[str, float] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        found = re.fullmatch(r"(\w+)=([0-9]{1,15})", part)
        if not found or found[1] not in NAMES or found[1] in limits:
            raise GatewrightError(
                f"--budget {text}: {part!r} is not understood; give "
                f"{', '.join(f'{name}=NUMBER' for name in NAMES)}, each at most once"
            )
        limits[found[1]] = int(found[2])
    return Budget(**limits)


def parse_target(text: str, mhz: float) -> Target:
    """Return the target that ``fps=1000``, ``ii=64``, ``latency=500`` or ``latency=2.5us`` names.

    Args:
        text: As asked; empty: the highest rate.
        mhz: Clock that samples per second and microseconds are counted with.

    Raises:
        GatewrightError: none of these, or a clock that is no number.
    """
    if not isfinite(mhz):
        raise GatewrightError(f"--clock {mhz:g}: give a number of MHz")
    if not text:
        return Target(mean=True)
    found = re.fullmatch(
        r"(fps|ii|latency)=([0-9]{1,20}(?:\.[0-9]{1,20})?)(ns|us|ms)?", text.strip()
    )
    number = Fraction(found[2]) if found else Fraction(0)  # a float's last bit can be a cycle
    clock = Fraction(str(mhz))
    whole = found and (found[1] == "fps" or found[3] or number == floor(number))
    if not found or not whole or number <= 0 or (found[3] and found[1] != "latency"):
        raise GatewrightError(
            f"--target {text} is not understood; give fps=NUMBER, ii=CYCLES, latency=CYCLES or "
            "latency=NUMBERus (or ns, ms)"
        )
    cycles = floor(number)
    if found[1] == "fps":
        cycles = floor(clock * 1_000_000 / number)
    elif found[3]:
        cycles = floor(number * _MICROSECONDS[found[3]] * clock)
    if cycles < 1:
        raise GatewrightError(
            f"--target {text} is less than a cycle at {mhz:g} MHz; the fastest core takes a sample "
            "per cycle. Ask for less, or give a faster --clock"
        )
    if found[1] == "latency":
        return Target(text, latency=cycles)
    return Target(text, interval=cycles, mean=found[1] == "fps")


def budget_of(board: str) -> Budget:
    """Return all that a board has.

    Raises:
        GatewrightError: there is no such board, or it has another family's cells.
    """
    found = boards.load(board)
    if found.family != "ecp5":
        raise GatewrightError(
            f"--board {board}: its cells are {found.family}'s, and what blocks take was measured "
            "on ECP5; give --budget in LUT4 and 18-kbit block RAMs instead"
        )
    limits = found.limits
    return Budget(lut=limits.lut, ff=limits.ff, dsp=limits.dsp, bram=limits.bram)
