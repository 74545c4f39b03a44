"""Benches of packet_rx, _tx, _store, _commands, _replies for cocotb; a test has its block's name.

The models are the host's packets (``gatewright.host.packets``), ``zlib`` and plain lists.
"""

import random
import zlib
from collections.abc import Iterable
from typing import Any

import cocotb
from shell_drive import (
    RESET_CYCLES,
    RESULT_BYTES,
    SAMPLE_BYTES,
    STORE_BYTES,
    STORE_SLOTS,
    edge,
    level,
    reset,
    some_packet,
    unescaped,
)

from gatewright.host.packets import FLAG, Fault, Kind, encode


@cocotb.test()
async def packet_rx(dut: Any) -> None:
    """Whole packets are good; what was changed, cut, lost or given up is not; garbage is none."""
    await reset(dut, valid_i=0, error_i=0)
    got: list[tuple[bytes, bool]] = []

    async def receive() -> None:
        content = bytearray()
        while True:
            await edge(dut)
            if level(dut.valid_o):
                content.append(level(dut.data_o))
            if level(dut.end_o):
                got.append((bytes(content), bool(level(dut.good_o))))
                content.clear()

    cocotb.start_soon(receive())

    async def send(data: Iterable[int | None]) -> None:
        for byte in data:
            dut.valid_i.value, dut.error_i.value = int(byte is not None), int(byte is None)
            dut.data_i.value = byte or 0
            await edge(dut)
            dut.valid_i.value = dut.error_i.value = 0
            await edge(dut, random.choice([0, 0, 3]))

    wanted = []
    for _ in range(40):
        packet = some_packet()
        content = bytes([packet.kind]) + packet.tag.to_bytes(2, "little") + packet.payload
        content += zlib.crc32(content).to_bytes(4, "little")
        data: list[int | None] = [*encode(packet)]
        how = random.choice(["whole", "whole", "changed", "lost", "given up", "garbage"])
        if how == "changed":
            data[-2] = 0x41 if data[-2] != 0x41 else 0x42
        elif how == "lost":
            data.insert(-1, None)
        elif how == "given up":
            data[-1:] = [0x7D, 0x7E]
        elif how == "garbage":
            data = [0x41, 0x7E, 0x7E, 0x7E]
        await send(data)
        if how == "garbage":
            wanted.append((b"A", False))
            continue
        sent = unescaped(byte for byte in data[1:-1] if byte is not None)
        assert (sent == content) == (how != "changed")
        wanted.append((sent, how == "whole"))
    await edge(dut, 2)
    assert got == wanted


@cocotb.test()
async def packet_tx(dut: Any) -> None:
    """Packets leave framed and checked; one that is given up is closed so that none takes it."""
    await reset(dut, s_axis_tvalid=0, abort_i=0, m_axis_tready=0)
    out = bytearray()

    async def receive() -> None:
        while True:
            await edge(dut)
            if level(dut.m_axis_tvalid) and level(dut.m_axis_tready):
                out.append(level(dut.m_axis_tdata))
            dut.m_axis_tready.value = random.random() < 0.6

    cocotb.start_soon(receive())
    wanted = bytearray()
    for index in range(30):
        packet = some_packet()
        content = bytes([packet.kind]) + packet.tag.to_bytes(2, "little") + packet.payload
        stop = random.randrange(len(content)) if index % 3 == 2 else len(content)
        before = len(out)
        for k, byte in enumerate(content[:stop]):
            dut.s_axis_tdata.value, dut.s_axis_tvalid.value = byte, 1
            dut.s_axis_tlast.value = k == len(content) - 1
            await edge(dut)
            while not level(dut.s_axis_tready):
                await edge(dut)
        dut.s_axis_tvalid.value = 0
        if stop == len(content):
            wanted += encode(packet)
        else:
            dut.abort_i.value = 1
            await edge(dut)
            while not level(dut.aborted_o):
                await edge(dut)
            dut.abort_i.value = 0
            if stop:
                body = content[:stop].replace(b"\x7d", b"\x7d\x5d").replace(FLAG, b"\x7d\x5e")
                wanted += FLAG + body + b"\x7d" + FLAG
        if index % 2:
            await edge(dut, 40)
            assert len(out) > before or not stop
    await edge(dut, 80)
    assert bytes(out) == bytes(wanted)


