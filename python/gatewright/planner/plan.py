"""A plan: what each layer of a design becomes, why, and what the whole then takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gatewright import reference
from gatewright.activity import vectors_of
from gatewright.emit.builder import build
from gatewright.emit.pipeline import Pipeline
from gatewright.errors import GatewrightError
from gatewright.estimate.model import Error, ResourceModel, Resources
from gatewright.fixed import IntArray
from gatewright.graph import Dense, Depthwise, Graph
from gatewright.planner.candidates import Candidate, candidates, layers_of, with_requests
from gatewright.planner.latency import latency_alone
from gatewright.planner.search import NAMES, Budget, Choices, cheapest, intervals, pace
from gatewright.planner.targets import Target
from gatewright.unrolled import ADDERS_PER_STAGE

_VECTORS = 128  # that a mean is taken over
_ROUNDS = 8  # until what stands between the layers is accounted for


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
                graph, node, model, cores, given, adders_per_stage
            )
            tell(f"{node.name}: {len(found)} ways to build it that no other one beats")
        if not self.choices:
            raise GatewrightError(f"{graph.name}: no layer has weights; there is nothing to plan")

    def plan(self, target: Target, budget: Budget) -> Plan:
        """Return the smallest plan that meets a target, or the fastest within the budget.

        Raises:
            GatewrightError: there is none; the message says what would be possible.
        """
        if target.interval is not None:
            return self._explained(self._within(target.interval, budget, target))
        steps = intervals(self.choices, mean=target.mean)
        if target.latency is not None:
            return self._explained(self._quick(target.latency, steps, budget, target))
        return self._explained(self._fastest(steps, budget, target))

    def _within(self, interval: float, budget: Budget, target: Target) -> "_Whole":
        found = self._try(interval, budget, target)
        if found is None:
            raise GatewrightError(self._impossible(interval, budget, target))
        return found

    def _fastest(self, steps: Sequence[float], budget: Budget, target: Target) -> "_Whole":
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

    def _quick(
        self, latency: int, steps: Sequence[float], budget: Budget, target: Target
    ) -> "_Whole":
        """Return the plan of the slowest pace whose sample alone is fast enough."""
        low, high, best = 0, len(steps) - 1, None
        least = None
        while low <= high:
            middle = (low + high) // 2
            found = self._try(steps[middle], budget, target)
            if found is None:
                low = middle + 1
                continue
            least = min(found.latency, least or found.latency)
            if found.latency <= latency:
                best, low = found, middle + 1
            else:
                high = middle - 1
        if best is None:
            reached = f"; the least found is {least} cycles" if least else ""
            raise GatewrightError(
                f"{self.graph.name}: {target.text} cannot be met within {budget}{reached}. Ask for "
                "less, or give more"
            )
        return best

    def _try(self, interval: float, budget: Budget, target: Target) -> "_Whole | None":
        """Return a plan within so many cycles and a budget; None: there is none."""
        between = Resources()
        for _ in range(_ROUNDS):
            chosen = cheapest(self.choices, interval, budget.less(between), mean=target.mean)
            if chosen is None:
                return None
            whole = _Whole(self, chosen, interval, mean=target.mean)
            if whole.pace <= interval and not budget.exceeded(whole.resources):
                return whole
            if whole.pace > interval and not budget.exceeded(whole.resources):
                return None  # a stream or a block without weights is slower
            layers = sum((one.resources for one in chosen), start=Resources())
            between = whole.resources - layers
        return None

    def _impossible(self, interval: float, budget: Budget, target: Target) -> str:
        steps = intervals(self.choices, mean=target.mean)
        if interval < steps[0]:
            slowest = max(
                self.choices,
                key=lambda name: min(pace(c, mean=target.mean) for c in self.choices[name]),
            )
            return (
                f"{self.graph.name}: {target.text} means {interval:g} cycles per sample; {slowest} "
                f"takes at least {steps[0]:g} on the cores allowed. Ask for less, or allow other "
                "--cores"
            )
        free = self._try(interval, Budget(), target)
        if free is None:
            return (
                f"{self.graph.name}: {target.text} means {interval:g} cycles per sample; streams "
                "and layers without weights take more. Ask for less, or set rtl: input_lanes"
            )
        needs = ", ".join(f"{name}={getattr(free.resources, name):.0f}" for name in NAMES)
        return (
            f"{self.graph.name}: {target.text} ({interval:g} cycles per sample) cannot be met "
            f"within {budget}; the smallest design found without a budget takes {needs}. Ask "
            "for less, or give more"
        )

    def _explained(self, whole: "_Whole") -> Plan:
        choices = tuple(Choice(one, self._reason(one, whole)) for one in whole.chosen)
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

    def _reason(self, one: Candidate, whole: "_Whole") -> str:
        """Say what decided: the pace, and what the next best of the other cores would take."""
        found = self.choices[one.layer]
        enough = [other for other in found if whole.keeps_up(other)]
        own = (
            f"{_cycles(one)} cycles of {whole.limit:,.0f}, {one.resources}: the smallest of "
            f"{len(enough)} ways that keep up"
        )
        words = [own]
        for core in dict.fromkeys(other.core for other in found):
            rivals = [other for other in enough if other.core == core]
            if core != one.core and rivals:
                best = min(rivals, key=lambda other: other.resources.lut)
                words.append(f"{core} would take {best.resources}")
            elif core != one.core:
                fastest = min(whole.of(other) for other in found if other.core == core)
                words.append(f"{core} takes {fastest:,.0f} cycles or more")
        return "; ".join(words)


class _Whole:
    """A choice for every layer, built.

    Attributes:
        chosen: The candidates.
        limit: Cycles per sample that were allowed.
        pipeline: Their hardware.
        resources: What it takes.
        cycles: Per sample, by the law.
    """

    def __init__(
        self, planner: Planner, chosen: Sequence[Candidate], limit: float, *, mean: bool
    ) -> None:
        self.chosen = tuple(chosen)
        self.limit = limit
        self.on_average = mean
        graph = with_requests(planner.graph, chosen)
        self.pipeline: Pipeline = build(graph, planner.lanes, skip_zeros=planner.skip_zeros)
        self.resources = planner.model.of_pipeline(self.pipeline)
        self.cycles = self.pipeline.interval

    def of(self, candidate: Candidate) -> float:
        """Return the cycles of a candidate that count."""
        return pace(candidate, mean=self.on_average)

    def keeps_up(self, candidate: Candidate) -> bool:
        """Whether a candidate is within the limit."""
        return self.of(candidate) <= self.limit

    @property
    def pace(self) -> float:
        """Cycles per sample that count."""
        return self.mean if self.on_average else self.cycles

    @property
    def mean(self) -> float:
        """Cycles per sample on average: of the slowest block."""
        return max(self._means().values(), default=self.cycles)

    @property
    def latency(self) -> int:
        """Cycles of one sample alone."""
        return latency_alone(self.pipeline)

    @property
    def slowest(self) -> str:
        """What the cycles come from."""
        means = self._means()
        return max(means, key=lambda name: means[name])

    def _means(self) -> dict[str, float]:
        means = {block.name: float(block.interval) for block in self.pipeline.blocks}
        return means | {one.layer: one.mean for one in self.chosen if one.core == "sparse"}


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
