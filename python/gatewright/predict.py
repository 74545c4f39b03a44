"""Runs the hardware of an hls4ml model on an array, as ``model.predict`` runs its C simulation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gatewright import emit, frontend
from gatewright.errors import GatewrightError
from gatewright.fixed import dequantize
from gatewright.simulation import outputs_of
from gatewright.vectors import Interface, split, to_integers

if TYPE_CHECKING:
    from hls4ml.model import ModelGraph


Arrays = NDArray[np.floating] | Sequence[NDArray[np.floating]]


def rtl_predict(model: "ModelGraph", x: Arrays) -> Any:
    """Simulate the RTL of ``model`` on Verilator.

    Args:
        model: An hls4ml model converted with ``backend="Gatewright"``.
        x: Inputs [samples, ...], as for ``model.predict``; a list of them where the model has
            several.

    Returns:
        The outputs float64 [samples, elements] that the hardware gave; a list of them where the
        model has several.

    Raises:
        GatewrightError: something in the model that the hardware would not do exactly, or inputs
            of the wrong number or shape.
        NotRunError: Verilator or a compiler is missing.
    """
    graph = frontend.graph_of(model)
    interface = Interface.of(graph)
    given = [np.asarray(x)] if len(interface.inputs) == 1 else [np.asarray(part) for part in x]
    if len(given) != len(interface.inputs):
        raise GatewrightError(
            f"the model has {len(interface.inputs)} inputs, but {len(given)} arrays were given"
        )
    integers = [
        to_integers(part, kind.format) for part, kind in zip(given, interface.inputs, strict=True)
    ]
    folder = Path(model.config.get_output_dir()) / "rtl"
    description = emit.write_rtl(graph, folder, model="an hls4ml model")
    outputs = outputs_of(description, folder, np.concatenate(integers, axis=1))
    real = [dequantize(part, kind.format) for part, kind in split(outputs, interface.outputs)]
    return real[0] if len(real) == 1 else real
