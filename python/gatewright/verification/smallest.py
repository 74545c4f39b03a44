"""The smallest input that still shows a difference: elements are set to zero while it stays.

The idea of delta debugging (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input,
2002), with all the candidates of a round in one batch, since starting a simulation costs more than
a sample in it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gatewright.verification.context import Samples

_PARTS = 8  # of which each, at first, is tried without


def smallest(sample: Samples, differs: Callable[[Samples], NDArray[np.bool_]]) -> Samples:
    """Return the sample with as many elements zero as the difference stands.

    In the end no single element can be set to zero without losing it.

    Args:
        sample: [1, ...], which differs.
        differs: Says of samples [N, ...] which of them differ.
    """
    kept = np.flatnonzero(sample)
    parts = _PARTS
    while kept.size:
        chunks = np.array_split(kept, min(parts, kept.size))
        without = [np.setdiff1d(kept, chunk) for chunk in chunks]
        shown = differs(np.concatenate([_only(sample, rest) for rest in without]))
        spare = [chunk for chunk, show in zip(chunks, shown, strict=True) if show]
        if spare:
            # One after the other, as many as can go together; at least the first can.
            gone = [np.concatenate(spare[: count + 1]) for count in range(len(spare))]
            rests = [np.setdiff1d(kept, chunk) for chunk in gone]
            shown = differs(np.concatenate([_only(sample, rest) for rest in rests]))
            kept = rests[int(np.flatnonzero(shown)[-1])]
        elif len(chunks) == kept.size:
            break
        else:
            parts = 2 * parts
    return _only(sample, kept)


def _only(sample: Samples, kept: NDArray[np.intp]) -> Samples:
    """Return the sample with all but the kept elements zero."""
    flat = np.zeros_like(sample).reshape(-1)
    flat[kept] = sample.reshape(-1)[kept]
    return flat.reshape(sample.shape)
