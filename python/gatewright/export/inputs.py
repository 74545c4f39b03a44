"""The samples that a user gives for a network of his own."""

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def load_inputs(path: Path) -> Floats:
    """Read ``inputs``, float32 [N, ...], from an .npz.

    Raises:
        GatewrightError: not an .npz, no such array, or one of another dtype or shape.
    """
    arrays = _read(path)
    if "inputs" not in arrays:
        raise GatewrightError(
            f"{path} has no array called inputs; it has: {', '.join(arrays) or 'none'}"
        )
    inputs = arrays["inputs"]
    check_inputs(inputs, None, f"{path}: inputs")
    return inputs


def load_labels(path: Path) -> Integers | None:
    """Read ``labels``, one integer for each of ``inputs``, from an .npz; None if it has none.

    Raises:
        GatewrightError: not an .npz, or labels of another dtype or shape.
    """
    arrays = _read(path)
    if "labels" not in arrays:
        return None
    labels, samples = arrays["labels"], len(arrays.get("inputs", ()))
    if labels.shape != (samples,) or not np.issubdtype(labels.dtype, np.integer):
        raise GatewrightError(
            f"{path}: labels is {labels.dtype} {labels.shape}; must be integers ({samples},), one "
            "for each sample"
        )
    return labels.astype(np.int64)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise GatewrightError(f"{path} is a single array; write it with numpy.savez")
        with archive:
            return dict(archive.items())
    except OSError as error:
        raise GatewrightError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise GatewrightError(f"{path} is not an .npz of plain arrays: {error}") from error


def check_inputs(inputs: NDArray[Any], shape: tuple[int, ...] | None, what: str) -> None:
    """Refuse inputs that are not float32, finite, one sample at least, of ``shape`` if given.

    Raises:
        GatewrightError: they are not like that; the message begins with ``what``.
    """
    if not isinstance(inputs, np.ndarray):
        raise GatewrightError(f"{what}: a {type(inputs).__name__}, must be a numpy array")
    if inputs.dtype != np.float32:
        raise GatewrightError(
            f"{what}: dtype is {inputs.dtype}, must be float32 (the values that PyTorch is "
            "given); convert with .astype(numpy.float32)"
        )
    if inputs.ndim < 2 or inputs.size == 0:
        raise GatewrightError(
            f"{what}: shape is {inputs.shape}, must be samples first, then one sample's shape, "
            "with one sample at least"
        )
    if shape is not None and inputs.shape[1:] != shape:
        raise GatewrightError(
            f"{what}: a sample has shape {inputs.shape[1:]}, the network takes {shape}"
        )
    if not np.isfinite(inputs).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(inputs))[0])
        raise GatewrightError(f"{what}: element {where} is {inputs[where]}, not a finite number")


def split_inputs(inputs: Floats | Sequence[Floats], shapes: list[tuple[int, ...]]) -> list[Floats]:
    """Return the samples of each input, checked."""
    if not isinstance(inputs, np.ndarray):
        parts = list(inputs)
    elif len(shapes) == 1:
        parts = [inputs]
    else:
        sizes = [math.prod(shape) for shape in shapes]
        check_inputs(inputs, (sum(sizes),), "inputs (of all, one after the other)")
        split = np.split(inputs, np.cumsum(sizes)[:-1], axis=1)
        parts = [part.reshape(-1, *shape) for part, shape in zip(split, shapes, strict=True)]
    if len(parts) != len(shapes):
        raise GatewrightError(f"inputs: {len(parts)} arrays for {len(shapes)} inputs")
    for part, shape in zip(parts, shapes, strict=True):
        check_inputs(part, shape, "inputs")
    return parts
