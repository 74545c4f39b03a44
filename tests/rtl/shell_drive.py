"""What the benches of the shell share: parameters, and how signals and lines are driven."""

import random
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from cocotb.triggers import RisingEdge

from gatewright.host.packets import Packet

BIT = 16.125  # clock cycles per bit of uart_rx and uart_tx
SHELL_BIT = 16
SAMPLE_BYTES = 4  # of packet_commands
IN_BYTES, OUT_BYTES, SLOTS = 6, 4, 2  # of uart_shell
RESULT_BYTES, INFO_BYTES, RESET_CYCLES = 3, 4, 5  # of packet_replies
STORE_BYTES, STORE_SLOTS = 5, 4  # of packet_store


async def edge(dut: Any, cycles: int = 1) -> None:
    """Wait for clock edges; what is read then is what the registers see."""
    for _ in range(cycles):
        await RisingEdge(dut.clk_i)


async def reset(dut: Any, **inputs: int) -> None:
    """Set inputs and reset the block."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    dut.rst_ni.value = 0
    await edge(dut, 3)
    dut.rst_ni.value = 1
    await edge(dut)


def level(signal: Any) -> int:
    return int(signal.value)


async def bits(dut: Any, line: Any, byte: int, bit: float, stop: int = 1) -> None:
    """Drive a line with a byte."""
    driven = 0
    for index, value in enumerate([0, *((byte >> k) & 1 for k in range(8)), stop], 1):
        line.value = value
        until = round(index * bit)
        await edge(dut, until - driven)
        driven = until
    line.value = 1


async def line_bytes(dut: Any, line: Any, bit: float) -> AsyncIterator[int]:
    """Yield the bytes on a line, sampled in the middle of each bit."""
    while True:
        await edge(dut)
        if level(line):
            continue
        at, byte = 0, 0
        for index in range(10):
            until = round((index + 0.5) * bit)
            await edge(dut, until - at)
            at = until
            if index in (0, 9):
                assert level(line) == (index == 9), "no start or stop bit"
            else:
                byte |= level(line) << (index - 1)
        yield byte


def some_packet() -> Packet:
    """Return a packet of random length, many of whose bytes must be escaped."""
    payload = bytes(random.choice([0x7D, 0x7E, random.randrange(256)]) for _ in range(5))
    return Packet(random.randrange(256), random.randrange(65536), payload[: random.randrange(6)])


def unescaped(data: Iterable[int]) -> bytes:
    def plain() -> Iterator[int]:
        flip = 0
        for byte in data:
            if byte == 0x7D:
                flip = 0x20
            else:
                yield byte ^ flip
                flip = 0

    return bytes(plain())
