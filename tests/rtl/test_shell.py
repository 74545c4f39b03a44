"""The blocks of the shell around a board's design, each alone; their benches: shell_*_benches."""

from pathlib import Path
from uuid import uuid4

import pytest
import shell_drive as benches

from gatewright.errors import CheckFailedError
from gatewright.tools import cocotb_runner, verilator
from rtl_blocks import CACHE, COVERAGE, RTL, SIM

Parameters = dict[str, int | str]
UART: Parameters = {"ClockHz": round(benches.BIT * 1e6), "Baud": 1_000_000}
BLOCKS: dict[str, Parameters] = {
    "uart_tx": UART,
    "uart_rx": UART,
    "packet_rx": {},
    "packet_tx": {},
    "packet_store": {"Bytes": benches.STORE_BYTES, "Slots": benches.STORE_SLOTS},
    "packet_commands": {"SampleBytes": benches.SAMPLE_BYTES},
    "packet_replies": {
        "ResultBytes": benches.RESULT_BYTES,
        "InfoBytes": benches.INFO_BYTES,
        "ResetCycles": benches.RESET_CYCLES,
    },
    "reset_sync": {"Cycles": 4},
    "uart_shell": {
        "ClockHz": 1_000 * benches.SHELL_BIT,  # slow, so that its light blinks within the bench
        "Baud": 1_000,
        "InBytes": benches.IN_BYTES,
        "InBeatBytes": 3,
        "OutBytes": benches.OUT_BYTES,
        "OutBeatBytes": 2,
        "Slots": benches.SLOTS,
        "Inside": 2,
        "ResetCycles": 20,
        "Hash": f"128'h{bytes(range(16))[::-1].hex()}",
    },
}
# A fault in each: file's text, and what stands there instead. crc32_byte has no clock: packet_tx's
# bench compares its frames with zlib's CRC.
FAULTS = {
    "crc32_byte": ("32'hEDB88320", "32'hEDB88321"),
    "uart_tx": ("{1'b1, s_axis_tdata}", "{1'b1, ~s_axis_tdata}"),
    "uart_rx": ("error_o <= !line", "error_o <= 1'b0"),
    "packet_rx": ("&& !broken_q", ""),
    "packet_tx": ("data_q  <= Escape;", "data_q  <= 8'h00;"),
    "packet_store": ("done ? '0 : address_q + 1'b1", "address_q + 1'b1"),
    "packet_commands": ("is_sample && !room_q", "1'b0"),
    "packet_replies": ("malformed_q <= malformed_i", "malformed_q <= 1'b0"),
    "reset_sync": ("rst_no = chain_q[Cycles-1]", "rst_no = chain_q[Cycles-2]"),
    "uart_shell": ("stored_tvalid && stored_tready && first_q", "stored_tvalid && stored_tready"),
}


def bench(block: str, folder: Path, seed: int, faulty: str | None = None) -> None:
    """Run a block's bench; ``faulty`` is the block that its fault stands in."""
    folders = ("shell", "stream")
    sources = [path for name in folders for path in sorted((RTL / name).glob("*.sv"))]
    if faulty is not None:
        path = RTL / "shell" / f"{faulty}.sv"
        text = path.read_text()
        assert text.count(FAULTS[faulty][0]) == 1
        wrong = folder / path.name
        wrong.write_text(text.replace(*FAULTS[faulty]))
        sources[sources.index(path)] = wrong
    counts = None if faulty else COVERAGE
    options = verilator.Options(
        parameters=BLOCKS[block], main=SIM / "bench" / "main.cpp", coverage=counts is not None
    )
    simulation = verilator.build([RTL / "lint.vlt", *sources], block, options, cache_folder=CACHE)
    plusargs = []
    if counts is not None:
        counts.mkdir(parents=True, exist_ok=True)
        file = counts.absolute() / f"{uuid4().hex}.dat"
        plusargs.append(f"+verilator+coverage+file+{file}")
    cocotb_runner.run(
        simulation,
        "shell_packet_benches" if block.startswith("packet") else "shell_line_benches",
        cwd=folder,
        seed=seed,
        python_path=[Path(__file__).parent],
        test_filter=f"{block}$",
        plusargs=plusargs,
        timeout_s=300,
    )


def test_every_block_of_the_shell_has_a_bench() -> None:
    assert {path.stem for path in (RTL / "shell").glob("*.sv")} - {"crc32_byte"} == set(BLOCKS)


@pytest.mark.parametrize("block", BLOCKS)
def test_block(block: str, tmp_path: Path, seed: int) -> None:
    bench(block, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("faulty", FAULTS)
def test_a_fault_is_noticed(faulty: str, tmp_path: Path, seed: int) -> None:
    block = "packet_tx" if faulty == "crc32_byte" else faulty
    with pytest.raises(CheckFailedError, match=rf"test {block} failed"):
        bench(block, tmp_path, seed, faulty)
