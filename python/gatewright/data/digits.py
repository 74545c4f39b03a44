"""scikit-learn's handwritten digits: 1,797 images of 8x8, in the wheel, no network needed."""

import numpy as np

from gatewright.data.dataset import Dataset, Preprocessing

_TEST_PER_CLASS = 36  # a fifth of the smallest classes: 360 test samples, 1,437 to train on
_SPLIT_SEED = 1797


def load() -> Dataset:
    """Return the digits with a fixed split that has equally many test samples of each class.

    Pixels are 0 to 16; the input is pixel / 16, so an unsigned 5-bit input with 4 fraction bits
    is exact.
    """
    from sklearn.datasets import load_digits  # slow to import, and needed here only

    raw = load_digits()
    inputs = (raw.data / 16.0).astype(np.float32)
    labels = raw.target.astype(np.int64)
    generator = np.random.default_rng(_SPLIT_SEED)
    test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        of_class = np.flatnonzero(labels == digit)
        test[generator.permutation(of_class)[:_TEST_PER_CLASS]] = True
    return Dataset(
        name="digits",
        train_inputs=inputs[~test],
        train_labels=labels[~test],
        test_inputs=inputs[test],
        test_labels=labels[test],
        classes=10,
        preprocessing=Preprocessing(1 / 16, 16, (8, 8), "flat, row by row"),
    )
