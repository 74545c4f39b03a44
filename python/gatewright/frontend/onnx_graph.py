"""An ONNX graph read, named and cleaned, and small questions about it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.frontend.quantizers import constant

RESHAPING = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
UNCHANGED = (*RESHAPING, "Identity", "Dropout", "MaxPool")  # every value is one of the input's


def load(path: Path) -> Any:
    """Read an ONNX file.

    Raises:
        GatewrightError: no such file, not ONNX, or a graph without nodes.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(str(path))
    except FileNotFoundError:
        raise GatewrightError(f"{path}: no such file; give the path of an ONNX file") from None
    except (DecodeError, OSError, ValueError) as error:
        raise GatewrightError(
            f"{path} is not an ONNX file ({error}); export the network to ONNX (QONNX) again"
        ) from error
    if not model.graph.node:
        raise GatewrightError(f"{path} is not an ONNX file with a network: its graph has no nodes")
    return model


def name_nodes(graph: Any) -> None:
    """Give each node a unique name that is an identifier; hls4ml compares in lower case."""
    taken: set[str] = set()
    for index, node in enumerate(graph.node):
        name = re.sub(r"\W+", "_", node.name).strip("_") or f"{node.op_type.lower()}_{index}"
        name = name if not name[0].isdigit() else f"n{name}"
        candidates = (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3)))
        unique = next(candidate for candidate in candidates if candidate.lower() not in taken)
        taken.add(unique.lower())
        node.name = unique
        if node.op_type in ("Quant", "IntQuant"):
            node.op_type, node.domain = "Quant", "qonnx.custom_op.general"


def one_sample(graph: Any) -> None:
    """Make the batch axis one sample, and let shapes be inferred anew from the inputs'.

    Raises:
        GatewrightError: no input, or an axis of unknown size beside the batch.
    """
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if not inputs:
        raise GatewrightError("the graph has no input: it is a constant")
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        if len(dims) < 2 or any(d.dim_value < 1 for d in dims[1:]):
            raise GatewrightError(
                f"input {value.name}: shape {[d.dim_value or d.dim_param or '?' for d in dims]}; "
                "it needs a batch axis and, after it, axes of fixed size. Export the network with "
                "an example input"
            )
        dims[0].dim_value = 1
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")


def clean(wrapper: Any) -> Any:
    """Qonnx's clean-up without its renaming of nodes."""
    from qonnx.transformation.fold_constants import FoldConstants
    from qonnx.transformation.general import (
        GiveUniqueParameterTensors,
        RemoveStaticGraphInputs,
        RemoveUnusedTensors,
        SortGraph,
    )
    from qonnx.transformation.infer_shapes import InferShapes
    from qonnx.transformation.quant_constant_folding import FoldTransposeIntoQuantInit
    from qonnx.transformation.remove import RemoveIdentityOps

    for step in (
        RemoveStaticGraphInputs(),
        InferShapes(),
        GiveUniqueParameterTensors(),
        FoldConstants(exclude_op_types=["Quant"]),
        FoldTransposeIntoQuantInit(),
        RemoveIdentityOps(),
        RemoveUnusedTensors(),
        SortGraph(),
        InferShapes(),
    ):
        wrapper = wrapper.transform(step)
    return wrapper


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes as Python values."""
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in values.items()}


def set_attributes(node: Any, **values: Any) -> None:
    """Give a node these attributes and no others."""
    from onnx import helper

    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(key, value) for key, value in values.items())


def producers(graph: Any) -> dict[str, Any]:
    """Return the node that drives each tensor."""
    return {output: node for node in graph.node for output in node.output}


def consumers(graph: Any, tensor: str) -> list[Any]:
    """Return the nodes that read ``tensor``."""
    return [node for node in graph.node if tensor in node.input]


def is_constant(graph: Any, drivers: dict[str, Any], tensor: str) -> bool:
    """Whether ``tensor`` is an initialiser, or a quantised one."""
    node = drivers.get(tensor)
    if node is not None and node.op_type == "Quant":
        tensor = node.input[0]
    return any(value.name == tensor for value in graph.initializer)


def values_behind(graph: Any, tensor: str) -> tuple[str, NDArray[Any]]:
    """Return the initialiser that gives ``tensor``, perhaps through a Quant, and its value."""
    node = producers(graph).get(tensor)
    name = node.input[0] if node is not None and node.op_type == "Quant" else tensor
    value = constant(graph, name)
    assert value is not None  # noqa: S101 - the structure was checked
    return name, value


def set_constant(graph: Any, name: str, value: NDArray[Any]) -> None:
    """Give an initialiser another value, or add it."""
    from onnx import numpy_helper

    tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
    for existing in graph.initializer:
        if existing.name == name:
            existing.CopyFrom(tensor)
            break
    else:
        graph.initializer.append(tensor)
    set_shape(graph, name, value.shape, tensor.data_type)


def shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that has one."""
    return {
        value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }


