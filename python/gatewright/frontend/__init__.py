"""ONNX -> hls4ml ModelGraph -> hardware graph: the only code that imports hls4ml."""

from typing import Any

import hls4ml  # noqa: F401 - it loads this package's plugin while it is imported: before the rest

from gatewright.graph import Graph


def graph_of(model: Any) -> Graph:
    """Return the hardware graph of an hls4ml ``ModelGraph`` made with ``backend="Gatewright"``.

    Raises:
        GatewrightError: the model was made with another backend.
    """
    from gatewright.frontend.adapter import stored_graph

    return stored_graph(model)
