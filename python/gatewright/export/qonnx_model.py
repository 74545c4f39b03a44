"""A QONNX model: read, cleaned, its nodes named, and executed exactly.

Source:
    QONNX operators: https://github.com/fastmachinelearning/qonnx/tree/main/docs/qonnx-custom-ops
"""

import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.quant import quant
from qonnx.transformation.change_batchsize import ChangeBatchSize
from qonnx.transformation.general import GiveReadableTensorNames
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.cleanup import cleanup_model

from gatewright.errors import GatewrightError

Array = NDArray[Any]

QUANTISERS = ("Quant", "IntQuant", "BipolarQuant", "Trunc")
LAYERS = ("Gemm", "MatMul", "Conv")
_QONNX_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
_SCOPES = "pkg.torch.onnx.name_scopes"
_NAME = "gatewright.name"
_BATCH = 1000


def read(path: Path) -> ModelWrapper:
    """Read a QONNX file: at least one input, operators that ONNX and QONNX define.

    Raises:
        GatewrightError: it is missing, is not an ONNX file, or is not such a model.
    """
    try:
        model = onnx.load(path)
    except OSError as error:
        raise GatewrightError(f"cannot read {path}: {error.strerror or error}") from error
    except DecodeError as error:
        raise GatewrightError(f"{path} is not an ONNX file: {error}") from error
    if not model.graph.node:
        raise GatewrightError(f"{path} is not an ONNX model: it has no nodes")
    _check_operators(path, model.graph.node)
    constants = {tensor.name for tensor in model.graph.initializer}
    if all(value.name in constants for value in model.graph.input):
        raise GatewrightError(f"{path} has no input: it is a constant")
    return ModelWrapper(model)


def _check_operators(path: Path, nodes: Iterable[onnx.NodeProto]) -> None:
    unknown = [
        f"{node.name or '(no name)'}: {node.domain or 'ai.onnx'}.{node.op_type}"
        for node in nodes
        if not (node.domain in _QONNX_DOMAINS and node.op_type in QUANTISERS)
        and not (node.domain in ("", "ai.onnx") and onnx.defs.has(node.op_type))
    ]
    if unknown:
        raise GatewrightError(
            f"{path} has operators that neither ONNX nor QONNX defines: {'; '.join(unknown)}. "
            f"Allowed: ONNX's own, and QONNX's {', '.join(QUANTISERS)}"
        )


def clean(model: ModelWrapper) -> ModelWrapper:
    """Fold constants, fix the batch at 1, and name every node after the module it came from.

    A layer is called as its module (``fc1``), its quantisers ``fc1_weight_quant`` and so on, an
    activation's quantiser ``relu1_quant``. In a graph that is not PyTorch's, nodes keep their
    names as far as they are identifiers. What tells of the machine that exported it is dropped.

    Raises:
        GatewrightError: a shape is not fixed, or QONNX cannot clean the graph.
    """
    for node in model.graph.node:
        node.metadata_props.add(key=_NAME, value=node.name)
    try:
        for value in model.model.graph.input:
            shape = value.type.tensor_type.shape.dim
            if len(shape) and not shape[0].dim_value:
                shape[0].dim_value = 1
        model = cleanup_model(model)
        model = _resized(model, 1)
    except Exception as error:  # qonnx raises whatever it meets, assertions among it
        raise GatewrightError(f"QONNX cannot clean the model: {error}") from error
    if not model.check_all_tensor_shapes_specified():
        raise GatewrightError("the model has tensors without a fixed shape; export it with one")
    _name_nodes(model)
    model = model.transform(GiveReadableTensorNames())
    _drop_traces(model.model)
    return model


def _name_nodes(model: ModelWrapper) -> None:
    nodes = sorted(model.graph.node, key=lambda node: node.op_type not in LAYERS)
    taken: set[str] = set()
    names = {}
    for node in nodes:  # layers first: where a module became several nodes, its layer has its name
        base = name = _base_name(node)
        if name in taken:
            base = name = f"{base}_{node.op_type.lower()}"
        count = 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names[node.output[0]] = name
    for node in model.graph.node:
        node.name = names[node.output[0]]


def _base_name(node: onnx.NodeProto) -> str:
    """Return a readable identifier, perhaps one that another node has too."""
    known = {entry.key: entry.value for entry in node.metadata_props}
    if _SCOPES in known:
        scopes = ast.literal_eval(known[_SCOPES])
        path, own = (scopes[-2] if len(scopes) > 1 else "").split("."), scopes[-1]
    else:
        *path, own = known.get(_NAME, "").strip("/").split("/")
    parts = [part for part in path if part]
    at = next((i for i, part in enumerate(parts) if part.endswith("_quant")), None)
    if at is not None:
        quantiser = parts[at].removeprefix("act_") if node.op_type in QUANTISERS else ""
        parts = [*parts[:at], quantiser]
    name = "_".join(part for part in parts if part) or own or node.op_type.lower()
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return name if not name[0].isdigit() else f"n{name}"


