"""Statlog Shuttle as anomaly detection: 49,097 rows of 9 readings, 3,511 of them anomalies.

Trained on normal rows only. The test set is every anomaly and a fifth of the normal rows, drawn
once and for all by a fixed seed.
"""

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.data import standardise
from gatewright.data.dataset import Dataset
from gatewright.data.fetch import Files, ensure
from gatewright.data.packages import PipWheel
from gatewright.errors import GatewrightError

FILES = Files(
    name="shuttle",
    sha256={
        "shuttle.csv.gz": "1ed4bfa77233d95bff2c8ab2482725d2d800410daedf5919ad80ec6faf60ff59",
    },
    max_bytes=4 << 20,
)

SOURCES = (PipWheel("river==0.26.1", "river/datasets/", platform="manylinux_2_28_x86_64"),)

_FEATURES = 9
_TEST_SHARE = 5  # one normal row in so many
_SPLIT_SEED = 49097


def load(*, progress: bool = True) -> Dataset:
    """Return inputs [9], signed 8-bit integers over 32; test labels: 1 is an anomaly.

    Raises:
        GatewrightError: a cached file is not what it should be.
        NotRunError: the files are not in the cache and no source could be reached.
    """
    folder = ensure(FILES, SOURCES, progress=progress)
    rows = read_rows(folder / "shuttle.csv.gz")
    values, anomaly = rows[:, :_FEATURES], rows[:, _FEATURES] != 0
    normal, anomalies = values[~anomaly], values[anomaly]
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(normal))
    held = len(normal) // _TEST_SHARE
    train, usual = normal[np.sort(order[held:])], normal[np.sort(order[:held])]
    how = standardise.fit(train, "as in the file")
    return Dataset(
        name="shuttle",
        train_inputs=standardise.apply(how, train),
        train_labels=np.zeros(len(train), dtype=np.int64),
        test_inputs=standardise.apply(how, np.concatenate([usual, anomalies])),
        test_labels=np.repeat(np.arange(2, dtype=np.int64), [len(usual), len(anomalies)]),
        classes=2,
        preprocessing=how,
    )


def read_rows(path: Path) -> NDArray[np.float64]:
    """Read a packed table of numbers below one line of names.

    Raises:
        GatewrightError: it is not such a table of nine features and a mark.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            rows = np.array(list(csv.reader(stream))[1:], dtype=np.float64)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise GatewrightError(f"{path} is not a packed table of numbers: {error}") from error
    if rows.ndim != 2 or rows.shape[1] != _FEATURES + 1:
        raise GatewrightError(f"{path} has shape {rows.shape}; expected rows of {_FEATURES + 1}")
    return rows
