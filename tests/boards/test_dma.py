"""Zynq boards: the block design's script is Tcl, and the driver talks to a modelled DMA."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import build_folders
from amd_reports import TIMING, UTILISATION
from gatewright import boards, design, vivado
from gatewright.emit.board import design_hash
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json, write_json
from gatewright.reference import outputs
from gatewright.tools import vivado as tool
from gatewright.tools import yosys

DESIGN = design.load("digits_mlp")
GRAPH = build_folders.one_layer("digits_mlp")
BOARDS = ("pynq_z2", "kv260")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    return build_folders.write(GRAPH, tmp_path / "build" / "digits_mlp")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, slack: str = "0.874") -> Path:
    """Install a command that answers as Vivado does with a block design."""
    folder.mkdir(exist_ok=True)
    (folder / "utilisation").write_text(UTILISATION.replace("Slice", "CLB"))
    (folder / "timing").write_text(TIMING.format(slack=slack))
    program = folder / "vivado"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" > {folder}/called\n'
        f"cp {folder}/utilisation utilisation.rpt; cp {folder}/timing timing.rpt\n"
        "top=$(sed -n 's/^set top //p' build.tcl)\n"
        "echo bits > $top.bit; echo hand-off > $top.hwh\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(tool.SETTING, str(program))
    return folder / "called"


class Buffer(np.ndarray[Any, Any]):
    """What ``pynq.allocate`` gives: the model sees only what was flushed."""

    def flush(self) -> None:
        self.flushed = np.array(self)

    def invalidate(self) -> None:
        self[:] = self.arrived

    def freebuffer(self) -> None:
        self.freed = True


class Dma:
    """Both channels of an AXI DMA in front of the network: a transfer is one frame."""

    def __init__(self) -> None:
        self.sendchannel = SimpleNamespace(transfer=self._send, wait=lambda: None)
        self.recvchannel = SimpleNamespace(transfer=self._receive, wait=self._arrive)
        self.waiting: list[Buffer] = []
        self.frames: list[np.ndarray[Any, Any]] = []

    def _receive(self, buffer: Buffer) -> None:
        self.waiting.append(buffer)

    def _send(self, buffer: Buffer) -> None:
        assert self.waiting, "nothing was there to take the result"
        self.frames.append(buffer.flushed)

    def _arrive(self) -> None:
        buffer, frame = self.waiting.pop(0), self.frames.pop(0)
        buffer.arrived = np.zeros(len(buffer), dtype=buffer.dtype)
        result = outputs(GRAPH, frame[None, :12].astype(np.int64))[0]
        buffer.arrived[: len(result)] = result


def pynq(digits: str) -> ModuleType:
    """Return the stand-in for ``pynq`` on a board that runs the design with a hash."""
    words = [int.from_bytes(bytes.fromhex(digits)[k : k + 4], "little") for k in (0, 4)]
    module = ModuleType("pynq")
    module.Overlay = lambda _file: SimpleNamespace(  # type: ignore[attr-defined]
        dma=Dma(), id=SimpleNamespace(read=lambda offset: words[offset // 8])
    )
    module.allocate = lambda shape, dtype: np.zeros(shape, dtype).view(Buffer)  # type: ignore[attr-defined]
    return module


def driver(path: Path, digits: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the driver that was handed out, as on a board."""
    monkeypatch.setitem(sys.modules, "pynq", pynq(digits))
    spec = importlib.util.spec_from_file_location("handed_out", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_driver_gives_the_networks_integers(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "vivado", monkeypatch)
    done = vivado.run(DESIGN, built, boards.load("pynq_z2"))
    assert done["needs"] == {"lut": 1893, "ff": 2714, "bram": 4.5, "dsp": 37}
    on_board = tmp_path / "on_board"
    on_board.mkdir()
    for ending in ("bit", "hwh", "json", "py"):
        shutil.copy(built / f"digits_mlp_pynq_z2.{ending}", on_board)
    digits = design_hash(read_json(built / "rtl.json"), built / "rtl")
    path = on_board / "digits_mlp_pynq_z2.py"
    handed_out = driver(path, digits, monkeypatch)
    network = handed_out.Network()
    samples = np.random.default_rng(1).integers(0, 16, (20, 12))
    integers, classes = network.run(samples.reshape(20, 3, 4))
    assert np.array_equal(integers, outputs(GRAPH, samples))
    assert np.array_equal(classes, integers.argmax(axis=1))

    for wrong, error, message in [
        (samples / 2, TypeError, "must be integers"),
        (samples[:, 1:], ValueError, r"shape \(20, 11\), must be .* 12 elements"),
        (samples[:0], ValueError, r"shape \(0, 12\)"),
        (samples + 1, ValueError, "samples go from 1 to 16, must be 0 to 15"),
        (samples - 1, ValueError, "samples go from -1 to 14, must be 0 to 15"),
    ]:
        with pytest.raises(error, match=message):
            network.run(wrong)
    network.close()
    assert network._sent.freed
    assert network._got.freed

    with pytest.raises(RuntimeError, match=f"the board runs the design {'00' * 8}"):
        driver(path, "00" * 16, monkeypatch).Network()
    about = read_json(on_board / "digits_mlp_pynq_z2.json")
    write_json(on_board / "digits_mlp_pynq_z2.json", about | {"format": 99})
    with pytest.raises(ValueError, match="has the format 99, this driver reads 1"):
        handed_out.Network()
    write_json(on_board / "digits_mlp_pynq_z2.json", about)
    (on_board / "digits_mlp_pynq_z2.bit").write_text("another")
    with pytest.raises(ValueError, match="is not the bitstream that"):
        handed_out.Network(on_board)


@pytest.mark.parametrize("board", BOARDS)
def test_the_block_design_is_tcl(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: str
) -> None:
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not installed")
    called = stand_in(tmp_path / "vivado", monkeypatch)
    vivado.run(DESIGN, built, boards.load(board), clock_mhz=75)
    assert called.read_text().split()[-2:] == ["-source", "build.tcl"]
    work = built / "boards" / board
    checker = tmp_path / "check.tcl"
    # Vivado's own commands record their words and give them back; other files are left alone.
    checker.write_text(
        "proc unknown {args} { lappend ::said $args; return $args }\n"
        "rename file files\n"
        "proc file {args} { if {[lindex $args 0] eq {copy}} { unknown file {*}$args } "
        "else { files {*}$args } }\n"
        "proc glob {args} { return $args }\n"
        "source [lindex $argv 0]\nforeach words $said { puts $words }\n"
    )
    command = ["tclsh", str(checker), "build.tcl"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    top = f"digits_mlp_{board}"
    assert f"create_project -in_memory -part {boards.load(board).device}" in said
    assert f"create_bd_cell -type module -reference {top} core" in said
    assert "FREQMHZ 75" in said
    assert f"write_bitstream -force {top}.bit" in said
    # One beat of the design is one of the DMA.
    description = read_json(built / "rtl.json")
    port = description["inputs"][0]
    bits = port["lanes"] * port["bus_bits_per_element"]
    assert f"CONFIG.c_m_axis_mm2s_tdata_width {bits}" in said
    read = [line.split()[-1] for line in said.splitlines() if line.startswith("read_")]
    assert all((work / name).is_file() for name in read if "/" in name or name.endswith(".mem"))


def test_the_module_of_the_block_design_elaborates(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "vivado", monkeypatch)
    vivado.run(DESIGN, built, boards.load("kv260"))
    work = built / "boards" / "kv260"
    names = sorted((work / "src").iterdir(), key=lambda path: not path.stem.endswith("_pkg"))
    script = [f"read_verilog -sv -defer src/{path.name}" for path in names]
    script += ["hierarchy -check -top digits_mlp_kv260", "proc", "check -assert"]
    yosys.run(script, work, work / "yosys.log", "Yosys")
    digits = design_hash(read_json(built / "rtl.json"), built / "rtl")
    first = bytes.fromhex(digits)[:4][::-1].hex()
    assert f"id_low  = 32'h{first};" in (work / "src" / "digits_mlp_kv260.v").read_text()


def test_a_missed_clock_leaves_no_bitstream(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "vivado", monkeypatch, slack="-0.312")
    with pytest.raises(CheckFailedError, match="digits_mlp_kv260 misses 200 MHz"):
        vivado.run(DESIGN, built, boards.load("kv260"))
    assert not list(built.glob("digits_mlp_kv260.*"))


def test_what_the_dma_does_not_take_is_refused(built: Path) -> None:
    with pytest.raises(GatewrightError, match="no serial line; leave --baud away"):
        vivado.run(DESIGN, built, boards.load("kv260"), baud=9600)
    description = read_json(built / "rtl.json")
    port = description["inputs"][0]
    port["lanes"], port["beats"] = 3, 4
    write_json(built / "rtl.json", description)
    with pytest.raises(GatewrightError, match="its input has 3 bytes; AXI DMA takes 1, 2, 4"):
        vivado.run(DESIGN, built, boards.load("pynq_z2"))
    description["inputs"].append(port)
    write_json(built / "rtl.json", description)
    with pytest.raises(GatewrightError, match="has 2 inputs"):
        vivado.run(DESIGN, built, boards.load("pynq_z2"))
