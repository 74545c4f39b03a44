"""Draws a network layer by layer; each draw goes through hypothesis, which shrinks it.

What shrinks to the simplest comes first in every choice.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, gcd, prod
from typing import Any, TypeVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from fuzz.networks import AWAITED, MAKERS, exact_format, inputs_of, node_of
from fuzz.spec import Fill, Layer, Network
from gatewright import folding, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding, format_for_range
from gatewright.graph import (
    Combination,
    Dense,
    Function,
    Graph,
    Input,
    Node,
    Pooling,
    StreamType,
    Window,
)
from gatewright.reference import windows_of

T = TypeVar("T")
MOST_CYCLES = 150  # of a layer, per sample: simulation time
MOST_EXACT = 24  # bits of a stream that was not quantised
MOST_MERGED = 40  # bits of two streams combined
MOST_LAYERS = 12
MOST_PIXELS = 64
SAMPLES = 20  # on which the range of a layer is looked at
KINDS = tuple(kind for kind in MAKERS if kind not in AWAITED)
UNTYPED = FixedFormat(True, 32, 16)
KEEPS_FORMAT = ("pad", "upsample", "transpose", "reshape")


class Sketch:
    """A network that grows.

    What a narrower front end does not take is cut off by overriding ``modes``, ``possible`` and
    ``pool_window``.

    Attributes:
        kinds: What may be drawn.
        layers: The layers so far.
        nodes: The input's node and the layers'.
    """

    words: tuple[str, ...] = (*(kind.value for kind in Combination), "concat")  # of joins
    dilations: tuple[int, ...] = (1, 1, 2)
    least_signed = 1  # bits of a format with a sign

    def __init__(self, draw: Callable[[Any], Any], kinds: Sequence[str] = KINDS) -> None:
        self.draw = draw
        self.kinds = kinds
        self.seed = self.whole(0, 2**16)
        self.shape = self.pick(
            (4,), (3, 3, 2), (5, 2), (7,), (4, 5, 1), (6, 6, 3), (2, 4, 6), (11,)
        )
        if self.chance(2):
            self.shape = tuple(self.whole(1, 6) for _ in range(self.whole(1, 3)))
        width = self.pick(4, 3, 6, 8, 2, 1, 10)
        self.format = self.stream_format("input", "", width, self.whole(-3, 9))
        self.layers: list[Layer] = []
        out = StreamType(self.format, self.shape)
        self.nodes: list[Node] = [Input(name="n0", origin="", inputs=(), out=out)]
        start = Network(shape=self.shape, format=self.format, layers=(), seed=self.seed)
        self.inputs = inputs_of(start, SAMPLES)

    def network(self) -> Network:
        """Return what was drawn."""
        lanes = self.pick(None, 1, 2, 3, 4, 6)
        if lanes is not None:
            lanes = min(lanes, prod(self.shape))
        return Network(
            shape=self.shape,
            format=self.format,
            layers=tuple(self.layers),
            input_lanes=lanes,
            seed=self.seed,
        )

    # Choices.

    def pick(self, *options: T) -> T:
        value: T = self.draw(st.sampled_from(options))
        return value

    def whole(self, low: int, high: int) -> int:
        value: int = self.draw(st.integers(low, high))
        return value

    def chance(self, of: int) -> bool:
        """Return true once in ``of`` times."""
        return self.whole(0, of - 1) == of - 1

    def modes(self, kind: str, word: str, *, symmetric: bool) -> tuple[Rounding, Overflow]:
        """Return the modes of a stream behind a layer of this kind.

        Args:
            kind: The layer's.
            word: The layer's.
            symmetric: The range can be symmetric: it has a sign and more than a bit.
        """
        return self.pick(*Rounding), self.pick(*Overflow)

    def stream_format(self, kind: str, word: str, width: int, integer: int) -> FixedFormat:
        signed = self.pick(True, False)
        width = max(width, self.least_signed) if signed else width
        return FixedFormat(
            signed, width, integer, *self.modes(kind, word, symmetric=signed and width > 1)
        )

    def parameter_format(self, width: int, integer: int) -> FixedFormat:
        signed = self.pick(True, False)
        width = max(width, self.least_signed) if signed else width
        return FixedFormat(signed, width, integer, Rounding.RND_CONV, Overflow.SAT)

    def format_near(self, kind: str, word: str, exact: FixedFormat) -> FixedFormat:
        """Return a format that cuts bits off at either end, or holds all."""
        if self.least_signed <= exact.width <= MOST_EXACT and self.chance(8):
            rounding, overflow = self.modes(kind, word, symmetric=exact.signed and exact.width > 1)
            return replace(exact, rounding=rounding, overflow=overflow)
        cut = min(self.pick(1, 0, 2, -1, 3), exact.width - 1)
        width = min(self.pick(5, 4, 6, 8, 3, 10, 2, 1), exact.width - cut + 3)
        return self.stream_format(kind, word, max(width, 1), exact.integer - cut)

    def seen_format(self, node: Node, exact: FixedFormat) -> FixedFormat:
        """Return the narrowest format that holds what ``node`` gives before it converts."""
        whole = replace(node, out=replace(node.out, format=exact))
        y = reference.evaluate(Graph("sketch", (*self.nodes, whole), (node.name,)), self.inputs)
        low, high = int(y[node.name].min()), int(y[node.name].max())
        return format_for_range(low, high, exact.fraction)

    # What is there.

    def out(self, index: int) -> StreamType:
        return self.nodes[index].out

    def pixels(self, index: int) -> tuple[int, ...]:
        """Return rows and columns, as many as there are."""
        return self.out(index).shape[:-1]

    def add(self, layer: Layer) -> int:
        """Add a layer with an output format and a folding; returns its index."""
        sources = [self.nodes[source] for source in layer.sources]
        types = [source.out for source in sources]
        node = node_of(layer, f"n{len(self.nodes)}", sources, self.seed + len(self.nodes))
        exact = exact_format(node, types)
        assume(exact.width <= MOST_MERGED)
        keeps = layer.kind in KEEPS_FORMAT and not self.chance(3)
        seen = (
            exact if keeps or layer.kind in ("softmax", "table") else self.seen_format(node, exact)
        )
        layer = replace(
            layer, out=types[0].format if keeps else self.format_near(layer.kind, layer.word, seen)
        )
        if isinstance(node, Dense):
            layer = self._folded(layer, node)
        self.layers.append(layer)
        self.nodes.append(
            node_of(layer, f"n{len(self.nodes)}", sources, self.seed + len(self.nodes))
        )
        return len(self.layers)

    def _folded(self, layer: Layer, node: Dense) -> Layer:
        """Return ``layer`` with a folding that is legal and quick enough to simulate."""
        rows, columns = node.weight.shape
        channels = columns
        if layer.kind == "conv":
            assert layer.window is not None
            channels = columns // layer.window.taps
        simds = {"dense": range(1, min(columns, 8) + 1), "depthwise": [1]}
        simds_here = simds.get(layer.kind, folding.divisors(channels))
        options: list[dict[str, Any]] = [
            {"pe": pe, "simd": simd} for pe in range(1, rows + 1) for simd in simds_here
        ]
        options += [{"reuse": factor} for factor in folding.divisors(rows * columns)]
        cycles: dict[int, int] = {}
        for index, option in enumerate(options):
            try:
                request = replace(
                    node.request,
                    pe=option.get("pe"),
                    simd=option.get("simd"),
                    reuse_factor=option.get("reuse", 1),
                )
                cycles[index] = folding.fold(replace(node, request=request)).cycles
            except GatewrightError:
                continue
        quick = [index for index, each in cycles.items() if each <= MOST_CYCLES]
        chosen = self.pick(*quick) if quick else min(cycles, key=lambda index: cycles[index])
        return replace(layer, **options[chosen])

    # Layers on a stream.

    def layer(self, source: int, *, stride: int | None = None, kind: str | None = None) -> int:
        """Add any layer; with ``stride`` given the image keeps its size but for that."""
        kind = kind or self._kind(source, stride)
        layer = Layer(kind=kind, sources=(source,), out=UNTYPED)
        return self.add(replace(layer, **self._settings(kind, source, stride)))

    def _kind(self, source: int, stride: int | None) -> str:
        shape = self.out(source).shape
        keeping = ["elementwise", "depthwise", "conv", "pool", "rectifier", "clip", "table"]
        changing = ["dense", "reshape", "softmax", "pad", "upsample", "transpose"]
        if len(shape) == 1:
            keeping += ["dense", "softmax"] if stride is None else ["dense"]
        if stride is not None and stride > 1:
            kinds = ["pool", "depthwise", "conv"]
        else:
            kinds = keeping if stride else keeping + changing
        kinds = [kind for kind in kinds if kind in self.kinds and self.possible(kind, source)]
        return self.pick(*kinds)

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

    def _settings(self, kind: str, source: int, stride: int | None) -> dict[str, Any]:
        out = self.out(source)
        match kind:
            case "dense":
                return self.weights(out.format) | {"rows": self.whole(1, 12)}
            case "conv":
                window = self.window(source, stride)
                return self.weights(out.format) | {"rows": self.whole(1, 6), "window": window}
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
                shapes = [(out.size,), *_shapes(out.size)]
                return {"shape": self.pick(*shapes)}
            case "rectifier":
                threshold = self.whole(out.format.min_int, out.format.max_int)
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

    # Branches.

    def chain(self, source: int, length: int, depth: int, stride: int = 1) -> int:
        """Add layers one behind the other, diamonds among them, that keep the image's size."""
        for _ in range(length):
            if depth and stride == 1 and self.chance(4):
                source = self.diamond(source, depth - 1, 1)
            else:
                source = self.layer(source, stride=stride)
            stride = 1
        return source

    def diamond(self, source: int, depth: int = 1, stride: int | None = None) -> int:
        """Add two branches and their join."""
        if stride is None:
            stride = self.pick(1, 1, 2) if self.pixels(source) else 1
        long = self.chain(source, self.whole(1, 2), depth, stride)
        short = self.chain(source, self.whole(int(stride > 1), 2), depth, stride)
        return self.join(*self.pick((long, short), (short, long)))

    def skip(self, source: int) -> int:
        """Join a stream with any that came before it and has as many pixels."""
        others = [
            index
            for index in range(len(self.nodes))
            if index != source and self.pixels(index) == self.pixels(source)
        ]
        return self.join(source, self.pick(*others)) if others else self.diamond(source)

    def join(self, first: int, second: int) -> int:
        """Combine two streams of as many pixels, or join their channels."""
        word = self.pick(*self.words)
        if word == "concat":
            return self.add(Layer(kind="concat", sources=(first, second), out=UNTYPED))
        if self.out(first).shape != self.out(second).shape:
            second = self._with_channels(second, self.out(first).shape[-1])
        return self.add(Layer(kind="merge", sources=(first, second), out=UNTYPED, word=word))

    def _with_channels(self, source: int, channels: int) -> int:
        """Add a matrix on every pixel."""
        settings = self.weights(self.out(source).format) | {"rows": channels}
        if not self.pixels(source):
            return self.add(Layer(kind="dense", sources=(source,), out=UNTYPED, **settings))
        window = Window(kernel=(1, 1))
        return self.add(
            Layer(kind="conv", sources=(source,), out=UNTYPED, window=window, **settings)
        )


