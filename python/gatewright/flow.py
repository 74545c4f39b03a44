"""The steps from a design to checked hardware: this list and nothing else.

Every step reads the files of the step before and writes its own into ``build/<design>/``, so each
can be run alone, resumed, and skipped when nothing it reads has changed.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewright import steps
from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.files import read_json, sha256, write_json
from gatewright.resources import package_root, rtl_root, sim_root
from gatewright.train.settings import teachers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One step of the flow.

    Attributes:
        name: As on the command line.
        run: Does the work: (design, folder, options) -> nothing; raises on failure.
        keys: Keys of the design that it reads.
        reads: Files and folders of earlier steps, in the build folder.
        writes: Files and folders that it leaves, its record (JSON) last; all there, and a stamp,
            means that the step was completed.
        code: Files and folders of this package that decide its result.
    """

    name: str
    run: Callable[[Design, Path, steps.Options], None]
    keys: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    code: tuple[str, ...]


_CHECKS = ("comparison.py", "vectors.py")
STEPS = (
    Step(
        "train",
        steps.train,
        keys=("network", "data", "train"),
        reads=(),
        writes=("model.pt", "metrics.json"),
        code=("train", "nets", "data"),
    ),
    Step(
        "export",
        steps.export,
        keys=("network", "data", "train", "onnx", "inputs", "preprocessing"),
        reads=("model.pt",),
        writes=("model.onnx", "vectors.npz", "export.json"),
        code=("export", "train", "nets", "data"),
    ),
    Step(
        "hls",
        steps.hls,
        keys=("hls4ml",),
        reads=("model.onnx", "vectors.npz"),
        writes=("hls", "graph.json", "graph.npz", "hls.json"),
        code=(
            *("frontend", "fixed.py", "graph.py", "graph_io.py", "passes.py", "unrolled.py"),
            *_CHECKS,
        ),
    ),
    Step(
        "rtl",
        steps.rtl,
        keys=("rtl",),
        reads=("graph.json", "graph.npz", "vectors.npz"),
        writes=("rtl", "rtl.json"),
        code=(
            *("emit", "fixed.py", "graph.py", "folding.py", "passes.py", "reference.py", "/rtl"),
            *("estimate", "sparse.py", "sparse_cycles.py", "activity.py", "unrolled.py"),
            *("adders.py", "carry.py", "reassociate.py"),
            *_CHECKS,
        ),
    ),
    Step(
        "sim",
        steps.sim,
        keys=("rtl", "sim"),
        reads=("rtl.json", "rtl", "vectors.npz"),
        writes=("sim.json",),
        code=("simulation.py", "tools", "/sim", *_CHECKS),
    ),
    Step(
        "synth",
        steps.synth,
        keys=("synth",),
        reads=("rtl.json", "rtl"),
        writes=("synth.json",),
        code=(
            *("synthesis.py", "tools/yosys.py", "tools/carries.py", "tools/nextpnr.py"),
            *("emit", "/rtl"),
        ),
    ),
)
NAMES = tuple(step.name for step in STEPS)


# Earlier ones also depend on the options that they were run with, later ones are not read.
_TOLD_STALE = ("hls", "rtl")


def run_one(design: Design, name: str, folder: Path, options: steps.Options) -> None:
    """Run one step, whether or not it is up to date; warn of earlier ones that are not.

    Raises:
        GatewrightError: a file of an earlier step is missing; the message names both.
    """
    position = NAMES.index(name)
    step = STEPS[position]
    _check_inputs(design, step, folder, options)
    for earlier in STEPS[:position]:
        if earlier.name in _TOLD_STALE and not _is_fresh(design, earlier, folder, options):
            log.warning(
                "what step %s left is not of the design as it is now; `gatewright build %s --to "
                "%s` runs what is needed",
                *(earlier.name, design.argument, name),
            )
            break
    _run(design, step, folder, options)


def require(design: Design, folder: Path, last: str) -> None:
    """Refuse a design that was not built up to a step.

    Raises:
        GatewrightError: a file is missing; the message names it and the command that writes it.
    """
    for step in STEPS[: NAMES.index(last) + 1]:
        for name in step.writes if step.name != "train" else ():
            _check_there(design, folder, name, f"`gatewright build {design.argument} --to {last}`")


