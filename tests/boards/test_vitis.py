"""Vitis HLS through a stand-in that answers with reports and with Verilog of its own."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import build_folders
import vitis_stand_in
from gatewright import design, vitis
from gatewright.emit.vitis import Side, core_of
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import read_json
from gatewright.reference import outputs
from gatewright.tools import vitis as tool

DESIGN = design.load("digits_mlp")
GRAPH = build_folders.one_layer("digits_mlp")
SAMPLES = 40


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return the build folder of a small network, with its test vectors."""
    folder = build_folders.write(GRAPH, tmp_path / "build" / "digits_mlp")
    samples = np.random.default_rng(1).integers(0, 16, (SAMPLES, 12))
    fraction = GRAPH.nodes[-1].out.format.fraction
    np.savez(
        folder / "vectors.npz",
        inputs=samples.astype(np.float64),
        outputs=outputs(GRAPH, samples),
        output_fraction=np.array([fraction]),
    )
    return folder


def stand_in(
    built: Path, monkeypatch: pytest.MonkeyPatch, kind: str, wrong: int = 0, name: str = "vitis_hls"
) -> Path:
    """Install a command that answers as Vitis HLS does; return what records its arguments."""
    home = built.parent.parent / "amd"
    width = GRAPH.nodes[-1].out.format.width
    vitis_stand_in.firmware(built / "hls" / "firmware", kind, "digits_mlp", 12, 3)
    vitis_stand_in.project(home / "project", kind, GRAPH, width, wrong)
    program = home / name
    program.write_text(
        f'#!/bin/sh\necho "$@" > {home}/called\npwd >> {home}/called\n'
        f"cp -r {home}/project digits_mlp_prj\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(tool.SETTING, str(program))
    return home / "called"


@pytest.mark.parametrize(
    ("kind", "latency"),
    [("parallel", (13, 13)), pytest.param("stream", (7, 9), marks=pytest.mark.slow)],
)
def test_the_rtl_that_vitis_makes_goes_through_the_bench(
    built: Path, monkeypatch: pytest.MonkeyPatch, kind: str, latency: tuple[int, int]
) -> None:
    called = stand_in(built, monkeypatch, kind)
    done = vitis.run(DESIGN, built)
    assert called.read_text().splitlines() == ["-f build.tcl", str(built / "vitis")]
    assert done["mismatches"] == 0
    assert done["compared"] == 3 * SAMPLES
    assert done["needs"] == {"lut": 6123, "ff": 2045, "bram_18k": 3, "dsp": 12, "uram": 0}
    assert (done["latency_cycles"], done["estimated_ns"]) == (latency, 7.251)
    assert read_json(built / "vitis.json")["interval_cycles"] == [9, latency[1]]


@pytest.mark.slow
def test_rtl_that_differs_is_told(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(built, monkeypatch, "parallel", wrong=1)
    with pytest.raises(CheckFailedError):
        vitis.run(DESIGN, built)


def test_the_script_is_tcl(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not installed")
    monkeypatch.setenv(tool.SETTING, "/nowhere/vitis_hls")
    with pytest.raises(NotRunError, match=r"Vitis HLS is missing .GATEWRIGHT_VITIS is /nowhere"):
        vitis.run(DESIGN, built)
    checker = built / "check.tcl"
    checker.write_text(
        "proc unknown {args} { lappend ::said $args; return {} }\n"
        "rename exit leave\nproc exit {} { lappend ::said end }\n"
        "source [lindex $argv 0]\nforeach words $said { puts $words }\n"
    )
    command = ["tclsh", str(checker), "build.tcl"]
    done = subprocess.run(command, cwd=built / "vitis", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "set_top digits_mlp" in said
    assert f"set_part {DESIGN.hls4ml.Part}" in said
    assert said[-2:] == ["csynth_design", "end"]


def test_the_newer_program_has_other_words(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = stand_in(built, monkeypatch, "parallel", name="vitis-run")
    tool.run(_script(built))
    assert called.read_text().splitlines()[0] == "--mode hls --tcl build.tcl"


def _script(built: Path) -> Path:
    path = built / "vitis" / "build.tcl"
    path.parent.mkdir()
    path.write_text("")
    return path


def test_a_failure_of_vitis_is_told(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(built, monkeypatch, "parallel")
    program = built.parent.parent / "amd" / "vitis_hls"
    program.write_text("#!/bin/sh\necho ERROR: no licence\nexit 1\n")
    with pytest.raises(CheckFailedError, match=r"exit status 1(?s:.*)no licence"):
        vitis.run(DESIGN, built)
    program.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(CheckFailedError, match="Vitis HLS left no"):
        vitis.run(DESIGN, built)


def test_a_report_that_lacks_something_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "csynth.xml"
    report.write_text(vitis_stand_in.CSYNTH.format(top="x", ports="", best="?", worst="?"))
    assert tool.report(report).latency is None
    report.write_text(report.read_text().replace("LUT>", "L>"))
    with pytest.raises(CheckFailedError, match="no AreaEstimates/Resources/LUT"):
        tool.report(report)
    report.write_text("no XML")
    with pytest.raises(CheckFailedError, match="is no XML"):
        tool.report(report)


def test_ports_that_do_not_fit_are_refused() -> None:
    side = Side(4, 8, signed=True)
    header = "void t(\n    input_t x[4],\n    result_t y[4]\n);\n"
    ports = {"x": tool.Port("in", 20), "y": tool.Port("out", 32), "y_ap_vld": tool.Port("out", 1)}
    with pytest.raises(CheckFailedError, match="x has 20 bits, but carries 4 elements of 8"):
        core_of("t", header, "", ports, side, side)
    ports["x"] = replace(ports["x"], bits=32)
    found = core_of("t", header, "", ports | {"busy": tool.Port("out", 1)}, side, side)
    assert found.outputs[0].slot == 8
    assert found.connections["busy"] == ""
    with pytest.raises(CheckFailedError, match="nothing is known of the inputs z"):
        core_of("t", header, "", ports | {"z": tool.Port("in", 1)}, side, side)
    with pytest.raises(CheckFailedError, match="made no port x"):
        core_of("t", header, "", {}, side, side)
    with pytest.raises(GatewrightError, match="arguments x, y, z"):
        core_of("t", header.replace(");", "    result_t z[4]\n);"), "", ports, side, side)
