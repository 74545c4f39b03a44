"""The command line: exit status, messages without tracebacks, and what is skipped."""

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatewright import cli, design, flow, steps
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError

DESIGN = """
network: {name: mlp, options: {layers: [64, 32, 10]}}
data: {name: digits, validation: 200}
train: {steps: [{technique: float, epochs: 1}]}
"""


def gatewright(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gatewright", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("sim", "no_such_design"), 2, "unknown design"),
        (("sim", "missing.yml"), 2, "no such .yml file"),
        (("sim", "digits_mlp"), 2, "`gatewright build digits_mlp --to sim`"),
        (("build", "digits_mlp", "--to", "moon"), 2, "'moon' is not one of"),
        (("fly",), 2, "No such command"),
    ],
)
def test_a_mistake_ends_in_words(
    tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    finished = gatewright(*arguments, cwd=tmp_path)
    assert finished.returncode == status
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GatewrightError("wrong"), 2),
        (CheckFailedError("differs"), 1),
        (NotRunError("no tool"), 3),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_status_tells_what_happened(error: BaseException, status: int) -> None:
    def fails() -> None:
        raise error

    assert cli.guarded(fails) == status


@pytest.mark.parametrize("error", [ValueError("?"), NotRunError("?"), SystemExit(0), OSError(5)])
def test_an_interrupt_that_a_library_turned_into_something_else_stays_one(
    error: BaseException,
) -> None:
    def swallow() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None

    at_start = signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner may ignore it
    try:
        assert cli.guarded(swallow) == 130
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, at_start)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from gatewright import cli; cli.guarded(lambda: cli.cli.main(['--help'],"
        " standalone_mode=False)); print(sorted({'torch', 'hls4ml', 'cocotb', 'numpy', 'pydantic'}"
        " & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines()[-1] == "[]"


def test_every_step_is_a_command() -> None:
    assert tuple(cli.STEPS) == flow.NAMES
    shown = CliRunner().invoke(cli.cli, ["list"])
    assert shown.exit_code == 0
    assert "mnist_mlp" in shown.output


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace every step's work by writing its files; the list tells which ran."""
    ran: list[str] = []

    def working(step: flow.Step) -> flow.Step:
        def run(_: design.Design, folder: Path, __: steps.Options) -> None:
            ran.append(step.name)
            for name in step.writes:
                path = folder / name if "." in name else folder / name / "file.sv"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("{}")

        return flow.Step(**{**vars(step), "run": run})

    monkeypatch.setattr(flow, "STEPS", tuple(working(step) for step in flow.STEPS))
    return ran


def loaded(folder: Path, text: str = DESIGN) -> design.Design:
    path = folder / "small.yml"
    path.write_text(text)
    return design.load(str(path))


def test_a_step_runs_again_only_when_what_it_reads_changed(
    tmp_path: Path, recorded: list[str]
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"
    flow.build(small, folder, steps.Options(), None, "sim")
    assert recorded == ["train", "export", "hls", "rtl", "sim"]

    recorded.clear()
    flow.build(small, folder, steps.Options(), None, "sim")
    assert recorded == []

    changed = loaded(tmp_path, DESIGN + "rtl: {input_lanes: 2}\n")
    flow.build(changed, folder, steps.Options(), None, "sim")
    assert recorded == ["rtl", "sim"]

    recorded.clear()
    (folder / "graph.npz").write_text("other")
    flow.build(changed, folder, steps.Options(), None, "hls")
    assert recorded == []
    flow.build(changed, folder, steps.Options(), None, "sim")
    assert recorded == ["rtl"]  # and it wrote the same hardware as before

    recorded.clear()
    flow.build(changed, folder, steps.Options(), "hls", "rtl")
    assert recorded == ["hls", "rtl"]


def test_hardware_that_changed_is_simulated_and_synthesised_again(
    tmp_path: Path, recorded: list[str]
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"
    for last in ("sim", "synth"):
        flow.build(small, folder, steps.Options(), None, last)
    recorded.clear()
    (folder / "rtl" / "file.sv").write_text("another library, the same rtl.json")
    flow.build(small, folder, steps.Options(), None, "synth")
    assert recorded == ["sim", "synth"]


def test_a_step_alone_warns_of_what_is_not_up_to_date(
    tmp_path: Path, recorded: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"
    flow.build(small, folder, steps.Options(), None, "sim")
    flow.run_one(small, "sim", folder, steps.Options())
    assert "not of the design" not in caplog.text
    changed = loaded(tmp_path, DESIGN + "hls4ml: {Model: {ReuseFactor: 7}}\n")
    flow.run_one(changed, "rtl", folder, steps.Options())
    path = os.path.relpath(tmp_path / "small.yml")
    assert f"step hls left is not of the design as it is now; `gatewright build {path}" in (
        caplog.text
    )


def test_a_hint_names_the_design_as_the_command_line_takes_it(
    tmp_path: Path, recorded: list[str]
) -> None:
    assert design.load("digits_mlp").argument == "digits_mlp"
    path = os.path.relpath(tmp_path / "small.yml")
    with pytest.raises(GatewrightError, match=re.escape(f"`gatewright build {path} --to rtl`")):
        flow.run_one(loaded(tmp_path), "rtl", tmp_path / "build", steps.Options())


def test_inputs_that_change_during_a_step_make_it_run_again(
    tmp_path: Path, recorded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"

    def slow(step: flow.Step) -> flow.Step:
        def run(chosen: design.Design, target: Path, options: steps.Options) -> None:
            step.run(chosen, target, options)
            (target / "graph.npz").write_text("changed meanwhile")

        return flow.Step(**{**vars(step), "run": run})

    with monkeypatch.context() as patch:
        changed = (slow(step) if step.name == "rtl" else step for step in flow.STEPS)
        patch.setattr(flow, "STEPS", tuple(changed))
        flow.build(small, folder, steps.Options(), None, "rtl")
    recorded.clear()
    flow.build(small, folder, steps.Options(), None, "rtl")
    assert recorded == ["rtl"]


def test_a_step_that_fails_leaves_no_record_of_an_earlier_run(
    tmp_path: Path, recorded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"
    flow.build(small, folder, steps.Options(), None, "sim")

    def hangs(*_: object) -> None:
        raise CheckFailedError("the design hangs")

    broken = (flow.Step(**{**vars(s), "run": hangs}) if s.name == "sim" else s for s in flow.STEPS)
    monkeypatch.setattr(flow, "STEPS", tuple(broken))
    with pytest.raises(CheckFailedError):
        flow.run_one(small, "sim", folder, steps.Options())
    assert not (folder / "sim.json").exists()


def test_a_step_that_was_interrupted_is_not_taken_for_done(
    tmp_path: Path, recorded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, folder = loaded(tmp_path), tmp_path / "build"
    flow.build(small, folder, steps.Options(), None, "rtl")

    def interrupted(*_: object) -> None:
        (folder / "hls.json").write_text("half")
        raise KeyboardInterrupt

    broken = tuple(
        flow.Step(**{**vars(step), "run": interrupted}) if step.name == "hls" else step
        for step in flow.STEPS
    )
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(flow, "STEPS", broken)
        flow.build(small, folder, steps.Options(), "hls", "rtl")
    recorded.clear()
    flow.build(small, folder, steps.Options(), None, "rtl")
    assert recorded[0] == "hls"


def test_from_needs_what_came_before(tmp_path: Path, recorded: list[str]) -> None:
    with pytest.raises(GatewrightError, match="step train is not up to date"):
        flow.build(loaded(tmp_path), tmp_path / "build", steps.Options(), "hls", "sim")
    with pytest.raises(GatewrightError, match="--from sim comes after --to hls"):
        flow.build(loaded(tmp_path), tmp_path / "build", steps.Options(), "sim", "hls")
    assert recorded == []
