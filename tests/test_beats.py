"""Beats in files: what is packed is read back, and nothing of a wrong shape passes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.errors import CheckFailedError
from gatewright.tools.beats import (
    Received,
    beats_of,
    pack,
    read_sink,
    to_beats,
    unpack,
    write_source,
)


@given(
    st.integers(1, 62), st.integers(1, 9), st.integers(1, 20), st.booleans(), st.integers(0, 9999)
)
@settings(max_examples=60, deadline=None)
def test_pack_and_unpack(width: int, lanes: int, beats: int, signed: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    values = rng.integers(low, high, (beats, lanes), endpoint=True)
    np.testing.assert_array_equal(unpack(pack(values, width), lanes, width, signed), values)


def test_lane_order() -> None:
    assert pack(np.array([[1, 2, 3]]), 8).tolist() == [[1, 2, 3]]
    assert pack(np.array([[1, 2, 3]]), 4).tolist() == [[0x21, 0x03]]
    assert pack(np.array([[-1, 2]]), 16).tolist() == [[0xFF, 0xFF, 2, 0]]


def test_to_beats_pads_with_zeros() -> None:
    lanes, last = to_beats(np.array([[1, 2, 3], [4, 5, 6]]), 2)
    assert lanes.tolist() == [[1, 2], [3, 0], [4, 5], [6, 0]]
    assert last.tolist() == [False, True, False, True]
    assert beats_of(3, 2) == 2


def test_source_file(tmp_path: Path) -> None:
    write_source(tmp_path / "s.bin", np.array([[1, 2], [3, 4]]), np.array([False, True]), 8)
    assert (tmp_path / "s.bin").read_bytes() == bytes([0, 2, 1, 1, 4, 3])


def received(lanes: list[list[int]], last: list[int]) -> Received:
    count = len(last)
    none = np.zeros(count, dtype=np.bool_)
    cycles = np.arange(count)
    return Received(np.array(lanes), np.array(last, dtype=np.bool_), none, cycles, cycles[:, None])


def test_samples() -> None:
    good = received([[1, 2], [3, 0], [4, 5], [6, 0]], [0, 1, 0, 1])
    assert good.samples(3, "it").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert good.frame_ends().tolist() == [1, 3]


@pytest.mark.parametrize(
    ("lanes", "last", "message"),
    [
        ([[1, 2], [3, 0], [4, 5]], [0, 1, 1], "frame 1 has 1 beats, must have 2"),
        ([[1, 2], [3, 0], [4, 5]], [0, 1, 0], "3 beats, the last without tlast"),
        ([[1, 2], [3, 9]], [0, 1], "frame 0 has padding lanes that are not zero"),
    ],
)
def test_wrong_frames_are_told(lanes: list[list[int]], last: list[int], message: str) -> None:
    with pytest.raises(CheckFailedError, match=message):
        received(lanes, last).samples(3, "it")


def test_a_missing_or_cut_sink_file(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="must be records of"):
        read_sink(tmp_path / "none.bin", 1, 8)
    np.zeros(7, dtype="<u4").tofile(tmp_path / "cut.bin")
    with pytest.raises(CheckFailedError, match="7 words, must be records of 6"):
        read_sink(tmp_path / "cut.bin", 1, 8)
