"""Inputs and the outputs PyTorch gave for them: what every later step is compared with."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray


@dataclass(frozen=True, eq=False)
class Vectors:
    """Test vectors.

    Attributes:
        inputs: Real values [samples, ...], as fed to PyTorch.
        outputs: Integers [samples, elements]; the real output is ``outputs * 2**-fraction``.
        fraction: Fraction bits of ``outputs``.
    """

    inputs: NDArray[np.float64]
    outputs: IntArray
    fraction: int


def read_vectors(path: Path, inputs: int, outputs: int) -> Vectors:
    """Read ``vectors.npz`` for a network of that many inputs and outputs.

    Raises:
        GatewrightError: not such a file; the message names the array, what it is and what it must
            be.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise GatewrightError(f"{path} is missing; run the export step") from None
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise GatewrightError(f"{path} is not an .npz of plain arrays: {error}") from error
    for name, kinds in (("inputs", "f"), ("outputs", "iu"), ("output_fraction", "iu")):
        if name not in found:
            raise GatewrightError(
                f"{path} has no array {name!r}, only {sorted(found)}; it must hold inputs (float), "
                "outputs (int64) and output_fraction (int64)"
            )
        if found[name].dtype.kind not in kinds:
            allowed = "a float type" if kinds == "f" else "an integer type"
            raise GatewrightError(f"{path}: {name} is {found[name].dtype}; it must be {allowed}")
    samples = _samples(path, found["inputs"], "inputs", inputs)
    if _samples(path, found["outputs"], "outputs", outputs) != samples:
        raise GatewrightError(
            f"{path}: {samples} inputs but {len(found['outputs'])} outputs; they must be as many"
        )
    if found["output_fraction"].size != 1:
        raise GatewrightError(f"{path}: output_fraction must be one number")
    if not np.isfinite(found["inputs"]).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(found["inputs"]))[0])
        raise GatewrightError(f"{path}: inputs {where} is not a finite number")
    return Vectors(
        found["inputs"].astype(np.float64),
        found["outputs"].astype(np.int64).reshape(samples, -1),
        int(found["output_fraction"].ravel()[0]),
    )


def _samples(path: Path, array: NDArray[np.generic], name: str, elements: int) -> int:
    """Return the number of samples, each of which must have ``elements`` elements."""
    if array.ndim < 2 or len(array) == 0 or array[0].size != elements:
        raise GatewrightError(
            f"{path}: {name} has shape {array.shape}; it must be [samples, ...] with at least one "
            f"sample of {elements} elements"
        )
    return len(array)
