"""Runs a bench that drives itself (gatewright.tools.bench) through its phases, and watches it.

The plan is read from plan.json in the working folder: ``frames``, the frames each sink must get;
``devices``, each sink's device; ``sources``, how many there are; ``quiet_cycles``, how long nothing
may happen; and ``phases``, each with ``idle`` and ``stall`` (of 256), and either ``cycles``, after
which a reset interrupts it, or null: to the end. ``alone`` makes the first frame go alone. What the
sinks wrote is judged outside the simulator.
"""

import json
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

CLOCK_NS = 2
RESET_CYCLES = 4
DRAIN_CYCLES = 200  # after the last frame: nothing more may come
ALL_FRAMES = 2**32 - 1


@cocotb.test()
async def phases(dut: Any) -> None:
    """Run every phase of the plan; each begins with a reset."""
    plan = json.loads(Path("plan.json").read_text())
    started = time.perf_counter()
    for number, phase in enumerate(plan["phases"]):
        await _reset(dut, number, phase)
        if phase["cycles"] is not None:
            await Timer(phase["cycles"] * CLOCK_NS, "ns")
            continue
        if phase["alone"]:
            dut.frames_i.value = 1
            await _until(dut, plan, [1] * len(plan["frames"]))
            dut.frames_i.value = ALL_FRAMES
        await _until(dut, plan, plan["frames"])
        before = int(dut.beats_o.value)
        await Timer(DRAIN_CYCLES * CLOCK_NS, "ns")
        assert int(dut.beats_o.value) == before, "beats came after the last frame"
        words = _words(dut.first_beat_o, plan["sources"], 64)
        Path(f"first_beat_{number}.json").write_text(json.dumps(words))
    Path("run_s.json").write_text(json.dumps(time.perf_counter() - started))
    dut.rst_ni.value = 0  # closes the sinks' files
    await Timer(RESET_CYCLES * CLOCK_NS, "ns")


async def _reset(dut: Any, number: int, phase: dict[str, Any]) -> None:
    dut.rst_ni.value = 0
    dut.phase_i.value = number
    dut.idle_i.value = phase["idle"]
    dut.stall_i.value = phase["stall"]
    dut.frames_i.value = ALL_FRAMES
    await Timer(RESET_CYCLES * CLOCK_NS, "ns")
    dut.rst_ni.value = 1


async def _until(dut: Any, plan: dict[str, Any], frames: list[int]) -> None:
    """Wait until each sink has its frames; fail if nothing moves for ``quiet_cycles``."""
    quiet_cycles = plan["quiet_cycles"]
    step = min(100, quiet_cycles)
    quiet = 0
    progress: tuple[int, int] | None = None
    while True:
        received = _words(dut.received_o, len(frames), 32)
        if all(got >= wanted for got, wanted in zip(received, frames, strict=True)):
            return
        now = (int(dut.sent_o.value), int(dut.beats_o.value))
        quiet = quiet + step if now == progress else 0
        progress = now
        if quiet >= quiet_cycles:
            raise AssertionError(_stalled(dut, plan, frames, received, quiet))
        step = min(step * 2, quiet_cycles, 10_000)
        await Timer(step * CLOCK_NS, "ns")


def _stalled(
    dut: Any, plan: dict[str, Any], frames: list[int], received: list[int], quiet: int
) -> str:
    """Say which device hangs, and on which side."""
    sink = next(k for k, wanted in enumerate(frames) if received[k] < wanted)
    sent = _words(dut.sent_o, plan["sources"], 32)
    waiting = [k for k in range(plan["sources"]) if int(dut.offered_o.value) >> k & 1]
    side = (
        f"it does not take the input that sources {waiting} offer (s_axis_tready is low)"
        if waiting
        else "it has taken all its input and gives no output (m_axis_tvalid is low)"
    )
    return (
        f"device {plan['devices'][sink]} hangs: nothing moved for {quiet} cycles, {sent} frames "
        f"sent, {received[sink]} of {frames[sink]} received by sink {sink}; {side}"
    )


def _words(signal: Any, count: int, bits: int) -> list[int]:
    value = int(signal.value)
    return [value >> bits * k & ((1 << bits) - 1) for k in range(count)]
