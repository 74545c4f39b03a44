"""Trained networks that come with the designs, so that nobody need train to try one.

``hls/pretrained/<design>.onnx`` is the QONNX file; ``<design>.json`` beside it says how it was
made: ``command``, ``seed``, ``sha256`` of the file, and what was measured then.
"""

from pathlib import Path
from typing import Any

from gatewright import data, export
from gatewright.errors import GatewrightError
from gatewright.files import read_json, sha256
from gatewright.resources import designs_root
from gatewright.train.settings import Recipe


def from_pretrained(name: str, design: Recipe, folder: Path) -> dict[str, Any]:
    """Export the network that comes with the design ``name``, with vectors of the whole test set.

    QONNX execution gives the outputs to be met: there is no PyTorch network.

    Returns:
        What ``export.json`` holds.

    Raises:
        GatewrightError: none comes with it, or the file is not the one that was measured.
    """
    root = designs_root() / "pretrained"
    path = root / f"{name}.onnx"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in root.glob("*.onnx")))
        raise GatewrightError(
            f"no trained network comes with {name}; there is one of: {there}. Leave "
            "--pretrained away to train it"
        )
    recorded = read_json(path.with_suffix(".json"))["sha256"]
    if sha256(path) != recorded:
        raise GatewrightError(
            f"{path} has SHA-256 {sha256(path)}, but {recorded} was measured; restore it, or leave "
            "--pretrained away to train the network"
        )
    if design.data is None or design.train is None:
        raise ValueError(f"{name} is not a design that trains")
    dataset = data.load(design.data.name)
    marks: dict[str, Any] = {"labels": dataset.test_labels}
    if design.train.objective == "reconstruct":
        marks = {"anomalies": dataset.test_labels != 0}
    marks["typical"] = dataset.train_inputs
    return export.from_onnx(
        path, dataset.test_inputs, folder, dataset.preprocessing.describe(), **marks
    )
