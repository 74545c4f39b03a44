"""Draws networks with branches."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from fuzz.layers import KINDS, UNTYPED, Layers
from fuzz.spec import Layer, Network
from gatewright.graph import Combination, Function, Window

MOST_LAYERS = 12
STAGES = (
    "layer", "diamond", "skip", "conv", "moving", "dense", "diamond", "moving", "skip", "input",
)  # fmt: skip


class Sketch(Layers):
    """A network of layers and branches.

    What a narrower front end does not take is cut off by overriding ``join_words`` too.
    """

    words: tuple[str, ...] = (*(kind.value for kind in Combination), "concat")  # of joins

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
        word = self.pick(*self.join_words(first, second))
        if word != "concat" and self.out(first).shape != self.out(second).shape:
            second = self._with_channels(second, self.out(first).shape[-1])
            if word not in self.join_words(first, second):
                word = self.pick(*self.join_words(first, second))
        if word == "concat":
            return self.add(Layer(kind="concat", sources=(first, second), out=UNTYPED))
        return self.add(Layer(kind="merge", sources=(first, second), out=UNTYPED, word=word))

    def join_words(self, first: int, second: int) -> tuple[str, ...]:
        """Return the ways in which two streams may be joined."""
        return self.words

    def _with_channels(self, source: int, channels: int) -> int:
        """Add a matrix on every pixel."""
        if not self.possible("dense", source):
            relu = {"word": Function.RELU.value}
            source = self.add(Layer(kind="elementwise", sources=(source,), out=UNTYPED, **relu))
        settings = self.weights(self.out(source).format) | {"rows": channels}
        if not self.pixels(source):
            return self.add(Layer(kind="dense", sources=(source,), out=UNTYPED, **settings))
        window = Window(kernel=(1, 1))
        return self.add(
            Layer(kind="conv", sources=(source,), out=UNTYPED, window=window, **settings)
        )


def grow(sketch: Sketch) -> Network:
    """Draw a whole network."""
    tip = 0
    for _ in range(sketch.pick(1, 2, 3, 4, 3)):
        if len(sketch.layers) >= MOST_LAYERS:
            break
        stage = sketch.pick(*STAGES)
        if stage == "layer":
            tip = sketch.layer(tip)
        elif stage in ("dense", "conv"):
            tip = sketch.layer(tip, kind=stage if sketch.possible(stage, tip) else None)
        elif stage == "input" and sketch.chance(2):
            tip = sketch.join(tip, sketch.add_input(sketch.out(tip).shape))
        elif stage == "moving":
            tip = sketch.layer(tip, kind=sketch.moving(tip))
        else:
            tip = sketch.diamond(tip) if stage == "diamond" or not tip else sketch.skip(tip)
    if "argmax" in sketch.kinds and sketch.out(tip).size > 1 and sketch.chance(7):
        sketch.add(Layer(kind="argmax", sources=(tip,), out=UNTYPED))
    return sketch.network()


@st.composite
def networks(draw: Callable[[Any], Any], kinds: Sequence[str] = KINDS) -> Network:
    """Random networks."""
    return grow(Sketch(draw, kinds))
