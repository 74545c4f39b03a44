"""Windows of images in plain numpy: what the window generator and the layers on it must give."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.fixed import IntArray
from gatewright.tools.beats import Received


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """An image and a kernel that slides over it; rows first in every pair.

    Attributes:
        lanes: Channels per beat.
        channels: Channels of the image.
        image: Rows and columns.
        kernel: Taps.
        stride: From window to window.
        dilation: From tap to tap.
        begin: Padding at the top, at the left.
        end: Padding at the bottom, at the right.
    """

    lanes: int
    channels: int
    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    begin: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)

    @property
    def groups(self) -> int:
        """Beats per pixel."""
        return self.channels // self.lanes

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns from the first tap to the last."""
        rows, columns = ((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return rows, columns

    @property
    def out(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        rows, columns = (
            (size + a + b - span) // step + 1
            for size, a, b, span, step in zip(
                self.image, self.begin, self.end, self.span, self.stride, strict=True
            )
        )
        return rows, columns

    @property
    def row(self) -> int:
        """Beats per row of the image."""
        return self.image[1] * self.groups

    @property
    def parameters(self) -> dict[str, int]:
        """What window_serial and the layers call it."""
        names = {
            "kernel": ("KernelH", "KernelW"),
            "stride": ("StrideH", "StrideW"),
            "dilation": ("DilationH", "DilationW"),
            "begin": ("PadTop", "PadLeft"),
            "end": ("PadBottom", "PadRight"),
            "image": ("Height", "Columns"),
        }
        pairs = {
            n: v
            for key, both in names.items()
            for n, v in zip(both, getattr(self, key), strict=True)
        }
        return {"Lanes": self.lanes, "Channels": self.channels} | pairs

    def cycles(self, per_window: int) -> tuple[int, bool]:
        """Return the law's cycles per image and whether it is exact, not a bound."""
        (rows, columns), step = self.out, self.stride[0]
        exact = columns * per_window >= step * self.row or rows * step <= self.image[0]
        cycles = max(self.image[0] * self.row, rows * columns * per_window)
        return (cycles if exact else max(cycles, rows * step * self.row)), exact

    @property
    def tail(self) -> int:
        """Columns of right padding that a row's last window covers."""
        last = (self.out[1] - 1) * self.stride[1] - self.begin[1] + self.span[1] - 1
        return max(0, last - (self.image[1] - 1))

    def parallel_cycles(self, per_group: int) -> int:
        """Return the cycles per image of window_parallel.

        Args:
            per_group: Beats of one group's taps, in all passes.
        """
        (rows, columns), step = self.out, self.stride[1]
        shift = (step - 1) * self.groups + 1
        gap = (self.image[1] - (columns - 1) * step - 1) * self.groups + 1
        row = max(per_group, gap) + (columns - 1) * max(per_group, shift)
        row += columns * (self.groups - 1) * per_group
        if self.tail > self.image[1]:
            row += self.tail * self.groups
        return max(self.image[0] * self.row, rows * row)


def windows(images: IntArray, geometry: Geometry, pad_value: int = 0) -> IntArray:
    """Return [samples, out rows, out columns, kh, kw, channels] of images [samples, h, w, c]."""
    (top, left), (bottom, right) = geometry.begin, geometry.end
    wide = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=pad_value)
    (rows, columns), (kh, kw) = geometry.out, geometry.kernel
    out = np.empty((len(images), rows, columns, kh, kw, geometry.channels), dtype=np.int64)
    for r in range(rows):
        for c in range(columns):
            y, x = r * geometry.stride[0], c * geometry.stride[1]
            out[:, r, c] = wide[
                :,
                y : y + geometry.span[0] : geometry.dilation[0],
                x : x + geometry.span[1] : geometry.dilation[1],
            ]
    return out


def image_beats(images: IntArray, lanes: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the beats of images [samples, h, w, c] and their tlast."""
    beats = images.reshape(-1, lanes)
    per_image = len(beats) // len(images)
    return beats, np.arange(len(beats)) % per_image == per_image - 1


def random_geometry(rng: np.random.Generator, **fixed: Any) -> Geometry:
    """Return any legal geometry of a small image; padding may exceed the kernel."""
    while True:
        pick = {
            "lanes": (lanes := int(rng.choice([1, 1, 2, 3]))),
            "channels": lanes * int(rng.integers(1, 5)),
            "image": (int(rng.choice([1, *range(2, 9)])), int(rng.choice([1, *range(2, 10)]))),
            "kernel": tuple(rng.choice([1, 2, 3, 3, 5], 2).tolist()),
            "stride": tuple(rng.choice([1, 1, 2, 3], 2).tolist()),
            "dilation": tuple(rng.choice([1, 1, 1, 2], 2).tolist()),
            "begin": tuple(rng.choice([0, 0, 1, 1, 2, 4], 2).tolist()),
            "end": tuple(rng.choice([0, 0, 1, 1, 2, 4], 2).tolist()),
        }
        geometry = Geometry(**(pick | fixed))
        padded = np.add(geometry.image, np.add(geometry.begin, geometry.end))
        if (np.array(geometry.span) <= padded).all():
            return geometry


def narrowly_padded(geometry: Geometry) -> bool:
    """Whether the padding is what window_parallel takes: no window need lie wholly in it."""
    padding = np.add(geometry.begin, geometry.end)
    return bool((padding < np.array(geometry.span)).all())


def image_cycles(got: Received, images: int) -> NDArray[np.int64]:
    """Return the cycles from each image's last output beat to the next one's, but the first."""
    per_image = len(got.cycle) // images
    return np.diff(got.cycle[per_image - 1 :: per_image])[1:]
