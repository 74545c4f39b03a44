"""Whether a QONNX model is fixed-point throughout, and how many bits its sums need."""

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.general.quant import resolve_rounding_mode

from gatewright.errors import GatewrightError
from gatewright.export.qonnx_model import LAYERS, quantised

Array = NDArray[Any]

_MAX_PARAMETER_BITS = 24  # a float32 that needs as many has never been quantised
_FLOAT32_UNITS, _FLOAT64_UNITS = 1 << 24, 1 << 53
_PASSING = (  # operators whose outputs are among their inputs' values, or zero
    *("Relu", "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity"),
    *("Pad", "Slice", "Gather"),
)


def check_fixed_point(model: ModelWrapper) -> None:
    """Refuse a model that is not fixed-point throughout.

    Raises:
        GatewrightError: the input or a layer's parameters are not quantised, or a quantiser's
            scale is not a power of two or its zero point not zero; names the node.
    """
    quantisers = [node for node in model.graph.node if node.op_type in ("Quant", "IntQuant")]
    if not quantisers and not any(n.op_type == "BipolarQuant" for n in model.graph.node):
        raise GatewrightError(
            "the model has no quantiser (Quant) at all: it is a float model. Quantise it with "
            "Brevitas' fixed-point quantisers and export it with export_qonnx"
        )
    for node in quantisers:
        _check_quantiser(model, node)
    for node in model.graph.node:
        if node.op_type in LAYERS:
            _check_layer(model, node)


def _check_quantiser(model: ModelWrapper, node: onnx.NodeProto) -> None:
    _check_rounding(node)
    scale, zero, bits = (model.get_initializer(name) for name in node.input[1:4])
    if scale is None or zero is None or bits is None:
        raise GatewrightError(
            f"node {node.name}: scale, zero point and bit width must be constants"
        )
    bad = [float(value) for value in np.ravel(scale) if math.frexp(value)[0] != 0.5]
    if bad:
        raise GatewrightError(
            f"node {node.name}: the scale {bad[0]!r} is not a power of two; use fixed-point "
            "quantisers, such as Brevitas' Int8WeightPerTensorFixedPoint"
        )
    if np.any(zero):
        raise GatewrightError(
            f"node {node.name}: the zero point {np.ravel(zero)[0]!r} must be 0 in fixed point"
        )


def _check_rounding(node: onnx.NodeProto) -> None:
    for attribute in node.attribute:
        if attribute.name == "rounding_mode":
            mode = onnx.helper.get_attribute_value(attribute).decode(errors="replace")
            try:
                resolve_rounding_mode(mode)
            except ValueError:
                raise GatewrightError(
                    f"node {node.name}: rounding mode {mode!r}, which QONNX does not define; "
                    "allowed: ROUND, HALF_EVEN, FLOOR, CEIL, DOWN, UP, HALF_UP, HALF_DOWN"
                ) from None


def _check_layer(model: ModelWrapper, node: onnx.NodeProto) -> None:
    for index, name in enumerate(node.input):
        values = model.get_initializer(name)
        if values is not None and _bits(values) >= _MAX_PARAMETER_BITS:
            raise GatewrightError(
                f"node {node.name}: its {'bias' if index == 2 else 'weight'} is float: quantise "
                "it, such as with Brevitas' Int8WeightPerTensorFixedPoint or "
                "Int8BiasPerTensorFixedPointInternalScaling"
            )
    source = _source(model, node.input[0])
    if source is None and model.get_initializer(node.input[0]) is None:
        raise GatewrightError(
            f"node {node.name}: the network's input reaches it unquantised; put a quantiser "
            "before it, such as Brevitas' QuantIdentity with a fixed-point act_quant"
        )


def _source(model: ModelWrapper, name: str) -> onnx.NodeProto | None:
    """Return the node that computes the values of ``name``; None for the network's input."""
    node: onnx.NodeProto | None = model.find_producer(name)
    while node is not None and node.op_type in _PASSING:
        node = model.find_producer(node.input[0])
    return node


