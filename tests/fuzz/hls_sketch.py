"""Networks that hls4ml and the front end take: fewer kinds, formats and windows."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from fuzz.qonnx import ROUNDINGS, by_quant
from fuzz.sketch import Sketch, grow
from fuzz.spec import Network
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.graph import Pooling, Window

# Not drawn: reshape (its order is the network's), table and softmax (real functions), argmax.
KINDS = (
    "dense", "conv", "depthwise", "pool", "elementwise", "merge", "concat", "rectifier", "clip",
    "pad", "upsample", "transpose",
)  # fmt: skip
MATRICES = ("dense", "conv", "depthwise")
BY_PRECISION = (*MATRICES, "concat", "merge")
PRECISION = tuple(mode for mode in Overflow if mode is not Overflow.WRAP_SM)  # hls4ml's


class HlsSketch(Sketch):
    """A network for the front end."""

    least_signed = 2  # QONNX takes a signed bit for -1 and 1

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        # Every other network has quantisers alone, so that QONNX execution is its truth too.
        self.quantised = draw(st.booleans())
        super().__init__(draw, KINDS)

    def modes(self, kind: str, word: str, *, symmetric: bool) -> tuple[Rounding, Overflow]:
        quant = self.quantised or kind not in BY_PRECISION or word == "identity"
        if quant:
            saturations = (Overflow.SAT, Overflow.SAT_SYM) if symmetric else (Overflow.SAT,)
            return self.pick(*ROUNDINGS), self.pick(*saturations)
        return self.pick(*Rounding), self.pick(*PRECISION)

    def possible(self, kind: str, source: int) -> bool:
        windowed = kind in ("conv", "depthwise", "pool")
        known = bool(self.pixels(source)) or not windowed  # ONNX has no windows over vectors
        free = kind not in MATRICES or not self.has_precision(source)
        return known and free and super().possible(kind, source)

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
