"""One small network of one function up all rungs."""

from pathlib import Path
from typing import Any

import numpy as np

from gatewright.graph import Graph
from image_networks import Network, network
from ladder import check_csim, check_reference, graph_from, samples, write_vectors


def climb(
    folder: Path,
    shape: tuple[int, ...],
    add: Network,
    *,
    ios: tuple[str, ...] = ("io_parallel",),
    compiled: bool = False,
    stretch: float = 1.0,
    **given: Any,
) -> Graph:
    """Compare QONNX execution, the reference and, if asked, the C simulation; return the graph.

    Args:
        folder: For the files.
        shape: One sample's, channels first.
        add: Makes the network.
        ios: hls4ml's ``io_type``s to compare.
        compiled: Also compile and run the C simulation.
        stretch: What the inputs, from -1.2 to 1.2, are multiplied by; every third is a multiple of
            1/32.
        given: For ``image_networks.network``: the input's quantiser.
    """
    network(folder / "m.onnx", shape, add, **given)
    x = samples(shape, 40) * np.float32(stretch)
    x[::3] = np.round(x[::3] * 32) / 32
    write_vectors(folder, [x])
    for io in ios:
        graph = graph_from(folder, io)
        check_reference(graph, folder)
        if compiled:
            check_csim(folder, io)
    return graph
