"""Benches of uart_tx, uart_rx, reset_sync and uart_shell, for cocotb; a test has its block's name.

The model of the line is the host's side of it (``gatewright.host.packets``).
"""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from shell_drive import BIT, IN_BYTES, OUT_BYTES, SHELL_BIT, bits, edge, level, line_bytes, reset

from gatewright.host.packets import Decoder, Fault, Kind, Packet, encode


@cocotb.test()
async def uart_tx(dut: Any) -> None:
    """Bytes with and without pauses leave as bits; a reset in a byte leaves the line high."""
    await reset(dut, s_axis_tvalid=0)
    sent = [random.randrange(256) for _ in range(24)]
    got: list[int] = []

    async def receive() -> None:
        async for byte in line_bytes(dut, dut.tx_o, BIT):
            got.append(byte)  # noqa: PERF401 - they are looked at while it runs

    receiver = cocotb.start_soon(receive())
    for index, byte in enumerate(sent):
        dut.s_axis_tdata.value, dut.s_axis_tvalid.value = byte, 1
        await edge(dut)
        while not level(dut.s_axis_tready):
            await edge(dut)
        if index % 3 == 0:
            dut.s_axis_tvalid.value = 0
            await edge(dut, random.randrange(1, 300))
    dut.s_axis_tvalid.value = 0
    await edge(dut, 200)
    assert got == sent
    receiver.cancel()
    dut.s_axis_tvalid.value = 1
    await edge(dut, 30)
    await reset(dut, s_axis_tvalid=0)
    assert level(dut.tx_o) == 1
    assert level(dut.s_axis_tready) == 1


@cocotb.test()
async def uart_rx(dut: Any) -> None:
    """Bytes of a sender up to 4 % off are received; spikes and bytes without a stop bit are not."""
    await reset(dut, rx_i=1)
    got: list[int | None] = []  # None: an error

    async def receive() -> None:
        while True:
            await edge(dut)
            if level(dut.valid_o):
                got.append(level(dut.data_o))
            if level(dut.error_o):
                got.append(None)

    cocotb.start_soon(receive())
    wanted: list[int | None] = []
    for off in (-0.04, 0.0, 0.04):
        for kind in ("byte", "byte", "spike", "broken", "byte", "byte", "break", "byte"):
            byte = random.randrange(256)
            if kind == "spike":
                dut.rx_i.value = 0
                await edge(dut, 5)
                dut.rx_i.value = 1
                await edge(dut, 20)
                continue
            wanted.append(byte if kind == "byte" else None)
            if kind == "break":  # much longer than a byte
                dut.rx_i.value = 0
                await edge(dut, 400)
                dut.rx_i.value = 1
            else:
                await bits(dut, dut.rx_i, byte, BIT * (1 + off), stop=int(kind == "byte"))
            await edge(dut, random.choice([1, 40]) + (30 if kind != "byte" else 0))
    await edge(dut, 20)
    assert got == wanted


@cocotb.test()
async def reset_sync(dut: Any) -> None:
    """Low from power-up, at once without the lock, and up four cycles after it came."""
    dut.async_ni.value = 0
    await edge(dut, 8)
    assert level(dut.rst_no) == 0
    for _ in range(3):
        await Timer(random.randrange(100, 900), "ps")
        dut.async_ni.value = 1
        await edge(dut, 4)
        assert level(dut.rst_no) == 0  # what was before the fourth edge
        await edge(dut, 1)
        assert level(dut.rst_no) == 1
        await edge(dut, random.randrange(5))
        dut.async_ni.value = 0
        await Timer(100, "ps")
        assert level(dut.rst_no) == 0
        await edge(dut, 3)


@cocotb.test()
async def uart_shell(dut: Any) -> None:
    """Packets go in bit by bit, a design in Python answers, answers come out bit by bit."""
    await reset(dut, rx_i=1, m_axis_tready=0, s_axis_tvalid=0)
    decoder, packets, answered = Decoder(), list[Packet](), list[Packet]()

    async def receive() -> None:
        async for byte in line_bytes(dut, dut.tx_o, SHELL_BIT):
            packets.extend(decoder.feed(bytes([byte])))

    async def design() -> None:
        """Give the bytes of a frame back, the first four, two per beat; malformed if odd."""
        frame: list[int] = []
        while True:
            dut.m_axis_tready.value = random.random() < 0.5
            await edge(dut)
            if not level(dut.core_rst_no):
                frame = []
            if not (level(dut.m_axis_tvalid) and level(dut.m_axis_tready)):
                continue
            beat = level(dut.m_axis_tdata)
            frame += [beat & 255, (beat >> 8) & 255, beat >> 16]
            if not level(dut.m_axis_tlast):
                continue
            dut.m_axis_tready.value = 0
            while frame[0] == 0xDD and level(dut.core_rst_no):  # a design that hangs
                await edge(dut)
            for k in range(0, OUT_BYTES if level(dut.core_rst_no) else 0, 2):
                dut.s_axis_tdata.value = frame[k] | frame[k + 1] << 8
                dut.s_axis_tlast.value = last = k == OUT_BYTES - 2
                dut.s_axis_tuser.value, dut.s_axis_tvalid.value = last and frame[0] % 2, 1
                await edge(dut)
                while not level(dut.s_axis_tready):
                    await edge(dut)
            dut.s_axis_tvalid.value = 0
            frame = []

    cocotb.start_soon(receive())
    cocotb.start_soon(design())

    async def ask(packet: Packet, before: bytes = b"") -> None:
        for byte in before + encode(packet):
            await bits(dut, dut.rx_i, byte, SHELL_BIT)

    async def answer() -> Packet:
        for _ in range(200):
            if packets:
                answered.append(packets.pop(0))
                return answered[-1]
            await edge(dut, 50)
        raise AssertionError(f"no answer after {answered[-1:]}")

    await ask(Packet(Kind.INFO, 7, b""), before=b"garbage\x7e\x7d")
    for _ in range(2):  # "garbage", then the lone escape
        assert await answer() == Packet(Kind.FAULT, 0, bytes([Fault.CRC]))
    info = await answer()
    assert (info.kind, info.tag, info.payload[:4]) == (Kind.INFO_ANSWER, 7, b"GW\x01\x02")
    assert info.payload[4:12] == bytes([IN_BYTES, 0, 0, 0, OUT_BYTES, 0, 0, 0])
    assert info.payload[16:] == bytes(range(16))
    for tag in range(1, 5):
        sample = bytes([tag, 0x7E, 0x7D, tag + 3, 0, 255])
        await ask(Packet(Kind.SAMPLE, tag, sample))
        wanted = sample[:OUT_BYTES] + bytes([tag % 2])
        assert await answer() == Packet(Kind.RESULT, tag, wanted)
    # A design that hangs: the samples wait, those too many are refused; a reset goes before that.
    for tag in range(20, 26):
        await ask(Packet(Kind.SAMPLE, tag, bytes([0xDD, 0, 0, 0, 0, 0])))
    await ask(Packet(Kind.RESET, 9, b""))
    assert await answer() == Packet(Kind.RESET_ANSWER, 9, b"")
    assert await answer() == Packet(Kind.FAULT, 25, bytes([Fault.FULL]))
    await ask(Packet(Kind.SAMPLE, 30, bytes(range(6))))
    await edge(dut, 4)
    assert level(dut.led_o) == 1  # a packet came
    assert await answer() == Packet(Kind.RESULT, 30, bytes([0, 1, 2, 3, 0]))
    seen = set()
    for _ in range(400):
        await edge(dut, 50)
        seen.add(level(dut.led_o))
    assert seen == {0, 1}  # it blinks
