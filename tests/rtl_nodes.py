"""Nodes of the hardware graph as truth for blocks: chains of them in the integer reference."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gatewright import reference
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.graph import Graph, Input, Node, StreamType

ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)


def evaluate(source: StreamType, nodes: Sequence[Node], x: IntArray) -> IntArray:
    """Return what the chain ``nodes`` makes of x [samples, elements]; the first reads "source"."""
    start = Input(name="source", origin="source", inputs=(), out=source)
    return reference.outputs(Graph("chain", (start, *nodes), (nodes[-1].name,)), x)


def random_mode(rng: np.random.Generator) -> tuple[Rounding, Overflow]:
    """Return any rounding and overflow mode."""
    return ROUNDINGS[rng.integers(7)], OVERFLOWS[rng.integers(5)]


def conversion(source: FixedFormat, target: FixedFormat) -> dict[str, int | str]:
    """Return the parameters that every block with a conversion at its end has."""
    return {
        "Drop": source.fraction - target.fraction,
        "OutWidth": target.width,
        "OutSigned": f"1'b{int(target.signed)}",
        "Rounding": ROUNDINGS.index(target.rounding),
        "Overflow": OVERFLOWS.index(target.overflow),
    }


def hex_words(words: IntArray, width: int) -> str:
    """Return a line per word [words, lanes], lane 0 in the lowest bits."""
    mask = (1 << width) - 1
    return "".join(
        f"{sum((int(v) & mask) << (i * width) for i, v in enumerate(word)):x}\n" for word in words
    )


def pick(rng: np.random.Generator, fmt: FixedFormat, shape: tuple[int, ...]) -> IntArray:
    """Return random integers of the format, its extremes and zero often among them."""
    values = rng.integers(fmt.min_int, fmt.max_int, shape, endpoint=True)
    special = rng.choice([fmt.min_int, fmt.max_int, 0], shape)
    chosen: IntArray = np.where(rng.random(shape) < 0.2, special, values)
    return chosen


def frame_beats(samples: IntArray, lanes: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the beats of samples [n, elements] and their tlast; lanes divide the elements."""
    beats = samples.reshape(-1, lanes)
    per_sample = samples.shape[1] // lanes
    return beats, np.arange(len(beats)) % per_sample == per_sample - 1
