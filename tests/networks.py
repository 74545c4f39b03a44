"""Small hardware graphs for tests: made from a seed, no training, no data."""

import numpy as np

from gatewright.fixed import FixedFormat, Overflow, Rounding, parse_format
from gatewright.graph import (
    Dense,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    Node,
    StreamType,
    sum_range,
)

ACTIVATION = parse_format("ufixed<8,3,RND_CONV,SAT>")
WEIGHT = parse_format("fixed<6,1,RND_CONV,SAT_SYM>")


def dense(
    name: str,
    source: Node,
    rows: int,
    *,
    seed: int = 1,
    request: FoldRequest | None = None,
    out: FixedFormat | None = None,
    bias: bool = True,
) -> Dense:
    """Return a layer of random weights; its output is exact unless ``out`` is given."""
    rng = np.random.default_rng(seed)
    cols = source.out.size
    node = Dense(
        name=name,
        origin=f"/{name}/MatMul",
        inputs=(source.name,),
        out=StreamType(FixedFormat(True, 32, 16), (rows,)),
        weight=rng.integers(-31, 32, (rows, cols)),
        weight_format=WEIGHT,
        bias=rng.integers(-128, 128, rows) if bias else None,
        bias_format=parse_format("fixed<8,1>") if bias else None,
        request=request or FoldRequest(pe=1, simd=1),
    )
    total = sum_range(node, source.out.format).total
    exact = FixedFormat(True, total.width + 1, total.integer + 1)
    return Dense(**{**vars(node), "out": StreamType(out or exact, (rows,))})


def relu(name: str, source: Node, fmt: FixedFormat = ACTIVATION) -> Elementwise:
    """Return a ReLU that quantises to ``fmt``."""
    return Elementwise(
        name=name,
        origin=f"/{name}/Relu",
        inputs=(source.name,),
        out=StreamType(fmt, source.out.shape),
        function=Function.RELU,
    )


def mlp(
    sizes: tuple[int, ...] = (12, 6, 4),
    requests: tuple[FoldRequest, ...] = (),
    seed: int = 1,
    name: str = "small_mlp",
) -> Graph:
    """Return a chain of dense layers with ReLU between them."""
    fmt = FixedFormat(False, 8, 0, Rounding.RND_CONV, Overflow.SAT)
    nodes: list[Node] = [
        Input(name="global_in", origin="global_in", inputs=(), out=StreamType(fmt, (sizes[0],)))
    ]
    for index, rows in enumerate(sizes[1:], start=1):
        request = requests[index - 1] if requests else None
        layer = dense(f"fc{index}", nodes[-1], rows, seed=seed + index, request=request)
        nodes.append(layer)
        if index < len(sizes) - 1:
            nodes.append(relu(f"relu{index}", layer))
    return Graph(name, tuple(nodes), (nodes[-1].name,))


def one_layer(weight: FixedFormat, activation: FixedFormat, name: str = "one_layer") -> Graph:
    """Return a dense layer of 4 x 6 whose weights span their format, the ends included."""
    first = Input(name="global_in", origin="global_in", inputs=(), out=StreamType(activation, (6,)))
    rng = np.random.default_rng(1)
    values = rng.integers(weight.min_int, weight.max_int + 1, (4, 6))
    values[0, :2] = weight.min_int, weight.max_int
    layer = dense("fc1", first, 4, request=FoldRequest(pe=2, simd=3), bias=False)
    layer = Dense(**{**vars(layer), "weight": values, "weight_format": weight})
    wanted = FixedFormat(True, 32, 12, Rounding.RND, Overflow.SAT)
    out = StreamType(wanted, (4,))
    return Graph(name, (first, Dense(**{**vars(layer), "out": out})), ("fc1",))


def random_inputs(graph: Graph, samples: int, seed: int = 1) -> np.ndarray:
    """Return integers [samples, elements] over the whole range of the graph's input format."""
    first = graph.nodes[0]
    fmt = first.out.format
    rng = np.random.default_rng(seed)
    return rng.integers(fmt.min_int, fmt.max_int + 1, (samples, first.out.size))
