"""The trained networks that come with the designs: exact on every rung, told when altered."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gatewright import design, emit, graph_io, reference, simulation
from gatewright.errors import GatewrightError
from gatewright.export import from_onnx, pretrained
from gatewright.files import sha256
from gatewright.folding import fold
from gatewright.frontend import hls_step
from gatewright.frontend.prepare import prepare
from gatewright.graph import Dense
from gatewright.resources import designs_root
from gatewright.tools import simulate
from gatewright.vectors import Interface, read_vectors

ROOT = designs_root() / "pretrained"
NAMES = sorted(path.stem for path in ROOT.glob("*.onnx"))
SHAPES = {
    "fashion_dscnn": (1, 28, 28),
    "fashion_resnet": (1, 28, 28),
    "letters_mlp": (16,),
    "mnist_lenet": (1, 28, 28),
    "shuttle_ae": (9,),
    "vowels_conv1d": (12, 25),
}
SAMPLES = {"letters_mlp": 200, "shuttle_ae": 200, "vowels_conv1d": 20}  # the others take longer


def test_every_file_is_the_one_that_was_measured() -> None:
    assert set(NAMES) == set(SHAPES)
    for name in NAMES:
        path = ROOT / f"{name}.onnx"
        record = json.loads(path.with_suffix(".json").read_text())
        assert record["sha256"] == sha256(path)
        assert record["command"] == f"gatewright build {name} --to export"
        assert record["seed"] == design.load(name).train.seed
        assert path.stat().st_size < 500_000


@pytest.mark.parametrize("name", NAMES)
def test_every_rung_but_the_c_simulation(name: str, tmp_path: Path) -> None:
    settings, seed = design.load(name), 1
    count = SAMPLES.get(name, 4)
    inputs = np.random.default_rng(seed).uniform(-1, 1, (count, *SHAPES[name]))
    from_onnx(ROOT / f"{name}.onnx", inputs.astype(np.float32), tmp_path)
    target = hls_step.Target(name, 5.0, "xc7z020clg400-1", settings.hls4ml.IOType)
    (tmp_path / "hls").mkdir()
    model = hls_step.convert(
        prepare(tmp_path / "model.onnx"), settings.hls4ml.layer_config(), target, tmp_path / "hls"
    )
    graph_io.save(hls_step.stored_graph(model), tmp_path)
    graph = graph_io.load(tmp_path)
    interface = Interface.of(graph)
    vectors = read_vectors(tmp_path / "vectors.npz", interface)
    integers = vectors.integers(interface.inputs)
    expected = vectors.expected(interface.outputs)
    np.testing.assert_array_equal(reference.outputs(graph, integers), expected)
    description = emit.write_rtl(graph, tmp_path / "rtl")
    slowest = max(fold(node).cycles for node in graph.nodes if isinstance(node, Dense))
    assert description["cycles_per_inference_law"] <= 1.1 * slowest
    if name in SAMPLES:
        setup = simulation.setup_for(description, tmp_path / "rtl", tmp_path / "cache", seed)
        result = simulate.run_design(description, integers, setup, expected=expected)
        assert result.comparison is not None
        result.comparison.require_equal()
        assert result.cycles_per_inference is not None
        assert result.cycles_per_inference <= 1.1 * slowest


def test_an_altered_file_and_a_missing_one_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT, tmp_path / "pretrained")
    with (tmp_path / "pretrained" / "letters_mlp.onnx").open("ab") as file:
        file.write(b"\0")
    monkeypatch.setattr(pretrained, "designs_root", lambda: tmp_path)
    with pytest.raises(GatewrightError, match="was measured; restore it"):
        pretrained.from_pretrained("letters_mlp", design.load("letters_mlp"), tmp_path)
    with pytest.raises(GatewrightError, match="no trained network comes with digits_mlp; there"):
        pretrained.from_pretrained("digits_mlp", design.load("digits_mlp"), tmp_path)
