"""Whole or absent: what a later step trusts."""

import errno
from pathlib import Path

import pytest

from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import read_json, replacing, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with (
        pytest.raises(NotRunError, match="No space left on device"),
        replacing(path) as temporary,
    ):
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary))
    assert not list(tmp_path.iterdir())


def test_json_comes_back(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"b": [1, 2]})
    assert read_json(tmp_path / "deep" / "a.json") == {"b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "is missing"), ("{", "not valid JSON"), ("[1]", "must hold a JSON object")],
)
def test_a_bad_json_file_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(GatewrightError, match=message):
        read_json(path)