@cocotb.test()
async def packet_store(dut: Any) -> None:
    """What is committed comes out in order with its tag; what is written anew does not."""
    await reset(dut, write_i=0, commit_i=0, m_axis_tready=0)
    got: list[tuple[list[int], int]] = []

    async def receive() -> None:
        content: list[int] = []
        while True:
            await edge(dut)
            if level(dut.m_axis_tvalid) and level(dut.m_axis_tready):
                content.append(level(dut.m_axis_tdata))
                if level(dut.m_axis_tlast):
                    got.append((content, level(dut.tag_o)))
                    content = []
            dut.m_axis_tready.value = random.random() < 0.12

    receiver = cocotb.start_soon(receive())
    wanted, full = [], 0
    for index in range(60):
        while not level(dut.write_ready_o):
            full += 1
            assert len(wanted) - len(got) >= STORE_SLOTS
            await edge(dut)
        content = [random.randrange(256) for _ in range(STORE_BYTES)]
        for address, byte in random.sample(list(enumerate(content)), STORE_BYTES):
            dut.write_i.value, dut.write_address_i.value, dut.write_data_i.value = 1, address, byte
            await edge(dut)
        dut.write_i.value = 0
        if index % 4 == 3:
            continue  # given up: the next is written over it
        dut.commit_i.value, dut.commit_tag_i.value = 1, index
        await edge(dut)
        dut.commit_i.value = 0
        wanted.append((content, index))
        await edge(dut, random.choice([1, 1, 30]))
    await edge(dut, 600)
    assert got == wanted
    assert full > 0
    receiver.cancel()


@cocotb.test()
async def packet_commands(dut: Any) -> None:
    """Right packets become samples and requests, every wrong one a fault with its code."""
    await reset(
        dut, valid_i=0, end_i=0, good_i=0, write_ready_i=1,
        info_taken_i=0, reset_taken_i=0, fault_taken_i=0,
    )  # fmt: skip
    memory: dict[int, int] = {}
    commits: list[tuple[int, list[int]]] = []

    async def store() -> None:
        while True:
            await edge(dut)
            if level(dut.write_o):
                memory[level(dut.write_address_o)] = level(dut.write_data_o)
            if level(dut.commit_o):
                commits.append((level(dut.tag_o), [memory[k] for k in range(SAMPLE_BYTES)]))

    cocotb.start_soon(store())

    async def send(kind: int, tag: int, payload: bytes, good: bool = True) -> None:
        content = bytes([kind]) + tag.to_bytes(2, "little") + payload + bytes(4)
        for byte in content:
            dut.valid_i.value, dut.data_i.value = 1, byte
            await edge(dut)
        dut.valid_i.value = 0
        dut.end_i.value, dut.good_i.value = 1, int(good)
        await edge(dut)
        dut.end_i.value = dut.good_i.value = 0
        await edge(dut, 2)

    async def taken(name: str, tag: int) -> None:
        request, taken_i = getattr(dut, f"{name}_o"), getattr(dut, f"{name}_taken_i")
        assert level(request) == 1
        assert level(getattr(dut, f"{name}_tag_o")) == tag
        taken_i.value = 1
        await edge(dut)
        taken_i.value = 0
        await edge(dut)
        assert level(request) == 0

    async def faulty(code: Fault, tag: int, *words: Any, good: bool = True) -> None:
        before = len(commits)
        await send(*words, good=good)
        assert level(dut.fault_code_o) == code
        await taken("fault", tag)
        assert len(commits) == before

    for tag in (1, 0x1234, 0xFFFF):
        payload = bytes(random.randrange(256) for _ in range(SAMPLE_BYTES))
        await send(Kind.SAMPLE, tag, payload)
        assert commits[-1] == (tag, list(payload))
        await send(Kind.INFO, tag, b"")
        await taken("info", tag)
        await send(Kind.RESET, tag, b"")
        await taken("reset", tag)
        await faulty(Fault.CRC, 0, Kind.SAMPLE, tag, payload, good=False)
        await faulty(Fault.LENGTH, tag, Kind.SAMPLE, tag, payload[1:])
        await faulty(Fault.LENGTH, tag, Kind.SAMPLE, tag, payload + bytes(300))
        await faulty(Fault.LENGTH, tag, Kind.INFO, tag, b"x")
        await faulty(Fault.KIND, tag, 0x55, tag, b"")
        dut.write_ready_i.value = 0
        await faulty(Fault.FULL, tag, Kind.SAMPLE, tag, payload)
        dut.write_ready_i.value = 1
    assert len(commits) == 3


