"""Real-valued features as 8-bit integers, by what the training samples tell of each feature."""

import numpy as np
from numpy.typing import NDArray

from gatewright.data.dataset import Floats, Preprocessing

_SCALE = 1 / 32  # a standard deviation is 32 units: 8 bits reach four of them either way
_PERCENTILES = (1, 99)  # what lies outside is clipped before the deviation is taken


def fit(train: NDArray[np.float64], layout: str) -> Preprocessing:
    """Return how to make [N, features, ...] signed 8-bit integers.

    The offset is the mean and the gain 32 over the standard deviation of each feature, both of
    training samples clipped to their 1st and 99th percentiles.
    """
    flat = np.moveaxis(train, 1, -1).reshape(-1, train.shape[1])
    clipped = np.clip(flat, *np.percentile(flat, _PERCENTILES, axis=0))
    deviation = clipped.std(axis=0)
    gain = 1 / _SCALE / np.where(deviation > 0, deviation, 1.0)
    offset = clipped.mean(axis=0)
    return Preprocessing(
        scale=_SCALE,
        raw_max=127,
        raw_shape=train.shape[1:],
        layout=layout,
        raw_min=-128,
        offset=tuple(offset.tolist()),
        gain=tuple(gain.tolist()),
    )


def apply(how: Preprocessing, values: NDArray[np.float64]) -> Floats:
    """Return the network's inputs for real values [N, features, ...]."""
    shape = (1, -1, *[1] * (values.ndim - 2))
    offset, gain = (np.reshape(part, shape) for part in (how.offset, how.gain))
    integers = np.clip(np.rint((values - offset) * gain), how.raw_min, how.raw_max)
    return np.asarray(integers * how.scale, dtype=np.float32)