def _drop_traces(model: onnx.ModelProto) -> None:
    """Drop what the exporter recorded of its own machine: file names, stack traces."""
    graph = model.graph
    model.doc_string = graph.doc_string = ""
    for owner in (model, graph):
        del owner.metadata_props[:]
    for group in (graph.node, graph.value_info, graph.input, graph.output, graph.initializer):
        for entry in group:
            entry.doc_string = ""
            del entry.metadata_props[:]


def input_shapes(model: ModelWrapper) -> list[tuple[int, ...]]:
    """Return the shape of one sample of each input."""
    return [tuple(model.get_tensor_shape(value.name)[1:]) for value in model.graph.input]


def quantised(node: onnx.NodeProto, tensors: dict[str, Array]) -> Array:
    """Return what a Quant or BipolarQuant gives for the values of its inputs, in their dtype."""
    if node.op_type == "BipolarQuant":
        return np.asarray(binary_quant(*(np.asarray(tensors[name]) for name in node.input)))
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    values = [np.asarray(tensors[name]) for name in node.input]
    mode = attributes.get("rounding_mode", b"ROUND").decode()
    narrow, signed = attributes.get("narrow", 1), attributes.get("signed", 1)
    return np.asarray(quant(*values, signed, narrow, mode))


def execute(model: ModelWrapper, inputs: Sequence[Array], *, float64: bool) -> list[Array]:
    """Execute the model by QONNX's rules, in batches.

    Args:
        model: Cleaned.
        inputs: [N, ...] for each input, as the model takes them.
        float64: Compute in float64 instead of float32, for sums that need more than 24 bits.

    Returns:
        float64 [N, ...] for each output. In float32, the values are those of float32.
    """
    batches = {}
    outputs = []
    for start in range(0, len(inputs[0]), _BATCH):
        parts = [part[start : start + _BATCH] for part in inputs]
        size = len(parts[0])
        if size not in batches:
            batches[size] = _resized(model, size)
        run = _execute_float64 if float64 else _execute_float32
        outputs.append(run(batches[size], parts))
    return [np.concatenate(found).astype(np.float64) for found in zip(*outputs, strict=True)]


def _resized(model: ModelWrapper, size: int) -> ModelWrapper:
    """Return the model with another batch size; qonnx changes the first input's and output's."""
    resized = model.transform(ChangeBatchSize(size), make_deepcopy=True)
    for value in (*resized.graph.input, *resized.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = size
    return resized.transform(InferShapes())


def execute_all(model: ModelWrapper, inputs: Sequence[Array], *, float64: bool) -> dict[str, Array]:
    """Execute the model once, and return every tensor by its name; as ``execute`` otherwise."""
    run = _tensors_float64 if float64 else _tensors_float32
    return run(_resized(model, len(inputs[0])), inputs)


def _execute_float32(model: ModelWrapper, inputs: Sequence[Array]) -> list[Array]:
    tensors = _tensors_float32(model, inputs, whole=False)
    return [np.asarray(tensors[value.name]) for value in model.graph.output]


def _tensors_float32(
    model: ModelWrapper, inputs: Sequence[Array], *, whole: bool = True
) -> dict[str, Array]:
    names = [value.name for value in model.graph.input]
    given = {n: part.astype(np.float32) for n, part in zip(names, inputs, strict=True)}
    found: dict[str, Array] = execute_onnx(model, given, return_full_exec_context=whole)
    return found


def _execute_float64(model: ModelWrapper, inputs: Sequence[Array]) -> list[Array]:
    tensors = _tensors_float64(model, inputs)
    return [tensors[value.name] for value in model.graph.output]


def _tensors_float64(model: ModelWrapper, inputs: Sequence[Array]) -> dict[str, Array]:
    """Execute node by node in float64, which qonnx's own executor cannot: it casts to float32."""
    from onnx.reference import ReferenceEvaluator

    tensors = {
        tensor.name: _widened(onnx.numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
    }
    for value, part in zip(model.graph.input, inputs, strict=True):
        tensors[value.name] = part.astype(np.float64)
    for node in model.graph.node:
        if node.op_type in ("Quant", "IntQuant", "BipolarQuant"):
            tensors[node.output[0]] = quantised(node, tensors)
            continue
        if node.op_type in QUANTISERS:
            raise GatewrightError(
                f"node {node.name}: a {node.op_type} in a network whose sums need more than 24 "
                "bits cannot be checked exactly; use Quant, or fewer bits"
            )
        given = {name: tensors[name] for name in node.input if name}
        results = ReferenceEvaluator(node).run(None, given)
        tensors.update(
            {name: _widened(np.asarray(r)) for name, r in zip(node.output, results, strict=True)}
        )
    return tensors


def _widened(values: Array) -> Array:
    return values.astype(np.float64) if values.dtype == np.float32 else values
