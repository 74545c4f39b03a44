"""Quantisers of what depends on the input, in the forms that ap_fixed has.

QONNX has more: one bit that is -1 or 1, a narrow range without sign, rounding up. Each is written
as a few steps that give the same. And where hls4ml would take a quantiser for the type of a layer
that others read too, or leave a function's type at its default, an exact conversion is put between.
"""

from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.frontend import own_nodes
from gatewright.frontend.formats import exact_format
from gatewright.frontend.onnx_graph import (
    attributes,
    consumers,
    insert_before,
    is_constant,
    producers,
    set_attributes,
    set_shape,
    shapes,
)
from gatewright.frontend.quantizers import (
    HLS4ML_ROUNDINGS,
    constant,
    quant_format,
    rounding_mode,
)
from gatewright.frontend.tables import bipolar_format, is_bipolar, narrow_unsigned, result_format

QUANTISERS = ("Quant", "GwQuant")
EXACT = "_exact_quant"  # ends the name of a conversion into a node's own exact format
SIGN = FixedFormat(True, 1, 1, Rounding.TRN, Overflow.SAT)  # -1 below zero, else 0
# Layers whose result hls4ml leaves at its default type unless a quantiser follows.
UNTYPED = ("Relu", "GwRectifier", "GwClip", "GwScale")
# Layers that it gives the exact type; but a quantiser behind one becomes every reader's.
TYPED = ("MatMul", "Conv", "Add")
# Nodes into which hls4ml moves the bias of a matrix in front of them, with nothing to hold it.
TAKING = ("Add", "MatMul", "Conv")


def rewrite_quantisers(graph: Any) -> None:
    """Rewrite bipolar quantisers and narrow ranges without sign."""
    for node in list(graph.node):
        if node.op_type == "BipolarQuant" or (node.op_type == "Quant" and _moving(graph, node)):
            if node.op_type == "BipolarQuant" or is_bipolar(graph, node):
                _bipolar(graph, node)
            elif narrow_unsigned(node):
                _narrow(graph, node)


def round_up(graph: Any) -> None:
    """Rewrite quantisers that round up (CEIL, and UP of what is not negative), and settle modes.

    Raises:
        GatewrightError: the format of what is rounded up is not known, or UP of negative values.
    """
    for node in list(graph.node):
        if node.op_type == "Quant" and rounding_mode(node) in ("CEIL", "UP"):
            _ceil(graph, node)


def settle_types(graph: Any) -> None:
    """Put an exact conversion behind what hls4ml would give another type.

    Raises:
        GatewrightError: the format of such a layer's result is not known.
    """
    outputs = {value.name for value in graph.output}
    for node in list(graph.node):
        readers = consumers(graph, node.output[0])
        quantised = [n for n in readers if n.op_type in QUANTISERS]
        alone = len(readers) == 1 and node.output[0] not in outputs
        if node.op_type in UNTYPED and not (alone and quantised):
            _exact(graph, node)
        if node.op_type in TYPED and not _is_joint(graph, node):
            moves = node.op_type == "Add" and any(n.op_type in TAKING for n in readers)
            if moves or (quantised and not alone):
                _exact(graph, node)


def _is_joint(graph: Any, node: Any) -> bool:
    return node.op_type == "Add" and not is_constant(graph, producers(graph), node.input[1])


def concat_types(graph: Any) -> dict[str, FixedFormat]:
    """Return the type of every Concat: hls4ml's own takes one operand's overflow mode for all."""
    found = {n.name: exact_format(graph, n.output[0]) for n in graph.node if n.op_type == "Concat"}
    return {name: fmt for name, fmt in found.items() if fmt is not None}


def own_quantisers(graph: Any) -> None:
    """Make quantisers of modes that hls4ml's reader does not know ours, at the very end."""
    for node in graph.node:
        if node.op_type == "Quant" and rounding_mode(node) not in HLS4ML_ROUNDINGS:
            fmt = quant_format(node, graph)
            node.op_type, node.domain = "GwQuant", own_nodes.DOMAIN
            del node.input[1:]
            set_attributes(node, format=str(fmt))


def _moving(graph: Any, node: Any) -> bool:
    return constant(graph, node.input[0]) is None


def _bipolar(graph: Any, node: Any) -> None:
    """Make one bit of the sign, and two values of the bit."""
    fmt = bipolar_format(graph, node)
    sign = f"{node.name}_sign"
    set_shape(graph, sign, shapes(graph)[node.input[0]])
    new = [
        own_nodes.quantiser(sign, node.input[0], sign, SIGN),
        own_nodes.table(
            node.name, sign, node.output[0], fmt, SIGN, np.array([-1, 1]), "BipolarQuant"
        ),
    ]
    insert_before(graph, node, new)
    graph.node.remove(node)


def _narrow(graph: Any, node: Any) -> None:
    """Clip to the greatest value of a narrow range in front of a quantiser without it."""
    fmt = result_format(graph, node)
    clipped = f"{node.name}_clip"
    set_shape(graph, clipped, shapes(graph)[node.input[0]])
    clip = own_nodes.make(
        "GwClip", clipped, node.input[0], clipped, high=fmt.max_int - 1, fraction=fmt.fraction
    )
    insert_before(graph, node, [clip])
    node.input[0] = clipped
    set_attributes(node, **{**attributes(node), "narrow": 0})


def _ceil(graph: Any, node: Any) -> None:
    """Round down after adding all but one unit of the source's last bit."""
    mode, fmt = rounding_mode(node), result_format(graph, node)
    source = exact_format(graph, node.input[0])
    if source is None or (mode == "UP" and fmt.signed and source.signed):
        why = "a value of unknown format" if source is None else f"values of {source}"
        raise GatewrightError(
            f"{node.name}: rounding mode {mode!r} of {why}, which ap_fixed does not have; allowed: "
            "ROUND, HALF_EVEN, FLOOR, DOWN, HALF_UP, HALF_DOWN, and CEIL where a layer of known "
            "format stands in front"
        )
    set_attributes(node, **{**attributes(node), "rounding_mode": "FLOOR"})
    steps = source.fraction - fmt.fraction
    if steps <= 0:
        return
    lifted = f"{node.name}_ceil"
    set_shape(graph, lifted, shapes(graph)[node.input[0]])
    bias = FixedFormat(False, steps, steps - source.fraction)
    new = own_nodes.make(
        "GwScale",
        lifted,
        node.input[0],
        lifted,
        scale=[1],
        scale_format=str(FixedFormat(False, 1, 1)),
        bias=[bias.max_int],
        bias_format=str(bias),
    )
    insert_before(graph, node, [new])
    node.input[0] = lifted


def _exact(graph: Any, node: Any) -> None:
    """Put a conversion into a node's own exact format behind it."""
    fmt = exact_format(graph, node.output[0])
    if fmt is None:
        raise GatewrightError(
            f"{node.name}: {node.op_type} of a value of unknown format, and no quantiser right "
            "behind it; put one (QuantIdentity) in front of it or behind it"
        )
    inner, out = f"{node.name}_exact", node.output[0]
    set_shape(graph, inner, shapes(graph)[out])
    node.output[0] = inner
    graph.node.insert(
        list(graph.node).index(node) + 1,
        own_nodes.quantiser(f"{node.name}{EXACT}", inner, out, fmt),
    )
