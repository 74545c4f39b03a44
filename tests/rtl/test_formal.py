"""The stream blocks keep their rules for ever, by proof; and each proof notices a fault."""

from pathlib import Path

import pytest

from gatewright.tools import sby
from gatewright.verification import proof, properties
from rtl_blocks import RTL, SIM

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
    blocks = {path.stem for path in (RTL / "stream").glob("*.sv")}
    assert blocks - {each.block for each in PROOFS} == set()


def test_no_assumption_stands_without_a_cover() -> None:
    """A file that assumes something of its inputs shows that they can still be met."""
    for path in sorted((SIM / "formal").glob("*.sv")):
        text = path.read_text(encoding="utf-8")
        if "assume (" in text:
            assert "cover (" in text or "beat_order #(" in text, path.name


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
NEVER = """
module never_proof (
  input logic clk_i
);
  logic q;
  initial q = 1'b0;
  always_ff @(posedge clk_i) cover (q);
endmodule
"""
