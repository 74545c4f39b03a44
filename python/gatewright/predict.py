"""Runs the hardware of an hls4ml model on an array, as ``model.predict`` runs its C simulation."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gatewright import emit, frontend
from gatewright.fixed import dequantize
from gatewright.simulation import outputs_of
from gatewright.vectors import Interface, to_integers

if TYPE_CHECKING:
    from hls4ml.model import ModelGraph


def rtl_predict(model: "ModelGraph", x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Simulate the RTL of ``model`` on Verilator.

    Args:
        model: An hls4ml model converted with ``backend="Gatewright"``.
        x: Inputs [samples, ...], as for ``model.predict``.

    Returns:
        The outputs [samples, elements] that the hardware gave, as real values.

    Raises:
        GatewrightError: something in the model that the hardware would not do exactly, or inputs
            of the wrong shape.
        NotRunError: Verilator or a compiler is missing.
    """
    graph = frontend.graph_of(model)
    folder = Path(model.config.get_output_dir()) / "rtl"
    description = emit.write_rtl(graph, folder, model="an hls4ml model")
    (source,) = Interface.of(graph).inputs
    inputs = to_integers(np.asarray(x), source.format)
    outputs = outputs_of(description, folder, inputs)
    return dequantize(outputs, graph[graph.outputs[0]].out.format)