@cocotb.test()
async def packet_replies(dut: Any) -> None:
    """Each answer has its bytes; a reset goes first and gives up what is on its way."""
    info = 0x04030201
    await reset(
        dut, info_content_i=info, info_i=0, info_tag_i=0x0A0B, reset_i=0, reset_tag_i=0x0C0D,
        fault_i=0, fault_tag_i=0x0E0F, fault_code_i=3, result_tag_tvalid=0, result_tvalid=0,
        malformed_i=0, m_axis_tready=1, aborted_i=0,
    )  # fmt: skip
    packets: list[bytes] = []
    content = bytearray()
    low = 0  # cycles of the design's reset

    async def watch() -> None:
        nonlocal low
        while True:
            await edge(dut)
            if level(dut.m_axis_tvalid) and level(dut.m_axis_tready):
                content.append(level(dut.m_axis_tdata))
                if level(dut.m_axis_tlast):
                    packets.append(bytes(content))
                    content.clear()
            for name in ("info", "fault", "reset"):
                if level(getattr(dut, f"{name}_taken_o")):
                    getattr(dut, f"{name}_i").value = 0
            if level(dut.result_tag_tvalid) and level(dut.result_tag_tready):
                dut.result_tag_tvalid.value = 0
            low += not level(dut.core_rst_no)
            dut.aborted_i.value = 0
            if level(dut.abort_o) and not level(dut.aborted_i):
                dut.aborted_i.value = 1
                content.clear()
            dut.m_axis_tready.value = random.random() < 0.7

    cocotb.start_soon(watch())
    dut.info_i.value = dut.fault_i.value = 1
    await edge(dut, 60)
    assert packets == [bytes.fromhex("ff0f0e03"), bytes.fromhex("820b0a01020304")]
    for malformed in (0, 1):
        dut.result_tag_tdata.value, dut.result_tag_tvalid.value = 0x2211, 1
        for k in range(RESULT_BYTES):
            dut.result_tdata.value, dut.result_tvalid.value = 0xA0 + k, 1
            dut.malformed_i.value = malformed and k == RESULT_BYTES - 1
            await edge(dut)
            while not level(dut.result_tready):
                await edge(dut)
        dut.result_tvalid.value = 0
        await edge(dut, 20)
        assert packets[-1] == bytes.fromhex("811122a0a1a2") + bytes([malformed])
    assert low == 0
    # A result that never comes is given up for a reset; so is nothing at all.
    for begun in (True, False):
        dut.result_tag_tvalid.value = int(begun)
        await edge(dut, 20)
        assert bool(content) == begun
        dut.reset_i.value = 1
        await edge(dut, 40)
        assert packets[-1] == bytes.fromhex("830d0c")
        assert low == RESET_CYCLES
        low = 0
