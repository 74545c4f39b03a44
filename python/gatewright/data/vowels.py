"""JapaneseVowels: 640 utterances of two vowels, to be told apart by speaker (nine of them).

Twelve cepstral coefficients over time; 270 utterances to train on and 370 to test with, as they
were published, each stretched to 25 steps by those who prepared the files.

Source:
    M. Kudo, J. Toyama, M. Shimbo, "Multidimensional curve classification using passing-through
    regions", Pattern Recognition Letters 20 (1999).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.data import standardise
from gatewright.data.dataset import Dataset, Labels
from gatewright.data.fetch import Files, ensure
from gatewright.data.packages import PipWheel
from gatewright.errors import GatewrightError

FILES = Files(
    name="vowels",
    sha256={
        "JapaneseVowels_eq_TRAIN.ts": (
            "8958279c6296b97c8e34038346407935222db171492b84dffa3b930d087bc2d6"
        ),
        "JapaneseVowels_eq_TEST.ts": (
            "bb83bb1aa6bfb17faae269f6829b7cac71de36fdd3264ee34137fe90270d5895"
        ),
    },
    max_bytes=4 << 20,
)

SOURCES = (PipWheel("aeon==1.6.0", "aeon/datasets/data/JapaneseVowels/"),)


def load(*, progress: bool = True) -> Dataset:
    """Return inputs [12, 25], coefficient and time; signed 8-bit integers over 32.

    Raises:
        GatewrightError: a cached file is not what it should be.
        NotRunError: the files are not in the cache and no source could be reached.
    """
    folder = ensure(FILES, SOURCES, progress=progress)
    train, train_labels = read_ts(folder / "JapaneseVowels_eq_TRAIN.ts")
    test, test_labels = read_ts(folder / "JapaneseVowels_eq_TEST.ts")
    how = standardise.fit(train, "coefficient, time")
    return Dataset(
        name="vowels",
        train_inputs=standardise.apply(how, train),
        train_labels=train_labels - 1,
        test_inputs=standardise.apply(how, test),
        test_labels=test_labels - 1,
        classes=9,
        preprocessing=how,
    )


def read_ts(path: Path) -> tuple[NDArray[np.float64], Labels]:
    """Read series of equal length: values [N, dimensions, time] and their integer labels.

    A line after ``@data`` is a sample: dimensions with colons between them, values with commas,
    the label last.

    Raises:
        GatewrightError: it is not such a file.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
        samples = [line.strip().split(":") for line in lines[start + 1 :] if line.strip()]
        values = np.array([[[float(v) for v in d.split(",")] for d in s[:-1]] for s in samples])
        labels = np.array([int(sample[-1]) for sample in samples], dtype=np.int64)
    except (StopIteration, ValueError) as error:
        raise GatewrightError(f"{path} is not a .ts file of equal lengths: {error!r}") from error
    if values.ndim != 3 or values.size == 0:
        raise GatewrightError(f"{path} holds values of shape {values.shape}; expected three sizes")
    return values, labels
