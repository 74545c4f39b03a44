"""A network on a board: arrays in, integers and classes out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gatewright.emit.board import design_hash
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json
from gatewright.fixed import IntArray, parse_format
from gatewright.host.driver import Driver, connect
from gatewright.tools.beats import pack, to_beats, unpack
from gatewright.vectors import Interface, to_integers


class BoardNetwork:
    """A design that runs on a board, as its build folder describes it.

    >>> with BoardNetwork(Path("build/digits_mlp"), "/dev/ttyUSB0", 3_000_000) as network:
    ...     integers = network.run(images)
    """

    def __init__(self, folder: Path, port: str, baud: int, *, patience_s: float = 2.0) -> None:
        """Connect to a board.

        Args:
            folder: Build folder of the design that the board must run.
            port: Device such as /dev/ttyUSB0.
            baud: Bits per second, as in the bitstream.
            patience_s: How long to wait for an answer.

        Raises:
            GatewrightError: the board runs another design.
            NotRunError: nothing answers.
        """
        self.description = read_json(folder / "rtl.json")
        self._interface = Interface.from_dict(self.description["network"])
        expected = design_hash(self.description, folder / "rtl")
        self.driver: Driver = connect(port, baud, expected, patience_s=patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.driver.close()

    def run(
        self, inputs: NDArray[np.floating], tell: Callable[[int], None] | None = None
    ) -> IntArray:
        """Return the integers [samples, elements] that the board gives.

        Args:
            inputs: Real values [samples, ...], as the network in PyTorch takes them.
            tell: Called with the number of results so far.

        Raises:
            GatewrightError: the samples have another number of elements.
        """
        return self.run_integers(self._integers(inputs), tell)

    def _integers(self, inputs: NDArray[np.floating]) -> IntArray:
        """Return real samples as the design's integers, in its order."""
        (kind,) = self._interface.inputs
        if inputs.ndim < 2 or not len(inputs) or inputs[0].size != kind.size:
            raise GatewrightError(
                f"the inputs have shape {inputs.shape}; they must be [samples, ...] with "
                f"{kind.size} elements each"
            )
        if not np.isfinite(inputs).all():
            raise GatewrightError("an input is not a finite number")
        return to_integers(self._interface.turned(inputs, self._interface.inputs), kind.format)

    def run_integers(
        self, samples: IntArray, tell: Callable[[int], None] | None = None
    ) -> IntArray:
        """Return the board's integers for integers [samples, elements] in the design's order."""
        source, sink = self.description["inputs"][0], self.description["outputs"][0]
        results = self.driver.run(_payloads(samples, source), tell)
        return _elements(results, sink)


def _payloads(samples: IntArray, port: Mapping[str, Any]) -> list[bytes]:
    """Return each sample's beats as bytes, lowest first."""
    lanes, _ = to_beats(samples, port["lanes"])
    data = pack(lanes, port["bus_bits_per_element"]).reshape(len(samples), -1)
    return [row.tobytes() for row in data]


def _elements(results: list[bytes], port: Mapping[str, Any]) -> IntArray:
    """Return the integers [samples, elements] of results, beats as bytes, lowest first.

    Raises:
        CheckFailedError: a lane above the last element is not zero.
    """
    lanes, bits = port["lanes"], port["bus_bits_per_element"]
    data = np.frombuffer(b"".join(results), dtype=np.uint8).reshape(-1, lanes * bits // 8)
    values = unpack(data, lanes, bits, parse_format(port["format"]).signed)
    frames = values.reshape(len(results), -1)
    if frames[:, port["elements"] :].any():
        raise CheckFailedError("a result has padding lanes that are not zero")
    return frames[:, : port["elements"]]
