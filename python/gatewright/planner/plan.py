"""A plan: what each layer of a design becomes, why, and what the whole then takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from gatewright import reference
from gatewright.activity import vectors_of
from gatewright.emit.builder import build
from gatewright.errors import GatewrightError
from gatewright.estimate.model import Error, ResourceModel, Resources
from gatewright.fixed import IntArray
from gatewright.graph import Dense, Depthwise, Graph
from gatewright.planner.candidates import (
    MOST_MULTIPLIERS,
    Candidate,
    candidates,
    layers_of,
    with_requests,
)
from gatewright.planner.links import links, total
from gatewright.planner.search import (
    NAMES,
    Budget,
    Choices,
    Limits,
    cheapest,
    intervals,
    pace,
    share,
)
from gatewright.planner.targets import Target
from gatewright.planner.whole import Whole
from gatewright.unrolled import ADDERS_PER_STAGE

_VECTORS = 128  # that a mean is taken over
_ROUNDS = 12  # until what stands between the layers is accounted for


@dataclass(frozen=True)
class Choice:
    """What one layer becomes.

    Attributes:
        candidate: The way it is built.
        reason: Why this one.
    """

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class Plan:
    """What a design becomes.

    Attributes:
        choices: Layer by layer.
        cycles: Per sample: exact; with a sparse core at most.
        mean: Per sample on average, by samples of the training data.
        exact: Whether no layer is on the sparse core.
        latency: Cycles of one sample alone, by the schedule of the blocks.
        resources: Of the whole, estimated; multipliers and block RAMs follow from the parameters.
        error: Of the estimate of LUTs.
        slowest: The layer, or the stream, that the cycles come from.
    """

    choices: tuple[Choice, ...]
    cycles: int
    mean: float
    exact: bool
    latency: int
    resources: Resources
    error: Error
    slowest: str


class Planner:
    """Plans one design.

    Attributes:
        graph: The network.
        model: What blocks take.
        lanes: Elements per beat at the input, where the design says so.
        skip_zeros: As in the design.
    """

    def __init__(
        self,
        graph: Graph,
        model: ResourceModel,
        cores: Sequence[str],
        *,
        typical: IntArray | None = None,
        lanes: int | None = None,
        skip_zeros: bool = False,
        adders_per_stage: int = ADDERS_PER_STAGE,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.graph = graph
        self.model = model
        self.lanes = lanes
        self.skip_zeros = skip_zeros
        self.choices: Choices = {}
        values = reference.evaluate(graph, typical) if typical is not None else None
        for node in layers_of(graph):
            given = _vectors(node, graph, values)
            self.choices[node.name] = found = candidates(
                *(graph, node, model, cores, given, adders_per_stage), skip_zeros=skip_zeros
            )
            tell(f"{node.name}: {len(found)} ways to build it that no other one beats")
        if not self.choices:
            raise GatewrightError(f"{graph.name}: no layer has weights; there is nothing to plan")
        self.links = links(graph, model, self.choices, lanes)

    def plan(self, target: Target, budget: Budget) -> Plan:
        """Return the smallest plan that meets a target, or the fastest within the budget.

        Raises:
            GatewrightError: there is none; the message says what would be possible.
        """
        if target.interval is not None:
            return self._explained(self._within(target.interval, budget, target), budget)
        steps = intervals(self.choices, mean=target.mean)
        if target.latency is not None:
            return self._explained(self._quick(target.latency, steps, budget, target), budget)
        return self._explained(self._fastest(steps, budget, target), budget)

    def _within(self, interval: float, budget: Budget, target: Target) -> Whole:
        found = self._try(interval, budget, target)
        if found is None:
            raise GatewrightError(self._impossible(interval, budget, target))
        return found

    def _fastest(self, steps: Sequence[float], budget: Budget, target: Target) -> Whole:
        """Return the plan of the fewest cycles: more cycles never need more."""
        low, high = 0, len(steps) - 1
        best = self._within(steps[high], budget, target)
        while low < high:
            middle = (low + high) // 2
            found = self._try(steps[middle], budget, target)
            if found is None:
                low = middle + 1
            else:
                high, best = middle, found
        return best

    def _quick(self, latency: int, steps: Sequence[float], budget: Budget, target: Target) -> Whole:
        """Return the smallest plan found whose sample alone is fast enough.

        The layers' own latencies added up guide the search: samples pass from layer to layer
        before they are whole, so that the sum is more than what they take together. No other
        plan is proved to be slower: what is refused names the least that was found.
        """
        alone = [[one.latency for one in found] for found in self.choices.values()]
        low, high = sum(map(min, alone)), sum(map(max, alone))
        best, least = None, None
        while low <= high:
            middle = (low + high) // 2
            found = self._try(steps[-1], budget, target, middle)
            if found is not None:
                least = min(found.latency, least or found.latency)
            if found is not None and found.latency > latency:
                high = middle - 1
                continue
            low = middle + 1
            best = found or best
        if best is None:
            reached = f"; the least found is {least:,} cycles" if least else ""
            raise GatewrightError(
                f"{self.graph.name}: {target.text} cannot be met within {budget}{reached}. Ask for "
                "less, or give more"
            )
        return best

    def _try(
        self, interval: float, budget: Budget, target: Target, latency: float | None = None
    ) -> Whole | None:
        """Return a plan within so many cycles and a budget; None: none was found."""
        others: list[Resources] = [Resources()]  # of what is neither a layer nor a link
        failed: list[list[Candidate]] = []
        for _ in range(_ROUNDS):
            chosen = None
            for other in dict.fromkeys((others[-1], _least(others))):
                limits = Limits(interval, budget.less(other), target.mean, latency)
                chosen = chosen or cheapest(self.choices, limits, self.links, failed)
            if chosen is None:
                return None
            whole = self._whole(chosen, interval, mean=target.mean)
            if whole.pace <= interval and not budget.exceeded(whole.resources):
                return whole
            failed.append(chosen)
            others.append(whole.resources - total(chosen, self.links))
        return None

    def _whole(self, chosen: Sequence[Candidate], limit: float, *, mean: bool) -> Whole:
        graph = with_requests(self.graph, chosen)
        pipeline = build(graph, self.lanes, skip_zeros=self.skip_zeros)
        used = self.model.of_pipeline(pipeline)
        return Whole(tuple(chosen), limit, mean, pipeline, used)

    def _impossible(self, interval: float, budget: Budget, target: Target) -> str:
        steps = intervals(self.choices, mean=target.mean)
        if interval < steps[0]:
            slowest = max(
                self.choices,
                key=lambda name: min(pace(c, mean=target.mean) for c in self.choices[name]),
            )
            return (
                f"{self.graph.name}: {target.text} means {interval:,} cycles per sample; {slowest} "
                f"takes at least {ceil(steps[0]):,} on the cores allowed, folded with at most "
                f"{MOST_MULTIPLIERS:,} multipliers. Ask for less, or allow other --cores"
            )
        free = self._try(interval, Budget(), target)
        if free is None:
            return (
                f"{self.graph.name}: {target.text} means {interval:,} cycles per sample; streams "
                "and layers without weights take more. Ask for less, or set rtl: input_lanes"
            )
        needs = ", ".join(f"{name}={ceil(getattr(free.resources, name))}" for name in NAMES)
        return (
            f"{self.graph.name}: {target.text} ({interval:,} cycles per sample) cannot be met "
            f"within {budget}; the smallest design found without a budget takes {needs}. Ask "
            "for less, or give more"
        )

    def _explained(self, whole: Whole, budget: Budget) -> Plan:
        choices = tuple(Choice(one, self._reason(one, whole, budget)) for one in whole.chosen)
        return Plan(
            choices=choices,
            cycles=whole.cycles,
            mean=whole.mean,
            exact=all(one.core != "sparse" for one in whole.chosen),
            latency=whole.latency,
            resources=whole.resources,
            error=self.model.error,
            slowest=whole.slowest,
        )

    def _reason(self, one: Candidate, whole: Whole, budget: Budget) -> str:
        """Say what decided: the pace, and what the next best of the other cores would take."""
        found = self.choices[one.layer]
        enough = [other for other in found if whole.keeps_up(other)]
        least = min(share(other.resources, budget) for other in enough)
        own = share(one.resources, budget) <= least
        why = (
            f"the smallest of {len(enough)} ways that keep up"
            if own
            else f"of {len(enough)} ways that keep up the one that suits the whole best"
        )
        words = [f"{_cycles(one)} cycles of {whole.limit:,.0f}, {one.resources}: {why}"]
        for core in dict.fromkeys(other.core for other in found):
            rivals = [other for other in enough if other.core == core]
            if core != one.core and rivals:
                best = min(rivals, key=lambda other: other.resources.lut)
                words.append(f"{core} would take {best.resources}")
            elif core != one.core:
                fastest = min(whole.of(other) for other in found if other.core == core)
                words.append(f"{core} takes {fastest:,.0f} cycles or more")
        return "; ".join(words)


def _least(found: Sequence[Resources]) -> Resources:
    """Return the least of each resource, but for the first, which is none, if there are more."""
    own = found[1:] or found
    return Resources(*(min(getattr(one, name) for one in own) for name in NAMES))


def _cycles(one: Candidate) -> str:
    if one.core != "sparse":
        return f"{one.cycles:,}"
    return f"{one.mean:,.1f} on average, at most {one.cycles:,}"


def _vectors(node: Dense, graph: Graph, values: Mapping[str, IntArray] | None) -> IntArray | None:
    """Return some of the vectors that a layer's matrix is multiplied with; None: not known."""
    if values is None or isinstance(node, Depthwise):
        return None
    given = vectors_of(node, graph, values)
    return given[:: max(1, len(given) // _VECTORS)]
