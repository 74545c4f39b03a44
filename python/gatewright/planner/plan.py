"""A plan: what each layer of a design becomes, why, and what the whole then takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatewright.emit.builder import build
from gatewright.emit.pipeline import Pipeline
from gatewright.errors import GatewrightError
from gatewright.estimate.model import Error, ResourceModel, Resources
from gatewright.graph import Graph
from gatewright.planner.candidates import Candidate, candidates, layers_of, with_requests
from gatewright.planner.latency import latency_alone
from gatewright.planner.search import NAMES, Budget, Choices, cheapest, intervals
from gatewright.planner.targets import Target

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
        exact: Whether no layer is on the sparse core.
        latency: Cycles of one sample alone, by the schedule of the blocks.
        resources: Of the whole, estimated; multipliers and block RAMs follow from the parameters.
        error: Of the estimate of LUTs.
        slowest: The layer, or the stream, that the cycles come from.
    """

    choices: tuple[Choice, ...]
    cycles: int
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
        lanes: int | None = None,
        skip_zeros: bool = False,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.graph = graph
        self.model = model
        self.lanes = lanes
        self.skip_zeros = skip_zeros
        self.choices: Choices = {}
        for node in layers_of(graph):
            self.choices[node.name] = found = candidates(graph, node, model, cores)
            tell(f"{node.name}: {len(found)} ways to build it that no other one beats")
        if not self.choices:
            raise GatewrightError(f"{graph.name}: no layer has weights; there is nothing to plan")

    def plan(self, target: Target, budget: Budget) -> Plan:
        """Return the smallest plan that meets a target, or the fastest within the budget.

        Raises:
            GatewrightError: there is none; the message says what would be possible.
        """
        if target.interval is not None:
            return self._explained(self._within(target.interval, budget, target), budget)
        steps = intervals(self.choices)
        if target.latency is not None:
            return self._explained(self._quick(target.latency, steps, budget, target), budget)
        return self._explained(self._fastest(steps, budget, target), budget)

    def _within(self, interval: int, budget: Budget, target: Target) -> "_Whole":
        found = self._try(interval, budget)
        if found is None:
            raise GatewrightError(self._impossible(interval, budget, target))
        return found

    def _fastest(self, steps: Sequence[int], budget: Budget, target: Target) -> "_Whole":
        """Return the plan of the fewest cycles: more cycles never need more."""
        low, high = 0, len(steps) - 1
        best = self._within(steps[high], budget, target)
        while low < high:
            middle = (low + high) // 2
            found = self._try(steps[middle], budget)
            if found is None:
                low = middle + 1
            else:
                high, best = middle, found
        return best

    def _quick(
        self, latency: int, steps: Sequence[int], budget: Budget, target: Target
    ) -> "_Whole":
        """Return the plan of the slowest pace whose sample alone is fast enough."""
        low, high, best = 0, len(steps) - 1, None
        least = None
        while low <= high:
            middle = (low + high) // 2
            found = self._try(steps[middle], budget)
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

    def _try(self, interval: int, budget: Budget) -> "_Whole | None":
        """Return a plan within so many cycles and a budget; None: there is none."""
        between = Resources()
        for _ in range(_ROUNDS):
            chosen = cheapest(self.choices, interval, budget.less(between))
            if chosen is None:
                return None
            whole = _Whole(self, chosen, interval)
            if whole.cycles <= interval and not budget.exceeded(whole.resources):
                return whole
            if whole.cycles > interval and not budget.exceeded(whole.resources):
                return None  # a stream or a block without weights is slower
            layers = sum((one.resources for one in chosen), start=Resources())
            between = whole.resources - layers
        return None

    def _impossible(self, interval: int, budget: Budget, target: Target) -> str:
        steps = intervals(self.choices)
        if interval < steps[0]:
            slowest = max(self.choices, key=lambda name: min(c.cycles for c in self.choices[name]))
            return (
                f"{self.graph.name}: {target.text} means {interval} cycles per sample; {slowest} "
                f"takes at least {steps[0]} on the cores allowed. Ask for less, or allow other "
                "--cores"
            )
        free = self._try(interval, Budget())
        if free is None:
            return (
                f"{self.graph.name}: {target.text} means {interval} cycles per sample; streams and "
                "layers without weights take more. Ask for less, or set rtl: input_lanes"
            )
        needs = ", ".join(f"{name}={getattr(free.resources, name):.0f}" for name in NAMES)
        return (
            f"{self.graph.name}: {target.text} ({interval} cycles per sample) cannot be met within "
            f"{budget}; the smallest design found without a budget takes {needs}. Ask for less, or "
            "give more"
        )

    def _explained(self, whole: "_Whole", budget: Budget) -> Plan:
        choices = tuple(Choice(one, self._reason(one, whole, budget)) for one in whole.chosen)
        return Plan(
            choices=choices,
            cycles=whole.cycles,
            exact=all(one.core != "sparse" for one in whole.chosen),
            latency=whole.latency,
            resources=whole.resources,
            error=self.model.error,
            slowest=whole.slowest,
        )

    def _reason(self, one: Candidate, whole: "_Whole", budget: Budget) -> str:
        """Say what decided: the pace, and what the next best of the other cores would take."""
        found = self.choices[one.layer]
        enough = [other for other in found if other.cycles <= whole.limit]
        most = "at most " if one.core == "sparse" else ""
        own = (
            f"{most}{one.cycles:,} cycles of {whole.limit:,}, {one.resources}: the smallest of "
            f"{len(enough)} ways that keep up"
        )
        words = [own]
        for core in dict.fromkeys(other.core for other in found):
            rivals = [other for other in enough if other.core == core]
            if core != one.core and rivals:
                best = min(rivals, key=lambda other: other.resources.lut)
                words.append(f"{core} would take {best.resources}")
            elif core != one.core:
                fastest = min(o.cycles for o in found if o.core == core)
                words.append(f"{core} takes {fastest:,} cycles or more")
        return "; ".join(words)


class _Whole:
    """A choice for every layer, built."""

    def __init__(self, planner: Planner, chosen: Sequence[Candidate], limit: int) -> None:
        self.chosen = tuple(chosen)
        graph = with_requests(planner.graph, chosen)
        self.pipeline: Pipeline = build(graph, planner.lanes, skip_zeros=planner.skip_zeros)
        self.resources = planner.model.of_pipeline(self.pipeline)
        self.cycles = self.pipeline.interval
        self.limit = limit

    @property
    def latency(self) -> int:
        """Cycles of one sample alone."""
        return latency_alone(self.pipeline)

    @property
    def slowest(self) -> str:
        """What the cycles come from."""
        names = [block.name for block in self.pipeline.blocks if block.interval == self.cycles]
        return names[0] if names else "the input's beats"
