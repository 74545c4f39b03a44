"""Plans: the best of all choices, by laws that the emitted hardware keeps."""

import itertools
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np
import pytest

import graphs
import networks
from gatewright.emit import write_rtl
from gatewright.emit.builder import build
from gatewright.errors import GatewrightError
from gatewright.estimate.model import Resources, fitted
from gatewright.graph import Dense, Graph
from gatewright.planner.candidates import with_requests
from gatewright.planner.latency import latency_alone
from gatewright.planner.plan import Planner
from gatewright.planner.search import WEIGHTS, Budget, Limits, cheapest, share
from gatewright.planner.targets import Target, budget_of, parse_budget, parse_target

MLP = networks.mlp((12, 8, 4))


def planner(graph: Graph, *cores: str) -> Planner:
    return Planner(graph, fitted(), cores or ("folded", "sparse"))


@pytest.mark.parametrize("interval", [4, 12, 30, 96])
@pytest.mark.parametrize("budget", [Budget(), Budget(dsp=20), Budget(lut=900, dsp=40)])
def test_the_cheapest_of_all_choices(interval: int, budget: Budget) -> None:
    choices = planner(MLP, "folded").choices

    def cost(chosen: tuple[object, ...]) -> float:
        used = sum((one.resources for one in chosen), start=Resources())
        if budget.exceeded(used) or max(one.cycles for one in chosen) > interval:
            return float("inf")
        return sum(
            getattr(used, name) / (getattr(budget, name) or WEIGHTS[name]) for name in WEIGHTS
        )

    best = min(map(cost, itertools.product(*choices.values())))
    found = cheapest(choices, Limits(interval, budget))
    if found is None:
        assert best == float("inf")
    else:
        assert cost(tuple(found)) == pytest.approx(best)


def test_the_best_of_all_designs() -> None:
    """What stands between the layers and at the doors counts: no choice is smaller or faster."""
    graph, model = networks.mlp((8, 5, 3)), fitted()
    made = Planner(graph, model, ["folded"])
    every = []
    for chosen in itertools.product(*made.choices.values()):
        pipeline = build(with_requests(graph, chosen), None)
        every.append((pipeline.interval, latency_alone(pipeline), model.of_pipeline(pipeline)))
    free = ceil(min(used.lut for _, _, used in every))
    for budget in (
        Budget(),
        Budget(dsp=9),
        Budget(lut=free * 1.3),
        Budget(lut=free),
        Budget(lut=free * 1.2, bram=0),
    ):
        fit = [one for one in every if not budget.exceeded(one[2])]
        assert made.plan(Target(), budget).cycles == min(cycles for cycles, _, _ in fit)
        for interval in (5, 8, 12, 20, 40):
            enough = [share(used, budget) for cycles, _, used in fit if cycles <= interval]
            if enough:
                found = made.plan(Target("", interval=interval), budget)
                assert share(found.resources, budget) <= min(enough) * 1.005
        # A latency is searched for by the layers' own, added up: near the least, not always it.
        quick = ceil(min(latency for _, latency, _ in fit) * 1.25)
        assert made.plan(Target("", latency=quick), budget).latency <= quick


def test_a_reason_says_what_is_true() -> None:
    made = planner(MLP, "folded")
    for budget in (Budget(), Budget(dsp=9), Budget(lut=800), Budget(lut=700, dsp=20)):
        for choice in made.plan(Target("", interval=24), budget).choices:
            layer = made.choices[choice.candidate.layer]
            least = min(share(one.resources, budget) for one in layer if one.cycles <= 24)
            smallest = share(choice.candidate.resources, budget) <= least
            assert ("the smallest of" in choice.reason) == smallest


def test_figures_of_a_refusal_are_whole() -> None:
    budget = parse_budget("dsp=1,lut=1234567")
    message = r"\(12,500,000 cycles per sample\) cannot be met within lut=1234567,dsp=1; "
    with pytest.raises(GatewrightError, match=message):
        planner(MLP, "folded").plan(parse_target("fps=10", 125), budget)


def test_lanes_between_layers_do_not_make_a_pace_impossible() -> None:
    """11 lanes behind 16 go one element at a time: other lanes must be found."""
    made = Planner(networks.mlp((64, 32, 10)), fitted(), ["folded"])
    for interval in (12, 24, 30):
        assert made.plan(Target("", interval=interval), Budget()).cycles <= interval


def test_the_cycles_without_the_beats_that_are_skipped() -> None:
    graph = networks.mlp((24, 8, 4))
    layer = graph["fc1"]
    assert isinstance(layer, Dense)
    weight = layer.weight.copy()
    weight[:, 4:20] = 0
    nodes = tuple(replace(n, weight=weight) if n is layer else n for n in graph.nodes)
    made = Planner(replace(graph, nodes=nodes), fitted(), ["folded"], skip_zeros=True)
    plan = made.plan(Target("", interval=64), Budget(dsp=2))
    assert plan.choices[0].candidate.cycles == plan.cycles == 64


@pytest.mark.parametrize(
    "graph",
    [MLP, graphs.residual(), graphs.separable(), graphs.inception(), graphs.moved()],
    ids=lambda graph: graph.name,
)
def test_the_cycles_are_those_of_the_hardware(tmp_path: Path, graph: Graph) -> None:
    made = planner(graph, "folded")
    plan = made.plan(Target(), Budget(dsp=40))
    chosen = with_requests(graph, [choice.candidate for choice in plan.choices])
    description = write_rtl(chosen, tmp_path / "rtl")
    assert plan.exact
    assert plan.cycles == description["cycles_per_inference_law"]
    assert plan.resources.dsp == sum(layer["multipliers"] for layer in description["layers"]) <= 40
    faster = made.plan(Target("", interval=plan.cycles * 2), Budget())
    assert faster.cycles <= plan.cycles * 2


