"""Quant nodes (QONNX) as fixed-point formats, or refused by name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding

HLS4ML_ROUNDINGS = ("ROUND", "FLOOR")  # what hls4ml 1.3 knows
ROUNDINGS = {  # QONNX's words; its UP and CEIL are none of ap_fixed's modes
    "ROUND": Rounding.RND_CONV,
    "HALF_EVEN": Rounding.RND_CONV,
    "FLOOR": Rounding.TRN,
    "DOWN": Rounding.TRN_ZERO,
    "HALF_UP": Rounding.RND_INF,
    "HALF_DOWN": Rounding.RND_ZERO,
}
MAX_BITS = 32  # width of a quantiser
MAX_EXACT_BITS = 24  # width of a constant that comes without one


def find_quantizers(graph: Any) -> list[Any]:
    """Return the Quant nodes of ``graph``."""
    return [node for node in graph.node if node.op_type == "Quant"]


def constant(graph: Any, tensor: str) -> NDArray[Any] | None:
    """Return the value of the initialiser called ``tensor``, or None."""
    from onnx import numpy_helper

    found = next((value for value in graph.initializer if value.name == tensor), None)
    return None if found is None else np.asarray(numpy_helper.to_array(found))


def quant_format(node: Any, graph: Any) -> FixedFormat:
    """Return the format of a Quant node.

    Raises:
        GatewrightError: a scale that is not one power of two, a zero point, a rounding mode or a
            width that hls4ml and the hardware do not do exactly.
    """
    attributes, mode = _attributes(node), rounding_mode(node)
    rounding = ROUNDINGS.get(mode)
    if rounding is None:
        raise GatewrightError(
            f"{node.name}: rounding mode {mode!r} in a Quant node; allowed: "
            f"{', '.join(ROUNDINGS)} (Brevitas: FloatToIntImplType.ROUND or FLOOR)"
        )
    exponent = _exponent(node, graph)
    width = _width(node, graph)
    if (zero := constant(graph, node.input[2])) is None or np.any(zero != 0):
        raise GatewrightError(
            f"{node.name}: zero point {'computed' if zero is None else zero.ravel()[0]}; allowed: "
            "0. Use a quantiser without zero point (Brevitas: the ...FixedPoint quantisers)"
        )
    signed, narrow = bool(attributes.get("signed", 1)), bool(attributes.get("narrow", 0))
    if narrow and not signed:
        raise GatewrightError(
            f"{node.name}: a narrow range without sign; hls4ml allows narrow only with sign"
        )
    if signed and width == 1:
        raise GatewrightError(
            f"{node.name}: one bit with a sign, which QONNX takes for -1 and 1, and hls4ml for -1 "
            "and 0; use two bits"
        )
    overflow = Overflow.SAT_SYM if narrow else Overflow.SAT
    return FixedFormat(signed, width, width + exponent, rounding, overflow)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def rounding_mode(node: Any) -> str:
    """Return a Quant node's rounding mode, in QONNX's words."""
    mode = _attributes(node).get("rounding_mode", b"ROUND")
    return str(mode.decode() if isinstance(mode, bytes) else mode).upper()


def known_to_hls4ml(graph: Any, node: Any) -> bool:
    """Whether hls4ml reads a Quant node rightly, as far as its attributes and shapes go."""
    attributes = _attributes(node)
    signed, narrow = attributes.get("signed", 1), attributes.get("narrow", 0)
    scale, bits = constant(graph, node.input[1]), constant(graph, node.input[3])
    one_scale = scale is None or len(np.unique(scale)) == 1
    one_bit = bits is not None and bool(np.all(bits == 1))
    return (
        rounding_mode(node) in HLS4ML_ROUNDINGS
        and one_scale
        and not (one_bit and signed)
        and not (narrow and not signed)
    )


def _exponent(node: Any, graph: Any) -> int:
    """Return log2 of a Quant node's scale."""
    scale = constant(graph, node.input[1])
    if scale is None:
        raise GatewrightError(f"{node.name}: a scale that is computed; it must be a constant")
    values = np.unique(scale.astype(np.float64))
    if len(values) > 1:
        raise GatewrightError(
            f"{node.name}: {scale.size} scales from {values[0]:g} to {values[-1]:g}; allowed: one "
            "power of two for the whole tensor (Brevitas: the ...PerTensorFixedPoint quantisers)"
        )
    mantissa, exponent = np.frexp(values[0])
    if mantissa != 0.5:
        raise GatewrightError(
            f"{node.name}: scale {values[0]:.9g} is not a power of two; allowed: ..., 0.25, 0.5, "
            "1, 2, ... (Brevitas: the ...FixedPoint quantisers)"
        )
    return int(exponent) - 1


