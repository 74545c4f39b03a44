"""Run cocotb tests in a simulation that ``verilator.build`` made, and judge what came out."""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.tools import process
from gatewright.tools.verilator import Simulation, first_lines


@dataclass(frozen=True)
class Results:
    """What a run of cocotb tests gave; every test passed.

    Attributes:
        tests: Names of the tests that ran, at least one.
        output: What the simulator wrote.
        wall_s: Seconds from start to end, the start of Python included.
        seed: Seed of everything random.
    """

    tests: tuple[str, ...]
    output: str
    wall_s: float
    seed: int


def run(
    simulation: Simulation,
    module: str,
    *,
    cwd: Path,
    seed: int,
    python_path: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    test_filter: str | None = None,
    waves: Path | None = None,
    window: tuple[int, int] | None = None,
    log: Path | None = None,
    timeout_s: float | None = None,
) -> Results:
    """Run the cocotb tests of a Python module.

    Args:
        simulation: What to run.
        module: Dotted name of the module with the tests.
        cwd: Folder to run in; ``$readmemh`` reads from here.
        seed: For cocotb and for registers without reset.
        python_path: Folders to import from, before this process's own.
        env: Environment variables for the tests.
        plusargs: Arguments for ``$value$plusargs``, with their ``+``.
        test_filter: Regular expression: run only tests whose name it finds.
        waves: FST file to write; the simulation must have been built with waves.
        window: First and last clock cycle of the simulation that it shows; with our own main.
        log: File that keeps the simulator's output.
        timeout_s: Seconds it may take.

    Raises:
        CheckFailedError: a test failed, none ran, an assertion in the hardware fired, or the
            simulator crashed or did not end; the message shows the first lines about it.
        NotRunError: cocotb or a shared libpython is missing, or the disk is full.
    """
    if waves is not None and not simulation.waves:
        raise GatewrightError(f"{simulation.top} was built without waves; build it with waves=True")
    folder = Path(tempfile.mkdtemp(prefix="gatewright-sim-"))
    try:
        results_file = folder / "results.xml"
        variables = _environment(simulation.top, module, results_file, seed, python_path)
        variables |= {"COCOTB_TEST_FILTER": test_filter} if test_filter else {}
        command: list[str | Path] = [simulation.program]
        command += ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 2**31}"]
        if waves is not None:
            waves.parent.mkdir(parents=True, exist_ok=True)
            command += ["--trace", "--trace-file", folder / "waves.fst"]
        if window is not None:
            command += ["--trace-window", *map(str, window)]
        finished = process.run(
            [*command, *plusargs],
            cwd=cwd,
            env={**variables, **(env or {})},
            log=log,
            timeout_s=timeout_s,
        )
        if waves is not None and (folder / "waves.fst").is_file():
            shutil.move(folder / "waves.fst", waves)
        tests = _judge(f"{module} on {simulation.top} (seed {seed})", finished, results_file)
        return Results(tests, finished.output, finished.seconds, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(
    top: str, module: str, results_file: Path, seed: int, python_path: Sequence[Path]
) -> dict[str, str]:
    """Return the variables that make cocotb start inside the simulator."""
    try:
        import find_libpython  # late: only a run needs them
        from cocotb_tools import config
    except ImportError as error:
        raise NotRunError(f"{error.name} is missing: python -m pip install cocotb") from error
    library = find_libpython.find_libpython()
    if library is None:
        raise NotRunError(
            f"{sys.executable} has no shared libpython, which cocotb needs; "
            "use another Python, or: apt-get install libpython3-dev"
        )
    return {
        "GPI_USERS": f"{library};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": ":".join([*map(str, python_path), *filter(None, sys.path)]),
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_RESULTS_FILE": str(results_file),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
    }


def _judge(what: str, finished: process.Finished, results_file: Path) -> tuple[str, ...]:
    """Return the names of the tests that passed, if all did and there were any."""
    finished.require_space(what)
    cases = []
    if results_file.is_file() and results_file.stat().st_size:
        try:
            cases = list(ElementTree.parse(results_file).getroot().iter("testcase"))  # noqa: S314
        except ElementTree.ParseError:
            cases = []
    for case in cases:
        fault = case.find("failure") if case.find("failure") is not None else case.find("error")
        if fault is not None:
            message = fault.get("message") or fault.text or ""
            lines = first_lines(finished.output)
            raise CheckFailedError(f"{what}: test {case.get('name')} failed: {message}\n{lines}")
    if finished.status != 0 or finished.timed_out:
        raise CheckFailedError(
            f"{what}: the simulator {finished.outcome}:\n{first_lines(finished.output)}"
        )
    passed = [str(case.get("name")) for case in cases if case.find("skipped") is None]
    if not passed:
        raise CheckFailedError(f"{what}: no test ran:\n{first_lines(finished.output)}")
    return tuple(passed)
