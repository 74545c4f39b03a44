"""How many beats of its input a block must have had before it gives each beat of its output.

From these the depth of the FIFOs between branches is computed; see ``branches``.
"""

from math import ceil

import numpy as np

from gatewright.fixed import IntArray
from gatewright.graph import StreamType, Window

Needs = IntArray  # [beats of the output]: beats of the input, counted from 1


def each(beats: int) -> Needs:
    """A beat for a beat."""
    return np.arange(1, beats + 1)


def everything(source_beats: int, beats: int) -> Needs:
    """The whole sample first."""
    return np.full(beats, source_beats)


def regrouped(elements: int, lanes: int, out_lanes: int) -> Needs:
    """A beat of ``out_lanes`` elements leaves when the last of them is there."""
    ends = np.minimum(np.arange(1, ceil(elements / out_lanes) + 1) * out_lanes, elements)
    needed: Needs = -(-ends // lanes)
    return needed


def joined(pixels: int, beats: tuple[int, int]) -> tuple[Needs, Needs]:
    """Of each pixel first the beats of one stream, then those of the other.

    Args:
        pixels: Pixels per sample.
        beats: Beats of a pixel in each stream.
    """
    first, second = beats
    pixel = np.arange(pixels)[:, None]
    position = np.arange(first + second)[None, :]
    a = pixel * first + np.minimum(position + 1, first)
    b = pixel * second + np.maximum(position + 1 - first, 0)
    return a.reshape(-1), b.reshape(-1)


def whole_pixels(pixels: int, beats: int) -> Needs:
    """A pixel's results need the whole pixel."""
    return np.repeat(np.arange(1, pixels + 1) * beats, beats)


def padded(source: StreamType, pad: tuple[int, int, int, int], groups: int) -> Needs:
    """A pixel needs itself, one of the padding what stands before it, but at least a beat."""
    rows, columns, _ = source.image
    top, left, bottom, right = pad
    inside = np.arange(1, rows * columns * groups + 1).reshape(rows, columns * groups)
    around = ((top, bottom), (left * groups, right * groups))
    return np.maximum.accumulate(np.pad(inside, around, constant_values=1).reshape(-1))


def repeated(source: StreamType, factor: tuple[int, int], groups: int) -> Needs:
    """A pixel needs itself, however often it leaves."""
    rows, columns, _ = source.image
    beats = np.arange(1, rows * columns * groups + 1).reshape(rows, columns, groups)
    images = beats.repeat(factor[0], axis=0).repeat(factor[1], axis=1)
    return np.maximum.accumulate(images.reshape(-1))


def windows(
    source: StreamType, window: Window, groups: int, beats: int, *, by_group: bool
) -> Needs:
    """A pixel's results need the last pixel under its window.

    Args:
        source: Type of the image.
        window: How the kernel moves.
        groups: Beats of a pixel.
        beats: Beats of an output pixel.
        by_group: Output beat ``k`` of a pixel needs only beat ``k`` of the input's pixels; else
            all of a pixel.
    """
    columns = source.image[1]
    row, column = _last_pixels(source, window)
    pixel = row[:, None] * columns + column[None, :]
    inside = (row[:, None] >= 0) & (column[None, :] >= 0)
    last = np.where(inside, pixel, 0).reshape(-1, 1)
    extra = np.arange(1, beats + 1) if by_group else np.full(beats, groups)
    needed = np.where(inside.reshape(-1, 1), last * groups + extra, 1)
    return np.maximum.accumulate(needed.reshape(-1))


def every_window_sees(source: StreamType, window: Window) -> bool:
    """Whether no window lies wholly in the padding."""
    return all((axis >= 0).all() for axis in _last_pixels(source, window))


def _last_pixels(source: StreamType, window: Window) -> tuple[IntArray, IntArray]:
    """Return the last row under each row of windows, and the last column; -1: none."""
    rows, columns, _ = source.image
    height, width = window.output(rows, columns)
    top, left, _, _ = window.pad
    return (
        _last_taps(rows, height, window.kernel[0], window.stride[0], window.dilation[0], top),
        _last_taps(columns, width, window.kernel[1], window.stride[1], window.dilation[1], left),
    )


def _last_taps(
    size: int, outputs: int, kernel: int, stride: int, dilation: int, pad: int
) -> IntArray:
    """Return for each output position the last tap inside the image, or -1."""
    taps = np.arange(outputs)[:, None] * stride - pad + np.arange(kernel)[None, :] * dilation
    last: IntArray = np.where((taps >= 0) & (taps < size), taps, -1).max(axis=1)
    return last