def _sees_nothing(window: Window, source: StreamType) -> bool:
    """Whether some window lies wholly in the padding."""
    ones = np.ones((1, source.size), np.int64)
    return bool((windows_of(ones, source, window).sum(axis=2) == 0).any())


def _shapes(size: int) -> list[tuple[int, ...]]:
    """Return some images and sequences of ``size`` elements."""
    sequences = [(size // channels, channels) for channels in folding.divisors(size)]
    images = [
        (rows, pixels // rows, channels)
        for pixels, channels in sequences
        for rows in folding.divisors(pixels)
        if gcd(rows, pixels // rows) > 1 or rows == 1
    ]
    return [shape for shape in (*sequences, *images) if max(shape[:-1]) <= 8 and shape[-1] <= 8]


def grow(sketch: Sketch) -> Network:
    """Draw a whole network."""
    tip = 0
    for _ in range(sketch.pick(1, 2, 3, 4)):
        if len(sketch.layers) >= MOST_LAYERS:
            break
        stage = sketch.pick("layer", "diamond", "skip", "diamond", "dense")
        if stage in ("layer", "dense"):
            tip = sketch.layer(tip, kind=stage if stage in MAKERS else None)
        else:
            tip = sketch.diamond(tip) if stage == "diamond" or not tip else sketch.skip(tip)
    if "argmax" in sketch.kinds and sketch.out(tip).size > 1 and sketch.chance(10):
        sketch.add(Layer(kind="argmax", sources=(tip,), out=UNTYPED))
    return sketch.network()


@st.composite
def networks(draw: Callable[[Any], Any], kinds: Sequence[str] = KINDS) -> Network:
    """Random networks."""
    return grow(Sketch(draw, kinds))
