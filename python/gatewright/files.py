"""Files that are whole or absent: every file a later step trusts is written here."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatewright.errors import GatewrightError, NotRunError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in ``path``'s folder and rename it onto ``path`` on success.

    If the body raises (a full disk, Ctrl-C), the temporary file is removed and ``path`` is as it
    was before.

    Raises:
        NotRunError: the file cannot be written; the message gives the path and the reason.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        temporary.chmod(0o644)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename not in (None, str(path), str(temporary), str(path.parent)):
            raise
        raise NotRunError(
            f"cannot write {path}: {error.strerror or error}. Nothing was left half-written; "
            "free some space or choose another folder, then run the step again"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write ``value`` as indented JSON with its keys in the order given."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that an earlier step wrote.

    Raises:
        GatewrightError: the file is missing or is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GatewrightError(f"{path} is missing; run the step that writes it first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise GatewrightError(
            f"{path} is not valid JSON: {error}; delete it and run again"
        ) from error
    if not isinstance(value, dict):
        raise GatewrightError(f"{path} must hold a JSON object, not {type(value).__name__}")
    return value


def sha256(path: Path) -> str:
    """Return the file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
