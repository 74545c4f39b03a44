"""R's saved workspaces, as far as a data frame of numbers and factors needs.

Source:
    R Internals, section 1.8, "Serialization Formats": XDR, version 2.
"""

import bz2
import gzip
import lzma
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError

_MAGIC = b"RDX2\nX\n"
_END, _REFERENCE = 254, 255  # NILVALUE_SXP, REFSXP
_SYMBOL, _PAIRS, _TEXT, _LOGICAL, _INTEGER, _REAL, _TEXTS, _LIST = 1, 2, 9, 10, 13, 14, 16, 19
_HAS_ATTRIBUTES, _HAS_TAG = 1 << 9, 1 << 10

Column = NDArray[Any]


def read_columns(path: Path) -> list[Column]:
    """Return the columns of the one data frame in an .rda file; a factor's are its codes, from 1.

    Raises:
        GatewrightError: it is not such a file, or holds what this reader does not know.
    """
    try:
        content = _unpacked(path.read_bytes())
        if not content.startswith(_MAGIC):
            raise ValueError(f"it starts with {content[:7]!r}, expected {_MAGIC!r}")
        objects = _Reader(content, len(_MAGIC) + 12).item()  # behind three version numbers
        frames = [value for value in objects if isinstance(value, list)]
        if len(frames) != 1 or not all(isinstance(part, np.ndarray) for part in frames[0]):
            raise ValueError(f"it holds {len(frames)} data frames of columns, expected one")
    except (ValueError, TypeError, struct.error, OSError, EOFError, lzma.LZMAError) as error:
        raise GatewrightError(f"{path} cannot be read as R data: {error}") from error
    columns: list[Column] = frames[0]
    return columns


def _unpacked(content: bytes) -> bytes:
    for start, module in ((b"\xfd7zXZ", lzma), (b"BZh", bz2), (b"\x1f\x8b", gzip)):
        if content.startswith(start):
            return bytes(module.decompress(content))
    return content


class _Reader:
    """Reads one item after another; what an item's attributes say is read over."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at

    def item(self) -> Any:
        """Return the next item: an array, a text, a list of items, or None."""
        flags = self._integer()
        kind = flags & 0xFF
        if kind in (_END, _REFERENCE):
            return None
        if kind == _SYMBOL:
            return self.item()
        if kind == _PAIRS:
            return self._pairs(flags)
        value = self._vector(kind)
        if flags & _HAS_ATTRIBUTES and kind != _TEXT:
            self.item()
        return value

    def _pairs(self, flags: int) -> list[Any]:
        """Return the values of a list that is linked item by item."""
        values = []
        while flags & 0xFF == _PAIRS:
            if flags & _HAS_ATTRIBUTES:
                self.item()
            if flags & _HAS_TAG:
                self.item()
            values.append(self.item())
            flags = self._integer()
        if flags & 0xFF != _END:
            raise ValueError(f"byte {self._at}: a list goes on with type {flags & 0xFF}")
        return values

    def _vector(self, kind: int) -> Any:
        length = self._integer()
        if kind == _TEXT:
            return self._bytes(max(length, 0)).decode("latin-1")
        if kind in (_LOGICAL, _INTEGER):
            return np.frombuffer(self._bytes(4 * length), dtype=">i4").astype(np.int64)
        if kind == _REAL:
            return np.frombuffer(self._bytes(8 * length), dtype=">f8").astype(np.float64)
        if kind in (_TEXTS, _LIST):
            return [self.item() for _ in range(length)]
        raise ValueError(f"byte {self._at}: type {kind} is not known")

    def _integer(self) -> int:
        return int(struct.unpack(">i", self._bytes(4))[0])

    def _bytes(self, count: int) -> bytes:
        part = self._content[self._at : self._at + count]
        if count < 0 or len(part) != count:
            raise ValueError(f"byte {self._at}: {count} bytes are wanted, {len(part)} are there")
        self._at += count
        return part
