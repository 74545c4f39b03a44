"""The count of the lines that benches run: what no bench has shows."""

from pathlib import Path

from rtl_blocks import ROOT, RTL, SIM
from rtl_coverage import Counts, library, lines_of, report

LONELY = """module lonely #(
  parameter int unsigned Width = 2
) (
  input  logic clk_i,
  input  logic [Width-1:0] data_i,
  output logic [Width-1:0] data_o
);
  function automatic int unsigned twice(input int unsigned number);
    twice = 2 * number;
  endfunction
  localparam int unsigned Most = twice(Width);
  always_ff @(posedge clk_i) begin
    if (data_i != '0) data_o <= data_i;
    else data_o <= Width'(Most);
  end
endmodule
"""
TEXTS = {"lonely.sv": LONELY}


def covered(counts: Counts, folder: Path) -> tuple[list[str], float]:
    (folder / "lonely.sv").write_text(LONELY)
    return report(counts, TEXTS, folder)


def test_a_block_without_a_bench_counts_as_not_run(tmp_path: Path) -> None:
    rows, share = covered({}, tmp_path)
    assert share == 0
    assert rows[0].split()[2] == "0.0%"
    assert any("if (data_i" in row for row in rows)


def test_a_line_that_did_not_run_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path / "lonely.sv") if covered({}, tmp_path) else set()
    rows, share = covered({"lonely.sv": {line: int(line != 14) for line in lines}}, tmp_path)
    assert 0 < share < 1
    assert rows[1:-1] == ["      14  else data_o <= Width'(Most);"]


def test_a_function_of_constants_is_told_apart(tmp_path: Path) -> None:
    rows, _ = covered({}, tmp_path)
    marked = [row for row in rows if "runs when the design is built" in row]
    assert len(marked) == len([row for row in rows if "twice" in row])
    assert not any("data_o" in row for row in marked)


def test_both_branches_of_a_generate_count() -> None:
    """The default has logic or block RAM; both must be run."""
    source = (RTL / "layers" / "depthwise_folded.sv").read_text().splitlines()
    wanted = {number for number, line in enumerate(source, 1) if "word_q <= memory" in line}
    assert len(wanted) == 2
    assert wanted <= lines_of(RTL / "layers" / "depthwise_folded.sv")


def test_every_block_is_in_a_bench() -> None:
    """Also those that are nothing but wires and instances, which have no line to count."""
    texts = {Path(name).stem: text for name, text in library().items()}
    harnesses = "".join(path.read_text() for path in (SIM / "blocks").glob("*.sv"))
    others = {"test_lint", "test_formal", "test_mutants", "test_coverage"}  # without benches
    files = [path for path in (ROOT / "tests" / "rtl").glob("*.py") if path.stem not in others]
    tests = "".join(path.read_text() for path in files)
    pending = [name for name in texts if f'"{name}"' in tests or f"{name} #(" in harnesses]
    reached = set(pending)
    while pending:
        text = texts[pending.pop()]
        found = {name for name in texts if f"  {name} #(" in text} - reached
        reached |= found
        pending += found
    # Of constants; what designs that the benches emit are made of.
    emitted = {"matvec_layer", "sparse_conv_layer", "carry_sum", "offset_requantise"}
    assert texts.keys() - reached == {"gatewright_pkg", *emitted}
