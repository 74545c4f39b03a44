"""Vivado through a stand-in that records what it was given and answers with reports."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import build_folders
from amd_reports import TIMING, UTILISATION
from gatewright import boards, design, vivado
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.tools import vivado as tool

DESIGN = design.load("digits_mlp")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the build folder of a small network, built up to rtl."""
    folder = tmp_path_factory.mktemp("vivado") / "digits_mlp"
    return build_folders.write(build_folders.one_layer("digits_mlp"), folder)


def stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, slack: str = "0.874", status: int = 0
) -> Path:
    """Install a command that answers as Vivado does; return what records its arguments."""
    folder.mkdir(exist_ok=True)
    (folder / "utilisation").write_text(UTILISATION)
    (folder / "timing").write_text(TIMING.format(slack=slack))
    program = folder / "vivado"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" > {folder}/called\n'
        f"cp {folder}/utilisation utilisation.rpt; cp {folder}/timing timing.rpt\n"
        "echo bits > $(sed -n 's/^set top //p' build.tcl).bit\n"
        f"exit {status}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(tool.SETTING, str(program))
    return folder / "called"


def test_vivado_is_given_a_script_and_its_reports_are_read(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = stand_in(tmp_path / "vivado", monkeypatch)
    done = vivado.run(DESIGN, built, boards.load("arty_a7_35t"))
    assert called.read_text().split() == (
        ["-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", "build.tcl"]
    )
    assert done["needs"] == {"lut": 1893, "ff": 2714, "bram": 4.5, "dsp": 37}
    assert (done["setup_slack_ns"], done["hold_slack_ns"]) == (0.874, 0.061)
    assert (built / "digits_mlp_arty_a7_35t.bit").read_text() == "bits\n"
    work = built / "boards" / "arty_a7_35t"
    script = (work / "build.tcl").read_text()
    assert all((work / name).is_file() for name in re.findall(r"(?:-sv|read_mem) (\S+)", script))
    assert (
        "PACKAGE_PIN A9 IOSTANDARD LVCMOS33} [get_ports rx_i]"
        in (work / "digits_mlp_arty_a7_35t.xdc").read_text()
    )


@pytest.mark.parametrize("board", ["arty_a7_35t", "arty_a7_100t", "basys3"])
def test_every_script_is_tcl(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: str
) -> None:
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not installed")
    stand_in(tmp_path / "vivado", monkeypatch)
    vivado.run(DESIGN, built, boards.load(board))
    work = built / "boards" / board
    # Vivado's own commands record their words; anything else that is no Tcl is an error.
    checker = tmp_path / "check.tcl"
    checker.write_text(
        "proc unknown {args} { lappend ::said $args; return {} }\n"
        "foreach file $argv { source $file }\n"
        "foreach words $said { puts $words }\n"
    )
    files = ["build.tcl", f"digits_mlp_{board}.xdc"]
    command = ["tclsh", str(checker), *files]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert f"synth_design -top digits_mlp_{board} -part {boards.load(board).device}" in said
    assert f"write_bitstream -force digits_mlp_{board}.bit" in said
    assert "get_ports clk_i" in said


def test_a_missed_clock_fails_with_its_path(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "vivado", monkeypatch, slack="-0.312")
    with pytest.raises(CheckFailedError, match=r"setup -0\.312 ns(?s:.*)u_core/u_fc1/sum_q_reg"):
        vivado.run(DESIGN, built, boards.load("basys3"))
    assert not (built / "digits_mlp_basys3.bit").exists()


def test_vivado_failing_is_told(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "vivado", monkeypatch, status=1)
    with pytest.raises(CheckFailedError, match="Vivado ended with exit status 1"):
        vivado.run(DESIGN, built, boards.load("basys3"))


def test_no_vivado_is_not_run(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tool.SETTING, "/nowhere/vivado")
    with pytest.raises(NotRunError, match=r"Vivado is missing .GATEWRIGHT_VIVADO is /nowhere"):
        vivado.run(DESIGN, built, boards.load("basys3"))


def test_a_board_for_open_tools_is_refused(built: Path) -> None:
    with pytest.raises(GatewrightError, match="take `gatewright bitstream`"):
        vivado.run(DESIGN, built, boards.load("ulx3s_85f"))


def test_a_report_without_a_slack_is_no_pass(tmp_path: Path) -> None:
    report = tmp_path / "timing.rpt"
    report.write_text(TIMING.format(slack="NA"))
    with pytest.raises(CheckFailedError, match="no path was timed"):
        tool.timing(report)
    with pytest.raises(CheckFailedError, match="Vivado left no"):
        tool.utilisation(tmp_path / "none.rpt")
