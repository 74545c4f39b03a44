"""A design through AXI4-Stream driven from Python: stalls, resets, short and long frames.

The design itself is the top. The plan is read from protocol.npz in the working folder: ``inputs``
and ``outputs``, the prefixes of its streams; under each prefix uint8 [N, bytes], the frames that go
in or must come out; and ``quiet_cycles``, after which without a result the design counts as
hanging.
The random numbers come from cocotb's seed.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, SimTimeoutError, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

CLOCK_NS = 2


class Tester:
    """A design with a source and a sink from cocotbext-axi on its streams."""

    def __init__(self, dut: Any) -> None:
        with np.load("protocol.npz") as plan:
            inputs, outputs = plan["inputs"].tolist(), plan["outputs"].tolist()
            self.frames = [[bytes(frame) for frame in plan[prefix]] for prefix in inputs]
            self.results = [[bytes(result) for result in plan[prefix]] for prefix in outputs]
            self.longest_wait_ns = int(plan["quiet_cycles"]) * CLOCK_NS
        self.dut = dut
        self.count = len(self.frames[0])
        self.beat = len(getattr(dut, f"{inputs[0]}_tdata")) // 8  # bytes
        reset = {"reset": dut.rst_ni, "reset_active_level": False}
        self.sources = [
            AxiStreamSource(AxiStreamBus.from_prefix(dut, prefix), dut.clk_i, **reset)
            for prefix in inputs
        ]
        self.sinks = [
            AxiStreamSink(AxiStreamBus.from_prefix(dut, prefix), dut.clk_i, **reset)
            for prefix in outputs
        ]
        for driver in (*self.sources, *self.sinks):
            driver.log.setLevel("WARNING")  # not a line per frame
        self.short = self.long = 0  # pulses seen
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)

    async def start(self) -> None:
        """Come out of reset; the clock runs by itself (sim/bench/main.cpp)."""
        await self.reset()
        cocotb.start_soon(self._count_pulses())

    async def reset(self) -> None:
        """Reset in the middle of whatever goes on; frames under way are forgotten."""
        self.dut.rst_ni.value = 0
        await ClockCycles(self.dut.clk_i, int(self.rng.integers(1, 5)))
        for driver in (*self.sources, *self.sinks):
            driver.clear()
        self.dut.rst_ni.value = 1
        await ClockCycles(self.dut.clk_i, 2)

    def stall(self, idle: float, busy: float) -> None:
        """From now on the sources pause and the sinks are not ready with these chances."""
        for source in self.sources:
            source.set_pause_generator(_chances(self.rng, idle))
        for sink in self.sinks:
            sink.set_pause_generator(_chances(self.rng, busy))

    def send(self, index: int, data: bytes | None = None) -> None:
        """Send a sample; ``data`` instead of its frame on the first stream."""
        for source, frames in zip(self.sources, self.frames, strict=True):
            first = source is self.sources[0] and data is not None
            source.send_nowait(AxiStreamFrame(data if first else frames[index]))

    @property
    def idle(self) -> bool:
        """Whether no result waits to be received."""
        return all(sink.empty() for sink in self.sinks)

    async def receive(self) -> list[tuple[bytes, bool]]:
        """Return the next result of each stream, and whether it is marked bad."""
        results = []
        for sink in self.sinks:
            try:
                frame = await with_timeout(sink.recv(), self.longest_wait_ns, "ns")
            except SimTimeoutError:
                cycles = self.longest_wait_ns // CLOCK_NS
                raise AssertionError(
                    f"no result came for {cycles} cycles: the design hangs"
                ) from None
            user = frame.tuser if isinstance(frame.tuser, list) else [frame.tuser or 0]
            results.append((bytes(frame.tdata), any(user)))
        return results

    async def expect(self, index: int, what: str) -> None:
        """Receive a result, which must be that of a good sample."""
        for (data, bad), results in zip(await self.receive(), self.results, strict=True):
            result = results[index]
            assert not bad, f"{what}: the result of good frame {index} is marked bad"
            assert data == result, (
                f"{what}: frame {index} gave {data.hex()}, must be {result.hex()}"
            )

    async def _count_pulses(self) -> None:
        while True:
            await RisingEdge(self.dut.clk_i)
            self.short += int(self.dut.frame_short_o.value)
            self.long += int(self.dut.frame_long_o.value)


def _chances(rng: np.random.Generator, probability: float) -> Iterator[bool]:
    """Yield whether to pause in each cycle; now and then a long pause."""
    for _ in itertools.count():
        if probability and rng.random() < probability / 200:
            yield from [True] * int(rng.integers(20, 200))
        yield rng.random() < probability


@cocotb.test()
async def stalls(dut: Any) -> None:
    """Every frame's result is right, whatever pauses there are on either side."""
    tester = Tester(dut)
    await tester.start()
    kinds = ((0.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.4, 0.4))
    parts = np.array_split(np.arange(tester.count), len(kinds))
    compared = 0
    for (idle, busy), part in zip(kinds, parts, strict=True):
        tester.stall(idle, busy)
        for index in part:
            tester.send(index)
        for index in part:
            await tester.expect(index, f"stalls {idle} and {busy}")
            compared += 1
    assert compared == tester.count
    assert compared
    assert tester.idle, "more results than frames"
    assert tester.short == tester.long == 0, "good frames raised an error flag"


@cocotb.test()
async def resets(dut: Any) -> None:
    """A reset in the middle leaves nothing behind."""
    tester = Tester(dut)
    await tester.start()
    tester.stall(0.2, 0.2)
    for _ in range(3):
        for index in range(min(6, tester.count)):
            tester.send(index)
        for index in range(tester.rng.integers(3)):
            await tester.expect(index, "before a reset")
        await ClockCycles(dut.clk_i, int(tester.rng.integers(1, 40)))
        await tester.reset()
    for index in range(min(3, tester.count)):
        tester.send(tester.count - 1 - index)
    for index in range(min(3, tester.count)):
        await tester.expect(tester.count - 1 - index, "after a reset")


@cocotb.test()
async def lengths(dut: Any) -> None:
    """Short and long frames raise their flag and mark their result; good ones stay right."""
    tester = Tester(dut)
    await tester.start()
    tester.stall(0.2, 0.2)
    beats = len(tester.frames[0][0]) // tester.beat
    count = min(40, tester.count)
    kinds = tester.rng.choice(["good", "short", "long"], count).tolist()
    kinds[:3] = ["good", "long", "good"]
    if beats > 1:
        kinds[3:5] = ["short", "good"]
    kinds = [kind if beats > 1 or kind != "short" else "good" for kind in kinds]
    for index, kind in enumerate(kinds):
        data = tester.frames[0][index]
        if kind == "short":
            data = data[: tester.beat * int(tester.rng.integers(1, beats))]
        elif kind == "long":
            data += tester.rng.bytes(tester.beat * int(tester.rng.integers(1, beats + 3)))
        tester.send(index, data)
    for index, kind in enumerate(kinds):
        if kind == "good":
            await tester.expect(index, "among short and long frames")
        else:
            marks = [bad for _, bad in await tester.receive()]
            assert all(marks), f"the result of {kind} frame {index} is not marked"
    await ClockCycles(dut.clk_i, 200)
    await FallingEdge(dut.clk_i)
    assert tester.idle, "more results than frames"
    assert tester.short == kinds.count("short"), f"{tester.short} pulses of frame_short_o"
    assert tester.long == kinds.count("long"), f"{tester.long} pulses of frame_long_o"
