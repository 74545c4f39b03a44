"""``gatewright fold`` and ``gatewright calibrate``, as a user runs them."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import networks
from gatewright import graph_io
from gatewright.cli import cli
from gatewright.design import load
from gatewright.errors import GatewrightError
from gatewright.estimate import model

DESIGN = """\
network: {name: mlp, options: {layers: [12, 8, 4]}}
data: {name: digits, validation: 200}
train: {steps: [{technique: float, epochs: 1}]}
hls4ml:
  LayerName:
    fc1: {ReuseFactor: 12}
"""

GRAPH = networks.mlp((12, 8, 4))


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    if isinstance(result.exception, GatewrightError):
        raise result.exception
    return result


@pytest.fixture
def design(tmp_path: Path) -> Path:
    """Return a design's file; its build folder holds what the step hls leaves."""
    folder = tmp_path / "build" / "small"
    (folder / "hls").mkdir(parents=True)
    graph_io.save(GRAPH, folder)
    for name in ("model.onnx", "export.json", "hls.json"):
        (folder / name).touch()
    inputs, outputs = np.zeros((4, 12)), np.zeros((4, 4), dtype=np.int64)
    np.savez(folder / "vectors.npz", inputs=inputs, outputs=outputs, output_fraction=0)
    path = tmp_path / "small.yml"
    path.write_text(DESIGN, encoding="utf-8")
    return path


def fold(design: Path, *arguments: str) -> Result:
    build = str(design.parent / "build")
    return run("--build-dir", build, "fold", str(design), "--cores", "folded,sparse", *arguments)


def test_a_plan_is_printed_and_written(design: Path) -> None:
    result = fold(design, "--target", "ii=24", "--budget", "dsp=20")
    assert result.exit_code == 0
    assert "24 cycles per sample" in result.output
    assert "median error" in result.output
    layers = load(str(design)).hls4ml.LayerName
    first = layers[GRAPH["fc1"].origin]
    assert (first.PE or 0) * (first.SIMD or 0) == 4
    assert "# planned: ii=24 at 125 MHz, dsp=20: 24 cycles" in design.read_text()


def test_a_plan_is_only_printed(design: Path) -> None:
    fold(design, "--board", "ulx3s_12f", "--no-write")
    assert design.read_text() == DESIGN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give --target, --budget or --board"),
        (("--budget", "dsp=3", "--board", "ulx3s_12f"), "give one of them"),
        (("--target", "ii=24", "--cores", "magic"), "allowed: folded, sparse, unrolled"),
        (("--target", "ii=1", "--budget", "dsp=1"), "cannot be met within dsp=1"),
    ],
)
def test_a_mistake_changes_nothing(design: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(GatewrightError, match=message):
        fold(design, *arguments)
    assert design.read_text() == DESIGN


def test_a_design_that_was_not_built(design: Path) -> None:
    (design.parent / "build" / "small" / "graph.json").unlink()
    with pytest.raises(GatewrightError, match=r"graph\.json is missing: it is written by"):
        fold(design, "--target", "ii=24")


@pytest.mark.slow
def test_a_table_is_made(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    build = str(tmp_path / "build")
    result = run("--build-dir", build, "calibrate", "--networks", "12", "--table", str(table))
    assert "15 networks" in result.output
    own = {row.network: row for row in model.fitted().rows if row.module == "doors"}
    for row in model.load(table).rows:
        if row.module == "doors":
            assert row.sizes == own[row.network].sizes
