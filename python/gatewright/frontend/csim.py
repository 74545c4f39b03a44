"""hls4ml's C simulation over whole test sets, in processes of its own.

Some of hls4ml's C simulations abort; in a process of its own that is an error message. Each process
takes a part of the samples.
"""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright import frontend
from gatewright.errors import GatewrightError, NotRunError
from gatewright.fixed import IntArray
from gatewright.graph import StreamType
from gatewright.tools import process

SAMPLES_PER_PROCESS = 500  # below that a second process costs more than it brings
DOUBLE_BITS = 53
COMPILED_IN = ".folder"  # beside the library: where it was compiled and reads its weights


def compiled(folder: Path) -> tuple[Path, str]:
    """Return the compiled C simulation of a written project, and the project's name.

    It is compiled anew if a source is newer than it, or if it would read its weights elsewhere: it
    holds the path of the folder in which it was compiled.

    Raises:
        GatewrightError: the folder holds no project.
        NotRunError: there is no g++, or it failed.
    """
    from gatewright.frontend.backend import compile_library

    settings = folder / "hls4ml_config.yml"
    try:
        text = settings.read_text(encoding="utf-8")
    except OSError as error:
        raise GatewrightError(
            f"cannot read {settings}: {error.strerror}; run the hls step"
        ) from None
    keys = ("ProjectName", "Stamp")
    # YAML quotes a stamp that is all digits
    config = dict(re.findall(rf"^({'|'.join(keys)}): '?(\w+)'?$", text, re.MULTILINE))
    if set(config) != set(keys):
        raise GatewrightError(f"{settings} names no project; run the hls step again")
    firmware = folder.absolute() / "firmware"
    library = firmware / f"{config['ProjectName']}-{config['Stamp']}.so"
    sources = [*folder.rglob("*.cpp"), *folder.rglob("*.h"), folder / "build_lib.sh"]
    newest = max(source.stat().st_mtime_ns for source in sources)
    mark = library.with_suffix(COMPILED_IN)
    here = mark.is_file() and mark.read_text(encoding="utf-8") == str(folder.absolute())
    if not (here and library.is_file() and library.stat().st_mtime_ns >= newest):
        library = compile_library(folder.absolute(), config)
    return library, config["ProjectName"]


def run_csim(
    library: Path,
    project: str,
    inputs: NDArray[np.floating],
    input_sizes: Sequence[int],
    outputs: Sequence[StreamType],
) -> list[IntArray]:
    """Run the compiled C simulation on every sample.

    Args:
        library: What ``compile_library`` returned.
        project: hls4ml's project name, the prefix of the library's functions.
        inputs: Real values [samples, elements]: those of each input, one after the other.
        input_sizes: Elements of each input, in the library's order.
        outputs: Types of the outputs, in the library's order.

    Returns:
        One array [samples, elements] per output: integers in units of that output's ``lsb``.

    Raises:
        NotRunError: the C simulation stopped; the message gives how, and its last words.
    """
    wide = [out.format for out in outputs if out.format.width > DOUBLE_BITS]
    if wide:
        raise NotRunError(
            f"an output of {wide[0]} does not fit the C simulation's interface (double: "
            f"{DOUBLE_BITS} bits); quantise the output"
        )
    samples = len(inputs)
    sizes = [out.size for out in outputs]
    with tempfile.TemporaryDirectory(prefix="gatewright-csim-") as name:
        folder = Path(name)
        np.save(folder / "inputs.npy", np.asarray(inputs, dtype=np.float64).reshape(samples, -1))
        np.lib.format.open_memmap(
            folder / "outputs.npy", mode="w+", dtype=np.float64, shape=(samples, sum(sizes))
        ).flush()
        _run_workers(library, project, folder, samples, input_sizes, sizes)
        reals = np.split(np.load(folder / "outputs.npy"), np.cumsum(sizes)[:-1], axis=1)
    return [
        np.ldexp(real, out.format.fraction).astype(np.int64)
        for real, out in zip(reals, outputs, strict=True)
    ]


def _run_workers(
    library: Path,
    project: str,
    folder: Path,
    samples: int,
    input_sizes: Sequence[int],
    sizes: Sequence[int],
) -> None:
    """Share the samples out over the processors, and wait."""
    count = max(1, min(len(os.sched_getaffinity(0)), samples // SAMPLES_PER_PROCESS))
    bounds = [samples * i // count for i in range(count + 1)]
    package = str(Path(frontend.__file__).parents[2])
    search = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    jobs = []
    for first, last in pairwise(bounds):
        arguments = [str(library), project, str(folder), str(first), str(last)]
        worker = [sys.executable, "-m", "gatewright.frontend.csim_worker", *arguments]
        command = [*worker, ",".join(map(str, input_sizes)), ",".join(map(str, sizes))]
        jobs.append(process.Job(command, folder, {"PYTHONPATH": search}))
    for finished in process.run_together(jobs):
        if finished.status != 0:
            raise NotRunError(_failure(finished))


def _failure(finished: process.Finished) -> str:
    """Return what to say of a worker that did not end well."""
    end = "\n".join(finished.output.strip().splitlines()[-5:]) or "(it said nothing)"
    return (
        f"hls4ml's C simulation {finished.outcome}:\n{end}\nThis is a fault in the generated C++ "
        "for this network; simplify the layer it names, or compare the hardware alone"
    )
