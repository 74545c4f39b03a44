"""The readers of data sets' own file formats, and what is done with what they read."""

import gzip
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest

from gatewright.data import measures, rdata, shuttle, standardise, vowels
from gatewright.errors import GatewrightError

TS = "#about\n@problemName x\n@DATA\n1,2,3:4,5,6:1\n\n-1,0,1.5:2,2,2:9\n"


def test_reads_ts(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(TS)
    values, labels = vowels.read_ts(path)
    assert values.tolist() == [[[1, 2, 3], [4, 5, 6]], [[-1, 0, 1.5], [2, 2, 2]]]
    assert labels.tolist() == [1, 9]


@pytest.mark.parametrize("content", ["", "@data\n", "@data\n1,2:3:1\n", "@data\na,b:1\n"])
def test_refuses_what_is_no_ts(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.ts"
    path.write_text(content)
    with pytest.raises(GatewrightError, match=r"broken\.ts"):
        vowels.read_ts(path)


ROW = "1,2,3,4,5,6,7,8,-9,1\n"


def test_reads_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"names\n" + 2 * ROW.encode()))
    assert shuttle.read_rows(path).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, -9, 1]] * 2


@pytest.mark.parametrize(
    "content",
    [b"plain", gzip.compress(b"n\n1,2\n"), gzip.compress(b"n\na,b\n")],
    ids=["plain", "short", "words"],  # the time stands in what gzip makes
)
def test_refuses_what_are_no_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(content)
    with pytest.raises(GatewrightError, match=r"broken\.csv"):
        shuttle.read_rows(path)


def integers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def text(content: bytes) -> bytes:
    return integers(0x40009, len(content)) + content


def symbol(content: bytes) -> bytes:
    return integers(1) + text(content)


END = integers(254)
FACTOR = (
    integers(0x30D, 3, 2, 1, 2)  # integers with attributes
    + integers(0x402)
    + symbol(b"levels")
    + integers(16, 2)
    + text(b"A")
    + text(b"B")
    + integers(0x402)
    + integers(0x1FF)  # a symbol that was there before
    + integers(16, 1)
    + text(b"factor")
    + END
)
REALS = integers(14, 3) + struct.pack(">3d", 0.5, -1, 15)
FRAME = integers(0x313, 2) + FACTOR + REALS + integers(0x402) + symbol(b"names")
FRAME += integers(16, 2) + text(b"x") + text(b"y") + END
RDA = b"RDX2\nX\n" + integers(2, 0, 0) + integers(0x402) + symbol(b"Frame") + FRAME + END


@pytest.mark.parametrize("packed", [bytes, lzma.compress, gzip.compress])
def test_reads_a_data_frame(tmp_path: Path, packed: type) -> None:
    path = tmp_path / "a.rda"
    path.write_bytes(packed(RDA))
    factor, reals = rdata.read_columns(path)
    assert factor.tolist() == [2, 1, 2]
    assert reals.tolist() == [0.5, -1, 15]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with"),
        (RDA[:-40], "are there"),
        (lzma.compress(RDA)[:-20], "cannot be read"),
        (RDA.replace(integers(14, 3), integers(24, 3)), "type 24 is not known"),
        (RDA[:19] + END, "holds 0 data frames|object is not"),
    ],
)
def test_refuses_what_is_no_data_frame(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.rda"
    path.write_bytes(content)
    with pytest.raises(GatewrightError, match=rf"broken\.rda.*({message})"):
        rdata.read_columns(path)


def test_standardised_values_are_integers_over_32() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=(500, 2, 3)) * [[[5], [0.1]]] + [[[100], [-2]]]
    how = standardise.fit(values, "feature, time")
    found = standardise.apply(how, values)
    assert found.dtype == np.float32
    integers = found * 32
    assert np.array_equal(integers, np.rint(integers))
    assert np.abs(found.mean(axis=(0, 2))).max() < 0.1
    assert np.abs(found.std(axis=(0, 2)) - 1).max() < 0.1
    far = standardise.apply(how, np.array([[[1e9] * 3, [-1e9] * 3]]))
    assert (far * 32).tolist() == [[[127] * 3, [-128] * 3]]


def test_a_feature_that_never_changes_is_zero() -> None:
    values = np.full((10, 1), 7.0)
    assert not standardise.apply(standardise.fit(values, ""), values).any()


def test_auc_counts_pairs() -> None:
    scores = np.array([1.0, 2.0, 2.0, 3.0, 0.5])
    marked = np.array([False, False, True, True, False])
    pairs = [(s > n) + 0.5 * (s == n) for s in scores[marked] for n in scores[~marked]]
    assert measures.auc(scores, marked) == np.mean(pairs) == 5.5 / 6
    assert measures.auc(-scores, marked) == 0.5 / 6
    with pytest.raises(GatewrightError, match="0 samples are marked"):
        measures.auc(scores, np.zeros(5, dtype=bool))


def test_squared_error_is_per_sample() -> None:
    found = measures.squared_error(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 0], [3, 4]]))
    assert found.tolist() == [2.0, 12.5]
