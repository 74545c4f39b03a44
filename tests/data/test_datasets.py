import struct
from pathlib import Path

import numpy as np
import pytest

from gatewright import data
from gatewright.data import Dataset, mnist
from gatewright.errors import GatewrightError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return data.load("digits")


def test_digits_are_what_the_network_takes(digits: Dataset) -> None:
    assert digits.train_inputs.shape == (1437, 64)
    assert digits.test_inputs.shape == (360, 64)
    assert digits.train_inputs.dtype == digits.test_inputs.dtype == np.float32
    assert digits.train_labels.dtype == digits.test_labels.dtype == np.int64
    raw = digits.train_inputs / np.float32(digits.preprocessing.scale)
    assert np.array_equal(raw, np.round(raw))
    assert (raw.min(), raw.max()) == (0, digits.preprocessing.raw_max)


def test_digits_split_has_every_class_alike_and_no_sample_twice(digits: Dataset) -> None:
    assert np.bincount(digits.test_labels).tolist() == [36] * 10
    together = np.concatenate([digits.train_inputs, digits.test_inputs])
    assert len(np.unique(together, axis=0)) == 1797


def test_digits_are_the_same_every_time(digits: Dataset) -> None:
    assert np.array_equal(digits.test_inputs, data.load("digits").test_inputs)


def test_validation_split_is_of_the_training_samples(digits: Dataset) -> None:
    split = digits.split(200, seed=3)
    assert len(split.validation_labels) == 200
    together = np.concatenate([split.train_inputs, split.validation_inputs])
    assert np.array_equal(np.unique(together, axis=0), np.unique(digits.train_inputs, axis=0))
    again, other = digits.split(200, seed=3), digits.split(200, seed=4)
    assert np.array_equal(split.validation_inputs, again.validation_inputs)
    assert not np.array_equal(split.validation_inputs, other.validation_inputs)


@pytest.mark.parametrize("validation", [0, -1, 1437, 5000])
def test_impossible_validation(digits: Dataset, validation: int) -> None:
    with pytest.raises(GatewrightError, match="must be 1 to 1436"):
        digits.split(validation, seed=1)


def test_unknown_data_set() -> None:
    with pytest.raises(GatewrightError, match=r"no data set 'mnits'.*digits, .*mnist"):
        data.load("mnits")


def idx(shape: tuple[int, ...], body: bytes) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + body


def test_reads_idx(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(idx((2, 3), bytes(range(6))))
    assert mnist.read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "content",
    [b"", b"PNG", idx((2, 3), bytes(5)), idx((2, 3), bytes(7)), idx((2, 3), b"")[:9]],
)
def test_refuses_what_is_no_idx(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken-ubyte"
    path.write_bytes(content)
    with pytest.raises(GatewrightError, match="broken-ubyte"):
        mnist.read_idx(path)
