from dataclasses import replace

import numpy as np
import pytest

from gatewright import reference
from gatewright.errors import NotRunError
from gatewright.fixed import FixedFormat, IntArray, parse_format
from gatewright.graph import Dense, Elementwise, Graph, Input, Node, StreamType, Window
from gatewright.rivals.cpu import ARITHMETIC as UNSIGNED
from gatewright.rivals.int8 import Arithmetic, as_int8, layers_of, offset_of
from gatewright.rivals.nngen import ARITHMETIC as SIGNED
from graphs import Maker
from networks import dense, relu


def network(source: FixedFormat, bias: FixedFormat, hidden: FixedFormat) -> Graph:
    """Return 12-6-5-3 whose biases have another unit than its sums."""
    nodes: list[Node] = [
        Input(name="x", origin="x", inputs=(), out=StreamType(source, (12,))),
    ]
    for index, rows in enumerate((6, 5, 3)):
        layer = dense(f"fc{index}", nodes[-1], rows, seed=index)
        weight = layer.weight // (4 if index else 1)
        nodes.append(replace(layer, weight=weight, bias_format=bias))
        if rows != 3:
            nodes.append(relu(f"relu{index}", nodes[-1], hidden))
    return Graph("net", tuple(nodes), ("fc2",))


NONE = np.zeros((0, 12), dtype=np.int64)
NETWORKS = [
    ("ufixed<8,0>", "fixed<8,1>", "ufixed<6,3,RND_CONV,SAT>"),  # an offset
    ("ufixed<4,4>", "fixed<8,-2>", "ufixed<8,3,RND_CONV,SAT>"),  # a finer bias; wide activations
    ("fixed<8,2>", "fixed<8,-9>", "fixed<8,4,TRN,SAT>"),  # a bias finer than the weights can be
]


def rounded(sums: IntArray, shift: int, arithmetic: Arithmetic) -> IntArray:
    if arithmetic is UNSIGNED:
        even: IntArray = np.rint(sums / (1 << shift)).astype(np.int64)
        return even
    unit = 1 << shift
    return np.sign(sums) * ((2 * np.abs(sums) + unit) // (2 * unit))


@pytest.mark.parametrize("arithmetic", [SIGNED, UNSIGNED])
@pytest.mark.parametrize("formats", NETWORKS)
def test_the_reference_is_what_8_bit_tools_compute(
    formats: tuple[str, str, str], arithmetic: Arithmetic
) -> None:
    graph = network(*map(parse_format, formats))
    fmt = graph.nodes[0].out.format
    rng = np.random.default_rng(3)
    inputs: IntArray = rng.integers(fmt.min_int, fmt.max_int + 1, (50, 12))
    # What these inputs decide is too fine for others: those saturate.
    own = as_int8(graph, inputs[:5], arithmetic)
    values = inputs - offset_of(own, arithmetic)
    layers = layers_of(own, arithmetic)
    least, most = (-128, 127) if arithmetic.signed else (0, 255)
    for layer in layers:
        assert np.abs(layer.weight).max() < 128
        assert least <= values.min()
        assert values.max() <= most
        values = rounded(values @ layer.weight.T + layer.bias, layer.shift, arithmetic)
        if layer is not layers[-1]:
            values = np.clip(values, 0, most)
        elif not arithmetic.exact_outputs:
            values = np.clip(values, -127, 127)
    assert (values == reference.outputs(own, inputs)).all()
    assert len(np.unique(values)) > 15
    assert np.abs(values[:5]).max() > 63


def test_the_weights_stay_the_same_numbers() -> None:
    graph = network(*map(parse_format, NETWORKS[1]))
    weights = [node.weight for node in graph.nodes if isinstance(node, Dense)]
    own = as_int8(graph, np.ones((1, 12), dtype=np.int64), SIGNED)
    for layer, weight in zip(layers_of(own, SIGNED), weights, strict=True):
        scale = layer.weight[weight != 0] / weight[weight != 0]
        assert len(np.unique(scale)) == 1
        assert scale[0] in (1, 2, 4, 8, 16)


def test_other_layers_are_refused_by_name() -> None:
    maker = Maker()
    maker.conv("conv1", maker.input((4, 4, 1)), 2, Window(kernel=(3, 3)))
    with pytest.raises(NotRunError, match="conv1 is a Conv; what is compared is an input, then"):
        as_int8(maker.graph("images"), NONE, SIGNED)
    graph = network(*map(parse_format, NETWORKS[0]))
    wide = replace(graph.nodes[0], out=StreamType(FixedFormat(False, 9, 9), (12,)))
    with pytest.raises(NotRunError, match=r"x has 9 bits .* at most 8"):
        as_int8(replace(graph, nodes=(wide, *graph.nodes[1:])), NONE, SIGNED)
    assert isinstance(graph.nodes[2], Elementwise)
    with pytest.raises(NotRunError, match="relu1 comes last"):
        as_int8(Graph("net", graph.nodes[:5], ("relu1",)), NONE, SIGNED)


@pytest.mark.parametrize(
    ("arithmetic", "expected"), [(SIGNED, [1, 2, 3, 4]), (UNSIGNED, [0, 2, 2, 4])]
)
def test_ties(arithmetic: Arithmetic, expected: list[int]) -> None:
    kind, half = StreamType(parse_format("ufixed<4,4>"), (1,)), parse_format("fixed<4,3>")
    source = Input(name="x", origin="x", inputs=(), out=kind)
    one = np.ones((1, 1), dtype=np.int64)
    first = replace(dense("fc1", source, 1, bias=False), weight=one, weight_format=half)
    hidden = relu("relu1", first, parse_format("ufixed<6,6,RND_CONV,SAT>"))
    last = replace(dense("fc2", hidden, 1, bias=False), weight=one, weight_format=half)
    given = np.array([[1], [3], [5], [7]])  # 0.5, 1.5, 2.5, 3.5
    own = as_int8(Graph("ties", (source, first, hidden, last), ("fc2",)), given, arithmetic)
    assert [layer.shift for layer in layers_of(own, arithmetic)] == [1, 0]
    assert reference.outputs(own, given).ravel().tolist() == expected
