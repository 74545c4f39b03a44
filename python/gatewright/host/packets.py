"""Packets on a serial line, as ``rtl/shell`` reads and writes them.

Framing and check are those of RFC 1662: flags 0x7E around a packet, 0x7D before a byte that would
be taken for one of the two, CRC-32 at its end. A packet is kind, tag (two bytes, lowest first; an
answer carries that of its question), payload.
"""

import zlib
from dataclasses import dataclass
from enum import IntEnum

FLAG = b"\x7e"
_ESCAPE = b"\x7d"
_ESCAPED = {_ESCAPE: b"\x7d\x5d", FLAG: b"\x7d\x5e"}  # the escape first
_HEADER = 3
_CRC = 4
NO_TAG = 0  # of a fault in a packet whose own tag is not to be trusted; no question has it


class Kind(IntEnum):
    """What a packet is: below 0x80 of the host, above of the board."""

    SAMPLE = 0x01
    INFO = 0x02
    RESET = 0x03
    RESULT = 0x81
    INFO_ANSWER = 0x82
    RESET_ANSWER = 0x83
    FAULT = 0xFF


class Fault(IntEnum):
    """What a board found wrong with a packet."""

    CRC = 1
    LENGTH = 2
    FULL = 3
    KIND = 4


@dataclass(frozen=True)
class Packet:
    """A packet whose CRC was right."""

    kind: int
    tag: int
    payload: bytes


def encode(packet: Packet) -> bytes:
    """Return a packet as it goes over the line, both flags included."""
    content = bytes([packet.kind]) + packet.tag.to_bytes(2, "little") + packet.payload
    content += zlib.crc32(content).to_bytes(_CRC, "little")
    for byte, replacement in _ESCAPED.items():
        content = content.replace(byte, replacement)
    return FLAG + content + FLAG


class Decoder:
    """Finds packets in bytes as they come; what is not a whole, right packet is left out.

    Attributes:
        wrong: How many packets were not right.
    """

    def __init__(self) -> None:
        self.wrong = 0
        self._open = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that ``data`` ends."""
        self._open += data
        *closed, rest = self._open.split(FLAG)
        self._open = rest
        packets = [_decoded(bytes(content)) for content in closed if content]
        self.wrong += packets.count(None)
        return [packet for packet in packets if packet is not None]

    def forget(self) -> None:
        """Drop what has come of a packet that is not yet whole."""
        self._open.clear()


def _decoded(content: bytes) -> Packet | None:
    """Return the packet between two flags; None if it is not right."""
    plain = bytearray()
    parts = content.split(_ESCAPE)
    plain += parts[0]
    for part in parts[1:]:
        if not part:  # two escapes, or one at the end: the sender gave the packet up
            return None
        plain.append(part[0] ^ 0x20)
        plain += part[1:]
    if len(plain) < _HEADER + _CRC:
        return None
    body, crc = bytes(plain[:-_CRC]), int.from_bytes(plain[-_CRC:], "little")
    if zlib.crc32(body) != crc:
        return None
    return Packet(body[0], int.from_bytes(body[1:3], "little"), body[_HEADER:])
