"""Which way to build each layer: the cheapest choice within a budget, and the fastest one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from gatewright.estimate.model import Resources
from gatewright.planner.candidates import Candidate

NAMES = ("lut", "ff", "dsp", "bram")
# What a resource counts where no budget is given: a share of an LFE5U-85F.
WEIGHTS = {"lut": 83_640, "ff": 83_640, "dsp": 156, "bram": 208}

Choices = Mapping[str, Sequence[Candidate]]  # by layer


@dataclass(frozen=True)
class Budget:
    """How much there may be of each resource; None: no limit."""

    lut: float | None = None
    ff: float | None = None
    dsp: float | None = None
    bram: float | None = None

    def less(self, used: Resources) -> "Budget":
        """Return what is left."""
        return Budget(
            **{
                name: None if limit is None else limit - getattr(used, name)
                for name, limit in vars(self).items()
            }
        )

    def exceeded(self, used: Resources) -> dict[str, tuple[float, float]]:
        """Return what goes beyond the budget: used and allowed."""
        return {
            name: (getattr(used, name), limit)
            for name, limit in vars(self).items()
            if limit is not None and getattr(used, name) > limit
        }

    def __str__(self) -> str:
        """Name the limits as the command line does."""
        given = [f"{name}={limit:g}" for name, limit in vars(self).items() if limit is not None]
        return ",".join(given) or "no budget"


def cheapest(choices: Choices, interval: int, budget: Budget) -> list[Candidate] | None:
    """Return one candidate per layer: the smallest share of the device, within a budget.

    Args:
        choices: The candidates of each layer.
        interval: Cycles per sample that no layer may exceed.
        budget: Of all layers together.

    Returns:
        A candidate per layer; None: there is no such choice.
    """
    allowed = {
        layer: [one for one in found if one.cycles <= interval] for layer, found in choices.items()
    }
    if not all(allowed.values()):
        return None
    flat = [one for found in allowed.values() for one in found]
    sizes = {name: np.array([getattr(one.resources, name) for one in flat]) for name in NAMES}
    cost = sum(sizes[name] / (getattr(budget, name) or WEIGHTS[name]) for name in NAMES)
    layer_of = np.array([one.layer for one in flat])
    constraints = [
        LinearConstraint(np.array([layer_of == layer for layer in allowed], dtype=float), 1, 1)
    ]
    for name, limit in vars(budget).items():
        if limit is not None:
            constraints.append(LinearConstraint(sizes[name][None, :], -np.inf, limit))
    found = milp(cost, integrality=np.ones(len(flat)), bounds=Bounds(0, 1), constraints=constraints)
    if found.x is None:
        return None
    return [one for one, taken in zip(flat, found.x, strict=True) if taken > 0.5]


def intervals(choices: Choices) -> list[int]:
    """Return the cycles per sample that some choice of candidates can have, the least first."""
    least = max(min(one.cycles for one in found) for found in choices.values())
    every = {one.cycles for found in choices.values() for one in found}
    return sorted(cycles for cycles in every if cycles >= least)
