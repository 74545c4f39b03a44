"""Which way to build each layer: the cheapest choice within a budget, and the fastest one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from gatewright.estimate.model import Floats, Resources
from gatewright.planner.candidates import Candidate
from gatewright.planner.links import Link

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
        given = [f"{name}={limit:.0f}" for name, limit in vars(self).items() if limit is not None]
        return ",".join(given) or "no budget"


def pace(candidate: Candidate, *, mean: bool) -> float:
    """Return a candidate's cycles per sample: on average, or those that no sample exceeds."""
    return candidate.mean if mean else candidate.cycles


def share(used: Resources, budget: Budget) -> float:
    """Return the shares of a budget that something takes, or of a device, added up."""
    return float(
        sum(getattr(used, name) / (getattr(budget, name) or WEIGHTS[name]) for name in NAMES)
    )


@dataclass(frozen=True)
class Limits:
    """What a choice of candidates must keep to.

    Attributes:
        interval: Cycles per sample that no layer and nothing between two layers may exceed.
        budget: Of all of them together.
        mean: Cycles on average count.
        latency: Cycles of one sample through each layer alone, added up; None: any.
    """

    interval: float
    budget: Budget
    mean: bool = False
    latency: float | None = None


def cheapest(
    choices: Choices,
    limits: Limits,
    between: Sequence[Link] = (),
    banned: Sequence[Sequence[Candidate]] = (),
) -> list[Candidate] | None:
    """Return one candidate per layer: the smallest share of the budget or device, within limits.

    Args:
        choices: The candidates of each layer.
        limits: What to keep to.
        between: What stands between the layers, by their lanes.
        banned: Choices that are not to be made again.

    Returns:
        A candidate per layer; None: there is no such choice.
    """
    program = _Program(choices, limits, between)
    for chosen in banned:
        same = [one in chosen for one in program.flat]
        program.add(np.array(same, dtype=float), -np.inf, len(chosen) - 1)
    return program.solve()


class _Program:
    """An integer program: a variable for each candidate, and for each pair of lanes of a link."""

    def __init__(self, choices: Choices, limits: Limits, between: Sequence[Link]) -> None:
        self.flat = [one for found in choices.values() for one in found]
        pairs = [(link, lanes) for link in between for lanes in link.ways]
        self.ways = [link.ways[lanes] for link, lanes in pairs]
        slow = [pace(one, mean=limits.mean) > limits.interval for one in self.flat]
        slow += [way.cycles > limits.interval for way in self.ways]
        self.most = np.where(slow, 0.0, 1.0)
        self.rows: list[LinearConstraint] = []
        for layer in choices:
            self.add(self._of([one.layer == layer for one in self.flat]), 1, 1)
        for link in between:
            self._join(link, [lanes if own is link else None for own, lanes in pairs])
        used = [one.resources for one in self.flat] + [way.resources for way in self.ways]
        self.cost = np.array([share(one, limits.budget) for one in used])
        for name, limit in vars(limits.budget).items():
            if limit is not None:
                self.add(np.array([getattr(one, name) for one in used]), -np.inf, limit)
        if limits.latency is not None:
            self.add(self._of([one.latency for one in self.flat]), -np.inf, limits.latency)

    def add(self, row: Floats, low: float, high: float) -> None:
        """Hold the sum of variables, each times its number in a row, within bounds."""
        whole = np.zeros(len(self.most))
        whole[: len(row)] = row
        self.rows.append(LinearConstraint(whole[None, :], low, high))

    def solve(self) -> list[Candidate] | None:
        """Return the cheapest choice; None: there is none."""
        count = len(self.flat)
        whole = np.arange(len(self.most)) < count  # a link's follow from the candidates'
        found = milp(
            self.cost,
            integrality=whole.astype(int),
            bounds=Bounds(0, self.most),
            constraints=self.rows,
        )
        if found.x is None:
            return None
        taken = found.x[:count] > 0.5
        return [one for one, own in zip(self.flat, taken, strict=True) if own]

    def _join(self, link: Link, lanes: Sequence[tuple[int, int] | None]) -> None:
        """Give a link the lanes of the candidates at both of its ends."""
        ends = [(link.second, 1)] + ([(link.first, 0)] if link.first is not None else [])
        for layer, end in ends:
            for count in {pair[end] for pair in link.ways}:
                own = [
                    one.layer == layer and (one.lanes_out, one.lanes_in)[end] == count
                    for one in self.flat
                ]
                way = [pair is not None and pair[end] == count for pair in lanes]
                self.add(np.array([*own, *way]) * np.array([1] * len(own) + [-1] * len(way)), 0, 0)

    def _of(self, row: Sequence[float]) -> Floats:
        return np.array(row, dtype=float)


def intervals(choices: Choices, *, mean: bool = False) -> list[float]:
    """Return the cycles per sample that some choice of candidates can have, the least first."""
    least = max(min(pace(one, mean=mean) for one in found) for found in choices.values())
    every = {pace(one, mean=mean) for found in choices.values() for one in found}
    return sorted(cycles for cycles in every if cycles >= least)
