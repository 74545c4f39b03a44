"""Quantisers of constants: the values they give, by QONNX's own rules, whatever their mode.

A constant is quantised once, here. Where hls4ml knows the quantiser it stays, and changes nothing
any more; where not (a scale for each channel, a rounding mode, a narrow range without sign, one bit
with sign, which QONNX takes for -1 and 1), the narrowest format takes its place that holds every
value exactly.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.frontend.onnx_graph import attributes, insert_before, set_constant
from gatewright.frontend.quantizers import constant, exact_quant, known_to_hls4ml, quant_format


def quantise_constants(graph: Any) -> None:
    """Quantise every constant that has a quantiser.

    Raises:
        GatewrightError: a scale that is no power of two, a mode that QONNX does not define, or
            values that no narrow format holds.
    """
    for node in list(graph.node):
        if node.op_type != "Quant" or constant(graph, node.input[0]) is None:
            continue
        values = quantised(graph, node)
        if known_to_hls4ml(graph, node):
            quant_format(node, graph)
            set_constant(graph, node.input[0], values.astype(np.float32))
        else:
            _replace(graph, node, values)


def quantised(graph: Any, node: Any) -> NDArray[np.float64]:
    """Return what a quantiser of a constant gives.

    Raises:
        GatewrightError: an operand that is not constant, a scale that is no power of two, or a
            rounding mode that QONNX does not define.
    """
    from qonnx.custom_op.general.intquant import int_quant

    operands = [constant(graph, tensor) for tensor in node.input]
    if any(operand is None for operand in operands):
        raise GatewrightError(
            f"{node.name}: scale, zero point and bit width of a constant must be constants"
        )
    value, scale, zero, bits = (np.asarray(o, dtype=np.float64) for o in operands)
    if bits.size != 1:
        raise GatewrightError(f"{node.name}: the bit width must be one constant")
    if np.any(np.frexp(scale)[0] != 0.5):
        bad = float(scale[np.frexp(scale)[0] != 0.5].ravel()[0])
        raise GatewrightError(
            f"{node.name}: scale {bad:.9g} is not a power of two; allowed: ..., 0.25, 0.5, 1, 2, "
            "... (Brevitas: the ...FixedPoint quantisers)"
        )
    given = attributes(node)
    mode = given.get("rounding_mode", "ROUND")
    try:
        found = int_quant(
            value,
            scale,
            zero,
            bits.ravel()[0],
            given.get("signed", 1),
            given.get("narrow", 0),
            mode,
        )
    except ValueError as error:
        raise GatewrightError(
            f"{node.name}: rounding mode {mode!r}, which QONNX does not define"
        ) from error
    return np.asarray(found, dtype=np.float64).reshape(value.shape)


def _replace(graph: Any, node: Any, values: NDArray[np.float64]) -> None:
    """Put the narrowest exact quantiser in a quantiser's place."""
    set_constant(graph, node.input[0], values.astype(np.float32))
    new = exact_quant(graph, node.input[0], node.name, f"{node.name}: constant")
    new.name, new.output[0] = node.name, node.output[0]
    insert_before(graph, node, [new])
    graph.node.remove(node)