def _width(node: Any, graph: Any) -> int:
    """Return a Quant node's bit width."""
    bits = constant(graph, node.input[3])
    if bits is None or bits.size != 1:
        raise GatewrightError(f"{node.name}: the bit width must be one constant")
    width = float(bits.ravel()[0])
    if width != int(width) or not 1 <= width <= MAX_BITS:
        raise GatewrightError(
            f"{node.name}: bit width {width:g}; allowed: whole numbers from 1 to {MAX_BITS}"
        )
    return int(width)


def exact_quant(graph: Any, tensor: str, name: str, what: str) -> Any:
    """Return a new Quant node that holds a constant without quantiser exactly.

    Args:
        graph: The graph; the node's own constants are added to it.
        tensor: The constant.
        name: Name of the node that reads it, for the new node's name.
        what: What it is, for messages.

    Raises:
        GatewrightError: no format of ``MAX_EXACT_BITS`` bits holds every value.
    """
    from onnx import helper

    value = constant(graph, tensor)
    if value is None:
        raise GatewrightError(f"{what} must be a constant")
    width, exponent = _exact_width(value, what)
    prefix = f"{name}_exact"
    graph.value_info.append(helper.make_tensor_value_info(f"{prefix}_out", 1, value.shape))
    return make_quant(graph, prefix, tensor, f"{prefix}_out", width, exponent)


def make_quant(
    graph: Any,
    name: str,
    tensor: str,
    out: str,
    width: int,
    exponent: int,
    *,
    signed: bool = True,
    rounding_mode: str = "ROUND",
) -> Any:
    """Return a new Quant node of scale 2**exponent; its constants are added to the graph."""
    from onnx import helper, numpy_helper

    operands = {"scale": 2.0**exponent, "zero": 0.0, "bits": float(width)}
    for key, number in operands.items():
        array = np.array(number, dtype=np.float32)
        graph.initializer.append(numpy_helper.from_array(array, f"{name}_{key}"))
        graph.value_info.append(helper.make_tensor_value_info(f"{name}_{key}", 1, []))
    return helper.make_node(
        "Quant", [tensor, *(f"{name}_{key}" for key in operands)], [out], name,
        domain="qonnx.custom_op.general",
        signed=int(signed), narrow=0, rounding_mode=rounding_mode,
    )  # fmt: skip


def _exact_width(value: NDArray[Any], what: str) -> tuple[int, int]:
    """Return the width and the exponent of the narrowest signed format that holds ``value``."""
    if not np.all(np.isfinite(value)):
        raise GatewrightError(f"{what}: a value that is not finite; train the network again")
    mantissa, exponent = np.frexp(value[value != 0].astype(np.float64))
    if mantissa.size == 0:
        return 1, 0
    # The odd part of each mantissa gives the exponent of its lowest bit.
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    lowest = int((exponent - 53 + np.log2((whole & -whole).astype(np.float64))).min())
    width = int(exponent.max()) - lowest + 1
    if width > MAX_EXACT_BITS:
        raise GatewrightError(
            f"{what}: {value.size} values without quantiser, which need {width} bits to be held "
            f"exactly; allowed: {MAX_EXACT_BITS}. Quantise it (Brevitas: weight_quant="
            "Int8WeightPerTensorFixedPoint, bias_quant=Int16Bias with a fixed-point scale)"
        )
    return width, lowest
