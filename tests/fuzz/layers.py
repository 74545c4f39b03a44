"""Draws the layers of a network, one behind the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, gcd, prod
from typing import Any

import numpy as np
from hypothesis import assume

from fuzz.choices import MOST_EXACT, Choices
from fuzz.makers import MAKERS
from fuzz.networks import exact_format, input_of, nodes_of
from fuzz.spec import Fill, Layer, Network
from gatewright import folding, reference, sparse
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, format_for_range
from gatewright.graph import (
    Conv,
    Dense,
    Depthwise,
    Function,
    Graph,
    Input,
    Node,
    Pooling,
    Strategy,
    StreamType,
    Window,
)
from gatewright.reference import windows_of

MOST_CYCLES = 150  # of a layer, per sample: simulation time
MOST_MERGED = 40  # bits of two streams combined
MOST_PIXELS = 64
SAMPLES = 20  # on which the range of a layer is looked at
KINDS = tuple(MAKERS)
UNTYPED = FixedFormat(True, 32, 16)
MOST_UNROLLED = 200  # weights of an unrolled layer: larger ones make large C++
KEEPS_FORMAT = ("pad", "upsample", "transpose", "reshape")


class Layers(Choices):
    """A network that grows.

    What a narrower front end does not take is cut off by overriding ``modes``, ``possible``,
    ``functions``, ``threshold``, ``as_read``, ``reshaping``, ``outputs`` and ``may_pool``.

    Attributes:
        kinds: What may be drawn.
        layers: The layers so far.
        nodes: The input's node and the layers'.
        graph: The same and what stands between them, in order.
    """

    dilations: tuple[int, ...] = (1, 1, 2)

    def __init__(self, draw: Callable[[Any], Any], kinds: Sequence[str] = KINDS) -> None:
        super().__init__(draw)
        self.kinds = kinds
        self.seed = self.whole(0, 2**16)
        self.shape = self.pick(
            (4,), (3, 3, 2), (5, 2), (2, 4, 6), (4, 5, 1), (6, 6, 3), (3, 4, 4), (11,)
        )
        if self.chance(2):
            self.shape = tuple(self.whole(1, 6) for _ in range(self.pick(3, 1, 2, 3)))
        width = self.pick(4, 3, 6, 8, 2, 1, 10)
        self.format = self.stream_format("input", "", width, self.whole(-3, 9))
        self.layers: list[Layer] = []
        out = StreamType(self.format, self.shape)
        self.nodes: list[Node] = [Input(name="n0", origin="", inputs=(), out=out)]
        self.graph = list(self.nodes)
        self.inputs = input_of(out, SAMPLES, [self.seed, 1])

    def network(self) -> Network:
        """Return what was drawn."""
        lanes = self.pick(None, 1, 2, 3, 4, 6)
        if lanes is not None:
            lanes = min(lanes, prod(self.shape))
        return Network(
            shape=self.shape,
            format=self.format,
            layers=tuple(self.layers),
            outputs=self.outputs() if self.chance(6) else (),
            input_lanes=lanes,
            seed=self.seed,
        )

    def outputs(self) -> tuple[int, ...]:
        """Return layers that are outputs besides the last."""
        computing = [k for k, layer in enumerate(self.layers, 1) if layer.kind != "input"]
        return (self.pick(*computing[:-1]),) if len(computing) > 1 else ()

    def seen_format(self, made: Sequence[Node], exact: FixedFormat) -> FixedFormat:
        """Return the narrowest format that holds what a layer gives before it converts."""
        *others, node = made
        whole = replace(node, out=replace(node.out, format=exact))
        sketch = Graph("sketch", (*self.graph, *others, whole), (node.name,))
        y = reference.evaluate(sketch, self.inputs)
        low, high = int(y[node.name].min()), int(y[node.name].max())
        return format_for_range(low, high, exact.fraction)

    # What is there.

    def out(self, index: int) -> StreamType:
        return self.nodes[index].out

    def pixels(self, index: int) -> tuple[int, ...]:
        """Return rows and columns, as many as there are."""
        return self.out(index).shape[:-1]

    def add(self, layer: Layer, most: int = MOST_EXACT) -> int:
        """Add a layer with an output format and a folding; returns its index.

        Args:
            layer: The layer.
            most: Bits that its format may have.
        """
        sources = [self.nodes[source] for source in layer.sources]
        types = [source.out for source in sources]
        *_, node = made = self._nodes(layer)
        exact = exact_format(node, types)
        assume(exact.width <= MOST_MERGED)
        keeps = layer.kind in KEEPS_FORMAT and not self.chance(3)
        seen = (
            exact if keeps or layer.kind in ("softmax", "table") else self.seen_format(made, exact)
        )
        fmt = types[0].format if keeps else self.format_near(layer.kind, layer.word, seen, most)
        layer = replace(layer, out=fmt)
        if isinstance(node, Dense):
            layer = self._folded(layer, node)
        return self._append(layer)

    def add_input(self, shape: tuple[int, ...]) -> int:
        """Add a further input; returns its index."""
        width = self.pick(4, 3, 6, 8, 2, 1, 10)
        fmt = self.stream_format("input", "", width, self.whole(-3, 9))
        count = sum(isinstance(node, Input) for node in self.nodes)
        more = input_of(StreamType(fmt, shape), SAMPLES, [self.seed, 1 + count])
        self.inputs = np.concatenate((self.inputs, more), axis=1)
        return self._append(Layer(kind="input", sources=(), out=fmt, shape=shape))

    def _nodes(self, layer: Layer) -> tuple[Node, ...]:
        count = len(self.nodes)
        sources = [self.nodes[source] for source in layer.sources]
        return nodes_of(layer, f"n{count}", sources, self.seed + count)

    def _append(self, layer: Layer) -> int:
        made = self._nodes(layer)
        self.layers.append(layer)
        self.graph += made
        self.nodes.append(made[-1])
        return len(self.layers)

    def _folded(self, layer: Layer, node: Dense) -> Layer:
        """Return ``layer`` with a folding that is legal and quick enough to simulate."""
        node = self.as_read(layer, node)
        rows, columns = node.weight.shape
        narrow = not isinstance(node, Conv | Depthwise) or node.window.narrow
        small = rows * columns <= MOST_UNROLLED and node.weight_format.width <= 8
        if narrow and small and self.chance(6):
            return replace(layer, unrolled=True)
        simds: Sequence[int] = range(1, columns + 1)  # of a depthwise layer: taps
        if layer.kind == "dense":
            simds = simds[:8]
        elif isinstance(node, Conv):
            channels = columns // node.window.taps
            simds = [*folding.divisors(channels), *range(2 * channels, columns + 1, channels)]
        options: list[dict[str, Any]] = [
            {"pe": pe, "simd": simd} for pe in range(1, rows + 1) for simd in simds
        ]
        options += [{"reuse": factor} for factor in folding.divisors(rows * columns)]
        compressed = layer.kind != "depthwise" and self.chance(3)
        strategy = Strategy.COMPRESSED if compressed else node.request.strategy
        layer = replace(layer, compressed=compressed)
        cycles: dict[int, int] = {}
        for index, option in enumerate(options):
            try:
                request = replace(
                    node.request,
                    strategy=strategy,
                    pe=option.get("pe"),
                    simd=option.get("simd"),
                    reuse_factor=option.get("reuse", 1),
                )
                asked = replace(node, request=request)
                fold = sparse.sparse_fold(asked) if compressed else folding.fold(asked)
                cycles[index] = fold.cycles
            except GatewrightError:
                continue
        quick = [index for index, each in cycles.items() if each <= MOST_CYCLES]
        chosen = self.pick(*quick) if quick else min(cycles, key=lambda index: cycles[index])
        return replace(layer, **options[chosen])

    def as_read(self, layer: Layer, node: Dense) -> Dense:
        """Return the node that a front end makes of a layer with weights."""
        return node

    # Layers on a stream.

    def layer(self, source: int, *, stride: int | None = None, kind: str | None = None) -> int:
        """Add any layer; with ``stride`` given the image keeps its size but for that."""
        kind = kind or self.kind_behind(source, stride)
        layer = Layer(kind=kind, sources=(source,), out=UNTYPED)
        return self.add(replace(layer, **self.settings(kind, source, stride)))

    def kind_behind(self, source: int, stride: int | None) -> str:
        """Return a kind that may read a stream."""
        shape = self.out(source).shape
        keeping = ["elementwise", "depthwise", "conv", "pool", "rectifier", "clip", "table"]
        keeping += ["softmax"]
        changing = ["dense", "reshape", "pad", "upsample", "transpose"]
        if len(shape) == 1:
            keeping += ["dense"]
        if stride is not None and stride > 1:
            kinds = ["pool", "depthwise", "conv"]
        else:
            kinds = keeping if stride else keeping + changing
        kinds = [kind for kind in kinds if kind in self.kinds and self.possible(kind, source)]
        return self.pick(*kinds)

    def moving(self, source: int) -> str | None:
        """Return a kind that moves elements; None where there is none for the stream."""
        kinds = [
            kind for kind in KEEPS_FORMAT if kind in self.kinds and self.possible(kind, source)
        ]
        return self.pick(*kinds) if kinds else None

    def possible(self, kind: str, source: int) -> bool:
        """Whether a layer of this kind may read a stream."""
        out = self.out(source)
        bits, size = out.format.width, out.size
        match kind:
            case "table":
                return bits <= 8
            case "softmax":
                return bits <= 6
            case "pad" | "upsample":
                return len(out.shape) == 3 and size <= MOST_PIXELS
            case "transpose":
                return len(out.shape) == 3
            case "clip":
                return bits > 1
        return True

    def settings(self, kind: str, source: int, stride: int | None) -> dict[str, Any]:
        """Return what is special about a layer of this kind."""
        out = self.out(source)
        match kind:
            case "dense":
                return self.weights(out.format) | {"rows": self.whole(1, 12)}
            case "conv":
                window = self.window(source, stride)
                settings = {"rows": self.whole(1, 6), "window": window}
                if self.chance(2):
                    settings |= self.groups(out.image[2])
                return self.weights(out.format) | settings
            case "depthwise":
                return self.weights(out.format) | {"window": self.window(source, stride)}
            case "pool":
                word, counted = self.pick(*Pooling), self.pick(True, False)
                window = self.window(source, stride)
                if not self.may_pool(source, window, word, counted):
                    window = replace(window, dilation=(1, 1), kernel=(1, 1), pad=(0, 0, 0, 0))
                return {"window": window, "word": word.value, "count_padding": counted}
            case "elementwise":
                return {"word": self.pick(*self.functions(source))}
            case "reshape":
                return self.reshaping(out.size)
            case "rectifier":
                threshold = self.threshold(out.format)
                slope = self.parameter_format(self.pick(4, 2, 6), self.whole(-1, 3))
                return {"weight": slope, "rows": self.pick(1, 0), "numbers": (threshold,)}
            case "clip":
                ends = [self.whole(out.format.min_int, out.format.max_int) for _ in range(2)]
                return {"numbers": (min(ends), max(ends))}
            case "pad":
                return {"numbers": tuple(self.whole(0, 2) for _ in range(4))}
            case "upsample":
                return {"numbers": (self.pick(2, 1, 3), self.pick(2, 1, 3))}
            case "transpose":
                return {"numbers": self.pick((1, 0, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1))}
        return {}

    def threshold(self, source: FixedFormat) -> int:
        """Return the threshold of a rectifier."""
        return self.whole(source.min_int, source.max_int)

    def groups(self, channels: int) -> dict[str, int]:
        """Return the groups of a convolution and its output channels; it is not depthwise."""
        options = folding.divisors(channels)[1:]
        if not options:
            return {}
        count = self.pick(*options)
        return {"groups": count, "rows": count * self.whole(1 + (count == channels), 2)}

    def reshaping(self, size: int) -> dict[str, Any]:
        """Return what an image of ``size`` elements may be reshaped to."""
        return {"shape": self.pick((size,), *shapes_of(size))}

    def functions(self, source: int) -> tuple[str, ...]:
        """Return the elementwise functions that may read a stream."""
        return tuple(function.value for function in Function)

    def may_pool(self, source: int, window: Window, word: Pooling, counted: bool) -> bool:
        """Whether a pooling has a result for every window."""
        every = word is Pooling.AVERAGE and counted
        return every or not _sees_nothing(window, self.out(source))

    def weights(self, source: FixedFormat) -> dict[str, Any]:
        """Return the formats of weights and biases."""
        width = self.pick(4, 3, 2, 6, 8, 1)
        weight = self.parameter_format(width, self.whole(-2, 4))
        bias = None
        if not self.chance(3):
            bits = self.pick(5, 3, 8, 1)
            fraction = weight.fraction + source.fraction + self.whole(-3, 2)
            bias = self.parameter_format(bits, bits - fraction)
        return {"weight": weight, "bias": bias, "fill": self.pick(*Fill)}

    def window(self, source: int, stride: int | None) -> Window:
        """Return a window; with ``stride`` one of "same" padding."""
        sizes = self.pixels(source)
        axes = [self._axis(size, stride) for size in sizes]
        axes = [(1, 1, 1, 0, 0)] * (2 - len(axes)) + axes
        kernel, strides, dilation, before, after = zip(*axes, strict=True)
        return Window(kernel=kernel, stride=strides, dilation=dilation, pad=(*before, *after))

    def _axis(self, size: int, stride: int | None) -> tuple[int, int, int, int, int]:
        """Return kernel, stride, dilation, and the pads before and after of one axis."""
        kernel, dilation = self.pick(1, 2, 3, 4), self.pick(*self.dilations)
        extent = (kernel - 1) * dilation + 1
        if stride is not None:
            total = max((ceil(size / stride) - 1) * stride + extent - size, 0)
            before = self.whole(0, total)
            return kernel, stride, dilation, before, total - before
        step = self.pick(1, 2, 3)
        before, after = self.pick(0, 1, 2, 0, 3), self.pick(0, 1, 2, 0, 3)
        if size + before + after < extent:
            kernel = 1
        return kernel, step, dilation, before, after


def _sees_nothing(window: Window, source: StreamType) -> bool:
    """Whether some window lies wholly in the padding."""
    ones = np.ones((1, source.size), np.int64)
    return bool((windows_of(ones, source, window).sum(axis=2) == 0).any())


def shapes_of(size: int) -> list[tuple[int, ...]]:
    """Return some images and sequences of ``size`` elements."""
    sequences = [(size // channels, channels) for channels in folding.divisors(size)]
    images = [
        (rows, pixels // rows, channels)
        for pixels, channels in sequences
        for rows in folding.divisors(pixels)
        if gcd(rows, pixels // rows) > 1 or rows == 1
    ]
    return [shape for shape in (*sequences, *images) if max(shape[:-1]) <= 8 and shape[-1] <= 8]
