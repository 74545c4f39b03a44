"""Packets: what is sent comes back, and nothing hurt on the way is taken for a packet."""

import zlib

import numpy as np
import pytest

from gatewright.host.packets import FLAG, Decoder, Kind, Packet, encode


@pytest.mark.parametrize(
    "payload", [b"", b"\x7e", b"\x7d", b"\x7d\x5e\x7e\x7d\x5d", bytes(range(256))]
)
def test_a_packet_comes_back(payload: bytes) -> None:
    packet = Packet(Kind.SAMPLE, 0x7D7E, payload)
    decoder = Decoder()
    found = [p for byte in encode(packet) for p in decoder.feed(bytes([byte]))]
    assert found == [packet]
    assert decoder.wrong == 0


def test_the_frame_is_that_of_rfc_1662() -> None:
    content = b"\x01\x02\x00\x31"
    crc = zlib.crc32(content).to_bytes(4, "little")
    assert encode(Packet(1, 2, b"1")) == b"\x7e" + content + crc + b"\x7e"
    assert encode(Packet(1, 2, b"\x7e")).startswith(b"\x7e\x01\x02\x00\x7d\x5e")


def test_nothing_hurt_is_taken_for_a_packet() -> None:
    rng = np.random.default_rng(1)
    packet = Packet(Kind.RESULT, 300, bytes(rng.integers(0, 256, 40, dtype=np.uint8)))
    sent = encode(packet)
    for _ in range(5000):
        line = bytearray(sent)
        place = int(rng.integers(1, len(line) - 1))
        match int(rng.integers(4)):
            case 0:
                del line[place]
            case 1:
                line.insert(place, line[place])
            case 2:
                line[place] ^= int(rng.integers(1, 256))
            case _:
                line.insert(place, int(rng.integers(256)))
        found = Decoder().feed(bytes(line))
        # A flag doubled, or garbage in front of a flag, leaves the packet whole.
        assert all(p == packet for p in found), line.hex()
        assert Decoder().feed(bytes(line) + FLAG + sent)[-1:] == [packet]


def test_a_packet_that_was_given_up_is_none() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x7e\x81\x01\x00\x05\x7d\x7e") == []
    assert decoder.wrong == 1
