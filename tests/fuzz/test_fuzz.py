"""A dozen random networks, those that once found a fault, and that the fuzzer finds faults."""

import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis.strategies import SearchStrategy

from fuzz import rtl, runner, sketch
from fuzz.coverage import Record, record, table
from fuzz.generate import network, shrink
from fuzz.networks import graph_of, inputs_of
from fuzz.spec import Network, from_json, load, to_json
from gatewright import graph_io, reference
from rtl_blocks import CACHE

SEED = 1
DOZEN = 12
KEPT = sorted(runner.REGRESSIONS.glob("*.json"))


def names(networks: Sequence[Network]) -> list[str]:
    return [f"net_{index}" for index in range(len(networks))]


def test_a_dozen_graphs_and_those_that_found_a_fault() -> None:
    """The last one's expected values are spoilt: a bench that passes it compares nothing."""
    networks = [network(sketch.networks(), SEED, index) for index in range(DOZEN)]
    networks += [load(path) for path in KEPT if path.name.startswith("graph")]
    cases = [rtl.case_of(each, name) for each, name in zip(networks, names(networks), strict=True)]
    spoilt = rtl.case_of(networks[0], "spoilt")
    spoilt.expected[1, 0] += 1
    *wrong, found = rtl.run([*cases, spoilt], CACHE, SEED, keep=True)
    assert wrong == [None] * len(cases)
    assert found is not None
    assert "the first, (1, 0), is" in found


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_networks_through_hls4ml_and_those_that_found_a_fault() -> None:
    pytest.importorskip("hls4ml")
    from fuzz import hls

    level = hls.HlsLevel(CACHE, keep=True)
    networks = [network(level.strategy, SEED, index) for index in range(4)]
    networks += [load(path) for path in KEPT if path.name.startswith("hls4ml")]
    assert [each.wrong for each in level.run(networks, 0, SEED)] == [None] * len(networks)


@pytest.mark.parametrize("index", range(10))
def test_networks_can_be_described_saved_and_evaluated(index: int, tmp_path: Path) -> None:
    drawn = network(sketch.networks(), SEED, index)
    assert from_json(json.loads(json.dumps(to_json(drawn)))) == drawn
    graph, inputs = graph_of(drawn, "net"), inputs_of(drawn, 10)
    graph_io.save(graph, tmp_path)
    again = reference.outputs(graph_io.load(tmp_path), inputs)
    np.testing.assert_array_equal(again, reference.outputs(graph, inputs))


def test_a_number_is_a_network() -> None:
    drawn = [network(sketch.networks(), SEED, index) for index in (0, 1, 0)]
    assert drawn[0] == drawn[2] != drawn[1]


def first(strategy: SearchStrategy[Network], wanted: Callable[[Network], bool]) -> int:
    """Return the number of the first network that is wanted."""
    numbers = itertools.count()
    return next(index for index in numbers if wanted(network(strategy, SEED, index)))


def merges(candidate: Network) -> bool:
    return any(layer.kind == "merge" for layer in candidate.layers)


def test_what_fails_is_made_small() -> None:
    index = first(sketch.networks(), lambda each: merges(each) and len(each.layers) > 4)
    small = shrink(sketch.networks(), SEED, index, merges, tries=500)
    assert merges(small)
    assert len(small.layers) <= 3


class Stub:
    """A level that runs nothing; networks with a merge are wrong."""

    name = "stub"
    strategy = sketch.networks()

    def __init__(self) -> None:
        self.calls: list[int] = []

    def run(self, networks: Sequence[Network], first: int, seed: int) -> list[Record]:
        self.calls.append(len(networks))
        return [
            record(
                first + k,
                each,
                graph_of(each, "net"),
                inputs_of(each, 10),
                "a merge" if merges(each) else None,
            )
            for k, each in enumerate(networks)
        ]


def test_finished_batches_are_not_run_again(tmp_path: Path) -> None:
    level = Stub()
    plan = runner.Plan(
        seed=SEED, count=6, levels=(level,), folder=tmp_path, regressions=None, size=3
    )
    first = runner.run(plan)
    assert level.calls == [3, 3]
    assert runner.run(plan) == first
    runner.run(replace(plan, count=9))
    assert level.calls == [3, 3, 3]
    text = table(runner.records(first))
    assert "networks 6;" in text


def test_what_fails_is_kept_small(tmp_path: Path) -> None:
    plan = runner.Plan(
        seed=SEED, count=5, levels=(Stub(),), folder=tmp_path, regressions=tmp_path / "kept", size=5
    )
    found = list(runner.records(runner.run(plan)))
    wrong = [each["index"] for each in found if each["wrong"]]
    kept = {path.name: load(path) for path in (tmp_path / "kept").glob("*.json")}
    assert wrong
    assert set(kept) == {f"stub_{SEED}_{index}.json" for index in wrong}
    assert all(merges(each) for each in kept.values())
