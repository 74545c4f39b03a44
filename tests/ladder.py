"""From a network built for a test up the rungs: QONNX execution, C simulation, reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import reference
from gatewright.frontend import hls_step
from gatewright.frontend.prepare import prepare
from gatewright.graph import Graph
from gatewright.vectors import Interface, read_vectors
from image_networks import Network, network
from qonnx_networks import Builder

FRACTION = 20  # fraction bits of the outputs in the vectors


def executed_outputs(path: Path, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Run the network as it was exported through QONNX execution; return each output's values."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    names = [value.name for value in wrapper.graph.input]
    rows = [
        execute_onnx(wrapper, {n: x[i : i + 1] for n, x in zip(names, inputs, strict=True)})
        for i in range(len(inputs[0]))
    ]
    return [np.concatenate([row[out.name] for row in rows]) for out in wrapper.graph.output]


def executed(path: Path, x: np.ndarray) -> np.ndarray:
    """Run a network of one input and one output through QONNX execution."""
    (y,) = executed_outputs(path, [x])
    return y


def samples(shape: tuple[int, ...], count: int, seed: int = 3) -> np.ndarray:
    """Inputs of which many saturate and none lies on the quantiser's grid."""
    return np.random.default_rng(seed).uniform(-1.2, 1.2, (count, *shape)).astype(np.float32)


def write(shape: tuple[int, ...], add: Network, path: Path, count: int = 20) -> None:
    """Write the network and the vectors that QONNX execution gives."""
    network(path / "m.onnx", shape, add)
    write_vectors(path, [samples(shape, count)])


def write_vectors(path: Path, inputs: Sequence[np.ndarray]) -> None:
    """Write the vectors that QONNX execution of ``m.onnx`` gives."""
    count = len(inputs[0])
    outputs = executed_outputs(path / "m.onnx", inputs)
    y = np.concatenate([out.astype(np.float64).reshape(count, -1) for out in outputs], axis=1)
    y = np.ldexp(y, FRACTION)
    assert (y == np.floor(y)).all()
    flat = [x.reshape(count, -1) for x in inputs]
    np.savez(
        path / "v.npz",
        inputs=np.concatenate(flat, axis=1),
        outputs=y.astype(np.int64),
        output_fraction=np.full(len(outputs), FRACTION),
    )


def write_many(cases: Mapping[str, tuple[tuple[int, ...], Network]], path: Path) -> None:
    """Write one network of many, side by side, and its vectors: one C++ build for all of them.

    Every case has an input and an output of its own; the outputs stand in reverse.
    """
    build = Builder()
    shapes, outputs = {}, []
    for index, (shape, add) in enumerate(cases.values()):
        name = f"x{index}"
        shapes[name] = (1, *shape)
        inner = build.within(f"c{index}_")
        outputs.append(add(inner, inner.quant("input_quant", name, bits=5)))
    build.save_many(path / "m.onnx", shapes, outputs[::-1])
    write_vectors(path, [samples(s[1:], 20, i) for i, s in enumerate(shapes.values())])


def check_csim(path: Path, io: str) -> None:
    """Check that the C simulation gives what QONNX execution gives."""
    said = hls_step.run("net", path / "m.onnx", path / "v.npz", {}, path / io, 5.0, "part", io)
    assert said["compared"] > 0
    assert said["mismatches"] == 0


def graph_from(path: Path, io: str, settings: dict[str, Any] | None = None) -> Graph:
    target = hls_step.Target("net", 5.0, "xc7z020clg400-1", io)
    folder = path / io
    folder.mkdir(exist_ok=True)
    model = hls_step.convert(prepare(path / "m.onnx"), settings or {}, target, folder)
    return hls_step.stored_graph(model)


def check_reference(graph: Graph, path: Path) -> None:
    interface = Interface.of(graph)
    vectors = read_vectors(path / "v.npz", interface)
    found = reference.outputs(graph, vectors.integers(interface.inputs))
    np.testing.assert_array_equal(found, vectors.expected(interface.outputs))
    assert len(np.unique(found)) > 3  # the comparison saw more than a constant