def set_shape(graph: Any, tensor: str, shape: Iterable[int], kind: int = 1) -> None:
    """Set the shape that the graph gives for ``tensor``, of ONNX's element type ``kind``."""
    from onnx import helper

    new = helper.make_tensor_value_info(tensor, kind, list(shape))
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.name == tensor:
            value.type.tensor_type.shape.CopyFrom(new.type.tensor_type.shape)
            return
    graph.value_info.append(new)


def insert_before(graph: Any, node: Any, new: Iterable[Any]) -> None:
    """Insert nodes in front of ``node``."""
    at = list(graph.node).index(node)
    for offset, item in enumerate(new):
        graph.node.insert(at + offset, item)


def remove_node(graph: Any, node: Any) -> None:
    """Remove a node of one input and one output; what read its output reads its input.

    Where its output is the graph's, the tensor in front of it becomes the graph's output.
    """
    before, after = node.input[0], node.output[0]
    graph.node.remove(node)
    for other in graph.node:
        other.input[:] = [before if tensor == after else tensor for tensor in other.input]
    known = shapes(graph)
    for value in graph.output:
        if value.name == after:
            value.name = before
            set_shape(graph, before, known.get(before, ()))
            for spare in [info for info in graph.value_info if info.name == before]:
                graph.value_info.remove(spare)


def drop_unread_nodes(graph: Any) -> None:
    """Remove nodes whose results nobody reads."""
    outputs = {value.name for value in graph.output}
    changed = True
    while changed:
        changed = False
        for node in list(graph.node):
            if not any(out in outputs or consumers(graph, out) for out in node.output):
                graph.node.remove(node)
                changed = True


def drop_unread_constants(graph: Any) -> None:
    """Remove constants that no node reads; hls4ml fails on them."""
    used = {tensor for node in graph.node for tensor in (*node.input, *node.output)}
    for group in (graph.initializer, graph.value_info):
        for value in [value for value in group if value.name not in used]:
            group.remove(value)


def first_consumers(graph: Any, tensor: str, through: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield what reads ``tensor``, looking through nodes that only reshape, and ``through``."""
    for node in graph.node:
        if tensor in node.input:
            if node.op_type in (*RESHAPING, "Identity", "Dropout", *through):
                yield from first_consumers(graph, node.output[0], through)
            else:
                yield node


def name_tensors(graph: Any) -> None:
    """Name tensors after their nodes; hls4ml keeps them beside a layer's own attributes."""
    constants = {tensor.name for tensor in graph.initializer}
    names: dict[str, str] = {}
    for node in graph.node:
        for index, tensor in enumerate(node.input):
            if tensor in constants:
                names.setdefault(tensor, f"{node.name}_param{index}")
        for index, tensor in enumerate(node.output):
            # hls4ml looks for a Reshape's output under the node's own name.
            reshapes = node.op_type == "Reshape"
            names[tensor] = node.name if reshapes else f"{node.name}_out{index}"
    taken = {node.name.lower() for node in graph.node}
    for value in graph.input:
        base = "global_in" if len(graph.input) == 1 else re.sub(r"\W+", "_", value.name)
        base = base if base[:1].isalpha() else f"n{base}"
        candidates = (base, *(f"{base}_in{i}" for i in range(len(taken) + 1)))
        name = next(candidate for candidate in candidates if candidate.lower() not in taken)
        taken.add(name.lower())
        names[value.name] = name
    for node in graph.node:
        node.input[:] = [names[tensor] for tensor in node.input]
        node.output[:] = [names[tensor] for tensor in node.output]
    for value in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)
    del graph.quantization_annotation[:]


def output_order(graph: Any) -> tuple[int, ...]:
    """Return each output's place in the order in which hls4ml lists them, that of their nodes.

    Raises:
        GatewrightError: an output that is an input or a constant.
    """
    order = {tensor: i for i, node in enumerate(graph.node) for tensor in node.output}
    wrong = [value.name for value in graph.output if value.name not in order]
    if wrong:
        raise GatewrightError(
            f"outputs {', '.join(wrong)} are no results of the network; leave them out"
        )
    listed = sorted(order[value.name] for value in graph.output)
    return tuple(listed.index(order[value.name]) for value in graph.output)
