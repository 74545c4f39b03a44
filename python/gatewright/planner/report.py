"""A plan as it is printed, and as the first line that a design file keeps of it."""

from collections.abc import Iterator

from gatewright.planner.plan import Plan
from gatewright.planner.search import Budget
from gatewright.planner.targets import Target


def lines(plan: Plan, mhz: float) -> Iterator[str]:
    """Yield the lines that tell of a plan."""
    for choice in plan.choices:
        yield f"{choice.candidate.layer:12} {choice.candidate}"
        yield f"{'':12} {choice.reason}"
    most = "" if plan.exact else "at most "
    rate = mhz * 1e6 / plan.cycles
    yield (
        f"whole        {most}{plan.cycles:,} cycles per sample ({plan.slowest}), "
        f"{'' if plan.exact else 'at least '}{rate:,.0f} samples/s at {mhz:g} MHz; "
        f"a sample alone about {plan.latency:,} cycles"
    )
    yield f"{'':12} {_size(plan)}"


def head(plan: Plan, target: Target, budget: Budget, mhz: float) -> str:
    """Return what was asked, and what the whole takes."""
    most = "" if plan.exact else "at most "
    return (
        f"{target.text} at {mhz:g} MHz, {budget}: {most}{plan.cycles:,} cycles per sample "
        f"({plan.slowest}), {_size(plan)}"
    )


def _size(plan: Plan) -> str:
    used, error = plan.resources, plan.error
    return (
        f"about {used.lut:,.0f} LUT (median error {error.median:.0%}, worst {error.worst:.0%} on "
        f"{error.networks} networks), {used.ff:,.0f} FF, {used.dsp:.0f} DSP, {used.bram:.0f} BRAM"
    )
