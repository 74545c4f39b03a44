"""The one place that starts other programs."""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from gatewright.errors import CheckFailedError, NotRunError

_POLL_S = 0.05
_FULL_BYTES = 16 * 1024  # no program here gets by with less


@dataclass(frozen=True)
class Finished:
    """A program that has ended.

    Attributes:
        command: The program and its arguments.
        status: Exit status; negative: the signal that ended it.
        output: What it wrote, standard output and standard error together.
        seconds: How long it ran.
        timed_out: It was stopped because its time was up.
        no_space: When it ended, the disk of its folder or that of temporary files was full: it may
            have lost what it wrote, even where it says that all went well.
    """

    command: tuple[str, ...]
    status: int
    output: str
    seconds: float
    timed_out: bool = False
    no_space: bool = False

    def require_space(self, what: str) -> None:
        """Refuse what a program did on a full disk.

        Raises:
            NotRunError: the disk was full.
        """
        if self.no_space:
            raise NotRunError(
                f"{what} could not run: the disk is full. Free some space (or name another "
                "--build-dir, or another TMPDIR for temporary files), then run the step again"
            )

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return f"did not end within {self.seconds:.0f} s and was stopped"
        if self.status < 0:
            return f"was ended by signal {signal.Signals(-self.status).name}"
        return f"ended with exit status {self.status}"


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    timeout_s: float | None = None,
) -> Finished:
    """Run a program to its end and return what it wrote.

    The program gets a process group of its own, which is killed whole if the program takes longer
    than ``timeout_s`` or if this process is interrupted (Ctrl-C) or told to end (SIGTERM, SIGHUP):
    nothing runs on unseen.

    Args:
        command: The program and its arguments; no shell reads them.
        cwd: Folder to run it in.
        env: Variables on top of this process's own.
        log: File that keeps the output; written while the program runs.
        timeout_s: Seconds it may take; None: any.

    Raises:
        NotRunError: the program is not there or cannot be started.
    """
    words = tuple(str(word) for word in command)
    started = time.monotonic()
    with _output_file(log) as output, _ending_raises():
        child = _start(words, cwd, env, output)
        timed_out = False
        try:
            child.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _kill_group(child)
        text = _text(output)
    seconds = time.monotonic() - started
    return Finished(words, child.returncode, text, seconds, timed_out, _full(cwd, text))


@dataclass(frozen=True)
class Job:
    """A program to run with others: see ``run``."""

    command: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None


def run_together(jobs: Sequence[Job], at_once: int | None = None) -> list[Finished]:
    """Run programs side by side, each to its end, and return what they wrote, in order.

    Args:
        jobs: What to run.
        at_once: How many at the same time; None: one for each processor.

    Raises:
        NotRunError: a program cannot be started; those that were are killed, as in ``run``.
    """
    most = at_once or len(os.sched_getaffinity(0))
    waiting = list(enumerate(jobs))
    running: dict[int, tuple[subprocess.Popen[bytes], IO[bytes], float]] = {}
    results: dict[int, Finished] = {}
    with ExitStack() as outputs, _ending_raises():
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    index, job = waiting.pop(0)
                    output = outputs.enter_context(_output_file(job.log))
                    child = _start(tuple(map(str, job.command)), job.cwd, job.env, output)
                    running[index] = (child, output, time.monotonic())
                time.sleep(_POLL_S)
                for index in [i for i, (child, *_) in running.items() if child.poll() is not None]:
                    child, output, started = running.pop(index)
                    words = tuple(map(str, jobs[index].command))
                    seconds = time.monotonic() - started
                    text = _text(output)
                    results[index] = Finished(
                        words,
                        child.returncode,
                        text,
                        seconds,
                        no_space=_full(jobs[index].cwd, text),
                    )
        finally:
            for child, *_ in running.values():
                _kill_group(child)
    return [results[index] for index in range(len(jobs))]


def _start(
    words: tuple[str, ...], cwd: Path, env: Mapping[str, str] | None, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - a list of words; no shell reads them
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise NotRunError(f"cannot start {words[0]}: {error.strerror or error}") from error


def _text(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode("utf-8", errors="replace")


def _full(folder: Path, text: str) -> bool:
    """Whether there was no space for what a program in ``folder`` had to write."""
    places = [place for place in (folder, Path(tempfile.gettempdir())) if place.is_dir()]
    free = min(shutil.disk_usage(place).free for place in places)
    return free < _FULL_BYTES or os.strerror(errno.ENOSPC) in text


def check(finished: Finished, what: str, lines: int = 12) -> None:
    """Raise unless ``finished`` ended with exit status 0.

    Args:
        finished: A program that has ended.
        what: What it did, for the message.
        lines: How many of its last lines the message holds.

    Raises:
        CheckFailedError: it did not.
        NotRunError: the disk was full.
    """
    finished.require_space(what)
    if finished.status != 0 or finished.timed_out:
        end = "\n".join(finished.output.splitlines()[-lines:])
        raise CheckFailedError(f"{what} {finished.outcome}:\n{end}")


@contextmanager
def _ending_raises() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit meanwhile, so that ``finally`` runs on them too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _output_file(log: Path | None) -> IO[bytes]:
    if log is None:
        return tempfile.TemporaryFile()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("w+b")


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group; nothing if it has ended by itself."""
    if child.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


class Child:
    """A program that runs beside this one; see ``talking_to``."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    def read_line(self) -> str:
        """Return the next line that it writes; empty if it has ended."""
        assert self._child.stdout is not None  # noqa: S101 - it is a pipe
        return self._child.stdout.readline().decode("utf-8", errors="replace").strip()

    def close(self, timeout_s: float) -> tuple[int, str]:
        """Close its standard input; return its exit status and what else it wrote."""
        try:
            rest, _ = self._child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _kill_group(self._child)
            rest, _ = self._child.communicate()
        return self._child.returncode, rest.decode("utf-8", errors="replace")


@contextmanager
def talking_to(command: Sequence[str | Path], *, cwd: Path) -> Iterator[Child]:
    """Run a program until the block is left; its standard input is open as long as it may run.

    Args:
        command: The program and its arguments; no shell reads them.
        cwd: Folder to run it in.

    Raises:
        NotRunError: the program is not there or cannot be started.
    """
    words = tuple(str(word) for word in command)
    with _ending_raises():
        try:
            child = subprocess.Popen(  # noqa: S603 - a list of words; no shell reads them
                words,
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise NotRunError(f"cannot start {words[0]}: {error.strerror or error}") from error
        try:
            yield Child(child)
        finally:
            _kill_group(child)
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
