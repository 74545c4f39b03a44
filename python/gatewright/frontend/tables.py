"""Functions of one quantised element, with the quantiser behind them, as tables.

What stands between two quantisers and only works element by element on one tensor (a Sigmoid, the
Mul and Sigmoid of a SiLU) is computed for every integer that the first quantiser can give, in
float32 by ONNX Runtime, as QONNX execution does, and in float64, as the export does. Where both
give one integer everywhere, that is the table; else the node is refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.frontend import own_nodes
from gatewright.frontend.function_formats import exact_integers, own_format
from gatewright.frontend.onnx_graph import (
    UNCHANGED,
    attributes,
    drop_unread_nodes,
    insert_before,
    producers,
)
from gatewright.frontend.quantizers import ROUNDINGS, constant, quant_format, rounding_mode

QUANTISERS = ("Quant", "BipolarQuant")
MAX_BITS = 12  # of the input: a table of 4,096
BY_TABLE = (
    "Sigmoid", "Tanh", "HardSigmoid", "Elu", "Selu", "Celu", "Softplus", "Softsign", "HardSwish",
    "Mish", "Gelu", "Exp", "Log", "Erf", "Sqrt", "Reciprocal", "Abs", "Neg", "Sin", "Cos", "Atan",
)  # fmt: skip
# What may stand beside those in a region, though it needs no table of its own.
ARITHMETIC = (
    "Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "Clip", "Mul", "Add", "Sub", "Div", "Min",
    "Max", "Identity", "Dropout",
)  # fmt: skip
# What exporters write functions with; it may stand in a region only.
INSIDE = (
    "Where", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Not", "And", "Or",
    "Sign", "Floor", "Ceil", "Round", "Cast", "Pow",
)  # fmt: skip
MAX_SLOPE_BITS = 16  # of a slope that is multiplied; a finer one needs a table


@dataclass(frozen=True)
class Region:
    """Nodes between a quantised tensor and a quantiser, in topological order."""

    nodes: tuple[Any, ...]
    leaves: tuple[str, ...]

    @property
    def needs_table(self) -> bool:
        """Whether something in it is no arithmetic."""
        return any(node.op_type in BY_TABLE or fine_slope(node) for node in self.nodes)


def rewrite_functions(model: Any) -> None:
    """Put a table in the place of each region that needs one.

    Raises:
        GatewrightError: a function without a quantiser before or behind it, of a tensor of more
            than ``MAX_BITS`` bits, of two tensors, or whose value lies on the edge of rounding.
    """
    graph = model.graph
    for node in list(graph.node):
        if (
            node.op_type not in ("Quant", "BipolarQuant")
            or constant(graph, node.input[0]) is not None
        ):
            continue
        found = region_before(graph, node.input[0])
        if found.needs_table and not _is_wide_arithmetic(graph, found):
            _replace(model, node, found)
    drop_unread_nodes(graph)
    for node in graph.node:
        if node.op_type in BY_TABLE:
            raise GatewrightError(
                f"{node.name}: {node.op_type} without a quantiser behind it; the hardware does it "
                "by table, of integers: put a QuantIdentity (power-of-two scale) right behind"
            )


def region_before(graph: Any, tensor: str) -> Region:
    """Return the elementwise nodes that ``tensor`` comes from, and what they start from."""
    drivers = producers(graph)
    nodes: list[Any] = []
    leaves: list[str] = []

    def visit(name: str) -> None:
        node = drivers.get(name)
        if node is None or node.op_type not in (*BY_TABLE, *ARITHMETIC, *INSIDE):
            if name not in leaves:
                leaves.append(name)
            return
        if node in nodes:
            return
        for source in node.input:
            value = constant(graph, source) if source else None
            if source and (value is None or value.size != 1):
                visit(source)
        nodes.append(node)

    visit(tensor)
    return Region(tuple(nodes), tuple(leaves))


def fine_slope(node: Any) -> bool:
    """Whether a LeakyRelu's slope has more bits than a multiplication is made of."""
    if node.op_type != "LeakyRelu":
        return False
    found = exact_integers(np.array([attributes(node).get("alpha", 0.01)]))
    return found is None or found[1].width > MAX_SLOPE_BITS