def test_the_budget_holds_for_what_is_between_the_layers_too() -> None:
    graph = graphs.separable()
    made = planner(graph)
    free = made.plan(Target("", interval=200), Budget())
    layers = sum((one.candidate.resources.lut for one in free.choices), start=0.0)
    assert free.resources.lut > layers
    tight = made.plan(Target(), Budget(lut=free.resources.lut * 0.8))
    assert tight.resources.lut <= free.resources.lut * 0.8


def test_zeros_make_the_sparse_core_pay() -> None:
    graph = graphs.compressed(networks.mlp((96, 64, 10)))
    made = planner(graph)
    plan = made.plan(Target(), Budget(dsp=8))
    assert "sparse" in {choice.candidate.core for choice in plan.choices}
    assert not plan.exact
    assert all("folded" in choice.reason for choice in plan.choices if "at most" in choice.reason)


def test_a_rate_counts_cycles_on_average() -> None:
    graph = graphs.compressed(networks.mlp((96, 64, 10)))
    typical = networks.random_inputs(graph, 40)
    typical[np.random.default_rng(1).random(typical.shape) < 0.8] = 0
    made = Planner(graph, fitted(), ["sparse"], typical=typical)
    plan = made.plan(Target(mean=True), Budget(dsp=8))
    assert plan.mean < plan.cycles
    slow = made.plan(Target(), Budget(dsp=8))
    assert slow.cycles <= plan.cycles
    assert any("on average, at most" in choice.reason for choice in plan.choices)
    again = made.plan(parse_target(f"fps={10**6 // ceil(plan.mean)}", 1), Budget(dsp=8))
    assert again.mean <= ceil(plan.mean)


def test_a_latency_that_is_asked_for() -> None:
    made = planner(MLP)
    slow = made.plan(Target("", interval=96), Budget())
    quick = made.plan(parse_target(f"latency={slow.latency // 2}", 100), Budget())
    assert quick.latency <= slow.latency // 2
    graph = with_requests(MLP, [choice.candidate for choice in quick.choices])
    assert latency_alone(build(graph, None)) == quick.latency
    with pytest.raises(GatewrightError, match="cannot be met within no budget; the least found is"):
        made.plan(parse_target("latency=2", 100), Budget())


@pytest.mark.parametrize(
    ("graph", "target", "budget", "message"),
    [
        (graphs.residual(), "ii=10", "", "means 10 cycles per sample; start takes at least 64"),
        (MLP, "ii=8", "dsp=4", r"within dsp=4; the smallest design found .* takes lut="),
        (MLP, "", "lut=100", "cannot be met within lut=100"),
    ],
)
def test_what_cannot_be(graph: Graph, target: str, budget: str, message: str) -> None:
    with pytest.raises(GatewrightError, match=message):
        planner(graph, "folded").plan(parse_target(target, 100), parse_budget(budget))


def test_targets() -> None:
    assert parse_target("fps=100000", 125) == Target("fps=100000", interval=1250, mean=True)
    assert parse_target("ii=64", 125).interval == 64
    assert parse_target("latency=2.5us", 100).latency == 250
    assert parse_target("latency=2500ns", 100) == Target("latency=2500ns", latency=250)
    assert parse_target("latency=0.5ms", 100).latency == 50_000
    assert parse_target("latency=0.29us", 100).latency == 29  # 28.999999999999996 as a float
    assert parse_target("", 100) == Target(mean=True)
    assert parse_budget("lut=4000, dsp=28") == Budget(lut=4000, dsp=28)
    assert budget_of("ulx3s_12f").dsp == 28


@pytest.mark.parametrize(
    "text",
    [
        "ii=2.5",
        "fps=1us",
        "latency=1s",
        "speed=3",
        "ii=0",
        "latency=-1",
        "ii=1,fps=2",
        "ii=nan",
        f"fps={'9' * 400}",
    ],
)
def test_a_target_that_is_none(text: str) -> None:
    with pytest.raises(GatewrightError, match="is not understood"):
        parse_target(text, 100)


@pytest.mark.parametrize("mhz", [float("nan"), float("inf")])
def test_a_clock_that_is_none(mhz: float) -> None:
    with pytest.raises(GatewrightError, match=f"--clock {mhz}: give a number of MHz"):
        parse_target("fps=1000", mhz)


def test_more_than_a_sample_per_cycle() -> None:
    with pytest.raises(GatewrightError, match="less than a cycle at 100 MHz"):
        parse_target("fps=2e8".replace("2e8", "200000000"), 100)


@pytest.mark.parametrize(
    "text", ["lut", "lut=a", "luts=3", "lut=3,lut=4", "dsp=-1", f"lut={'9' * 400}"]
)
def test_a_budget_that_is_none(text: str) -> None:
    with pytest.raises(GatewrightError, match="is not understood; give lut=NUMBER"):
        parse_budget(text)


def test_a_board_of_another_family() -> None:
    with pytest.raises(GatewrightError, match="its cells are ice40's"):
        budget_of("icebreaker")