def needs_float64(model: ModelWrapper) -> bool:
    """Whether some sum may reach 2**24 units, from the weights and the inputs' formats.

    Where that cannot be told, it is taken to be so: float64 is never wrong.

    Raises:
        GatewrightError: some sum may reach 2**53 units, more than float64 holds.
    """
    needed = False
    for node in model.graph.node:
        if node.op_type in (*LAYERS, "Add"):
            units = _worst_add(model, node) if node.op_type == "Add" else _worst_sum(model, node)
            if units is not None and units >= _FLOAT64_UNITS:
                raise GatewrightError(
                    f"node {node.name}: its sum may reach {units} units of its finest bit, more "
                    "than the 2**53 that float64 counts; use fewer bits, or scales that are closer"
                )
            needed |= units is None or units >= _FLOAT32_UNITS
        elif node.op_type not in ("Quant", "IntQuant", *_PASSING):
            needed = True
    return needed


def _worst_sum(model: ModelWrapper, node: onnx.NodeProto) -> int | None:
    """Return a bound on the magnitude of a layer's sum in units of its finest bit."""
    source = _source(model, node.input[0])
    weight = _parameter(model, node.input[1])
    if source is None or source.op_type not in ("Quant", "IntQuant") or weight is None:
        return None
    scale, _, bits = (np.ravel(model.get_initializer(name)) for name in source.input[1:4])
    largest = float(2 ** bits.max() * scale.max())
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    rows = np.moveaxis(weight, 0 if node.op_type == "Conv" or transposed else -1, 0)
    total = np.abs(rows.reshape(len(rows), -1)).sum(axis=1).max() * largest
    unit = float(scale.min()) * _unit(weight)
    if len(node.input) > 2 and node.input[2]:
        bias = _parameter(model, node.input[2])
        if bias is None:
            return None
        total, unit = total + np.abs(bias).max(initial=0.0), min(unit, _unit(bias))
    return math.ceil(float(total) / unit)


def _worst_add(model: ModelWrapper, node: onnx.NodeProto) -> int | None:
    """Return a bound on the magnitude of a sum of two branches in units of its finest bit."""
    total, unit = 0.0, math.inf
    for name in node.input:
        source = _source(model, name)
        if source is None or source.op_type not in ("Quant", "IntQuant"):
            return None
        scale, _, bits = (np.ravel(model.get_initializer(part)) for part in source.input[1:4])
        total += float(2 ** bits.max() * scale.max())
        unit = min(unit, float(scale.min()))
    return math.ceil(total / unit)


def _parameter(model: ModelWrapper, name: str) -> Array | None:
    """Return a layer's constant weight or bias as it is used, float64, or None."""
    values = model.get_initializer(name)
    if values is None:
        node = model.find_producer(name)
        if node is None or node.op_type not in ("Quant", "IntQuant"):
            return None
        constants = {part: model.get_initializer(part) for part in node.input}
        if any(value is None for value in constants.values()):
            return None
        values = quantised(node, constants)
    return np.asarray(values, dtype=np.float64)


def _unit(values: Array) -> float:
    """Return the largest power of two that every value is a multiple of; 1 if all are zero."""
    mantissas, exponents = np.frexp(np.ravel(values)[np.ravel(values) != 0].astype(np.float64))
    if not mantissas.size:
        return 1.0
    integers = np.abs(np.ldexp(mantissas, 53)).astype(np.int64)
    lowest = np.log2((integers & -integers).astype(np.float64)).astype(np.int64)
    return float(2.0 ** int((exponents - 53 + lowest).min()))


def _bits(values: Array) -> int:
    """Return the bits that the magnitudes need in fixed point."""
    largest = float(np.abs(values).max(initial=0.0))
    return math.ceil(largest / _unit(values)).bit_length() if largest else 0


def fraction_bits(values: Array) -> int:
    """Return the fewest fraction bits, from 0, that hold every value exactly."""
    return max(-int(math.log2(_unit(values))), 0)
