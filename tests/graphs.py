"""Small hardware graphs of images and branches for tests: made from a seed, no data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gatewright.fixed import FixedFormat, IntArray, parse_format
from gatewright.graph import (
    Clip,
    Combination,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    Merge,
    Node,
    Pad,
    Pool,
    Pooling,
    Rectifier,
    Reshape,
    Softmax,
    Strategy,
    StreamType,
    Table,
    Transpose,
    Upsample,
    Window,
    sum_range,
)

BYTE = parse_format("ufixed<8,0,RND_CONV,SAT>")
SIGNED = parse_format("fixed<8,5,RND_CONV,SAT>")
WIDE = parse_format("ufixed<8,4,RND_CONV,SAT>")
WEIGHT = parse_format("fixed<5,1>")
EXACT = FixedFormat(True, 50, 30)
BIAS = parse_format("fixed<7,2>")


@dataclass
class Maker:
    """Adds nodes one by one; every method returns the name of the node it adds.

    Attributes:
        seed: Of weights and biases.
    """

    seed: int = 1
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def graph(self, name: str, *outputs: str) -> Graph:
        """Return the graph; by default the last node is its output."""
        return Graph(name, tuple(self.nodes), outputs or (self.nodes[-1].name,))

    def out(self, name: str) -> StreamType:
        """Return the type of a node's output."""
        return next(node.out for node in self.nodes if node.name == name)

    def input(self, shape: tuple[int, ...], fmt: FixedFormat = BYTE, name: str = "x") -> str:
        """Add an input."""
        return self._add(Input(name=name, origin=name, inputs=(), out=StreamType(fmt, shape)))

    def conv(self, name: str, source: str, filters: int, window: Window, **fold: int) -> str:
        """Add a convolution whose output is exact."""
        image = self.out(source)
        shape = (filters, window.taps * image.image[2])
        return self._matrix(Conv, name, source, shape, fold, window=window)

    def depthwise(self, name: str, source: str, window: Window, **fold: int) -> str:
        """Add a depthwise convolution whose output is exact."""
        shape = (self.out(source).image[2], window.taps)
        return self._matrix(Depthwise, name, source, shape, fold, window=window)

    def dense(self, name: str, source: str, rows: int, **fold: int) -> str:
        """Add a dense layer whose output is exact."""
        return self._matrix(Dense, name, source, (rows, self.out(source).size), fold)

    def convert(self, name: str, source: str, fmt: FixedFormat, *, relu: bool = True) -> str:
        """Add a conversion, with a ReLU or without."""
        function = Function.RELU if relu else Function.IDENTITY
        return self._node(Elementwise, name, (source,), fmt, function=function)

    def merge(self, name: str, kind: Combination, a: str, b: str, fmt: FixedFormat) -> str:
        """Add a combination of two streams."""
        return self._node(Merge, name, (a, b), fmt, kind=kind)

    def concat(self, name: str, a: str, b: str, fmt: FixedFormat) -> str:
        """Add a concatenation of channels."""
        rows, columns, first = self.out(a).image
        shape = (rows, columns, first + self.out(b).image[2])
        return self._node(Concat, name, (a, b), fmt, shape)

    def pool(self, name: str, source: str, kind: Pooling, window: Window, fmt: FixedFormat) -> str:
        """Add a pooling."""
        rows, columns, channels = self.out(source).image
        shape = (*window.output(rows, columns), channels)
        return self._node(Pool, name, (source,), fmt, shape, kind=kind, window=window)

    def node(self, made: type[Node], name: str, source: str, fmt: FixedFormat, **more: Any) -> str:
        """Add a node of one input; ``shape`` among ``more``: its own, if it changes."""
        return self._node(made, name, (source,), fmt, more.pop("shape", None), **more)

    def _matrix(
        self,
        made: type[Dense],
        name: str,
        source: str,
        shape: tuple[int, int],
        fold: dict[str, int],
        **more: Any,
    ) -> str:
        rows, columns = 1, 1
        if "window" in more:
            image = self.out(source).image
            rows, columns = more["window"].output(image[0], image[1])
        out = (rows, columns, shape[0]) if "window" in more else (shape[0],)
        node = made(
            name=name,
            origin=f"/{name}",
            inputs=(source,),
            out=StreamType(FixedFormat(True, 40, 20), out),
            weight=self.rng.integers(-15, 16, shape),
            weight_format=WEIGHT,
            bias=self.rng.integers(-64, 64, shape[0]),
            bias_format=BIAS,
            request=FoldRequest(**(fold or {"pe": 1, "simd": 1})),
            **more,
        )
        exact = sum_range(node, self.out(source).format).total
        return self._add(replace(node, out=StreamType(exact, out)))

    def _node(
        self,
        made: type[Node],
        name: str,
        inputs: tuple[str, ...],
        fmt: FixedFormat,
        shape: tuple[int, ...] | None = None,
        **more: Any,
    ) -> str:
        out = StreamType(fmt, shape or self.out(inputs[0]).shape)
        return self._add(made(name=name, origin=f"/{name}", inputs=inputs, out=out, **more))

    def _add(self, node: Node) -> str:
        self.nodes.append(node)
        return node.name


