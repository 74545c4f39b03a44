"""A board's bitstream: the same bytes wherever it is made; told why where it is not."""

import os
import re
import shutil
from pathlib import Path

import pytest

import build_folders
from gatewright import bitstream, boards, design
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import read_json, sha256, write_json
from gatewright.tools import board_tools

DESIGN = design.load("digits_mlp")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the build folder of a small network, built up to rtl."""
    folder = tmp_path_factory.mktemp("bitstream") / "digits_mlp"
    return build_folders.write(build_folders.one_layer("digits_mlp"), folder)


@pytest.mark.slow
def test_two_folders_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    board = boards.load("ice40_hx8k")
    digests = []
    for name, cpus in (("a", {0}), ("a/rather/longer/way/to/the/same/place", {0, 1})):
        folder = tmp_path / name / "digits_mlp"
        shutil.copytree(built, folder)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus & before)
        try:
            done = bitstream.run(DESIGN, folder, board)
        finally:
            os.sched_setaffinity(0, before)
        assert done["fmax_mhz"] >= done["clock_mhz"] == 36
        assert sha256(folder / "digits_mlp_ice40_hx8k.bin") == done["sha256"]
        digests.append(done["sha256"])
    assert digests[0] == digests[1]


def test_the_folders_name_is_in_nothing_that_yosys_reads(built: Path) -> None:
    for name in ("ulx3s_85f", "icebreaker", "tang_nano_20k"):
        shell, work = bitstream.write_sources(DESIGN, built, boards.load(name))
        text = (work / "src" / f"{shell.top}.sv").read_text()
        assert str(built) not in text
        assert f"128'h{bytes.fromhex(shell.hash)[::-1].hex()}" in text
        assert read_json(work / "shell.json")["baud"] == shell.baud <= shell.pll.hz // 16


def test_gowin_memories_have_the_form_that_is_timed(built: Path) -> None:
    """The others' addresses are not timed, or to four times their hold time; see block_ram.txt."""
    board = boards.load("tang_nano_20k")
    shell, work = bitstream.write_sources(DESIGN, built, board)
    cells = bitstream._synthesise(shell, board, work)
    assert cells["SDPX9B"] >= 1
    assert not [name for name in cells if re.fullmatch("(SP|DP|pROM)(X9)?B?|MULT.*", name)]
    assert bitstream.needed(board.family, cells).bram == cells["SDPX9B"]


def placed(
    monkeypatch: pytest.MonkeyPatch, clocks: dict[str, tuple[float, float]], hold: int = 0
) -> None:
    """Let Yosys and nextpnr answer at once."""
    monkeypatch.setattr(board_tools, "require", lambda _board: None)
    monkeypatch.setattr(bitstream, "_synthesise", lambda *_: {"SB_LUT4": 9, "SB_DFF": 9})
    found = board_tools.Placed(1, clocks, {}, ("1.00 ns  logic  a.O -> b.I",), 1.0, hold)
    monkeypatch.setattr(board_tools, "place", lambda *_: found)


def test_a_missed_clock_is_told_with_its_path(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(monkeypatch, {"clk": (35.9, 36.0)})
    with pytest.raises(CheckFailedError, match=r"35\.9 of 36\.0 MHz.*\n1\.00 ns  logic  a\.O"):
        bitstream.run(DESIGN, built, boards.load("ice40_hx8k"))
    assert not (built / "digits_mlp_ice40_hx8k.bin").exists()


def test_a_path_that_is_too_fast_is_no_timing_met(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(monkeypatch, {"clk": (99.0, 36.0)}, hold=88)
    with pytest.raises(CheckFailedError, match=r"99\.0 of 36\.0 MHz, 88 paths too fast"):
        bitstream.run(DESIGN, built, boards.load("ice40_hx8k"))


def test_a_clock_that_was_not_checked_is_no_clock(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(monkeypatch, {"clk": (99.0, 12.0)})
    with pytest.raises(CheckFailedError, match="checked no clock against 36 MHz"):
        bitstream.run(DESIGN, built, boards.load("ice40_hx8k"))


def test_a_board_for_vivado_is_refused() -> None:
    with pytest.raises(GatewrightError, match="needs Vivado"):
        board_tools.require(boards.load("basys3"))


def test_a_board_without_a_line_is_refused(built: Path) -> None:
    with pytest.raises(GatewrightError, match="has no serial line"):
        bitstream.write_sources(DESIGN, built, boards.load("pynq_z2"))


def test_a_baud_rate_beyond_a_sixteenth_is_refused(built: Path) -> None:
    with pytest.raises(GatewrightError, match="must be 300 to 2250000"):
        bitstream.write_sources(DESIGN, built, boards.load("ice40_hx8k"), baud=3_000_000)


def test_a_bitstream_of_something_else_is_not_loaded(built: Path) -> None:
    board = boards.load("ice40_hx8k")
    with pytest.raises(GatewrightError, match="is missing"):
        bitstream.program(DESIGN, built, boards.load("icebreaker"))
    (built / "x.bin").write_bytes(b"other")
    write_json(built / "digits_mlp_ice40_hx8k.json", {"bitstream": "x.bin", "sha256": "0"})
    with pytest.raises(GatewrightError, match="is not what"):
        bitstream.program(DESIGN, built, board)


def test_what_openfpgaloader_says_is_told(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = built / "openFPGALoader"
    stand_in.write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    stand_in.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _name: str(stand_in))
    file = built / "some.bin"
    file.write_bytes(b"")
    with pytest.raises(NotRunError, match=r"exit status 1.*\n--board ice40_generic some.bin"):
        board_tools.program(boards.load("icebreaker"), file)


@pytest.mark.parametrize("conflict", [True, False])
def test_a_net_that_yosys_drives_twice_stops_it(
    built: Path, monkeypatch: pytest.MonkeyPatch, conflict: bool
) -> None:
    board = boards.load("ice40_hx8k")
    shell, work = bitstream.write_sources(DESIGN, built, board)

    def yosys(_script: object, _folder: object, log: Path, _what: str) -> None:
        log.write_text("Warning: Driver-driver conflict for x\n" if conflict else "fine\n")
        write_json(work / f"{shell.top}_stat.json", {"design": {"num_cells_by_type": {"A": 1}}})

    monkeypatch.setattr(bitstream.yosys, "run", yosys)
    if conflict:
        with pytest.raises(CheckFailedError, match=r"drives 1 nets of .* twice"):
            bitstream._synthesise(shell, board, work)
    else:
        assert bitstream._synthesise(shell, board, work) == {"A": 1}
