"""The integer reference against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

import networks
from gatewright import passes, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, parse_format
from gatewright.graph import Dense, Elementwise, Function, Graph


def exactly(graph: Graph, sample: np.ndarray) -> list[Fraction]:
    """Evaluate one sample in rationals; every conversion rounds half to even and saturates."""
    values = {"global_in": [Fraction(int(v)) * lsb(graph["global_in"].out.format) for v in sample]}
    for node in graph.nodes[1:]:
        x = values[node.inputs[0]]
        if isinstance(node, Dense):
            w, b = lsb(node.weight_format), lsb(node.bias_format)
            values[node.name] = [
                sum((int(c) * w * v for c, v in zip(row, x, strict=True)), Fraction(int(bias)) * b)
                for row, bias in zip(node.weight, node.bias, strict=True)
            ]
        elif isinstance(node, Elementwise) and node.function is Function.RELU:
            values[node.name] = [saturate(max(v, Fraction(0)), node.out.format) for v in x]
    return values[graph.outputs[0]]


def lsb(fmt: FixedFormat) -> Fraction:
    return Fraction(2) ** -fmt.fraction


def saturate(value: Fraction, fmt: FixedFormat) -> Fraction:
    units = round(value / lsb(fmt))  # Python rounds half to even, as RND_CONV
    return min(max(units, fmt.min_int), fmt.max_int) * lsb(fmt)


def test_the_reference_is_exact() -> None:
    graph = networks.mlp((12, 7, 5, 3), seed=3)
    inputs = networks.random_inputs(graph, 20)
    found = reference.outputs(graph, inputs)
    unit = lsb(graph[graph.outputs[0]].out.format)
    assert found.shape == (20, 3)
    for sample, row in zip(inputs, found, strict=True):
        assert [int(v) * unit for v in row] == exactly(graph, sample)


def test_argmax_takes_the_first_of_equals() -> None:
    graph = passes.with_argmax(networks.mlp((4, 3)))
    constant = Dense(**{**vars(graph["fc1"]), "weight": np.zeros((3, 4), np.int64), "bias": None})
    tied = Graph("tied", (graph.nodes[0], constant, graph.nodes[2]), graph.outputs)
    assert reference.outputs(tied, np.zeros((1, 4), np.int64)).tolist() == [[0]]
    inputs = networks.random_inputs(graph, 50)
    values = reference.evaluate(graph, inputs)
    assert np.array_equal(values["argmax"][:, 0], values["fc1"].argmax(axis=1))


def test_inputs_of_the_wrong_shape_or_range_are_refused() -> None:
    graph = networks.mlp()
    with pytest.raises(GatewrightError, match=r"shape \(2, 3\), must be \(samples, 12\)"):
        reference.outputs(graph, np.zeros((2, 3), np.int64))
    with pytest.raises(GatewrightError, match="inputs span 0 to 256"):
        reference.outputs(graph, np.array([[0] * 11 + [256]]))


def test_an_output_that_loses_bits_is_rounded_by_its_own_mode() -> None:
    fmt = parse_format("fixed<10,4,TRN_ZERO,SAT>")
    graph = networks.mlp((6, 4))
    layer = networks.dense("fc1", graph.nodes[0], 4, out=fmt)
    narrow = Graph("narrow", (graph.nodes[0], layer), ("fc1",))
    wide = Graph("wide", (graph.nodes[0], networks.dense("fc1", graph.nodes[0], 4)), ("fc1",))
    inputs = networks.random_inputs(graph, 30)
    exact = reference.outputs(wide, inputs)
    drop = wide["fc1"].out.format.fraction - fmt.fraction
    expected = np.clip(np.trunc(exact / 2**drop), fmt.min_int, fmt.max_int)
    assert np.array_equal(reference.outputs(narrow, inputs), expected)
