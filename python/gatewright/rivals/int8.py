"""A network of dense layers in the integers of a tool that computes in 8 bits.

The weights stay the integers that they are. ``as_int8`` changes a graph's activations and outputs
to what the tool's arithmetic makes of them, so that ``reference`` says what it must give, bit for
bit.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gatewright import reference
from gatewright.errors import NotRunError
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding, requantize
from gatewright.graph import Dense, Elementwise, Function, Graph, Input, Node

BYTE = 8
_WORD = 32


@dataclass(frozen=True)
class Arithmetic:
    """What a tool makes of the sums of a layer.

    Attributes:
        rounding: To nearest, with its ties.
        signed: Inputs and activations are signed bytes, -128 to 127; else 0 to 255.
        exact_outputs: The last layer's sums are given as they are, not rounded to -127 to 127.
    """

    rounding: Rounding
    signed: bool
    exact_outputs: bool


@dataclass(frozen=True, eq=False)
class Int8Layer:
    """``y = clamp(round((weight @ x + bias) / 2**shift))``, then a rectifier but in the last layer.

    Attributes:
        name: Its node's.
        weight: Integers [rows, columns] of 8 bits.
        bias: Integers [rows] of 32 bits.
        shift: Bits dropped.
        fraction: Fraction bits of y.
    """

    name: str
    weight: IntArray
    bias: IntArray
    shift: int
    fraction: int


def as_int8(graph: Graph, typical: IntArray, arithmetic: Arithmetic) -> Graph:
    """Return the same network with activations, biases and outputs as a tool has them.

    Args:
        graph: The network.
        typical: Inputs [samples, elements]; if outputs are bytes, theirs decide the unit.
        arithmetic: The tool's.

    Raises:
        NotRunError: the network is not dense layers with rectifiers between them, or an input or a
            weight has more than 8 bits; the message names the node.
    """
    _check_chain(graph)
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        if isinstance(node, Input):
            _check_byte(node, node.out.format)
            nodes[node.name] = node
        elif isinstance(node, Elementwise):
            fmt = _activation(node, arithmetic)
            nodes[node.name] = replace(node, out=replace(node.out, format=fmt))
        elif isinstance(node, Dense):
            source = nodes[node.inputs[0]].out.format
            nodes[node.name] = _dense(node, source, arithmetic.rounding)
    whole = replace(graph, nodes=tuple(nodes.values()))
    if arithmetic.exact_outputs:
        return whole
    peak = int(np.abs(reference.outputs(whole, typical)).max(initial=1))
    *before, last = whole.nodes
    fraction = last.out.format.fraction - max(0, peak.bit_length() - (BYTE - 1))
    byte = FixedFormat(True, BYTE, BYTE - fraction, arithmetic.rounding, Overflow.SAT_SYM)
    return replace(whole, nodes=(*before, replace(last, out=replace(last.out, format=byte))))


def layers_of(graph: Graph, arithmetic: Arithmetic) -> list[Int8Layer]:
    """Return the layers of a graph that ``as_int8`` gave, its inputs less ``offset_of``.

    Raises:
        NotRunError: a layer's outputs have a finer unit than its sums; the message names it.
    """
    layers = []
    formats = {node.name: node.out.format for node in graph.nodes}
    rectified = {node.inputs[0]: node.name for node in graph.nodes if isinstance(node, Elementwise)}
    offset = offset_of(graph, arithmetic)
    for node in graph.nodes:
        if isinstance(node, Dense):
            assert node.bias is not None and node.bias_format is not None  # noqa: S101, PT018
            sums = node.bias_format.fraction
            finer = sums - formats[node.inputs[0]].fraction - node.weight_format.fraction
            weight = node.weight << finer
            bias = node.bias + offset * weight.sum(axis=1)
            fraction = formats[rectified.get(node.name, node.name)].fraction
            shift = sums - fraction
            if shift < 0:
                raise NotRunError(f"{node.name}: its outputs have a finer unit than its sums")
            layers.append(Int8Layer(node.name, weight, bias, shift, fraction))
            offset = 0
    return layers


def offset_of(graph: Graph, arithmetic: Arithmetic) -> int:
    """Return what is taken off each input so that it fits the tool's; the first bias has it."""
    fmt, half = graph.nodes[0].out.format, 1 << (BYTE - 1)
    if arithmetic.signed:
        return half if fmt.max_int >= half else 0
    return -half if fmt.signed else 0


def _check_chain(graph: Graph) -> None:
    words = "an input, then dense layers with a rectifier between them"
    for node in graph.nodes:
        if type(node) not in (Input, Dense, Elementwise):  # a convolution is a Dense too
            raise NotRunError(
                f"{node.name} is a {type(node).__name__}; what is compared is {words}"
            )
    for before, node in pairwise(graph.nodes):
        if node.inputs != (before.name,) or type(node) is type(before):
            raise NotRunError(f"{node.name} does not stand in a chain of {words}")
        if isinstance(node, Elementwise) and node.function is not Function.RELU:
            raise NotRunError(f"{node.name} is no rectifier; what is compared is {words}")
    if len(graph.nodes) < 2 or not isinstance(graph.nodes[-1], Dense):
        raise NotRunError(f"{graph.nodes[-1].name} comes last; what is compared is {words}")


def _check_byte(node: Node, fmt: FixedFormat) -> None:
    if fmt.width > BYTE:
        raise NotRunError(f"{node.name} has {fmt.width} bits ({fmt}); at most {BYTE} are compared")


def _activation(node: Elementwise, arithmetic: Arithmetic) -> FixedFormat:
    """Return the tool's byte, not below zero; its unit is the node's where that fits."""
    fmt, width = node.out.format, BYTE - int(arithmetic.signed)
    useful = fmt.width - int(fmt.signed)
    fraction = fmt.fraction - max(0, useful - width)
    return FixedFormat(False, width, width - fraction, arithmetic.rounding, Overflow.SAT)


def _dense(node: Dense, source: FixedFormat, rounding: Rounding) -> Dense:
    """Return the layer with sums, and a bias in their unit, as fine as 8-bit weights allow."""
    _check_byte(node, node.weight_format)
    least = source.fraction + node.weight_format.fraction
    bias = node.bias if node.bias is not None else np.zeros(len(node.weight), dtype=np.int64)
    given = node.bias_format or FixedFormat(True, BYTE, BYTE - least)
    room = BYTE - 1 - int(np.abs(node.weight).max(initial=1)).bit_length()
    fraction = least + min(max(given.fraction - least, 0), max(room, 0))
    sums = FixedFormat(True, _WORD, _WORD - fraction, rounding, Overflow.SAT)
    return replace(
        node,
        bias=requantize(bias, given, sums),
        bias_format=sums,
        out=replace(node.out, format=sums),
    )