def random_inputs(graph: Graph, samples: int, seed: int) -> IntArray:
    """Return random integers [samples, elements] for all inputs, one after the other."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.integers(node.out.format.min_int, node.out.format.max_int + 1, (samples, node.out.size))
        for node in graph.nodes
        if isinstance(node, Input)
    ]
    return np.concatenate(parts, axis=1)


SAME = Window(kernel=(3, 3), pad=(1, 1, 1, 1))


def residual(
    pe: int = 4, depth: int = 2, simd: int = 4, size: int = 8, taps: int = 1, name: str = "residual"
) -> Graph:
    """Convolutions, two or more, beside the stream itself, added; ``taps``: at once."""
    make = Maker()
    x = make.input((size, size, 1))
    fold, channels = {"pe": pe, "simd": simd * taps}, 4
    x = make.conv("start", x, channels, SAME, pe=pe, simd=taps)
    x = make.convert("start_relu", x, parse_format("ufixed<8,2,RND_CONV,SAT>"))  # to its limit
    main = x
    for index in range(1, depth):
        main = make.conv(f"conv{index}", main, channels, SAME, **fold)
        main = make.convert(f"relu{index}", main, WIDE)
    main = make.conv(f"conv{depth}", main, channels, SAME, **fold)
    main = make.convert("edge", main, SIGNED, relu=False)
    make.convert("end", make.merge("sum", Combination.ADD, main, x, _sum()), WIDE)
    return make.graph(name)


def skips() -> Graph:
    """A stream that forks within one of two branches, and joins the other twice."""
    make = Maker()
    x = make.input((6, 6, 2))
    main = make.convert("edge", make.conv("conv", x, 2, SAME, pe=2, simd=2), WIDE)
    side = make.convert("side", x, WIDE)
    main = make.merge("first", Combination.ADD, main, side, WIDE)
    make.merge("second", Combination.MAXIMUM, main, side, WIDE)
    return make.graph("skips")


def inception() -> Graph:
    """Three branches of unequal depth and format, concatenated, pooled, dense."""
    make = Maker(seed=2)
    x = make.input((6, 5, 3), SIGNED)
    point = Window(kernel=(1, 1))
    first = make.convert("relu1", make.conv("conv1", x, 2, point, pe=2, simd=3), WIDE)
    second = make.convert("relu2", make.conv("conv2", x, 4, SAME, pe=2, simd=1), SIGNED)
    deep = make.convert("relu3", make.depthwise("dw3", x, SAME, pe=3, simd=1), WIDE)
    deep = make.convert("relu4", make.conv("conv4", deep, 2, SAME, pe=1, simd=3), SIGNED)
    joined = make.concat("join1", first, second, parse_format("ufixed<7,2,RND,SAT>"))
    joined = make.concat("join2", joined, deep, parse_format("fixed<8,2,TRN,WRAP>"))
    pooled = make.pool("pool", joined, Pooling.MAX, Window(kernel=(2, 2), stride=(2, 2)), SIGNED)
    make.dense("fc", pooled, 3, pe=1, simd=5)
    return make.graph("inception")


def two_of_each() -> Graph:
    """Two inputs, of an image and a vector; two outputs, one of them read inside too."""
    make = Maker(seed=3)
    image = make.input((4, 4, 2), name="image")
    vector = make.input((6,), SIGNED, name="vector")
    x = make.convert("relu1", make.conv("conv1", image, 4, SAME, pe=2, simd=2), SIGNED)
    x = make.pool("mean", x, Pooling.AVERAGE, Window(kernel=(4, 4)), SIGNED)
    x = make.convert("edge1", make.dense("fc1", x, 5, pe=2, simd=2), SIGNED, relu=False)
    y = make.convert("edge2", make.dense("fc2", vector, 5, pe=1, simd=3), SIGNED, relu=False)
    make.merge("product", Combination.MULTIPLY, x, y, parse_format("fixed<10,6,RND_CONV,SAT>"))
    return make.graph("two_of_each", "edge2", "product")


def functions() -> Graph:
    """Slopes, bounds, tables and a softmax over each pixel."""
    make = Maker(seed=4)
    x = make.input((5, 4, 3), SIGNED)
    x = make.conv("conv1", x, 4, SAME, pe=2, simd=3)
    slopes = parse_format("fixed<5,1>")
    slope = np.array([3, -2, 8, 15])
    x = make.node(Rectifier, "prelu", x, EXACT, slope=slope, slope_format=slopes)
    x = make.convert("edge", x, SIGNED, relu=False)
    x = make.node(Clip, "clip", x, SIGNED, low=-40, high=333, fraction=5)
    one = np.array([1])
    x = make.node(
        Rectifier,
        "steep",
        x,
        SIGNED,
        slope=one,
        slope_format=parse_format("fixed<3,4>"),
        threshold=-9,
    )
    values = make.rng.integers(-128, 128, 256)
    x = make.node(Table, "table", x, SIGNED, values=values, function="random")
    table = np.round(np.exp(-np.arange(256) / 40) * 4095).astype(np.int64)
    make.node(Softmax, "softmax", x, parse_format("ufixed<8,0,RND_CONV,SAT>"), values=table)
    return make.graph("functions")


def moved() -> Graph:
    """Images padded, enlarged, turned and read as others; a table behind idle lanes."""
    make = Maker(seed=5)
    x = make.input((3, 4, 4), SIGNED)
    scale = make.depthwise("scale", x, Window(kernel=(1, 1)), reuse_factor=1)
    x = make.convert("scaled", scale, SIGNED, relu=False)
    x = make.node(Pad, "pad", x, SIGNED, pad=(1, 0, 0, 2), shape=(4, 6, 4))
    x = make.node(Upsample, "up", x, SIGNED, factor=(2, 3), shape=(8, 18, 4))
    x = make.pool("pool", x, Pooling.MAX, Window(kernel=(2, 3), stride=(2, 3)), SIGNED)
    x = make.node(Transpose, "turn", x, WIDE, axes=(2, 0, 1), shape=(4, 4, 6))
    x = make.node(Transpose, "across", x, WIDE, axes=(1, 0, 2), shape=(4, 4, 6))
    x = make.node(Reshape, "read", x, WIDE, shape=(8, 4, 3))
    x = make.conv("conv", x, 3, Window(kernel=(3, 1), stride=(2, 2)), pe=3, simd=3)
    x = make.convert("relu", x, WIDE)
    x = make.convert("edge", make.dense("fc", x, 7, pe=4, simd=2), SIGNED, relu=False)
    make.node(Table, "table", x, SIGNED, values=np.arange(256)[::-1] - 128, function="down")
    return make.graph("moved")


def separable() -> Graph:
    """Depthwise and pointwise convolutions, of several taps at once, a pixel in two cycles."""
    make = Maker(seed=6)
    x = make.input((9, 7, 2), SIGNED)
    x = make.convert("relu1", make.conv("conv", x, 6, SAME, pe=6, simd=10), WIDE)
    step = Window(kernel=(3, 3), stride=(2, 2), pad=(1, 1, 1, 1))
    x = make.convert("relu2", make.depthwise("dw", x, step, pe=2, simd=4), SIGNED)
    x = make.convert("relu3", make.conv("point", x, 4, Window(kernel=(1, 1)), pe=2, simd=6), WIDE)
    wide = Window(kernel=(2, 5), pad=(0, 2, 1, 2))
    x = make.convert("relu4", make.depthwise("row", x, wide, pe=4, simd=10), SIGNED)
    make.pool("mean", x, Pooling.AVERAGE, Window(kernel=(5, 4)), SIGNED)
    return make.graph("separable")


def compressed(graph: Graph) -> Graph:
    """Return a graph with its dense layers and convolutions on the sparse core, thinned."""
    rng = np.random.default_rng(7)
    nodes = []
    for node in graph.nodes:
        if isinstance(node, Dense) and not isinstance(node, Depthwise):
            weight = np.where(rng.random(node.weight.shape) < 0.4, node.weight, 0)
            request = replace(node.request, strategy=Strategy.COMPRESSED)
            nodes.append(replace(node, weight=weight, request=request))
        else:
            nodes.append(node)
    return replace(graph, name=f"{graph.name}_compressed", nodes=tuple(nodes))


def _sum() -> FixedFormat:
    """Return a format that holds the sum of SIGNED and WIDE."""
    return parse_format("fixed<12,7>")


ALL: Sequence[Graph] = (
    residual(),
    residual(taps=9, name="every_pixel"),
    skips(),
    inception(),
    two_of_each(),
    functions(),
    moved(),
    separable(),
    compressed(inception()),
    compressed(residual(taps=3, name="several_taps")),
)
