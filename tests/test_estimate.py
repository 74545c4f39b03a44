"""The resource model: against syntheses that it has not seen, and against a block's parameters."""

from pathlib import Path

import pytest

import graphs
import networks
from gatewright.emit import RtlOptions
from gatewright.emit.builder import build
from gatewright.errors import GatewrightError
from gatewright.estimate import model, of_graph
from gatewright.graph import FoldRequest, Graph
from gatewright.planner import measure, sampling

SMALL = networks.mlp((24, 18, 10), (FoldRequest(pe=6, simd=4), FoldRequest(pe=2, simd=3)))


@pytest.mark.parametrize(
    "graph", [SMALL, graphs.residual(), graphs.compressed(graphs.inception())], ids=lambda g: g.name
)
def test_a_network_that_was_not_fitted(tmp_path: Path, graph: Graph) -> None:
    rows = measure.blocks_of(graph, tmp_path)
    guess = of_graph(graph, RtlOptions())
    used = {name: sum(row.used[name] for row in rows) for name in measure.RESOURCES}
    assert guess.lut == pytest.approx(used["lut"], rel=0.3)
    assert guess.ff == pytest.approx(used["ff"], rel=0.3)
    assert (guess.dsp, guess.bram) == (used["dsp"], used["bram"])


def test_networks_left_out_of_the_fit() -> None:
    error = model.fitted().error
    assert error.networks >= 80
    assert error.median <= 0.1
    assert error.worst <= 0.5


def test_multipliers_and_block_rams_follow_from_the_parameters() -> None:
    rows = model.fitted().rows
    features = [model.features_of(row.module, row.sizes) for row in rows]
    different = [
        (row.network, row.module)
        for row, found in zip(rows, features, strict=True)
        if found["dsp"] != row.used["dsp"] or abs(found["bram"] - row.used["bram"]) > 2
    ]
    assert different == []


def test_more_multipliers_take_more() -> None:
    few = networks.mlp((24, 18, 10), (FoldRequest(pe=1, simd=1), FoldRequest(pe=1, simd=1)))
    less, more = of_graph(few, RtlOptions()), of_graph(SMALL, RtlOptions())
    assert less.lut < more.lut
    assert (less.dsp, more.dsp) == (2, 30)


def test_a_table_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(GatewrightError, match="is no table of syntheses"):
        model.load(path)
    path.write_text("network,module\na,b\n")
    with pytest.raises(GatewrightError, match="is no table of syntheses"):
        model.load(path)
    path.write_text("network,module,lut,ff,dsp,bram,sizes\n")
    with pytest.raises(GatewrightError, match="holds no syntheses"):
        model.load(path)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = model.fitted().rows[:20]
    model.save(rows, tmp_path / "table.csv")
    assert model.load(tmp_path / "table.csv").rows == rows


def test_the_same_seed_gives_the_same_network() -> None:
    for seed in range(12):
        first, second = (build(sampling.network(seed), None) for _ in range(2))
        assert [block.parameters for block in first.blocks] == [
            block.parameters for block in second.blocks
        ]
