"""AXI4-Stream beats, as the files of the benches hold them (sim/bench/stream_source.sv, _sink.sv).

A frame is one sample's elements, spread over the lanes of its beats, lane 0 in the least
significant bits; where the elements do not fill the last beat, its upper lanes are zero.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import CheckFailedError
from gatewright.files import replacing
from gatewright.fixed import IntArray

_CHUNK = 1 << 22  # bits handled at once, to bound memory


def beats_of(elements: int, lanes: int) -> int:
    """Return the number of beats that ``elements`` take."""
    return -(-elements // lanes)


def to_beats(samples: IntArray, lanes: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """Spread samples over beats.

    Args:
        samples: Integers [N, elements].
        lanes: Elements per beat.

    Returns:
        Integers [N * beats, lanes], and whether each beat is its frame's last.
    """
    count, elements = samples.shape
    beats = beats_of(elements, lanes)
    padded = np.zeros((count, beats * lanes), dtype=np.int64)
    padded[:, :elements] = samples
    last = np.zeros((count, beats), dtype=np.bool_)
    last[:, -1] = True
    return padded.reshape(count * beats, lanes), last.reshape(-1)


def pack(lanes: IntArray, width: int) -> NDArray[np.uint8]:
    """Pack integers [beats, lanes] of ``width`` bits into bytes [beats, ...], lowest first."""
    beats, count = lanes.shape
    if width in (8, 16, 32, 64):
        words = np.ascontiguousarray(lanes).astype(f"<u{width // 8}")
        return words.view(np.uint8).reshape(beats, count * width // 8)
    step = max(_CHUNK // (count * width), 1)
    shifts = np.arange(width, dtype=np.int64)
    parts = [
        np.packbits(
            ((lanes[i : i + step, :, None] >> shifts) & 1)
            .astype(np.uint8)
            .reshape(-1, count * width),
            axis=1,
            bitorder="little",
        )
        for i in range(0, beats, step)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, -(-count * width // 8)), np.uint8)


def unpack(data: NDArray[np.uint8], count: int, width: int, signed: bool) -> IntArray:
    """Return the integers [beats, count] of ``width`` bits that bytes [beats, ...] hold."""
    step = max(_CHUNK // (count * width), 1)
    weights = np.int64(1) << np.arange(width, dtype=np.int64)
    if signed:
        weights[-1] = -weights[-1]
    parts = [
        np.unpackbits(data[i : i + step], axis=1, count=count * width, bitorder="little")
        .reshape(-1, count, width)
        .astype(np.int64)
        @ weights
        for i in range(0, len(data), step)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, count), dtype=np.int64)


def write_source(path: Path, lanes: IntArray, last: NDArray[np.bool_], width: int) -> None:
    """Write the file of a stream_source.

    Args:
        path: File to write.
        lanes: Integers [beats, lanes], of ``width`` bits each (the bits above are cut off).
        last: tlast of each beat.
        width: Bits per lane.
    """
    data = pack(lanes, width)
    records = np.empty((len(data), 1 + data.shape[1]), dtype=np.uint8)
    records[:, 0] = last
    records[:, 1:] = data[:, ::-1]
    with replacing(path) as temporary:
        records.tofile(temporary)


@dataclass(frozen=True, eq=False)
class Received:
    """What a stream_sink wrote.

    Attributes:
        lanes: Integers [beats, lanes].
        last: tlast of each beat.
        user: tuser of each beat.
        cycle: Cycle since the end of reset in which each beat was taken.
        notes: 64-bit values [beats, notes] noted down in that cycle.
    """

    lanes: IntArray
    last: NDArray[np.bool_]
    user: NDArray[np.bool_]
    cycle: IntArray
    notes: IntArray

    def frame_ends(self) -> IntArray:
        """Return the cycle of each frame's last beat."""
        return self.cycle[self.last]

    def samples(self, elements: int, what: str) -> IntArray:
        """Return the frames as integers [N, elements].

        Raises:
            CheckFailedError: a frame has not the number of beats that ``elements`` take, or a lane
                above the last element is not zero.
        """
        beats = beats_of(elements, self.lanes.shape[1])
        ends = np.flatnonzero(self.last)
        lengths = np.diff(ends, prepend=-1)
        if (lengths != beats).any():
            frame = int(np.argmax(lengths != beats))
            raise CheckFailedError(
                f"{what}: frame {frame} has {lengths[frame]} beats, must have {beats}"
            )
        if len(self.last) != len(ends) * beats:
            raise CheckFailedError(f"{what}: {len(self.last)} beats, the last without tlast")
        frames = self.lanes.reshape(len(ends), -1)
        if frames[:, elements:].any():
            frame = int(np.argmax(frames[:, elements:].any(axis=1)))
            raise CheckFailedError(f"{what}: frame {frame} has padding lanes that are not zero")
        return frames[:, :elements]


def read_sink(
    path: Path, lanes: int, width: int, *, signed: bool = False, notes: int = 1
) -> Received:
    """Read the file of a stream_sink.

    Raises:
        CheckFailedError: the file is missing or cut off.
    """
    data_words = -(-lanes * width // 32)
    words = 3 + 2 * notes + data_words
    raw = np.fromfile(path, dtype="<u4") if path.is_file() else np.zeros(1, dtype="<u4")
    if raw.size % words:
        raise CheckFailedError(f"{path.name}: {raw.size} words, must be records of {words} words")
    records = raw.reshape(-1, words)
    stamps = np.ascontiguousarray(records[:, 1 : 3 + 2 * notes]).view("<u8").astype(np.int64)
    data = np.ascontiguousarray(records[:, 3 + 2 * notes :]).view(np.uint8)
    return Received(
        lanes=unpack(data, lanes, width, signed),
        last=(records[:, 0] & 1).astype(np.bool_),
        user=(records[:, 0] >> 1 & 1).astype(np.bool_),
        cycle=stamps[:, 0],
        notes=stamps[:, 1:],
    )
