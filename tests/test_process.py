"""Programs are started, told apart by how they end, and never left running."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatewright.errors import NotRunError
from gatewright.tools import process


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_status_and_log(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    finished = process.run(python(code), cwd=tmp_path, log=tmp_path / "logs" / "log.txt")
    assert finished.status == 3
    assert set(finished.output.split()) == {"out", "err"}
    assert (tmp_path / "logs" / "log.txt").read_text() == finished.output
    assert finished.outcome == "ended with exit status 3"


def test_environment_is_added(tmp_path: Path) -> None:
    code = "import os; print(os.environ['COLOUR'], 'PATH' in os.environ)"
    assert process.run(python(code), cwd=tmp_path, env={"COLOUR": "red"}).output == "red True\n"


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    finished = process.run(
        [*python("import sys; print(sys.argv[1])"), "$(echo no) ; *"], cwd=tmp_path
    )
    assert finished.output == "$(echo no) ; *\n"


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(NotRunError, match="cannot start no-such-program"):
        process.run(["no-such-program"], cwd=tmp_path)


def test_a_signal_is_named(tmp_path: Path) -> None:
    finished = process.run(python("import os; os.kill(os.getpid(), 11)"), cwd=tmp_path)
    assert finished.outcome == "was ended by signal SIGSEGV"


def test_timeout_kills_the_whole_group(tmp_path: Path) -> None:
    finished = process.run(grandchild(tmp_path), cwd=tmp_path, timeout_s=1.0)
    assert finished.timed_out
    assert "did not end within" in finished.outcome
    assert_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_kills_the_whole_group(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from gatewright.tools import process; "
        f"process.run({grandchild(tmp_path)!r}, cwd=Path({str(tmp_path)!r}))"
    )
    with subprocess.Popen(python(code), stderr=subprocess.DEVNULL) as parent:
        pid = tmp_path / "pid"
        deadline = time.monotonic() + 20
        while not (pid.is_file() and pid.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.send_signal(number)
        assert parent.wait(timeout=20) != 0
    assert_gone(int(pid.read_text()))


def grandchild(folder: Path) -> list[str]:
    """Return a program whose child writes its pid and sleeps."""
    pid = str(folder / "pid")
    inner = (
        f"import os, pathlib, time; pathlib.Path({pid!r}).write_text(str(os.getpid())); "
        "time.sleep(60)"
    )
    return python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])")


def assert_gone(pid: int) -> None:
    """Fail unless the process is dead within a moment (killed, perhaps not yet reaped)."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} still runs")


def test_a_program_on_a_full_disk_did_not_run_even_if_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = python("pass")
    finished = process.run(quiet, cwd=tmp_path)
    process.check(finished, "the tool")
    told = python("import sys; sys.exit('cc1: No space left on device')")
    with pytest.raises(NotRunError, match=r"the disk is full.*--build-dir"):
        process.check(process.run(told, cwd=tmp_path), "the tool")

    usage = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NotRunError, match="the tool could not run: the disk is full"):
        process.check(process.run(quiet, cwd=tmp_path), "the tool")
    (together,) = process.run_together([process.Job(quiet, tmp_path)])
    assert together.no_space
