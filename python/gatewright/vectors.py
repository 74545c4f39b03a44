"""Inputs and the outputs PyTorch gave for them: what every later step is compared with."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.fixed import FixedFormat, IntArray, parse_format, quantize
from gatewright.graph import Graph, StreamType
from gatewright.passes import inputs_of


@dataclass(frozen=True)
class Interface:
    """What goes into a network and comes out of it.

    Attributes:
        inputs: Types of the hardware's inputs, in the network's order.
        outputs: Types of what the network gives (before an argmax of the hardware), in its order.
        channels_first: Whether the network has its images' channels first; the hardware has them
            last.
    """

    inputs: tuple[StreamType, ...]
    outputs: tuple[StreamType, ...]
    channels_first: bool

    @classmethod
    def of(cls, graph: Graph) -> "Interface":
        """Return the interface of a graph."""
        inputs = tuple(node.out for node in inputs_of(graph))
        outputs = tuple(graph[name].out for name in graph.outputs)
        return cls(inputs, outputs, graph.channels_first)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found: dict[str, Any] = {
            key: [{"format": str(kind.format), "shape": list(kind.shape)} for kind in kinds]
            for key, kinds in (("inputs", self.inputs), ("outputs", self.outputs))
        }
        return found | {"channels_first": self.channels_first}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Interface":
        """Return what ``as_dict`` wrote."""
        inputs, outputs = (
            tuple(StreamType(parse_format(v["format"]), tuple(v["shape"])) for v in value[key])
            for key in ("inputs", "outputs")
        )
        return cls(inputs, outputs, bool(value["channels_first"]))

    def turned(self, samples: NDArray[Any], kinds: Sequence[StreamType]) -> NDArray[Any]:
        """Return a network's samples in the hardware's order.

        Args:
            samples: [samples, ...], flattened one tensor of ``kinds`` after the other.
            kinds: Their types in hardware.

        Returns:
            [samples, elements], in the same order of tensors.
        """
        flat = samples.reshape(len(samples), -1)
        if not self.channels_first:
            return flat
        return np.concatenate([_turned(part, k) for part, k in split(flat, kinds)], axis=1)


def _turned(flat: NDArray[Any], kind: StreamType) -> NDArray[Any]:
    rows, columns, channels = kind.image
    images = flat.reshape(len(flat), channels, rows, columns)
    return images.transpose(0, 2, 3, 1).reshape(len(flat), -1)


def split(
    samples: NDArray[Any], kinds: Sequence[StreamType]
) -> Iterator[tuple[NDArray[Any], StreamType]]:
    """Yield each tensor of ``kinds`` in samples [samples, elements], and its type."""
    bounds = np.cumsum([kind.size for kind in kinds])[:-1]
    return zip(np.split(samples, bounds, axis=1), kinds, strict=True)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Test vectors, their elements in the hardware's order: row, column, channel last.

    Attributes:
        inputs: Real values [samples, elements], as fed to PyTorch: every input's, one after the
            other.
        outputs: Integers [samples, elements], every output's, one after the other; the real output
            ``i`` is its integers ``* 2**-fractions[i]``.
        fractions: Fraction bits of each output.
        labels: Index of the right output [samples], if known.
        anomalies: Which samples are unusual [samples], for a network that gives its input back.
        typical: Samples of the training data, as ``inputs``, if there are some.
    """

    inputs: NDArray[np.float64]
    outputs: IntArray
    fractions: tuple[int, ...]
    labels: IntArray | None = None
    anomalies: NDArray[np.bool_] | None = None
    typical: NDArray[np.float64] | None = None

    def integers(self, inputs: Sequence[StreamType]) -> IntArray:
        """Return the integers [samples, elements] that hardware with these inputs is fed."""
        return _integers(self.inputs, inputs)

    def typical_integers(self, inputs: Sequence[StreamType]) -> IntArray | None:
        """Return the same of the training data's samples, if there are some."""
        return None if self.typical is None else _integers(self.typical, inputs)

    def expected(self, outputs: Sequence[StreamType], *, argmax: bool = False) -> IntArray:
        """Return what hardware must give: PyTorch's integers [samples, elements] in its units.

        Args:
            outputs: Types of the network's outputs in hardware.
            argmax: The hardware gives the index of the first largest output instead.

        Raises:
            CheckFailedError: a format has too few fraction bits to hold them.
        """
        if argmax:
            index: IntArray = self.outputs.argmax(axis=1, keepdims=True)
            return index
        parts = split(self.outputs, outputs)
        return np.concatenate(
            [
                _in_units(part, fraction, kind.format)
                for (part, kind), fraction in zip(parts, self.fractions, strict=True)
            ],
            axis=1,
        )


def _integers(samples: NDArray[np.float64], inputs: Sequence[StreamType]) -> IntArray:
    parts = [to_integers(part, kind.format) for part, kind in split(samples, inputs)]
    return np.concatenate(parts, axis=1)


def _in_units(integers: IntArray, fraction: int, fmt: FixedFormat) -> IntArray:
    """Return integers of ``fraction`` fraction bits in units of ``fmt.lsb``."""
    shift = fmt.fraction - fraction
    if shift < 0 and (integers & ((1 << -shift) - 1)).any():
        raise CheckFailedError(
            f"the network's outputs have {fraction} fraction bits, but the output format "
            f"{fmt} has {fmt.fraction}: they cannot be equal"
        )
    shifted: IntArray = integers << shift if shift >= 0 else integers >> -shift
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
    samples = _samples(path, found["inputs"], "inputs", interface.inputs)
    if _samples(path, found["outputs"], "outputs", interface.outputs) != samples:
        raise GatewrightError(
            f"{path}: {samples} inputs but {len(found['outputs'])} outputs; they must be as many"
        )
    if found["output_fraction"].size != len(interface.outputs):
        raise GatewrightError(
            f"{path}: output_fraction has {found['output_fraction'].size} numbers; it must have "
            f"one for each output: {len(interface.outputs)}"
        )
    if not np.isfinite(found["inputs"]).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(found["inputs"]))[0])
        raise GatewrightError(f"{path}: inputs {where} is not a finite number")
    typical = found.get("typical")
    if typical is not None:
        _samples(path, typical, "typical", interface.inputs)
        typical = interface.turned(typical.astype(np.float64), interface.inputs)
    return Vectors(
        interface.turned(found["inputs"].astype(np.float64), interface.inputs),
        interface.turned(found["outputs"].astype(np.int64), interface.outputs),
        tuple(int(fraction) for fraction in found["output_fraction"].ravel()),
        _marks(path, found, "labels", samples),
        _marks(path, found, "anomalies", samples),
        typical,
    )


def _marks(
    path: Path, found: Mapping[str, NDArray[Any]], name: str, samples: int
) -> NDArray[Any] | None:
    """Return what is known of each sample under ``name``, if anything is."""
    marks = found.get(name)
    if marks is not None and marks.shape != (samples,):
        raise GatewrightError(f"{path}: {name} has shape {marks.shape}; it must be ({samples},)")
    return marks


def _samples(path: Path, array: NDArray[np.generic], name: str, kinds: Sequence[StreamType]) -> int:
    """Return the number of samples, each of which must have the elements of ``kinds``."""
    elements = sum(kind.size for kind in kinds)
    if array.ndim < 2 or len(array) == 0 or elements != array[0].size:
        each = f" ({' + '.join(str(kind.size) for kind in kinds)})" if len(kinds) > 1 else ""
        raise GatewrightError(
            f"{path}: {name} has shape {array.shape}; it must be [samples, ...] with at least one "
            f"sample of {elements} elements{each}"
        )
    return len(array)
