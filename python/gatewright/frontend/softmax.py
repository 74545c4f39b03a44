"""Softmax by table in an ONNX graph: what ``nets.parts.TableSoftmax`` is exported as.

    ReduceMax -> Sub -> (Mul) -> Cast -> Gather of a table -> ReduceSum, Div -> Quant

becomes one node. A plain Softmax is refused: no table of integers gives what floating point gives,
and the network and the hardware would differ from the start.
"""

from typing import Any

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.exponential import MOST_INPUT_BITS
from gatewright.fixed import FixedFormat, IntArray
from gatewright.frontend import own_nodes
from gatewright.frontend.onnx_graph import (
    attributes,
    consumers,
    drop_unread_nodes,
    insert_before,
    producers,
    shapes,
)
from gatewright.frontend.quantizers import constant, quant_format
from gatewright.frontend.tables import is_bipolar, source_format

QUOTIENT_BITS = 52  # of a dividend and of twice the sum: then float64 rounds as the quotient does


def rewrite_softmax(graph: Any) -> None:
    """Put one node in the place of every softmax by table.

    Raises:
        GatewrightError: one without a quantiser before or behind it, or of another format than its
            table was made for.
    """
    for node in [n for n in graph.node if n.op_type == "Div"]:
        source, values, steps = _match(graph, node)
        if source is not None and values is not None:
            _replace(graph, node, source, values, steps)
    drop_unread_nodes(graph)


def _match(graph: Any, node: Any) -> tuple[str | None, IntArray | None, float]:
    """Return the input, the table and the steps per unit of a softmax that ends in ``node``."""
    nothing = None, None, 1.0
    drivers = producers(graph)
    looked_up, total = (drivers.get(tensor) for tensor in node.input)
    if _reduced(graph, total, "ReduceSum") != node.input[0]:
        return nothing
    values, tensor = _looked_up(graph, looked_up)
    if values is None or tensor is None:
        return nothing
    cast = drivers.get(tensor)
    if cast is None or cast.op_type != "Cast":
        return nothing
    steps, below = 1.0, drivers.get(cast.input[0])
    if below is not None and below.op_type in ("Mul", "Div"):
        factor = constant(graph, below.input[1])
        if factor is None or factor.size != 1:
            return nothing
        steps = float(factor.ravel()[0])
        steps = steps if below.op_type == "Mul" else 1 / steps
        below = drivers.get(below.input[0])
    if below is None or below.op_type != "Sub":
        return nothing
    most = drivers.get(below.input[0])
    if _reduced(graph, most, "ReduceMax") != below.input[1]:
        return nothing
    return str(below.input[1]), values, steps


def _reduced(graph: Any, node: Any, kind: str) -> str | None:
    """Return the tensor whose channels ``node`` reduces, the axis staying; None if it does not."""
    if node is None or node.op_type != kind:
        return None
    given = attributes(node)
    axes = given.get("axes")
    if axes is None and len(node.input) > 1:
        value = constant(graph, node.input[1])
        axes = None if value is None else value.tolist()
    rank = len(shapes(graph)[node.input[0]])
    fits = axes is not None and [a % rank for a in axes] == [1] and given.get("keepdims", 1)
    return str(node.input[0]) if fits else None


def _looked_up(graph: Any, node: Any) -> tuple[IntArray | None, str | None]:
    """Return the table and the index of a Gather (or GatherND) of a constant of one axis."""
    if node is None or node.op_type not in ("Gather", "GatherND"):
        return None, None
    values, tensor = constant(graph, node.input[0]), node.input[1]
    if values is None or values.ndim != 1:
        return None, None
    if (values != np.floor(values)).any() or values.min() < 0 or values[0] < 1:
        raise GatewrightError(
            f"{node.name}: a softmax's table must hold whole numbers from 0, the first above 0; "
            "use gatewright.exponential.exponential_table"
        )
    if node.op_type == "GatherND":
        index = producers(graph).get(tensor)
        if index is None or index.op_type != "Unsqueeze":
            return None, None
        tensor = index.input[0]
    return values.astype(np.int64), tensor


def _replace(graph: Any, node: Any, tensor: str, values: IntArray, steps: float) -> None:
    source = source_format(graph, tensor)
    if source is None or source.width > MOST_INPUT_BITS:
        found = "not quantised" if source is None else f"{source.width} bits wide"
        raise GatewrightError(
            f"{node.name}: a softmax of a tensor that is {found}; supported: a quantiser "
            f"(QuantIdentity) of at most {MOST_INPUT_BITS} bits in front"
        )
    if steps != 2.0**source.fraction or len(values) < 1 << source.width:
        raise GatewrightError(
            f"{node.name}: a softmax whose table has {len(values)} steps of {1 / steps:g}, "
            f"behind a quantiser of {source}; it needs {1 << source.width} of {source.lsb:g}: "
            f"TableSoftmax(bits={source.width}, fraction={source.fraction})"
        )
    quantiser = _quantiser(graph, node)
    fmt = quant_format(quantiser, graph)
    channels = shapes(graph)[tensor][1]
    check_quotient(node.name, values, channels, fmt)
    new = own_nodes.make(
        "GwSoftmax",
        node.name,
        tensor,
        quantiser.output[0],
        format=str(fmt),
        source_format=str(source),
        values=values[: 1 << source.width].tolist(),
    )
    insert_before(graph, quantiser, [new])
    graph.node.remove(quantiser)


def _quantiser(graph: Any, node: Any) -> Any:
    """Return the one quantiser behind a softmax."""
    readers = consumers(graph, node.output[0])
    outputs = {value.name for value in graph.output}
    fit = len(readers) == 1 and readers[0].op_type == "Quant" and node.output[0] not in outputs
    if not fit or is_bipolar(graph, readers[0]):
        raise GatewrightError(
            f"{node.name}: a softmax must have one quantiser (QuantIdentity, of 2 bits at least) "
            "right behind it, and nothing else"
        )
    return readers[0]


def check_quotient(name: str, values: IntArray, channels: int, fmt: FixedFormat) -> None:
    """Refuse a softmax whose quotient float64, or the C++, would not round rightly.

    Ties are exact in float64; another quotient is at least 1/(2**(fraction+1) * sum) away from one.
    """
    bits = (int(values.max()) * channels).bit_length() + max(fmt.fraction, 0) + 2
    if bits > QUOTIENT_BITS:
        raise GatewrightError(
            f"{name}: a softmax of {channels} channels, table values up to {values.max()} and "
            f"results of {fmt} needs {bits} bits; allowed: {QUOTIENT_BITS}. Use fewer table bits"
        )
