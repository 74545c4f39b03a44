import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import graph_io, reference
from gatewright.errors import GatewrightError
from gatewright.graph import Argmax, Dense, FoldRequest, Graph, Strategy
from gatewright.passes import with_argmax
from networks import mlp, random_inputs

REQUESTS = (
    FoldRequest(strategy=Strategy.LATENCY, reuse_factor=6, asked_reuse_factor=7),
    FoldRequest(pe=2, simd=3),
)


def network() -> Graph:
    return with_argmax(mlp(requests=REQUESTS))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    graph = network()
    graph_io.save(graph, tmp_path)
    found = graph_io.load(tmp_path)
    assert (found.name, found.outputs) == (graph.name, graph.outputs)
    assert isinstance(found.nodes[-1], Argmax)
    for node, loaded in zip(graph.nodes, found.nodes, strict=True):
        assert type(node) is type(loaded)
        for item in fields(node):
            want, got = getattr(node, item.name), getattr(loaded, item.name)
            if isinstance(want, np.ndarray):
                np.testing.assert_array_equal(got, want)
                assert got.dtype == want.dtype
            else:
                assert got == want, (node.name, item.name)
    x = random_inputs(graph, 50)
    np.testing.assert_array_equal(reference.outputs(found, x), reference.outputs(graph, x))


def test_no_bias(tmp_path: Path) -> None:
    graph = mlp()
    bare = Dense(**{**vars(graph["fc2"]), "bias": None, "bias_format": None})
    graph_io.save(Graph("bare", (*graph.nodes[:-1], bare), graph.outputs), tmp_path)
    loaded = graph_io.load(tmp_path)["fc2"]
    assert isinstance(loaded, Dense)
    assert loaded.bias is None


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        graph_io.save(network(), tmp_path / folder)
    for name in ("graph.json", "graph.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_files_of_two_runs_are_no_pair(tmp_path: Path) -> None:
    graph_io.save(mlp(seed=1), tmp_path)
    graph_io.save(mlp(seed=2), tmp_path / "other")
    (tmp_path / "other" / "graph.npz").replace(tmp_path / "graph.npz")
    with pytest.raises(GatewrightError, match=r"SHA-256 .* run the hls step again"):
        graph_io.load(tmp_path)


@pytest.mark.parametrize("name", ["graph.json", "graph.npz"])
def test_a_missing_file(name: str, tmp_path: Path) -> None:
    graph_io.save(mlp(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(GatewrightError, match=name):
        graph_io.load(tmp_path)


Change = Callable[[dict[str, Any]], object]
DAMAGE: dict[str, tuple[Change, str]] = {
    "version": (lambda v: v.update(version=99), "version 99; this package reads 4"),
    "no version": (lambda v: v.pop("version"), "not a hardware graph"),
    "kind": (lambda v: v["nodes"][0].update(kind="conv"), "not a hardware graph"),
    "format": (lambda v: v["nodes"][0].update(format="float"), "not a fixed-point format"),
    "function": (lambda v: v["nodes"][2].update(function="tanh"), "not a hardware graph"),
    "array": (lambda v: v["nodes"][1].update(name="fc9"), "not a hardware graph"),
    "output": (lambda v: v.update(outputs=["nothing"]), "outputs"),
    "order": (lambda v: v["nodes"].reverse(), "does not stand before it"),
    "nodes": (lambda v: v.update(nodes=3), "not a hardware graph"),
    "weights": (lambda v: v["nodes"][1].update(weight_format="fixed<2,2>"), "fc1: weight"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_told(case: str, tmp_path: Path) -> None:
    change, words = DAMAGE[case]
    graph_io.save(mlp(), tmp_path)
    value = json.loads((tmp_path / "graph.json").read_text())
    change(value)
    (tmp_path / "graph.json").write_text(json.dumps(value))
    with pytest.raises(GatewrightError, match=words):
        graph_io.load(tmp_path)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    graph_io.save(mlp(), tmp_path)
    np.savez(tmp_path / "graph.npz", **{"fc1.weight": np.array([{}], dtype=object)})
    value = json.loads((tmp_path / "graph.json").read_text())
    value["arrays_sha256"] = graph_io.files.sha256(tmp_path / "graph.npz")
    (tmp_path / "graph.json").write_text(json.dumps(value))
    with pytest.raises(GatewrightError, match="not a hardware graph"):
        graph_io.load(tmp_path)
