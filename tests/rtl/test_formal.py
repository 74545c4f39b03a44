"""The stream blocks keep their rules for ever, by proof; and each proof notices a fault."""

import re
from pathlib import Path
from typing import Any

import pytest

from gatewright.errors import GatewrightError
from gatewright.tools import sby
from gatewright.verification import proof, properties
from rtl_blocks import RTL, SIM
from rtl_coverage import library

PROOFS = properties.load()
SLOW = [each for each in PROOFS if not each.quick]
FAULTS = [each for each in PROOFS if each.fault]
AT_ONCE = 2


def require_passes(proofs: list[properties.Proof], folder: Path) -> None:
    results = proof.prove(proofs, folder, cache=None)
    assert results
    assert [proof.line(each) for each in results if each.status != "pass"] == []


def is_caught(each: properties.Proof, folder: Path) -> bool:
    """Whether a task fails with the fault in place; one left open is none."""
    verdicts = sby.run(each.faulty_tasks(), folder, None, AT_ONCE)
    return any(verdict.status == "fail" for verdict in verdicts)


def test_quick_proofs(tmp_path: Path) -> None:
    require_passes([each for each in PROOFS if each.quick], tmp_path)


def test_a_fault_is_caught(tmp_path: Path) -> None:
    assert is_caught(next(each for each in FAULTS if each.block == "axis_skid"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("each", SLOW, ids=lambda each: each.name)
def test_proof(each: properties.Proof, tmp_path: Path) -> None:
    require_passes([each], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("each", FAULTS, ids=lambda each: each.block)
def test_fault_is_caught(each: properties.Proof, tmp_path: Path) -> None:
    assert is_caught(each, tmp_path)


def test_every_block_in_the_table_has_a_fault() -> None:
    assert {each.block for each in PROOFS} == {each.block for each in FAULTS}


def test_every_stream_block_has_properties() -> None:
    texts = {Path(name).stem: text for name, text in library().items()}
    port = re.compile(r"^ +output logic +(\[.*\] +)?m_axis_tvalid\b", re.MULTILINE)
    blocks = {name for name, text in texts.items() if port.search(text)}
    blocks |= {path.stem for path in (RTL / "stream").glob("*.sv")}
    blocks |= {"uart_rx", "uart_tx", "packet_rx"}  # bytes, without backpressure on one side
    blocks -= {"uart_shell"}  # these, put together: a beat leaves thousands of cycles after reset
    assert {"conv_layer", "depthwise_engine", "pool", "credit_gate", "packet_store"} <= blocks
    assert blocks - {each.block for each in PROOFS} == set()


def uncovered(text: str) -> list[str]:
    """Return the processes that assume something and have no cover statement.

    Those that a constant is chosen by are met if any beat leaves, which beat_order covers. A lemma
    is assumed after it has been proved.
    """
    code = re.sub(r"//.*", "", text)
    pattern = r"^( +)always_\w+[^\n]*begin\n.*?^\1end$|^ +always_\w+[^\n]*;$"
    found = [match[0] for match in re.finditer(pattern, code, re.MULTILINE | re.DOTALL)]
    assuming = [each for each in found if re.search(r"assume \((?!lemma\))", each)]
    constant = "anyconst" in code or "beat_order #(" in code
    return [
        each
        for each in assuming
        if "cover (" not in each and not ("always_comb" in each and constant)
    ]


def test_every_assumption_has_a_cover() -> None:
    """What is assumed of the inputs can still be met: a cover beside it, which is reached."""
    texts = {path.name: path.read_text() for path in (SIM / "formal").glob("*.sv")}
    assert {name: found for name, text in texts.items() if (found := uncovered(text))} == {}
    assert sum("assume (s_axis" in text for text in texts.values()) > 10


def test_an_assumption_without_a_cover_is_found() -> None:
    process = "  always_ff @(posedge clk_i) begin\n    assume (a);\n{}  end\n\n"
    assert uncovered(process.format("    cover (b);\n")) == []
    assert len(uncovered(process.format(""))) == 1


def test_each_proof_has_the_beats_that_leave_covered() -> None:
    """Three beats leave within the cycles of every proof of a stream."""
    texts = {path.stem: path.read_text() for path in (SIM / "formal").glob("*.sv")}

    def has_order(name: str) -> bool:
        held = set(re.findall(r"^ +(\w+) #\($", texts[name], re.MULTILINE)) & texts.keys()
        return bool({"beat_order", "beat_mark"} & held) or any(has_order(each) for each in held)

    without = {each.block for each in PROOFS if not has_order(f"{each.block}_proof")}
    assert without == {"requantise", "credit_gate", "matvec_serialise", "axis_frame_guard"}


@pytest.mark.parametrize(
    "more",
    [
        {"bounded": 19, "cover": 9, "latency": 2, "storage": 8, "why": "it is large"},
        {"bounded": 20, "cover": 21, "latency": 2, "storage": 8, "why": "it is large"},
        {"bounded": 20, "latency": 2, "storage": 8},
        {"bounded": 20, "storage": 8, "why": "it is large"},
    ],
)
def test_a_bound_that_is_too_low_is_refused(more: dict[str, Any]) -> None:
    properties.Proof("softmax", {}, bounded=20, latency=2, storage=8, why="it is large")
    with pytest.raises(GatewrightError, match="bounded must be at least cover and twice latency"):
        properties.Proof("softmax", {}, **more)


def test_steps_and_a_bound_are_refused() -> None:
    with pytest.raises(GatewrightError, match="steps is 2, bounded 20; a proof has one of the two"):
        properties.Proof(
            "softmax", {}, bounded=20, steps=2, latency=2, storage=8, why="it is large"
        )


def test_an_induction_knows_what_a_memory_holds(tmp_path: Path) -> None:
    """The words of a memory that is never written are its file's in every cycle."""
    files = {"rom.sv": ROM, "rom.mem": "3\n2\n"}
    right = sby.Task(top="rom_proof", files=files, mode="steps", depth=2)
    wrong = sby.Task(top="rom_proof", files={**files, "rom.mem": "3\n1\n"}, mode="steps", depth=2)
    verdicts = sby.run([right, wrong], tmp_path, None, AT_ONCE)
    assert [verdict.status for verdict in verdicts] == ["pass", "fail"]


def test_what_is_relied_on_is_proved_first() -> None:
    """A proof that assumes a lemma has a run that proves it."""
    relying = [each for each in PROOFS if "assume (lemma)" in lemma_text(each)]
    assert relying
    for each in relying:
        first, second, *_ = each.tasks()
        assert (first.parameters["Lemmas"], second.parameters.get("Lemmas", 0)) == (1, 0)
        assert first.mode == "prove"


def lemma_text(each: properties.Proof) -> str:
    return (SIM / "formal" / f"{each.block}_proof.sv").read_text()


def test_the_list_of_proofs_is_that_of_the_table() -> None:
    """``gatewright prove --table sim/formal/PROOFS.md`` made it: name, method, status."""
    lines = (SIM / "formal" / "PROOFS.md").read_text().splitlines()
    listed = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines[2:]]
    assert listed == [[each.name, each.method, "pass"] for each in PROOFS]


def test_a_table_of_proofs_says_depth_and_time() -> None:
    each = properties.Proof("pool", {"A": 1}, bounded=20, latency=2, storage=8, why="it is large")
    (row,) = proof.table([proof.Proved(each, "pass", 1.25, "")]).splitlines()[2:]
    assert row == "| pool(A 1) | bounded 20 | pass | 1.2 | latency 2, storage 8; it is large |"


def test_what_is_left_open_is_no_pass(tmp_path: Path) -> None:
    task = next(each for each in PROOFS if each.block == "axis_fifo").tasks()[0]
    files = {"open.sv": OPEN}
    open_task = sby.Task(top="open_proof", files=files, mode="prove", timeout_s=1)
    (verdict,) = sby.run([open_task], tmp_path, None, AT_ONCE)
    assert verdict.status == "unknown"
    assert task.key != open_task.key


def test_a_cover_that_is_not_reached_fails(tmp_path: Path) -> None:
    files = {"never.sv": NEVER}
    task = sby.Task(top="never_proof", files=files, mode="cover", depth=3)
    (verdict,) = sby.run([task], tmp_path, None, AT_ONCE)
    assert verdict.status == "fail"
    assert "unreached" in verdict.detail


def test_a_verdict_is_kept(tmp_path: Path) -> None:
    task = sby.Task(top="never_proof", files={"never.sv": NEVER}, mode="cover", depth=3)
    cache = tmp_path / "cache"
    (first,) = sby.run([task], tmp_path, cache, AT_ONCE)
    (cache / f"{task.key}.json").write_text(
        '{"status": "pass", "seconds": 1.0, "detail": "kept"}', encoding="utf-8"
    )
    (second,) = sby.run([task], tmp_path, cache, AT_ONCE)
    assert (first.status, second.detail) == ("fail", "kept")


# Two large multipliers of different shape: no solver shows in a second that they agree.
OPEN = """
module open_proof (
  input logic        clk_i,
  input logic [39:0] a_i, b_i
);
  logic [79:0] x_q, y_q;
  always_ff @(posedge clk_i) begin
    x_q <= 80'(a_i) * b_i;
    y_q <= (80'(a_i) + 1'b1) * 80'(b_i) - b_i;
  end
  initial begin
    x_q = '0;
    y_q = '0;
  end
  always_comb assert (x_q == y_q);
endmodule
"""
ROM = """
module rom_proof (
  input logic clk_i, index_i
);
  logic [1:0] words[2];
  initial $readmemh("rom.mem", words);
  always_ff @(posedge clk_i) assert (words[index_i] >= 2'd2);
endmodule
"""
NEVER = """
module never_proof (
  input logic clk_i
);
  logic q;
  initial q = 1'b0;
  always_ff @(posedge clk_i) cover (q);
endmodule
"""