def _is_wide_arithmetic(graph: Any, region: Region) -> bool:
    """Whether a region is only fine slopes of a tensor too wide for a table."""
    if any(node.op_type in BY_TABLE for node in region.nodes):
        return False
    source = source_format(graph, region.leaves[0]) if len(region.leaves) == 1 else None
    return source is None or source.width > MAX_BITS


def _replace(model: Any, quantiser: Any, region: Region) -> None:
    """Replace a quantiser by the table of the region before it and itself."""
    graph = model.graph
    first = next(node for node in region.nodes if node.op_type in BY_TABLE or fine_slope(node))
    where = f"{first.name}: {first.op_type}"
    if len(region.leaves) != 1:
        raise GatewrightError(
            f"{where} of {len(region.leaves)} tensors together ({', '.join(region.leaves)}); put a "
            "quantiser (QuantIdentity) right behind it"
        )
    source = source_format(graph, region.leaves[0])
    if source is None or source.width > MAX_BITS:
        found = "not quantised" if source is None else f"{source.width} bits wide"
        raise GatewrightError(
            f"{where} of a tensor that is {found}; the hardware does it by table, of at most "
            f"{MAX_BITS} bits: put a quantiser (QuantIdentity) of 8 bits, say, in front"
        )
    integers = np.arange(source.min_int, source.max_int + 1)
    reals = np.ldexp(integers.astype(np.float64), -source.fraction)
    fmt = result_format(graph, quantiser)
    single = _quantised(graph, quantiser, _single(model, region, reals), fmt, where)
    double = _quantised(graph, quantiser, _double(graph, region, reals), fmt, where)
    if (single != double).any():
        at = int(np.flatnonzero(single != double)[0])
        raise GatewrightError(
            f"{where} of {reals[at]:g} lies so near to where {quantiser.name} changes that float32 "
            f"gives {single[at] * fmt.lsb:g} and float64 {double[at] * fmt.lsb:g}; quantise it "
            "with rounding mode ROUND, or with another scale"
        )
    name = first.name
    function = ", ".join(dict.fromkeys(node.op_type for node in region.nodes))
    new = own_nodes.table(
        name, region.leaves[0], quantiser.output[0], fmt, source, single, function
    )
    insert_before(graph, quantiser, [new])
    graph.node.remove(quantiser)


def source_format(graph: Any, tensor: str) -> FixedFormat | None:
    """Return the format of the quantiser that ``tensor``'s values come from, or None."""
    node = producers(graph).get(tensor)
    while node is not None and node.op_type in UNCHANGED:
        node = producers(graph).get(node.input[0])
    if node is None:
        return None
    if node.op_type in QUANTISERS:
        return result_format(graph, node)
    return own_format(graph, node)


def result_format(graph: Any, quantiser: Any) -> FixedFormat:
    """Return the format of what a quantiser gives, whatever its rounding."""
    if quantiser.op_type == "BipolarQuant" or is_bipolar(graph, quantiser):
        return bipolar_format(graph, quantiser)
    if rounding_mode(quantiser) in ROUNDINGS and not narrow_unsigned(quantiser):
        return quant_format(quantiser, graph)
    # The mode is in the table's values.
    from onnx import NodeProto, helper

    plain = NodeProto()
    plain.CopyFrom(quantiser)
    del plain.attribute[:]
    plain.attribute.append(helper.make_attribute("signed", attributes(quantiser).get("signed", 1)))
    fmt = quant_format(plain, graph)
    return FixedFormat(fmt.signed, fmt.width, fmt.integer, Rounding.TRN, Overflow.SAT)


