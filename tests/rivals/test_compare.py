import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatewright import cli
from gatewright.design import Design, load
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import sha256, write_json
from gatewright.fixed import parse_format
from gatewright.graph import Graph, Input, StreamType
from gatewright.rivals import compare, cpu, nngen
from gatewright.rivals.row import Cells, Row
from gatewright.rivals.subject import Subject
from networks import dense, mlp, random_inputs, relu

ROW = Row(
    tool="any",
    setting="none",
    network="digits_mlp",
    cycles_per_inference=2,
    latency_cycles=3,
    cells=Cells.of({"LUT4": 5}),
    samples=1,
    mismatches=0,
    note="",
)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every design pass for built and measured."""

    def ours(design: Design, folder: Path) -> Row:
        return replace(ROW, network=design.name)

    def subject(design: Design, folder: Path, samples: int) -> Subject:
        graph = mlp()
        return Subject(
            design.name, graph, random_inputs(graph, samples), random_inputs(graph, 9), folder
        )

    monkeypatch.setattr(compare, "require", lambda *_: None)
    monkeypatch.setattr(compare, "_ours", ours)
    monkeypatch.setattr(compare, "TOOLS", {"nngen": nngen.measure})
    monkeypatch.setattr(compare, "_subject", subject)


def command(tmp_path: Path, *words: str) -> Result:
    words = ("--build-dir", str(tmp_path), "compare", "digits_mlp", *words)
    return CliRunner().invoke(cli.cli, words)


def test_a_design_that_is_not_built_is_refused(tmp_path: Path) -> None:
    found = command(tmp_path).exception
    assert isinstance(found, GatewrightError)
    assert "is missing" in str(found)
    assert "`gatewright build digits_mlp --to sim`" in str(found)


@pytest.mark.usefixtures("built")
def test_what_is_not_installed_is_told_and_refused_only_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = command(tmp_path)
    assert done.exit_code == 0
    assert done.output.endswith(
        "nngen not measured: nngen is missing; install it: pip install nngen==1.3.4\n"
    )
    record = json.loads((tmp_path / "digits_mlp" / "compare.json").read_text())
    assert [row["network"] for row in record["rows"]] == ["digits_mlp"]
    asked = command(tmp_path, "--tools", "nngen")
    assert "nngen not measured" in asked.output
    assert isinstance(asked.exception, NotRunError)
    assert asked.exception.exit_status == 3


@pytest.mark.usefixtures("built")
def test_rows_of_every_tool_with_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(subject: Subject, settings: Sequence[str]) -> list[Row]:
        return [replace(ROW, tool="other", setting=text) for text in settings]

    monkeypatch.setattr(compare, "TOOLS", {"other": other, "nngen": nngen.measure})
    told: list[Row] = []
    asked = {"other": ["a", "b"]}
    design = load("digits_mlp")
    done = compare.run(design, tmp_path, ["other"], settings=asked, samples=1, tell=told.append)
    assert done.rows == told
    assert [row.setting for row in done.rows] == ["none", "a", "b"]
    assert not done.missing
    with pytest.raises(GatewrightError, match="unknown tool 'vivado'; must be of other, nngen"):
        compare.run(design, tmp_path, ["vivado"], settings={}, samples=1, tell=told.append)


@pytest.mark.usefixtures("built")
def test_onnx_runtime_stands_beside_hardware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "TOOLS", {"nngen": nngen.measure, "onnxruntime": cpu.measure})
    done = command(tmp_path, "--tools", "onnxruntime")
    assert done.exit_code == 0, done.output
    assert "us per inference, 0 integers of 2 samples different\n" in done.output
    ours, theirs = json.loads((tmp_path / "digits_mlp" / "compare.json").read_text())["rows"]
    assert (ours["lut"], theirs["lut"]) == (5, None)
    assert theirs["tool"].startswith("ONNX Runtime")


def test_the_clock_of_other_rtl_is_not_told(tmp_path: Path) -> None:
    assert compare._fmax(tmp_path) is None
    top = tmp_path / "rtl" / "small.sv"
    top.parent.mkdir()
    top.write_text("module small; endmodule\n")
    record = {"design": "small", "rtl_sha256": sha256(top), "ecp5": {"fmax_mhz": 99.96}}
    write_json(tmp_path / "synth.json", record)
    assert compare._fmax(tmp_path) == 99.96
    top.write_text("module small; wire x; endmodule\n")
    assert compare._fmax(tmp_path) is None


@pytest.mark.usefixtures("built")
def test_wrong_outputs_are_a_failed_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(ROW, tool="other", mismatches=1)
    monkeypatch.setattr(compare, "TOOLS", {"nngen": lambda *_: [wrong]})
    found = command(tmp_path).exception
    assert isinstance(found, CheckFailedError)
    assert "other, none" in str(found)


@pytest.mark.parametrize(
    ("text", "columns", "rows", "pauses", "bus"),
    [("1", 1, 1, False, 32), ("4", 4, 1, False, 32), ("4x4+pauses", 4, 4, True, 128)],
)
def test_settings(text: str, columns: int, rows: int, pauses: bool, bus: int) -> None:
    setting = nngen.Setting.parse(text)
    assert (setting.columns, setting.rows, setting.pauses, setting.bus) == (
        *(columns, rows, pauses, bus),
    )


@pytest.mark.parametrize("text", ["", "3", "4x", "x4", "4x4x4", "64", "4+pause"])
def test_settings_that_are_none(text: str) -> None:
    with pytest.raises(GatewrightError, match=r"NNgen's setting is .* must be inputs"):
        nngen.Setting.parse(text)


def test_a_bench_that_says_too_little_is_no_success() -> None:
    text = "cycles         12\noutput         -3\noutput          4\n"
    cycles, outputs = nngen.read_bench(text, (1, 2))
    assert (cycles, outputs.tolist()) == ([12], [[-3, 4]])
    with pytest.raises(CheckFailedError, match="1 inferences and 2 outputs; expected 1 and 3"):
        nngen.read_bench(text, (1, 3))
    with pytest.raises(CheckFailedError, match="expected 2 and 2"):
        nngen.read_bench(text, (2, 1))


@pytest.mark.slow
def test_nngen_computes_these_integers(tmp_path: Path) -> None:
    pytest.importorskip("nngen")
    kind = StreamType(parse_format("ufixed<8,0>"), (12,))  # whole bytes: they need an offset
    source = Input(name="x", origin="x", inputs=(), out=kind)
    hidden = dense("fc1", source, 6)
    rectified = relu("relu1", hidden)
    graph = Graph("net", (source, hidden, rectified, dense("fc2", rectified, 3)), ("fc2",))
    subject = Subject("net", graph, random_inputs(graph, 3), random_inputs(graph, 9), tmp_path)
    quick, plain = nngen.measure(subject, ["2x2", "1+pauses"])
    assert (quick.samples, quick.mismatches, plain.mismatches) == (3, 0, 0)
    assert 0 < quick.cycles_per_inference < plain.cycles_per_inference
    assert quick.cells.lut > plain.cells.lut > 0
    assert quick.cells.dsp > plain.cells.dsp
