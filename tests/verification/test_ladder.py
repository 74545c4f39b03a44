"""The ladder on the digits: every rung passes, and what is broken is named."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatewright import design, flow, graph_io, reference, simulation, steps
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.verification import hardware, ladder
from gatewright.verification.context import Context, Options
from gatewright.verification.hardware import Hardware
from gatewright.verification.ladder import Outcome, Rung
from gatewright.verification.result import NotApplicableError, RungResult

SAMPLES = 40
DESIGN = "digits_mlp"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the digits, trained for a moment and built up to rtl."""
    folder = tmp_path_factory.mktemp("ladder") / DESIGN
    flow.build(design.load(DESIGN), folder, steps.Options(), None, "rtl")
    return folder


@pytest.fixture
def broken(built: Path, request: pytest.FixtureRequest) -> Path:
    """Return a copy of the design, to break; Verilator's builds are shared."""
    folder = built.parent / str(request.node.name)
    return Path(shutil.copytree(built, folder, symlinks=True))


def climb(folder: Path, *words: str, by_name: bool = True) -> Outcome:
    context = Context(design.load(DESIGN), folder, Options(samples=SAMPLES))
    rungs = ladder.chosen(words) if words else ladder.RUNGS
    return ladder.run(context, rungs, by_name=by_name, tell=lambda rung, result: None)


def record(folder: Path, name: str) -> dict[str, object]:
    return dict(json.loads((folder / "verify" / f"{name}.json").read_text()))


def change(path: Path, right: str, wrong: str) -> None:
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))


def flip(path: Path, word: int, bit: int) -> None:
    """Flip a bit of a memory file."""
    lines = path.read_text().split()
    lines[word] = f"{int(lines[word], 16) ^ (1 << bit):0{len(lines[word])}x}"
    path.write_text("\n".join(lines) + "\n")


def test_every_rung_gives_the_same_integers(built: Path) -> None:
    outcome = climb(built, "1-5")
    outcome.require()
    results = json.loads((built / "verify.json").read_text())
    assert [r["rung"] for r in results] == ["pytorch", "qonnx", "csim", "reference", "rtl"]
    for result in results:
        keys = ["rung", "status", "samples", "compared", "mismatches", "wall_s", "why"]
        assert list(result) == keys
        assert (result["status"], result["samples"], result["mismatches"]) == ("pass", SAMPLES, 0)
        assert result["compared"] >= SAMPLES * 10


def test_a_weight_of_the_firmware_is_named(broken: Path) -> None:
    path = next((broken / "hls" / "firmware" / "weights").glob("w*9.txt"))
    words = path.read_text().split(",")
    row = 17  # of 64 inputs each
    words[row * 64 : row * 64 + 64] = ["1.0"] * 64
    path.write_text(",".join(words))
    outcome = climb(broken, "csim")
    assert outcome.failed == ("csim",)
    found = record(broken, "csim")
    assert (found["layer"], found["element"]) == ("fc1", row)
    assert found["found_format"] != found["expected_format"]  # each in its own words
    with pytest.raises(CheckFailedError, match="csim"):
        outcome.require()


def test_a_format_of_the_graph_is_named(broken: Path) -> None:
    change(broken / "graph.json", "ufixed<6,3,RND_CONV,SAT>", "ufixed<6,3,TRN,SAT>")
    outcome = climb(broken, "reference")
    assert outcome.failed == ("reference",)
    found = record(broken, "reference")
    assert (found["layer"], found["bit"]) == ("relu1", 0)
    assert found["expected"] == found["found"] + 1
    assert found["found_format"] == "ufixed<6,3,TRN,SAT>"


def test_a_weight_in_the_hardware_is_named_and_shown(broken: Path) -> None:
    """fc1 has words of 4 rows x 8 inputs x 5 bits; a word's turn is that of 4 rows, 8 inputs."""
    rows, row, column = range(8, 12), 9, 35
    word, lane = rows.start // 4 * 8 + column // 8, (row - rows.start) * 8 + column % 8
    flip(broken / "rtl" / "fc1_weight_000.mem", word, 5 * lane + 4)
    outcome = climb(broken, "4-5")
    assert outcome.failed == ("rtl",)
    (_, result) = outcome.results
    found = record(broken, "rtl")
    assert (found["layer"], found["node"], found["element"]) == ("fc1", "relu1", row)
    assert "layer fc1 (it gives relu1), element 9" in result.why
    context = Context(design.load(DESIGN), broken)
    x = context.samples[found["sample"]][None]
    values = reference.evaluate(context.graph, context.integers(x))
    assert found["expected"] == values["relu1"][0, row] != found["found"]
    with np.load(broken / "verify" / "rtl.npz") as arrays:
        np.testing.assert_array_equal(arrays["input"], x)
        assert arrays["smallest"].reshape(-1)[column] != 0
        assert np.count_nonzero(arrays["smallest"]) == found["inputs_left"]
    assert found["waveform"] == str(broken / "verify" / "rtl.fst")
    assert Path(found["waveform"]).stat().st_size < 200_000  # not of the whole run


