"""What a random network is: a small frozen description, kept as JSON where it found a fault."""

import json
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from gatewright.fixed import FixedFormat, parse_format
from gatewright.graph import Window


class Fill(Enum):
    """How the integers of a weight matrix or of the inputs are drawn from their format."""

    UNIFORM = "uniform"
    ENDS = "ends"  # the least and the largest alone: sums reach their bounds
    SPARSE = "sparse"  # mostly zero


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer; what its kind has no use for stays as it is.

    Attributes:
        kind: A key of ``makers.MAKERS``.
        sources: Streams it reads: 0 is the network's first input, ``k`` the k-th layer.
        out: Format of its output.
        word: Its function, pooling or combination; of a reshape ``network``: the elements stand in
            the network's order, channels first.
        rows: Output elements of a dense layer, output channels of a convolution.
        weight: Format of the weights (of a rectifier: of the slopes).
        bias: Format of the biases, or None: it has none.
        fill: How the weights are drawn.
        window: How a kernel moves.
        groups: Of a convolution: its outputs see only their own part of the channels.
        count_padding: See ``graph.Pool``.
        shape: Of the result of a reshape, or of an input.
        numbers: Pads, factors, axes, bounds.
        pe: Output rows computed at once; None: by ``reuse``.
        simd: Products per row computed at once; None: by ``reuse``.
        reuse: hls4ml's ReuseFactor.
        compressed: On the sparse core.
        unrolled: Built as sums, whatever the folding.
    """

    kind: str
    sources: tuple[int, ...]
    out: FixedFormat
    word: str = ""
    rows: int = 0
    weight: FixedFormat | None = None
    bias: FixedFormat | None = None
    fill: Fill = Fill.UNIFORM
    window: Window | None = None
    groups: int = 1
    count_padding: bool = True
    shape: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    pe: int | None = None
    simd: int | None = None
    reuse: int = 1
    compressed: bool = False
    unrolled: bool = False


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network; the last layer is an output, its last.

    Attributes:
        shape: Of one sample of the first input: a vector, a sequence or an image, channels last.
        format: Of the first input.
        layers: In topological order, further inputs among them.
        outputs: Layers that are outputs too.
        input_lanes: Elements per beat at the input; None: by the first layer.
        seed: Of the weights and the inputs.
    """

    shape: tuple[int, ...]
    format: FixedFormat
    layers: tuple[Layer, ...]
    outputs: tuple[int, ...] = ()
    input_lanes: int | None = None
    seed: int = 0

    @property
    def computing(self) -> tuple[Layer, ...]:
        """The layers without the inputs."""
        return tuple(layer for layer in self.layers if layer.kind != "input")

    @property
    def ends_in_argmax(self) -> bool:
        """Whether the last layer only says which element is the largest."""
        return bool(self.layers) and self.layers[-1].kind == "argmax"

    def is_output(self, index: int) -> bool:
        """Whether a layer's stream leaves, perhaps through an argmax."""
        last = len(self.layers)
        ends = (last, *self.layers[-1].sources) if self.ends_in_argmax else (last,)
        return index in (*self.outputs, *ends)

    @property
    def branched(self) -> bool:
        """Whether two branches of one stream join somewhere."""
        above: list[set[int]] = [{0}]
        for index, layer in enumerate(self.layers, start=1):
            sources = [above[source] for source in layer.sources]
            if len(sources) > 1 and set.intersection(*sources):
                return True
            above.append({index}.union(*sources))
        return False


def to_json(network: Network) -> dict[str, Any]:
    """Return a network as JSON values; what a layer does not use is left out."""
    return _plain(network)


def from_json(value: dict[str, Any]) -> Network:
    """Return the network that ``to_json`` wrote."""
    layers = tuple(Layer(**_fields(layer)) for layer in value["layers"])
    return Network(
        **_fields({key: v for key, v in value.items() if key != "layers"}), layers=layers
    )


def load(path: Path) -> Network:
    """Read a network that found a fault once."""
    return from_json(json.loads(path.read_text(encoding="utf-8"))["network"])


def _plain(value: Any) -> Any:
    match value:
        case FixedFormat():
            return str(value)
        case Enum():
            return value.value
        case tuple():
            return [_plain(item) for item in value]
        case Network() | Layer() | Window():
            return {
                field.name: _plain(getattr(value, field.name))
                for field in fields(value)
                if getattr(value, field.name) != field.default
            }
    return value


def _fields(value: dict[str, Any]) -> dict[str, Any]:
    readers = {
        "out": parse_format,
        "weight": parse_format,
        "bias": parse_format,
        "format": parse_format,
        "fill": Fill,
        "window": lambda window: Window(**{key: tuple(v) for key, v in window.items()}),
    }
    return {
        key: readers[key](item) if key in readers else tuple(item) if type(item) is list else item
        for key, item in value.items()
    }
