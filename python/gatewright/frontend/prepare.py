"""ONNX (QONNX) -> an ONNX graph that hls4ml reads rightly.

hls4ml's ONNX reader takes no Gemm, merges constants only where they stand in the right place, and
quietly computes something else for what it does not know. So the graph is brought into the one form
it reads exactly, and everything outside that form is refused here, by the node's name, before
anything is generated. Node names survive: a layer configuration says ``fc1:``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.frontend.quantizers import exact_quant, find_quantizers, quant_format

# What may stand in the graph, and what to do instead of what may not.
SUPPORTED = ("Quant", "Gemm", "MatMul", "Add", "Relu", "Identity", "Dropout", "Flatten", "Reshape")
FOLDED = ("Constant", "Shape", "Gather", "Concat", "Unsqueeze", "Squeeze", "Cast", "Slice", "Mul",
          "Transpose", "IntQuant")  # fmt: skip
INSTEAD = {
    "BatchNormalization": "merge it into the layer before it (brevitas.nn.utils.merge_bn) before "
    "the quantisation is calibrated",
    "BipolarQuant": "use a 2-bit signed quantiser",
    "Trunc": "use a Quant (QuantIdentity) there",
    "Softmax": "leave it out: the largest logit is the largest probability",
    "LogSoftmax": "leave it out: the largest logit is the largest probability",
    "Sigmoid": "use ReLU",
    "Tanh": "use ReLU",
}


@dataclass(frozen=True)
class Prepared:
    """A graph ready for hls4ml's ONNX reader.

    Attributes:
        model: The ``onnx.ModelProto``.
        input_name: The input tensor, which is hls4ml's name of the input layer.
        input_format: Format of the first quantiser, the type of hls4ml's input.
        layers: Names a layer configuration may use: the nodes with weights and the activations.
    """

    model: Any
    input_name: str
    input_format: FixedFormat
    layers: tuple[str, ...]


def prepare(path: Path) -> Prepared:
    """Read ``path`` and bring it into the form that hls4ml reads rightly.

    Raises:
        GatewrightError: not an ONNX file, or something in it that the hardware would not do
            exactly; the message names the node, what was found, what is allowed and what to do.
    """
    from qonnx.core.modelwrapper import ModelWrapper

    model = load(path)
    check_operators(model.graph)
    name_nodes(model.graph)
    one_sample(model.graph)
    wrapper = clean(ModelWrapper(model))
    gemm_to_matmul(wrapper.model.graph)
    wrapper = clean(wrapper)
    check_structure(wrapper.model.graph)
    name_tensors(wrapper.model.graph)
    graph = wrapper.model.graph
    layers = tuple(n.name for n in graph.node if n.op_type in ("MatMul", "Relu"))
    return Prepared(wrapper.model, graph.input[0].name, input_format(graph), layers)


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


def check_operators(graph: Any) -> None:
    """Refuse operators by name, all of them at once."""
    wrong = [n for n in graph.node if n.op_type not in (*SUPPORTED, *FOLDED)]
    if wrong:
        lines = [
            f"  {n.name or n.output[0]}: {n.op_type}; "
            + INSTEAD.get(n.op_type, "build it from the operators below")
            for n in wrong
        ]
        raise GatewrightError(
            "operators that are not supported:\n"
            + "\n".join(lines)
            + f"\nSupported: {', '.join(SUPPORTED)}."
        )


def name_nodes(graph: Any) -> None:
    """Give each node a unique name that is an identifier; hls4ml compares in lower case."""
    taken: set[str] = set()
    for index, node in enumerate(graph.node):
        name = re.sub(r"\W+", "_", node.name).strip("_") or f"{node.op_type.lower()}_{index}"
        name = name if not name[0].isdigit() else f"n{name}"
        unique, count = name, 2
        while unique.lower() in taken:
            unique, count = f"{name}_{count}", count + 1
        taken.add(unique.lower())
        node.name = unique
        if node.op_type in ("Quant", "IntQuant"):
            node.op_type, node.domain = "Quant", "qonnx.custom_op.general"


def one_sample(graph: Any) -> None:
    """Make the batch axis one sample, and let shapes be inferred anew from the input's.

    Raises:
        GatewrightError: more than one input, or an axis of unknown size beside the batch.
    """
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise GatewrightError(
            f"the graph has {len(inputs)} inputs ({', '.join(v.name for v in inputs)}); "
            "1 is supported"
        )
    dims = inputs[0].type.tensor_type.shape.dim
    if len(dims) < 2 or any(d.dim_value < 1 for d in dims[1:]):
        raise GatewrightError(
            f"input {inputs[0].name}: shape {[d.dim_value or d.dim_param or '?' for d in dims]}; "
            "it needs a batch axis and, after it, axes of fixed size. Export the network with an "
            "example input"
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


def gemm_to_matmul(graph: Any) -> None:
    """Replace each Gemm by a MatMul of the same name and an Add.

    Raises:
        GatewrightError: alpha or beta is not 1, or the first operand is transposed.
    """
    from onnx import helper

    for node in [n for n in graph.node if n.op_type == "Gemm"]:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        scale = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
        if scale != (1.0, 1.0) or attributes.get("transA", 0):
            raise GatewrightError(
                f"{node.name}: Gemm with alpha, beta = {scale[0]:g}, {scale[1]:g} and transA = "
                f"{attributes.get('transA', 0)}; allowed: 1, 1 and 0. Write it as a Linear layer"
            )
        new = []
        weight = node.input[1]
        if attributes.get("transB", 0):
            weight = f"{node.name}_transposed"
            new.append(
                helper.make_node(
                    "Transpose", [node.input[1]], [weight], f"{node.name}_transpose", perm=[1, 0]
                )
            )
        has_bias = len(node.input) > 2 and node.input[2] != ""
        product = f"{node.name}_product" if has_bias else node.output[0]
        new.append(helper.make_node("MatMul", [node.input[0], weight], [product], node.name))
        if has_bias:
            operands = [product, node.input[2]]
            new.append(helper.make_node("Add", operands, list(node.output), f"{node.name}_bias"))
        at = list(graph.node).index(node)
        graph.node.remove(node)
        for offset, item in enumerate(new):
            graph.node.insert(at + offset, item)


def producers(graph: Any) -> dict[str, Any]:
    """Return the node that drives each tensor."""
    return {output: node for node in graph.node for output in node.output}


def check_structure(graph: Any) -> None:
    """Check quantisers and operands; give exact constants without a quantiser one.

    Raises:
        GatewrightError: the first node that hls4ml or the hardware would not do exactly.
    """
    for node in graph.node:
        if node.op_type in FOLDED:
            raise GatewrightError(
                f"{node.name}: {node.op_type} of a value that depends on the input; supported: "
                f"{', '.join(SUPPORTED)} (and {node.op_type} of constants)"
            )
    for node in find_quantizers(graph):
        quant_format(node, graph)
    for node in list(graph.node):
        if node.op_type == "MatMul":
            quantized_operand(graph, node, f"{node.name}: weight")
        if node.op_type == "Add":
            check_bias(graph, node)


def check_bias(graph: Any, node: Any) -> None:
    """Check that an Add is the bias of a MatMul, and put the constant operand last."""
    drivers = producers(graph)
    if is_constant(graph, drivers, node.input[0]):
        node.input[0], node.input[1] = node.input[1], node.input[0]
    before = drivers.get(node.input[0])
    constant = is_constant(graph, drivers, node.input[1])
    if before is None or before.op_type != "MatMul" or not constant:
        raise GatewrightError(
            f"{node.name}: an Add that is not the bias of a Linear layer; supported: an Add of "
            "a constant right after MatMul or Gemm"
        )
    quantized_operand(graph, node, f"{before.name}: bias")


def is_constant(graph: Any, drivers: dict[str, Any], tensor: str) -> bool:
    """Whether ``tensor`` is an initialiser, or a quantised one."""
    node = drivers.get(tensor)
    if node is not None and node.op_type == "Quant":
        tensor = node.input[0]
    return any(value.name == tensor for value in graph.initializer)


def quantized_operand(graph: Any, node: Any, what: str) -> None:
    """See to it that the second operand is a quantised constant.

    Raises:
        GatewrightError: it depends on the input, or it is a constant without a quantiser whose
            values no format of 24 bits holds.
    """
    drivers = producers(graph)
    tensor = node.input[1]
    if not is_constant(graph, drivers, tensor):
        raise GatewrightError(
            f"{what} of {node.op_type} depends on the input; it must be a constant"
        )
    if tensor not in drivers:
        quantizer = exact_quant(graph, tensor, node.name, what)
        graph.node.insert(list(graph.node).index(node), quantizer)
        node.input[1] = quantizer.output[0]


def input_format(graph: Any) -> FixedFormat:
    """Return the format of the quantiser (one, or several that are alike) at the input.

    Raises:
        GatewrightError: the input reaches something else before a quantiser, or quantisers that
            differ.
    """
    found = {}
    for node in first_consumers(graph, graph.input[0].name):
        if node.op_type != "Quant":
            raise GatewrightError(
                f"{node.name}: {node.op_type} reads the network's input before any quantiser; "
                "the hardware needs integers: put a QuantIdentity in front (power-of-two scale)"
            )
        found[node.name] = quant_format(node, graph)
    if len(set(found.values())) != 1:
        texts = ", ".join(f"{name}: {fmt}" for name, fmt in found.items())
        raise GatewrightError(
            f"the input is quantised in {len(found)} ways ({texts}); 1 is supported: share one "
            "QuantIdentity"
        )
    return next(iter(found.values()))


def first_consumers(graph: Any, tensor: str) -> Iterator[Any]:
    """Yield what reads ``tensor``, looking through nodes that only reshape."""
    for node in graph.node:
        if tensor in node.input[:1]:
            if node.op_type in ("Reshape", "Flatten", "Identity", "Dropout"):
                yield from first_consumers(graph, node.output[0])
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
            names[tensor] = f"{node.name}_out{index}"
    names[graph.input[0].name] = "global_in"
    for node in graph.node:
        node.input[:] = [names[tensor] for tensor in node.input]
        node.output[:] = [names[tensor] for tensor in node.output]
    for value in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)
    del graph.quantization_annotation[:]
