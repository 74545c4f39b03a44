"""Networks that hls4ml and the front end take: fewer kinds, formats and windows."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from fuzz.qonnx import ROUNDINGS, by_quant
from fuzz.sketch import Sketch, grow
from fuzz.spec import Network
from gatewright.fixed import Overflow, Rounding
from gatewright.graph import Pooling, Window

KINDS = ("dense", "conv", "depthwise", "pool", "elementwise", "merge", "concat")
PRECISION = tuple(mode for mode in Overflow if mode is not Overflow.WRAP_SM)  # hls4ml's


class HlsSketch(Sketch):
    """A network for the front end."""

    words = ("add", "concat")
    dilations = (1,)
    least_signed = 2  # QONNX takes a signed bit for -1 and 1

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        # Every other network has quantisers alone, so that QONNX execution is its truth too.
        self.quantised = draw(st.booleans())
        super().__init__(draw, KINDS)

    def modes(self, kind: str, word: str, *, symmetric: bool) -> tuple[Rounding, Overflow]:
        quant = self.quantised or kind in ("input", "pool") or word == "identity"
        if quant:
            saturations = (Overflow.SAT, Overflow.SAT_SYM) if symmetric else (Overflow.SAT,)
            return self.pick(*ROUNDINGS), self.pick(*saturations)
        return self.pick(*Rounding), self.pick(*PRECISION)

    def possible(self, kind: str, source: int) -> bool:
        windowed = kind in ("conv", "depthwise", "pool")
        return bool(self.pixels(source)) or not windowed

    def functions(self, source: int) -> tuple[str, ...]:
        """Return relu alone behind a matrix of given Precision: a Quant would be its type."""
        layer = self.layers[source - 1] if source else None
        if layer and layer.kind in ("dense", "conv", "depthwise") and not by_quant(layer.out):
            return ("relu",)
        return super().functions(source)

    def may_pool(self, source: int, window: Window, word: Pooling, counted: bool) -> bool:
        """Whether the front end takes it: no pads, an average of a power of two."""
        count = window.taps
        return not any(window.pad) and (word is Pooling.MAX or count & (count - 1) == 0)


@st.composite
def networks(draw: Callable[[Any], Any]) -> Network:
    """Random networks."""
    return grow(HlsSketch(draw))
