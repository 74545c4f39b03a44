"""Real functions of one element, as tables of integers."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gatewright.fixed import FixedFormat, IntArray, quantize

Reals = NDArray[np.floating]
ALPHA, GAMMA = 1.67326319217681884765625, 1.05070102214813232421875  # ONNX's, of Selu
FUNCTIONS: dict[str, Callable[[Reals], Reals]] = {
    "Tanh": np.tanh,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(x, -80, 80))),
    "Elu": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
    "Selu": lambda x: GAMMA * np.where(x < 0, ALPHA * np.expm1(np.minimum(x, 0)), x),
    "Softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "HardSigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "Abs": np.abs,
    "Neg": np.negative,
    "Atan": np.arctan,
}
NEAR = 2e-6  # of a value: what float32 may make of it


def reals_of(source: FixedFormat) -> NDArray[np.float64]:
    """Return all values of a format, the least first."""
    return np.arange(source.min_int, source.max_int + 1) * source.lsb


def tabulated(function: str, source: FixedFormat, target: FixedFormat) -> IntArray:
    """Return the function of every value of ``source``, in integers of ``target``."""
    return quantize(FUNCTIONS[function](reals_of(source)), target)


def range_format(function: str, source: FixedFormat) -> FixedFormat:
    """Return a format of eight bits that reaches as far as the function does."""
    most = np.abs(FUNCTIONS[function](reals_of(source))).max()
    return FixedFormat(True, 8, int(np.ceil(np.log2(max(most, 2.0**-8)))) + 1)


def is_settled(function: str, source: FixedFormat, target: FixedFormat) -> bool:
    """Whether every value is so far from where the integer changes that float32 gives it too."""
    x = reals_of(source)
    y = FUNCTIONS[function](x)
    exact = FUNCTIONS[function](x.astype(np.float32)).astype(np.float64) == y
    low, high = (quantize(y + sign * np.abs(y) * NEAR, target) for sign in (-1, 1))
    return bool((exact | (low == high)).all())
