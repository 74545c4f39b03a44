"""Integer evaluation of the hardware graph, layer by layer: what the RTL must give."""

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray, requantize
from gatewright.graph import Argmax, Dense, Elementwise, Function, Graph, Input, Node, sum_range

_FLOAT64_EXACT = 53  # float64 holds every integer below 2**53


def evaluate(graph: Graph, inputs: IntArray) -> dict[str, IntArray]:
    """Evaluate every node.

    Args:
        graph: A graph with one Input.
        inputs: Integers [samples, elements] in units of the input format's lsb.

    Returns:
        For each node, integers [samples, elements] in units of its output format's lsb.

    Raises:
        GatewrightError: inputs have the wrong shape or do not fit the input format.
    """
    values: dict[str, IntArray] = {}
    for node in graph.nodes:
        if isinstance(node, Input):
            values[node.name] = _checked(node, inputs)
        else:
            source = graph.source(node).format
            values[node.name] = _apply(node, values[node.inputs[0]], source)
    return values


def outputs(graph: Graph, inputs: IntArray) -> IntArray:
    """Return the integers [samples, elements] of the graph's outputs, one after the other."""
    values = evaluate(graph, inputs)
    return np.concatenate([values[name] for name in graph.outputs], axis=1)


def _apply(node: Node, x: IntArray, source: FixedFormat) -> IntArray:
    match node:
        case Dense():
            return _dense(node, x, source)
        case Elementwise():
            y = np.maximum(x, 0) if node.function is Function.RELU else x
            return requantize(y, source, node.out.format)
        case Argmax():
            index: IntArray = x.argmax(axis=1, keepdims=True)
            return index
    raise GatewrightError(f"{node.name}: the reference has no {type(node).__name__}")


def _dense(node: Dense, x: IntArray, source: FixedFormat) -> IntArray:
    span = sum_range(node, source)
    # Every partial sum of a row is within the sum of the magnitudes, so this choice is exact.
    largest = max(abs(source.min_int), source.max_int)
    magnitude = int(np.abs(node.weight).sum(axis=1).max()) * largest
    if magnitude.bit_length() <= _FLOAT64_EXACT:
        product = x.astype(np.float64) @ node.weight.T.astype(np.float64)
        total = product.astype(np.int64)
    else:
        total = x @ node.weight.T
    total = total << (span.fraction - span.products.fraction)
    if node.bias is not None and node.bias_format is not None:
        total = total + (node.bias << (span.fraction - node.bias_format.fraction))
    return requantize(total, span.total, node.out.format)


def _checked(node: Input, inputs: IntArray) -> IntArray:
    fmt = node.out.format
    if inputs.ndim != 2 or inputs.shape[1] != node.out.size:
        raise GatewrightError(
            f"{node.name}: inputs have shape {inputs.shape}, must be (samples, {node.out.size})"
        )
    if inputs.size and (inputs.min() < fmt.min_int or inputs.max() > fmt.max_int):
        raise GatewrightError(
            f"{node.name}: inputs span {inputs.min()} to {inputs.max()}, but {fmt} holds "
            f"{fmt.min_int} to {fmt.max_int}"
        )
    return inputs
