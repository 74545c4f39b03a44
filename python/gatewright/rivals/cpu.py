"""ONNX Runtime's int8 inference of a design's network: one CPU thread, one sample at a time."""

import platform
import statistics
import timeit
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright import reference
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.fixed import Rounding
from gatewright.rivals.int8 import Arithmetic, Int8Layer, as_int8, layers_of, offset_of
from gatewright.rivals.row import CpuRow
from gatewright.rivals.subject import Subject

ARITHMETIC = Arithmetic(Rounding.RND_CONV, signed=False, exact_outputs=True)
_EXACT = 1 << 24  # sums are scaled in float32, which holds every integer up to this
_CALLS, _ROUNDS = 500, 101
_OPSET, _IR_VERSION = 13, 8  # every ONNX Runtime that is supported reads these
_SETTING = "int8, batch 1, 1 thread of {cpu}"
_NOTE = (
    "the same integer weights and biases, activations of 8 bits, ties rounded to even, outputs are "
    "the exact sums; called from Python with input and output bound, where the call of a network "
    "that copies its input takes {call:.2f} us"
)


def measure(subject: Subject, settings: Sequence[str]) -> list[CpuRow]:
    """Return one row: the median time of a call, and every sample's outputs compared.

    Args:
        subject: The network and its samples.
        settings: None are known.

    Raises:
        GatewrightError: a setting was given.
        NotRunError: ONNX Runtime cannot take this network exactly; the message names the node.
        CheckFailedError: there are no samples to compare.
    """
    if settings:
        raise GatewrightError(f"onnxruntime has no settings; got {', '.join(settings)}")
    if not len(subject.inputs):
        raise CheckFailedError(f"{subject.name}: no samples to compare with ONNX Runtime's")
    import onnxruntime

    graph = as_int8(subject.graph, subject.typical, ARITHMETIC)
    layers = layers_of(graph, ARITHMETIC)
    inputs = (subject.inputs - offset_of(graph, ARITHMETIC)).astype(np.uint8)
    session = Session(model_of(layers, graph.nodes[0].out.format.fraction))
    found = np.array([session.run(sample) for sample in inputs], dtype=np.float64)
    expected = reference.outputs(graph, subject.inputs)
    call = median_us(Session(_identity()).call)
    return [
        CpuRow(
            tool=f"ONNX Runtime {onnxruntime.__version__}",
            setting=_SETTING.format(cpu=_processor()),
            network=subject.name,
            samples=len(found),
            mismatches=int((np.ldexp(found, layers[-1].fraction) != expected).sum()),
            note=_NOTE.format(call=call),
            us_per_inference=median_us(session.call),
        )
    ]


def model_of(layers: Sequence[Int8Layer], fraction: int) -> bytes:
    """Return the network as an ONNX model of com.microsoft QGemm nodes, a layer each.

    A rectifier is the lower bound of a layer's bytes.

    Args:
        layers: As ``layers_of`` gives them.
        fraction: Fraction bits of the input.

    Returns:
        A model with input x, uint8 [1, columns], and output y, float32 [1, rows], not rounded.

    Raises:
        NotRunError: sums may reach what float32 does not hold exactly; the message names the layer.
    """
    from onnx import TensorProto, helper

    nodes, source = [], "x"
    constants: dict[str, Any] = {"zero": np.uint8(0), "weight_zero": np.int8(0)}
    for index, layer in enumerate(layers):
        _check_sums(layer)
        constants |= {
            f"scale{index}": _lsb(fraction),
            f"weight{index}": layer.weight.astype(np.int8),
            f"weight_scale{index}": _lsb(layer.fraction + layer.shift - fraction),
            f"bias{index}": layer.bias.astype(np.int32),
        }
        last = layer is layers[-1]
        weight = (f"weight{index}", f"weight_scale{index}", "weight_zero", f"bias{index}")
        byte = () if last else (f"scale{index + 1}", "zero")  # without them the output is float32
        given = [source, f"scale{index}", "zero", *weight, *byte]
        source, fraction = ("y" if last else f"x{index + 1}"), layer.fraction
        nodes.append(
            helper.make_node("QGemm", given, [source], layer.name, domain="com.microsoft", transB=1)
        )
    columns, rows = layers[0].weight.shape[1], len(layers[-1].weight)
    return _model(nodes, (TensorProto.UINT8, columns), (TensorProto.FLOAT, rows), constants)


class Session:
    """A model in ONNX Runtime on one thread; its input and output stay where they are.

    Attributes:
        call: Computes the output from the input that is there.
    """

    call: Callable[[], None]

    def __init__(self, model: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # a call is quicker
        # Without it, AVX2 adds pairs of products in 16 bits, where large weights saturate.
        options.add_session_config_entry("session.x64quantprecision", "1")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        types = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
        self._source, self._result = (
            onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(value.shape, types[value.type]))
            for value in (*session.get_inputs(), *session.get_outputs())
        )
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", self._source)
        binding.bind_ortvalue_output("y", self._result)
        self.call = partial(session.run_with_iobinding, binding)

    def run(self, sample: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the outputs [elements] of a sample [elements]."""
        self._source.update_inplace(sample[np.newaxis])
        self.call()
        return np.array(self._result.numpy()[0])


def median_us(call: Callable[[], object]) -> float:
    """Return the median of rounds of calls, after one to warm up, in microseconds per call."""
    _, *rounds = timeit.repeat(call, number=_CALLS, repeat=_ROUNDS + 1)
    return 1e6 * statistics.median(rounds) / _CALLS


def _check_sums(layer: Int8Layer) -> None:
    most = int((255 * np.abs(layer.weight).sum(axis=1) + np.abs(layer.bias)).max())
    if most > _EXACT:
        raise NotRunError(
            f"{layer.name}: its sums may reach {most:,}; ONNX Runtime scales them in float32, "
            f"which is exact up to {_EXACT:,}"
        )


def _lsb(fraction: int) -> NDArray[np.float32]:
    return np.array(2.0**-fraction, dtype=np.float32)


def _identity() -> bytes:
    """Return a model that copies one byte, for the time that a call takes by itself."""
    from onnx import TensorProto, helper

    byte = (TensorProto.UINT8, 1)
    return _model([helper.make_node("Identity", ["x"], ["y"])], byte, byte, {})


def _model(
    nodes: list[Any], x: tuple[int, int], y: tuple[int, int], constants: dict[str, Any]
) -> bytes:
    """Return an ONNX model from x to y, each of a type and a number of elements."""
    from onnx import helper, numpy_helper

    x_info, y_info = (
        helper.make_tensor_value_info(name, kind, [1, size])
        for name, (kind, size) in (("x", x), ("y", y))
    )
    values = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "network", [x_info], [y_info], values)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    content: bytes = model.SerializeToString()
    return content


def _processor() -> str:
    """Return the CPU's name, or that of its architecture."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
