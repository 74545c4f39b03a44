"""The smallest input that still shows a difference."""

import numpy as np
import pytest

from gatewright.verification.smallest import smallest


@pytest.mark.parametrize("needed", [[], [3], [0, 1, 2], [5, 17, 40, 63], list(range(64))])
def test_what_is_needed_stays_and_nothing_else(needed: list[int]) -> None:
    sample = np.arange(1, 65, dtype=np.float32).reshape(1, 8, 8)

    def differs(samples: np.ndarray) -> np.ndarray:
        flat = samples.reshape(len(samples), -1)
        return (flat[:, needed] != 0).all(axis=1)

    small = smallest(sample, differs)
    assert small.shape == sample.shape
    assert np.flatnonzero(small).tolist() == needed
    np.testing.assert_array_equal(small.reshape(-1)[needed], sample.reshape(-1)[needed])


def test_a_difference_that_comes_and_goes_is_kept() -> None:
    """Of an even number of elements it is seen only: not every part of the removable goes."""
    sample = np.ones((1, 12), np.float32)

    def differs(samples: np.ndarray) -> np.ndarray:
        counts = np.count_nonzero(samples, axis=1)
        return (counts % 2 == 0) & (counts > 0)

    small = smallest(sample, differs)
    assert differs(small).all()


def test_a_round_is_one_batch() -> None:
    batches = []

    def differs(samples: np.ndarray) -> np.ndarray:
        batches.append(len(samples))
        return samples.reshape(len(samples), -1)[:, 100] != 0

    smallest(np.ones((1, 784), np.float32), differs)
    assert len(batches) < 20
