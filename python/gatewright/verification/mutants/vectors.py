"""The samples that mutants are shown: real ones, random ones, and some aimed at a layer's rows."""

import numpy as np

from gatewright.fixed import IntArray
from gatewright.graph import Conv, Dense, Depthwise, Graph, StreamType
from gatewright.passes import inputs_of
from gatewright.verification.mutants.aim import aimed

_AIMED = 1024  # samples, at most
_DRAWN = 0.1  # of the elements of an aimed sample
_DEEP = 4  # samples aimed at each deeper layer, at least
_STARTS = 40  # samples that those are looked for from


def vectors(graph: Graph, real: IntArray, count: int, seed: int) -> IntArray:
    """Return real samples, then as many random ones of the inputs' full range.

    Of the random ones the first three are all smallest, all largest and all zero; a third of the
    others are zero for the most part. Last come samples aimed at the rows of the layers with
    weights, see ``_aimed`` for those that read the input and ``aim`` for the others.
    """
    rng = np.random.default_rng((seed, 4))
    formats = [(node.out.format, node.out.size) for node in inputs_of(graph)]
    low = np.concatenate([np.full(size, fmt.min_int) for fmt, size in formats])
    high = np.concatenate([np.full(size, fmt.max_int) for fmt, size in formats])
    drawn = rng.integers(low, high + 1, (count, len(low)))
    sparse = rng.random((count, len(low))) < 0.9
    drawn[::3][sparse[::3]] = 0
    chosen = real[np.sort(rng.choice(len(real), min(count, len(real)), replace=False))]
    parts = [chosen, np.stack([low, high, 0 * low]), drawn[3:]]
    if len(formats) == 1:
        (source,) = inputs_of(graph)
        for node in graph.nodes:
            if isinstance(node, Dense) and node.inputs == (source.name,):
                wanted = min(_AIMED, 2 * count)
                parts.append(_aimed(node, source.out, wanted, rng))
            elif isinstance(node, Dense):
                chosen = real[rng.choice(len(real), min(_STARTS, len(real)), replace=False)]
                parts.append(aimed(graph, node.name, chosen, max(_DEEP, count // _DEEP), rng))
    return np.concatenate(parts)


def _aimed(node: Dense, source: StreamType, count: int, rng: np.random.Generator) -> IntArray:
    """Return samples aimed at the rows of a matrix that reads them.

    Nine elements of ten stand at the end of their range that makes the row's sum large, or small
    in every fourth sample, the others at random: without them a row that is seldom above zero
    would hide behind its ReLU, and none would overflow. Below a window that moves, an image is
    the row's kernel repeated, so that some windows meet it as a whole.
    """
    fmt = source.format
    rows = np.resize(rng.permutation(len(node.weight)), count)
    large = node.weight[rows] > 0
    large[3::4] ^= True
    if isinstance(node, Conv | Depthwise):
        height, width, channels = source.image
        window = node.window
        kernel = (*window.kernel, -1)
        (top, left), (down, right) = window.pad[:2], window.dilation
        taps = [
            ((np.arange(size) + pad) // step) % window.kernel[axis]
            for axis, (size, pad, step) in enumerate(((height, top, down), (width, left, right)))
        ]
        tiles = large.reshape(count, *kernel)[:, taps[0]][:, :, taps[1]]
        if isinstance(node, Depthwise):  # the other channels are drawn
            others = rng.random((count, height, width, channels)) < 0.5
            others[np.arange(count), :, :, rows] = tiles[..., 0]
            tiles = others
        large = tiles.reshape(count, -1)
    at_end = np.where(large, fmt.max_int, fmt.min_int)
    drawn = rng.integers(fmt.min_int, fmt.max_int + 1, large.shape)
    return np.where(rng.random(large.shape) < _DRAWN, drawn, at_end)