def bipolar_format(graph: Any, quantiser: Any) -> FixedFormat:
    """Return the format of -scale and scale.

    Raises:
        GatewrightError: the scale is not one power of two.
    """
    scale = constant(graph, quantiser.input[1])
    values = np.array([]) if scale is None else np.unique(scale.astype(np.float64))
    if len(values) != 1 or np.frexp(values[0])[0] != 0.5:
        raise GatewrightError(
            f"{quantiser.name}: {quantiser.op_type} with scale {values.tolist()}; allowed: one "
            "constant power of two"
        )
    exponent = int(np.frexp(values[0])[1]) - 1
    return FixedFormat(True, 2, 2 + exponent, Rounding.TRN, Overflow.SAT)


def is_bipolar(graph: Any, quantiser: Any) -> bool:
    """Whether a Quant has one bit with sign, which QONNX takes for -1 and 1."""
    bits = constant(graph, quantiser.input[3])
    return (
        bool(attributes(quantiser).get("signed", 1))
        and bits is not None
        and bool(np.all(bits == 1))
    )


def narrow_unsigned(quantiser: Any) -> bool:
    """Whether a Quant has a narrow range without sign, which lacks the greatest value."""
    given = attributes(quantiser)
    return bool(given.get("narrow", 0)) and not given.get("signed", 1)


def _quantised(
    graph: Any, node: Any, values: NDArray[Any], fmt: FixedFormat, where: str
) -> IntArray:
    """Return what a quantiser gives for real values, as integers of ``fmt``."""
    from qonnx.custom_op.general.bipolar_quant import binary_quant
    from qonnx.custom_op.general.intquant import int_quant

    if np.isnan(values).any():
        raise GatewrightError(f"{where} is not a number for some input; quantise in another range")
    operands = [
        np.asarray(constant(graph, t)).ravel()[0].astype(values.dtype) for t in node.input[1:]
    ]
    if node.op_type == "BipolarQuant":
        found = binary_quant(values, operands[0])
    else:
        given = attributes(node)
        signed, narrow = given.get("signed", 1), given.get("narrow", 0)
        found = int_quant(values, *operands, signed, narrow, rounding_mode(node))
    return np.ldexp(np.asarray(found, np.float64), fmt.fraction).astype(np.int64)


def _operands(graph: Any, region: Region) -> dict[str, NDArray[Any]]:
    """Return the constants of a region, each one value."""
    names = {name for node in region.nodes for name in node.input if name}
    values = {name: constant(graph, name) for name in names}
    return {name: value.reshape(()) for name, value in values.items() if value is not None}


def _single(model: Any, region: Region, reals: NDArray[np.float64]) -> NDArray[Any]:
    """Compute a region in float32 by ONNX Runtime."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    leaf, out = region.leaves[0], region.nodes[-1].output[0]
    inputs = [helper.make_tensor_value_info(leaf, TensorProto.FLOAT, [len(reals)])]
    outputs = [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)]
    constants = [
        numpy_helper.from_array(np.array(value), name)
        for name, value in _operands(model.graph, region).items()
    ]
    graph = helper.make_graph(list(region.nodes), "region", inputs, outputs, constants)
    opsets = [opset for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    whole = helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version)
    session = onnxruntime.InferenceSession(
        whole.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {leaf: reals.astype(np.float32)})[0])


def _double(graph: Any, region: Region, reals: NDArray[np.float64]) -> NDArray[Any]:
    """Compute a region in float64."""
    from onnx.reference import ReferenceEvaluator

    values: dict[str, NDArray[Any]] = {
        name: value.astype(np.float64) if value.dtype == np.float32 else value
        for name, value in _operands(graph, region).items()
    }
    values[region.leaves[0]] = reals
    for node in region.nodes:
        given = {name: values[name] for name in node.input if name}
        results = ReferenceEvaluator(node).run(None, given)
        values.update({name: np.asarray(r) for name, r in zip(node.output, results, strict=False)})
    return values[region.nodes[-1].output[0]]
