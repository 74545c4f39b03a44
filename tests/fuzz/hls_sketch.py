"""Networks that hls4ml and the front end take: fewer kinds, formats and windows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from fuzz.functions import FUNCTIONS, is_settled
from fuzz.layers import UNTYPED, shapes_of
from fuzz.qonnx import ROUNDINGS, by_quant
from fuzz.sketch import Sketch, grow
from fuzz.spec import Layer, Network
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.frontend.image_layers import dilated
from gatewright.graph import Conv, Dense, Depthwise, Function, Pooling, Window

TABLES = {"table": 8, "softmax": 6}  # bits that the quantiser in front may have
MOVERS = ("elementwise", "clip", "rectifier", "pad", "upsample", "transpose", "reshape")
MATRICES = ("dense", "conv", "depthwise")
BY_PRECISION = (*MATRICES, "concat", "merge")
PRECISION = tuple(mode for mode in Overflow if mode is not Overflow.WRAP_SM)  # hls4ml's


class HlsSketch(Sketch):
    """A network for the front end."""

    least_signed = 2  # QONNX takes a signed bit for -1 and 1

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        # Every other network has quantisers alone, so that QONNX execution is its truth too.
        self.quantised = draw(st.booleans())
        super().__init__(draw)

    def modes(self, kind: str, word: str, *, symmetric: bool) -> tuple[Rounding, Overflow]:
        quant = self.quantised or kind not in BY_PRECISION or word == "identity"
        if quant:
            saturations = (Overflow.SAT, Overflow.SAT_SYM) if symmetric else (Overflow.SAT,)
            return self.pick(*ROUNDINGS), self.pick(*saturations)
        return self.pick(*Rounding), self.pick(*PRECISION)

    def possible(self, kind: str, source: int) -> bool:
        windowed = kind in ("conv", "depthwise", "pool")
        known = bool(self.pixels(source)) or not windowed  # ONNX has no windows over vectors
        free = kind not in (*MATRICES, *TABLES) or not self.has_precision(source)
        if kind == "reshape":
            return bool(shapes_of(self.out(source).size))
        # A table reads a quantiser, which is put in front.
        return known and free and (kind in TABLES or super().possible(kind, source))

    def layer(self, source: int, *, stride: int | None = None, kind: str | None = None) -> int:
        kind = kind or self.kind_behind(source, stride)
        if kind in TABLES:
            word = Function.IDENTITY.value
            quantiser = Layer(kind="elementwise", sources=(source,), out=UNTYPED, word=word)
            source = self.add(quantiser, most=TABLES[kind])
        index = super().layer(source, stride=stride, kind=kind)
        layer = self.layers[-1]
        if kind == "table":
            assume(is_settled(layer.word, self.out(source).format, layer.out))
        return index

    def as_read(self, layer: Layer, node: Dense) -> Dense:
        """Return the node with the padding in front of it, and the widest dilation there is."""
        if not isinstance(node, Conv | Depthwise):
            return node
        window, rows = node.window, len(node.weight)
        taps = node.weight.reshape(rows, *window.kernel, -1).transpose(1, 2, 3, 0)
        spread = np.zeros((*window.extent, *taps.shape[2:]), np.int64)
        spread[:: window.dilation[0], :: window.dilation[1]] = taps
        window, taps = dilated(replace(window, kernel=window.extent, dilation=(1, 1)), spread)
        source = layer.sources[0]
        if source and self.layers[source - 1].kind == "pad":
            pads = zip(window.pad, self.layers[source - 1].numbers, strict=True)
            top, left, bottom, right = (a + b for a, b in pads)
            window = replace(window, pad=(top, left, bottom, right))
        weight = taps.transpose(2, 0, 1).reshape(rows, -1)
        return replace(node, weight=weight, window=window)

    def settings(self, kind: str, source: int, stride: int | None) -> dict[str, Any]:
        if kind == "table":
            return {"word": self.pick(*FUNCTIONS)}
        return super().settings(kind, source, stride)

    def reshaping(self, size: int) -> dict[str, Any]:
        return {"shape": self.pick(*shapes_of(size)), "word": "network"}

    def outputs(self) -> tuple[int, ...]:
        """Return a layer whose stream is not perhaps the last layer's too, unchanged."""
        same = len(self.layers)
        kept = {same}
        while same and self.layers[same - 1].kind in MOVERS:
            (same,) = self.layers[same - 1].sources
            kept.add(same)
        options = [
            index
            for index, layer in enumerate(self.layers, start=1)
            if index not in kept and layer.kind not in (*MOVERS, "input")
        ]
        if not options or self.layers[-1].kind == "argmax":
            return ()
        return (self.pick(*options),)

    def has_precision(self, source: int) -> bool:
        """Whether a stream is a matrix's of a Precision, which few layers may read directly.

        The front end may put a quantiser of its own between, and refuses another type then.
        """
        matrix = source > 0 and self.layers[source - 1].kind in MATRICES
        return matrix and not by_quant(self.out(source).format)

    def join_words(self, first: int, second: int) -> tuple[str, ...]:
        taken = self.has_precision(first) or self.has_precision(second)
        return tuple(word for word in self.words if word != "add" or not taken)

    def threshold(self, source: FixedFormat) -> int:
        return 0  # of LeakyRelu and PRelu

    def may_pool(self, source: int, window: Window, word: Pooling, counted: bool) -> bool:
        """Whether ONNX has it: pads smaller than the kernel, averages without dilation."""
        undilated = word is Pooling.MAX or window.dilation == (1, 1)
        small = all(pad < size for pad, size in zip(window.pad, window.kernel * 2, strict=True))
        return undilated and small and super().may_pool(source, window, word, counted=False)

    def functions(self, source: int) -> tuple[str, ...]:
        """Return relu alone behind a matrix of given Precision: a Quant would be its type."""
        return ("relu",) if self.has_precision(source) else super().functions(source)


@st.composite
def networks(draw: Callable[[Any], Any]) -> Network:
    """Random networks."""
    return grow(HlsSketch(draw))