def test_where_no_stream_inside_is_seen_the_output_is_named_and_shown(broken: Path) -> None:
    flip(broken / "rtl" / "fc2_weight_000.mem", 0, 0)
    context = Context(design.load(DESIGN), broken, Options(samples=SAMPLES))
    description = {**context.description, "streams": []}
    setup = simulation.setup_for(description, broken / "rtl", context.cache, context.seed)
    result = hardware.run(context, Hardware("netlist", "gates", description, setup))
    assert result.status == "fail"
    found = record(broken, "netlist")
    assert (found["layer"], found["node"]) == ("fc2", "fc2")
    assert found["cycle"] > 0
    assert Path(found["waveform"]).stat().st_size < 200_000


@pytest.mark.slow
def test_a_rounding_in_the_hardware_is_named(broken: Path) -> None:
    change(broken / "rtl" / f"{DESIGN}.sv", "gatewright_pkg::RndConv", "gatewright_pkg::Trn")
    climb(broken, "rtl")
    found = record(broken, "rtl")
    assert (found["layer"], found["bit"]) == ("fc1", 0)


def test_wrong_expectations_are_found_by_the_first_rung_alone(broken: Path) -> None:
    with np.load(broken / "vectors.npz") as arrays:
        changed = dict(arrays)
    changed["outputs"][7, 3] += 1
    np.savez(broken / "vectors.npz", **changed)
    outcome = climb(broken, "1", "2", "4")
    assert outcome.failed == ("pytorch",)
    assert "sample 7, layer fc2, element 3" in outcome.results[0].why
    assert "expected integers are at fault" in outcome.results[0].why
    # Without the first rung the others have only those integers to go by.
    assert climb(broken, "4").failed == ("reference",)


def test_a_network_that_came_as_a_file_has_no_first_rung(broken: Path) -> None:
    change(broken / "export.json", '"pytorch"', '"qonnx"')
    asked = climb(broken, "1", "2")
    assert asked.missing == ("pytorch",)
    assert asked.results[0].status == "not_run"
    with pytest.raises(NotRunError):
        asked.require()
    assert climb(broken, "1", "2", by_name=False).missing == ()


def rung(function: Callable[[Context], RungResult], monkeypatch: pytest.MonkeyPatch) -> Rung:
    monkeypatch.setattr("gatewright.verification.software.made_up", function, raising=False)
    return Rung(1, "made_up", "", "software", "made_up")


@pytest.mark.parametrize(
    ("error", "status", "raised"),
    [
        (CheckFailedError("it hangs"), "fail", CheckFailedError),
        (NotRunError("no tool"), "not_run", NotRunError),
        (NotApplicableError("not here"), "not_run", CheckFailedError),  # so nothing was compared
    ],
)
def test_what_a_rung_raises_is_its_result(
    built: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: GatewrightError,
    status: str,
    raised: type[GatewrightError],
) -> None:
    def fails(context: Context) -> RungResult:
        raise error

    context = Context(design.load(DESIGN), built)
    told: list[RungResult] = []
    outcome = ladder.run(
        context,
        [rung(fails, monkeypatch)],
        by_name=False,
        tell=lambda _, result: told.append(result),
    )
    assert [(result.status, result.why) for result in told] == [(status, str(error))]
    with pytest.raises(raised):
        outcome.require()


def test_nothing_compared_is_a_failure() -> None:
    empty = RungResult(rung="rtl", status="pass")
    with pytest.raises(CheckFailedError, match="nothing was compared"):
        Outcome((empty,), (), ()).require()
    Outcome((replace(empty, compared=1),), (), ()).require()


@pytest.mark.parametrize(
    ("words", "numbers"),
    [(["1-3"], [1, 2, 3]), (["rtl", "qonnx"], [2, 5]), (["qonnx-reference", "5"], [2, 3, 4, 5])],
)
def test_rungs_are_chosen_by_name_or_number(words: list[str], numbers: list[int]) -> None:
    assert [rung.number for rung in ladder.chosen(words)] == numbers


@pytest.mark.parametrize("word", ["moon", "3-1", "0", "1-", "-"])
def test_rungs_that_are_not_there_are_refused(word: str) -> None:
    with pytest.raises(GatewrightError, match="--rungs"):
        ladder.chosen([word])


def test_the_graph_of_a_broken_design_still_loads(built: Path) -> None:
    """The tests above break what is there."""
    assert [node.name for node in graph_io.load(built).nodes][1:] == ["fc1", "relu1", "fc2"]
