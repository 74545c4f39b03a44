"""One small QONNX network on every rung: QONNX execution, the reference, the C simulation."""

from pathlib import Path
from typing import Any

import numpy as np

from gatewright import reference
from gatewright.fixed import FixedFormat, dequantize
from gatewright.frontend import hls_step
from gatewright.frontend.csim import run_csim
from gatewright.frontend.prepare import prepare
from gatewright.graph import Graph
from gatewright.vectors import to_integers
from image_networks import Network, network

FRACTION = 30


def executed(path: Path, x: np.ndarray) -> np.ndarray:
    """Run the network as it was exported through QONNX execution, sample by sample."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    name, out = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    return np.concatenate([execute_onnx(wrapper, {name: row[None]})[out] for row in x])


def samples(shape: tuple[int, ...], count: int, span: float = 1.2) -> np.ndarray:
    """Inputs of which many saturate, and some are the quantiser's ties."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-span, span, (count, *shape))
    x[::3] = np.round(x[::3] * 32) / 32
    return x.astype(np.float32)


def converted(path: Path, folder: Path, io: str, settings: dict[str, Any] | None = None) -> Any:
    """Convert a network as the hls step does."""
    target = hls_step.Target("net", 5.0, "part", io)
    folder.mkdir(exist_ok=True)
    return hls_step.convert(prepare(path), settings or {}, target, folder)


def climb(
    folder: Path,
    shape: tuple[int, ...],
    add: Network,
    *,
    ios: tuple[str, ...] = ("io_parallel",),
    compiled: bool = False,
    count: int = 40,
    span: float = 1.2,
    **given: Any,
) -> Graph:
    """Compare every rung, and return the graph.

    Args:
        folder: For the files.
        shape: One sample's, channels first.
        add: Makes the network.
        ios: hls4ml's ``io_type``s to compare.
        compiled: Also compile and run the C simulation.
        count: Samples.
        span: The greatest magnitude of the inputs.
        given: For ``image_networks.network``: the input's quantiser.
    """
    path = network(folder / "m.onnx", shape, add, **given)
    x = samples(shape, count, span)
    want = executed(path, x).astype(np.float64)
    assert len(np.unique(want)) > 3  # more than a constant
    for io in ios:
        model = converted(path, folder / io, io)
        graph = hls_step.stored_graph(model)
        first, last = graph.nodes[0].out, graph[graph.outputs[0]].out
        inputs = as_streams(x) if graph.channels_first else x.reshape(count, -1)
        outputs = reference.outputs(graph, to_integers(inputs, first.format))
        expected = as_streams(want)
        np.testing.assert_array_equal(dequantize(outputs, last.format), expected)
        if compiled:
            library = hls_step.compile_at(model, folder / io)
            found = run_csim(library, "net", inputs, [last])[0]
            np.testing.assert_array_equal(dequantize(found, last.format), expected)
    return graph


def as_streams(x: np.ndarray) -> np.ndarray:
    """Return samples as the hardware has them: channels last, flat."""
    return np.moveaxis(x, 1, -1).reshape(len(x), -1)


def span_of(fmt: FixedFormat) -> float:
    """Return the greatest value of a format."""
    return fmt.max_int * fmt.lsb
