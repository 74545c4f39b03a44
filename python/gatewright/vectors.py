"""Inputs and the outputs PyTorch gave for them: what every later step is compared with."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.fixed import FixedFormat, IntArray, parse_format, quantize
from gatewright.graph import Graph, StreamType
from gatewright.passes import input_of


@dataclass(frozen=True)
class Interface:
    """What goes into a network and comes out of it.

    Attributes:
        input: Type of the hardware's input.
        output: Type of what the network gives (before an argmax of the hardware).
        channels_first: Whether the network has its images' channels first; the hardware has them
            last.
    """

    input: StreamType
    output: StreamType
    channels_first: bool

    @classmethod
    def of(cls, graph: Graph) -> "Interface":
        """Return the interface of a graph with one input and one output."""
        (output,) = graph.outputs
        return cls(input_of(graph).out, graph[output].out, graph.channels_first)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "input": {"format": str(self.input.format), "shape": list(self.input.shape)},
            "output": {"format": str(self.output.format), "shape": list(self.output.shape)},
            "channels_first": self.channels_first,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Interface":
        """Return what ``as_dict`` wrote."""
        source, result = (
            StreamType(parse_format(value[key]["format"]), tuple(value[key]["shape"]))
            for key in ("input", "output")
        )
        return cls(source, result, bool(value["channels_first"]))

    def turned(self, samples: NDArray[Any], kind: StreamType) -> NDArray[Any]:
        """Return a network's samples [samples, ...] as [samples, elements] in hardware's order."""
        if not self.channels_first:
            return samples.reshape(len(samples), -1)
        rows, columns, channels = kind.image
        images = samples.reshape(len(samples), channels, rows, columns)
        return images.transpose(0, 2, 3, 1).reshape(len(samples), -1)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Test vectors, their elements in the hardware's order: row, column, channel last.

    Attributes:
        inputs: Real values [samples, elements], as fed to PyTorch.
        outputs: Integers [samples, elements]; the real output is ``outputs * 2**-fraction``.
        fraction: Fraction bits of ``outputs``.
    """

    inputs: NDArray[np.float64]
    outputs: IntArray
    fraction: int

    def integers(self, fmt: FixedFormat) -> IntArray:
        """Return the integers [samples, elements] that hardware with inputs of ``fmt`` is fed."""
        return to_integers(self.inputs, fmt)

    def expected(self, fmt: FixedFormat, *, argmax: bool = False) -> IntArray:
        """Return what hardware with outputs of ``fmt`` must give: PyTorch's integers in its units.

        Args:
            fmt: Format of the outputs; not used with ``argmax``.
            argmax: The hardware gives the index of the first largest output instead.

        Raises:
            CheckFailedError: ``fmt`` has too few fraction bits to hold them.
        """
        if argmax:
            index: IntArray = self.outputs.argmax(axis=1, keepdims=True)
            return index
        shift = fmt.fraction - self.fraction
        if shift < 0 and (self.outputs & ((1 << -shift) - 1)).any():
            raise CheckFailedError(
                f"the network's outputs have {self.fraction} fraction bits, but the output format "
                f"{fmt} has {fmt.fraction}: they cannot be equal"
            )
        shifted: IntArray = self.outputs << shift if shift >= 0 else self.outputs >> -shift
        return shifted


def to_integers(inputs: NDArray[np.floating], fmt: FixedFormat) -> IntArray:
    """Return real inputs [samples, ...] as integers [samples, elements] in units of ``fmt.lsb``."""
    return quantize(inputs.reshape(len(inputs), -1).astype(np.float64), fmt)


def read_vectors(path: Path, interface: Interface) -> Vectors:
    """Read ``vectors.npz`` and bring its samples into the hardware's order.

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
    samples = _samples(path, found["inputs"], "inputs", interface.input.size)
    if _samples(path, found["outputs"], "outputs", interface.output.size) != samples:
        raise GatewrightError(
            f"{path}: {samples} inputs but {len(found['outputs'])} outputs; they must be as many"
        )
    if found["output_fraction"].size != 1:
        raise GatewrightError(f"{path}: output_fraction must be one number")
    if not np.isfinite(found["inputs"]).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(found["inputs"]))[0])
        raise GatewrightError(f"{path}: inputs {where} is not a finite number")
    return Vectors(
        interface.turned(found["inputs"].astype(np.float64), interface.input),
        interface.turned(found["outputs"].astype(np.int64), interface.output),
        int(found["output_fraction"].ravel()[0]),
    )


def _samples(path: Path, array: NDArray[np.generic], name: str, elements: int) -> int:
    """Return the number of samples, each of which must have ``elements`` elements."""
    if array.ndim < 2 or len(array) == 0 or elements != array[0].size:
        raise GatewrightError(
            f"{path}: {name} has shape {array.shape}; it must be [samples, ...] with at least one "
            f"sample of {elements} elements"
        )
    return len(array)
