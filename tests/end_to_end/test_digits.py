"""The whole line on real data: digits from PyTorch to simulated hardware; red when broken."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gatewright import design, flow, steps
from gatewright.errors import CheckFailedError, GatewrightError

KEYS = {
    "samples",
    "compared",
    "mismatches",
    "seed",
    "cycles",
    "cycles_per_inference",
    "latency_cycles",
    "mac_utilisation",
    "wall_s",
    "cycles_per_s",
    "vectors_sha256",
}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of digits_mlp, built up to sim by the command line."""
    folder = tmp_path_factory.mktemp("line")
    command = [sys.executable, "-m", "gatewright", "build", "digits_mlp", "--to", "sim"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return folder / "build" / "digits_mlp"


@pytest.fixture
def broken(line: Path, tmp_path: Path) -> Path:
    """Return a copy of the built design, to break."""
    return Path(shutil.copytree(line, tmp_path / "digits_mlp", symlinks=True))


def content(folder: Path, name: str) -> dict[str, object]:
    return dict(json.loads((folder / name).read_text()))


def test_every_rung_gives_pytorchs_integers(line: Path) -> None:
    sim = content(line, "sim.json")
    assert sim.keys() >= KEYS
    rungs = {
        "QONNX": content(line, "export.json"),
        "C simulation": content(line, "hls.json"),
        "reference": content(line, "rtl.json")["reference"],
        "RTL": sim,
    }
    for name, rung in rungs.items():
        assert (rung["samples"], rung["compared"], rung["mismatches"]) == (360, 3600, 0), name
        assert rung["vectors_sha256"] == sim["vectors_sha256"], name


def test_the_figures_of_the_design(line: Path) -> None:
    metrics, sim = content(line, "metrics.json"), content(line, "sim.json")
    assert metrics["accuracy"] >= 0.95
    assert metrics["nonzero_weights"] <= 0.5 * (64 * 32 + 32 * 10)
    assert sim["cycles_per_inference"] <= 1.05 * sim["cycles_per_inference_law"]
    assert sim["mac_utilisation"] >= 0.95
    assert sim["protocol"]["tests"] == ["stalls", "resets", "lengths"]


def test_nothing_is_done_twice(line: Path) -> None:
    command = [sys.executable, "-m", "gatewright", "build", "digits_mlp", "--to", "sim"]
    before = {path: path.stat().st_mtime_ns for path in line.glob("*.json")}
    finished = subprocess.run(
        command, cwd=line.parents[1], capture_output=True, text=True, check=True
    )
    assert finished.stderr.count("up to date") == 5
    assert {path: path.stat().st_mtime_ns for path in line.glob("*.json")} == before


def sim(folder: Path) -> None:
    flow.run_one(design.load("digits_mlp"), "sim", folder, steps.Options())


def test_a_flipped_weight_in_the_hardware_is_found(broken: Path) -> None:
    path = broken / "rtl" / "fc2_weight_000.mem"
    lines = path.read_text().split()
    lines[3] = f"{int(lines[3], 16) ^ 1:0{len(lines[3])}x}"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CheckFailedError, match=r"must be|expected"):
        sim(broken)


def test_another_rounding_in_the_hardware_is_found(broken: Path) -> None:
    path = broken / "rtl" / "digits_mlp.sv"
    text = path.read_text()
    assert text.count("gatewright_pkg::RndConv") == 1
    path.write_text(text.replace("gatewright_pkg::RndConv", "gatewright_pkg::RndPlusInf"))
    with pytest.raises(CheckFailedError):
        sim(broken)


def test_a_wrong_expectation_is_found(broken: Path) -> None:
    with np.load(broken / "vectors.npz") as arrays:
        changed = dict(arrays)
    changed["outputs"] = changed["outputs"].copy()
    changed["outputs"][357, 9] += 1
    np.savez(broken / "vectors.npz", **changed)
    with pytest.raises(CheckFailedError, match="sample 357, layer fc2, element 9"):
        flow.run_one(design.load("digits_mlp"), "rtl", broken, steps.Options())
    with pytest.raises(CheckFailedError):
        sim(broken)


def test_a_wrong_weight_in_the_graph_is_found(broken: Path) -> None:
    from gatewright import graph_io
    from gatewright.graph import Dense, Graph

    graph = graph_io.load(broken)
    nodes = []
    for node in graph.nodes:
        if isinstance(node, Dense) and node.name == "fc1":
            weight = node.weight.copy()
            weight[5, 20] = -weight[5, 20] or 1
            nodes.append(Dense(**{**vars(node), "weight": weight}))
        else:
            nodes.append(node)
    graph_io.save(Graph(graph.name, tuple(nodes), graph.outputs), broken)
    with pytest.raises(CheckFailedError, match="the integer reference differs from PyTorch"):
        flow.run_one(design.load("digits_mlp"), "rtl", broken, steps.Options())


OWN = """
onnx: net.onnx
inputs: data.npz
preprocessing: {{scale: "pixel / 16", layout: "row, column"}}
hls4ml:
  LayerName: {{fc1: {{PE: 8, SIMD: 4}}, fc2: {{ReuseFactor: 32}}}}
rtl: {{argmax: {argmax}}}
"""


@pytest.mark.parametrize("argmax", ["true", "false"])
def test_a_network_of_ones_own(line: Path, tmp_path: Path, argmax: str) -> None:
    shutil.copy(line / "model.onnx", tmp_path / "net.onnx")
    with np.load(line / "vectors.npz") as arrays:
        np.savez(tmp_path / "data.npz", inputs=arrays["inputs"][:50], labels=arrays["labels"][:50])
    (tmp_path / "my.yml").write_text(OWN.format(argmax=argmax))
    command = [sys.executable, "-m", "gatewright", "build", "my.yml"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    built = tmp_path / "build" / "my"
    assert content(built, "export.json")["source"] == "qonnx"
    assert content(built, "export.json")["preprocessing"]["scale"] == "pixel / 16"
    result = content(built, "sim.json")
    assert (result["compared"], result["mismatches"]) == (50 if argmax == "true" else 500, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": np.zeros((3, 60), np.float32)}, "64"),
        ({"inputs": np.zeros((0, 64), np.float32)}, "one sample at least"),
        ({"inputs": np.zeros((3, 64), np.int32)}, "float32"),
        ({"images": np.zeros((3, 64), np.float32)}, "no array called inputs"),
    ],
)
def test_bad_inputs_of_ones_own_are_refused(
    line: Path, tmp_path: Path, change: dict[str, np.ndarray], message: str
) -> None:
    shutil.copy(line / "model.onnx", tmp_path / "net.onnx")
    np.savez(tmp_path / "data.npz", **change)
    (tmp_path / "my.yml").write_text(OWN.format(argmax="false"))
    own = design.load(str(tmp_path / "my.yml"))
    with pytest.raises(GatewrightError, match=message):
        flow.build(own, tmp_path / "build", steps.Options(), None, "sim")