def build(
    design: Design, folder: Path, options: steps.Options, first: str | None, last: str
) -> None:
    """Run the steps up to ``last`` that are not up to date; from ``first`` on, run them anyway."""
    start, end = NAMES.index(first) if first else len(STEPS), NAMES.index(last)
    if first and start > end:
        raise GatewrightError(f"--from {first} comes after --to {last}")
    for position, step in enumerate(STEPS[: end + 1]):
        if step.name == "train" and not _trains(design, options):
            continue
        if position < start and _is_fresh(design, step, folder, options):
            log.info("%-6s up to date", step.name)
            continue
        if first and position < start:
            raise GatewrightError(
                f"--from {first}: step {step.name} is not up to date; leave --from away"
            )
        _run(design, step, folder, options)


def _run(design: Design, step: Step, folder: Path, options: steps.Options) -> None:
    stamp = _stamp(step, folder)
    stamp.unlink(missing_ok=True)
    (folder / step.writes[-1]).unlink(missing_ok=True)  # no record but that of a run to its end
    log.info("%-6s %s", step.name, design.name)
    # Before the run: what changes while it runs is not what the result was made from.
    fingerprint = _fingerprint(design, step, folder, options)
    step.run(design, folder, options)
    write_json(stamp, {"fingerprint": fingerprint})


def _stamp(step: Step, folder: Path) -> Path:
    return folder / ".steps" / f"{step.name}.json"


def _is_fresh(design: Design, step: Step, folder: Path, options: steps.Options) -> bool:
    stamp = _stamp(step, folder)
    if not stamp.is_file() or not all((folder / name).exists() for name in step.writes):
        return False
    if not all((folder / name).exists() for name in _reads(design, step, options)):
        return False
    recorded = read_json(stamp).get("fingerprint")
    return bool(recorded == _fingerprint(design, step, folder, options))


def _trains(design: Design, options: steps.Options) -> bool:
    return design.trains and not options.pretrained


def _reads(design: Design, step: Step, options: steps.Options) -> Sequence[str]:
    return [name for name in step.reads if name != "model.pt" or _trains(design, options)]


def _check_inputs(design: Design, step: Step, folder: Path, options: steps.Options) -> None:
    if step.name == "train" and not design.trains:
        raise GatewrightError(
            f"{design.name} names an ONNX file, so there is nothing to train; begin with export"
        )
    for name in _reads(design, step, options):
        command = f"`gatewright build {design.argument} --to {step.name}`"
        _check_there(design, folder, name, command)


def _check_there(design: Design, folder: Path, name: str, command: str) -> None:
    if not (folder / name).exists():
        writer = next(step.name for step in STEPS if name in step.writes)
        raise GatewrightError(
            f"{folder / name} is missing: it is written by `gatewright {writer} "
            f"{design.argument}`; {command} runs all that is needed"
        )


def _fingerprint(design: Design, step: Step, folder: Path, options: steps.Options) -> str:
    """Return a digest of all that decides the step's result."""
    values = asdict(design)
    content: dict[str, Any] = {key: values[key] for key in step.keys}
    content["files"] = {name: _digest(folder / name) for name in _reads(design, step, options)}
    if step.name == "export" and not design.trains:
        content["own"] = [sha256(design.file("onnx")), sha256(design.file("inputs"))]
    if step.name == "train":
        content["teachers"] = [sha256(path) for path in teachers(design, folder.parent)]
    content["code"] = {name: _code_digest(name) for name in step.code}
    content["options"] = options.deciding(step.name)
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _code_digest(name: str) -> str:
    roots = {"/rtl": rtl_root, "/sim": sim_root}
    return _digest(roots[name]() if name in roots else package_root() / name)


def _digest(root: Path) -> str:
    """Return a digest of a file, or of all files in a folder."""
    files = [root] if root.is_file() else sorted(root.rglob("*.*"))
    digest = hashlib.sha256()
    for path in files:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(root.parent).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
