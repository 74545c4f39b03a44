"""From a network built for a test up the rungs: QONNX execution, C simulation, reference."""

from pathlib import Path
from typing import Any

import numpy as np

from gatewright import reference
from gatewright.frontend import hls_step
from gatewright.frontend.prepare import prepare
from gatewright.graph import Graph
from gatewright.vectors import Interface
from image_networks import Network, network


def executed(path: Path, x: np.ndarray) -> np.ndarray:
    """Run the network as it was exported through QONNX execution."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    name, out = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    return np.concatenate([execute_onnx(wrapper, {name: row[None]})[out] for row in x])


def samples(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Inputs of which many saturate and none lies on the quantiser's grid."""
    return np.random.default_rng(3).uniform(-1.2, 1.2, (count, *shape)).astype(np.float32)


def write(shape: tuple[int, ...], add: Network, path: Path, count: int = 20) -> None:
    """Write the network and the vectors that QONNX execution gives."""
    x = samples(shape, count)
    y = np.ldexp(executed(network(path / "m.onnx", shape, add), x).astype(np.float64), 20)
    assert (y == np.floor(y)).all()
    outputs = y.astype(np.int64).reshape(count, -1)
    np.savez(path / "v.npz", inputs=x, outputs=outputs, output_fraction=np.int64(20))


def graph_from(path: Path, io: str, settings: dict[str, Any] | None = None) -> Graph:
    target = hls_step.Target("net", 5.0, "xc7z020clg400-1", io)
    folder = path / io
    folder.mkdir(exist_ok=True)
    model = hls_step.convert(prepare(path / "m.onnx"), settings or {}, target, folder)
    return hls_step.stored_graph(model)


def check_reference(graph: Graph, path: Path) -> None:
    interface = Interface.of(graph)
    vectors = hls_step.read_truth(path / "v.npz", graph)
    found = reference.outputs(graph, vectors.integers(interface.input.format))
    np.testing.assert_array_equal(found, vectors.expected(interface.output.format))
    assert len(np.unique(found)) > 3  # the comparison saw more than a constant
