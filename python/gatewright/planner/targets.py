"""What is asked of a plan: ``fps=...``, ``ii=...`` or ``latency=...``, within a budget.

As the command line gives it.
"""

import re
from dataclasses import dataclass
from math import floor

from gatewright import boards
from gatewright.errors import GatewrightError
from gatewright.planner.search import NAMES, Budget


@dataclass(frozen=True)
class Target:
    """Cycles that a plan must not exceed.

    Attributes:
        text: As it was asked.
        interval: Cycles per sample; None: as few as the budget allows.
        latency: Cycles from a sample's first beat in to its last beat out, alone; None: any.
    """

    text: str = "the highest rate"
    interval: int | None = None
    latency: int | None = None


def parse_budget(text: str) -> Budget:
    """Return the budget that ``lut=4000,dsp=28`` names.

    Raises:
        GatewrightError: another word, or no number.
    """
    limits: dict[str, float] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        found = re.fullmatch(r"(\w+)=(\d+)", part)
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
        GatewrightError: none of these.
    """
    if not text:
        return Target()
    found = re.fullmatch(r"(fps|ii|latency)=(\d+(?:\.\d+)?)(us)?", text.strip())
    number = float(found[2]) if found else 0.0
    whole = found and (found[1] == "fps" or found[3] or number == floor(number))
    if not found or not whole or number <= 0 or (found[3] and found[1] != "latency"):
        raise GatewrightError(
            f"--target {text} is not understood; give fps=NUMBER, ii=CYCLES, latency=CYCLES or "
            "latency=NUMBERus"
        )
    cycles = floor(number)
    if found[1] == "fps":
        cycles = floor(mhz * 1e6 / number)
    elif found[3]:
        cycles = floor(number * mhz)
    if cycles < 1:
        raise GatewrightError(
            f"--target {text} is less than a cycle at {mhz:g} MHz; the fastest core takes a sample "
            "per cycle. Ask for less, or give a faster --clock"
        )
    if found[1] == "latency":
        return Target(text, latency=cycles)
    return Target(text, interval=cycles)


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
