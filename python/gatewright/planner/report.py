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
    yield (
        f"whole        {_cycles(plan)}, {mhz * 1e6 / plan.mean:,.0f} samples/s at {mhz:g} MHz; "
        f"a sample alone {'about' if plan.exact else 'at most about'} {plan.latency:,} cycles"
    )
    yield f"{'':12} {_size(plan)}"


def head(plan: Plan, target: Target, budget: Budget, mhz: float) -> str:
    """Return what was asked, and what the whole takes."""
    return f"{target.text} at {mhz:g} MHz, {budget}: {_cycles(plan)}, {_size(plan)}"


def _cycles(plan: Plan) -> str:
    if plan.exact:
        return f"{plan.cycles:,} cycles per sample ({plan.slowest})"
    return (
        f"{plan.mean:,.1f} cycles per sample on average by the training data ({plan.slowest}), at "
        f"most {plan.cycles:,}"
    )


def _size(plan: Plan) -> str:
    used, error = plan.resources, plan.error
    return (
        f"about {used.lut:,.0f} LUT (median error {error.median:.0%}, worst {error.worst:.0%} on "
        f"{error.networks} networks), {used.ff:,.0f} FF, {used.dsp:.0f} DSP, {used.bram:.0f} BRAM"
    )
