"""The same flow from Python, for a network of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewright import design, flow
from gatewright.files import read_json
from gatewright.steps import Options

if TYPE_CHECKING:
    from torch import nn


def build(
    network: "nn.Module | Path | str",
    inputs: np.ndarray,
    *,
    name: str,
    labels: np.ndarray | None = None,
    folder: Path | str = "build",
    hls4ml: Mapping[str, Any] | None = None,
    rtl: Mapping[str, Any] | None = None,
    preprocessing: Mapping[str, str | float] | None = None,
    to: str = "sim",
    waves: bool = False,
) -> dict[str, Any]:
    """Take a network of Brevitas layers, or a QONNX file, to checked hardware.

    Args:
        network: A PyTorch module whose layers quantise with power-of-two scales, or the path of
            its QONNX file.
        inputs: float32 [samples, ...], as the network takes them; every sample is checked.
        labels: int64 [samples], to measure the accuracy.
        name: Names the build folder and the top module: lower case, digits, underscores.
        folder: Takes the build folder ``<folder>/<name>``.
        hls4ml: As the design file's key ``hls4ml``: strategy, reuse factors, PE and SIMD.
        rtl: As the design file's key ``rtl``.
        preprocessing: What turned raw data into ``inputs`` (scale, layout); recorded.
        to: Last step: hls, rtl, sim or synth.
        waves: Leave an FST waveform of the simulation.

    Returns:
        What the last step measured: the content of its JSON file.

    Raises:
        GatewrightError: a mistake in what was given.
        CheckFailedError: two rungs differ; the message names the first difference.
        NotRunError: a tool is missing.
    """
    from gatewright import export

    target = Path(folder) / name
    settings = design.parse(
        {
            "name": name,
            "onnx": "model.onnx",
            "inputs": "vectors.npz",
            "preprocessing": dict(preprocessing or {}),
            "hls4ml": dict(hls4ml or {}),
            "rtl": dict(rtl or {}),
        },
        target,
        name,
    )
    if isinstance(network, str | Path):
        export.from_onnx(
            Path(network), inputs, target, labels=labels, preprocessing=settings.preprocessing
        )
    else:
        export.from_module(
            network, inputs, target, labels=labels, preprocessing=settings.preprocessing
        )
    for step in flow.NAMES[flow.NAMES.index("hls") : flow.NAMES.index(to) + 1]:
        flow.run_one(settings, step, target, Options(waves=waves))
    return read_json(target / f"{to}.json")
