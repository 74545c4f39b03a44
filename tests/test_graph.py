"""The graph's own checks, and the exact bounds of a sum."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphs
import networks
from gatewright import passes, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.graph import Dense, Graph, Pool, Window, sum_range


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**16))
def test_the_bounds_of_a_sum_are_reached(rows: int, cols: int, seed: int) -> None:
    graph = networks.mlp((cols, rows), seed=seed)
    node, source = graph["fc1"], graph["global_in"].out.format
    assert isinstance(node, Dense)
    span = sum_range(node, source)
    highest = np.where(node.weight > 0, source.max_int, source.min_int)
    lowest = np.where(node.weight > 0, source.min_int, source.max_int)
    highs = (node.weight * highest).sum(axis=1)
    lows = (node.weight * lowest).sum(axis=1)
    assert span.products.min_int <= lows.min()
    assert highs.max() <= span.products.max_int
    reach = max(highs.max(), -lows.min() - 1)
    assert int(reach).bit_length() + span.products.signed == span.products.width or reach <= 0


def test_a_weight_that_does_not_fit_is_named() -> None:
    node = networks.mlp()["fc1"]
    weight = node.weight.copy()
    weight[2, 3] = 32
    with pytest.raises(GatewrightError, match=r"fc1: weight \(2, 3\) is 32, but fixed<6,1"):
        Dense(**{**vars(node), "weight": weight})
    with pytest.raises(GatewrightError, match=r"fc1: bias \(0,\) is -9, but fixed<4"):
        Dense(
            **{**vars(node), "bias": node.bias * 0 - 9, "bias_format": parse_format("fixed<4,1>")}
        )


def test_a_graph_out_of_order_is_refused() -> None:
    graph = networks.mlp()
    with pytest.raises(GatewrightError, match="does not stand before it"):
        Graph("broken", graph.nodes[::-1], graph.outputs)
    with pytest.raises(GatewrightError, match="outputs"):
        Graph("broken", graph.nodes, ("nothing",))


@pytest.mark.parametrize("taps", [(2, 4), (2, 3)])
def test_a_depthwise_convolution_that_averages_needs_no_multiplier(taps: tuple[int, int]) -> None:
    make = graphs.Maker()
    x = make.input((4, 12, 3), graphs.SIGNED)
    make.depthwise("mean", x, Window(kernel=taps, stride=taps))
    first, conv = make.nodes
    even = replace(
        conv,
        weight=np.ones_like(conv.weight),
        weight_format=parse_format("fixed<4,1>"),  # an eighth
        bias=None,
        bias_format=None,
    )
    graph = Graph("means", (first, even), ("mean",))
    simple = passes.simplify(graph)
    assert isinstance(simple["mean"], Pool) == (taps == (2, 4))
    inputs = graphs.random_inputs(graph, 20, 1)
    assert np.array_equal(reference.outputs(graph, inputs), reference.outputs(simple, inputs))
