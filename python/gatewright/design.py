"""``hls/<design>.yml`` as frozen dataclasses: one file says everything about a design."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from gatewright.errors import GatewrightError
from gatewright.resources import designs_root
from gatewright.train.settings import STRICT, Data, Network, Train

IDENTIFIER = r"[a-z][a-z0-9_]{0,47}"


@dataclass(frozen=True, config=STRICT)
class LayerSettings:
    """What the user asks of one layer, in hls4ml's words; ``PE`` and ``SIMD`` override reuse.

    Attributes:
        Strategy: How the layer is built: ``Resource`` or ``Latency``, both folded, or
            ``Compressed``, on the sparse core.
        ReuseFactor: Times each multiplier is used per vector.
        Precision: hls4ml's precision of the layer, a text or one per tensor.
        PE: Output rows computed at once; of a compressed layer, products per cycle.
        SIMD: Products per row computed at once; of a compressed layer, inputs per beat.
        AddersPerStage: Of an unrolled layer: adders one after another between two registers; by
            default as many as ClockPeriod leaves time for on an ECP5 of speed grade 6.
    """

    Strategy: str | None = None
    ReuseFactor: int | None = Field(default=None, ge=1)
    Precision: str | dict[str, str] | None = None
    PE: int | None = Field(default=None, ge=1)
    SIMD: int | None = Field(default=None, ge=1)
    AddersPerStage: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.PE is None) != (self.SIMD is None):
            raise ValueError("PE and SIMD go together; give both, or ReuseFactor alone")
        return self


@dataclass(frozen=True, config=STRICT)
class ModelSettings:
    """hls4ml's settings for every layer that has none of its own."""

    Strategy: str = "Resource"
    ReuseFactor: int = Field(default=1, ge=1)
    Precision: str | dict[str, str] | None = None


@dataclass(frozen=True, config=STRICT)
class Hls4ml:
    """The hls4ml configuration, with hls4ml's own keys.

    Attributes:
        IOType: ``io_parallel`` or ``io_stream``.
        ClockPeriod: Nanoseconds, for the firmware project and for the depth of unrolled layers.
        Part: AMD part, for the firmware project.
        Model: Settings of every layer.
        LayerName: Settings by layer name, before those of ``Model``.
    """

    IOType: str = Field(default="io_parallel", pattern="^io_(parallel|stream)$")
    ClockPeriod: float = Field(default=10, gt=0)
    Part: str = "xc7z020clg400-1"
    Model: ModelSettings = field(default_factory=ModelSettings)
    LayerName: dict[str, LayerSettings] = field(default_factory=dict)

    def layer_config(self) -> dict[str, Any]:
        """Return hls4ml's ``{"Model": ..., "LayerName": ...}`` without what was left out."""
        return {
            "Model": _given(self.Model),
            "LayerName": {name: _given(layer) for name, layer in self.LayerName.items()},
        }


@dataclass(frozen=True, config=STRICT)
class Rtl:
    """What hls4ml has no word for.

    Attributes:
        input_lanes: Elements per beat at the design's input; by default the first layer's SIMD.
        skip_zeros: A dense layer that reads its input several times skips the beats in which no
            row has a weight: ``prune`` makes such with ``block: [all rows, SIMD]``.
        argmax: Send the index of the largest output instead of the outputs.
    """

    input_lanes: int | None = Field(default=None, ge=1, le=128)
    skip_zeros: bool = False
    argmax: bool = False


@dataclass(frozen=True, config=STRICT)
class Simulation:
    """How the design is simulated.

    Attributes:
        seed: Of every random stall.
        protocol_frames: Frames driven from Python with stalls and malformed frames.
        samples: Only the first so many samples of the test set; None: all of it.
    """

    seed: int = Field(default=1, ge=0)
    protocol_frames: int = Field(default=200, ge=8)
    samples: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, config=STRICT)
class Synthesis:
    """How the design is synthesised.

    Attributes:
        seeds: nextpnr seeds; the median Fmax is reported.
        target_mhz: Clock that place and route aims at.
    """

    seeds: tuple[int, ...] = (1, 2, 3)
    target_mhz: float = Field(default=125, gt=0)


@dataclass(frozen=True, config=STRICT)
class Design:
    """One design: either a built-in network with data and a recipe, or a QONNX file with inputs.

    Attributes:
        name: Names the build folder and the top module.
        network: Built-in network to train.
        data: Data set to train on.
        train: Training recipe.
        onnx: QONNX file, relative to the YAML file and inside its folder.
        inputs: ``.npz`` with an array ``inputs`` (and ``labels``, optional), as for ``onnx``.
    """

    name: str = Field(pattern=f"^{IDENTIFIER}$")
    description: str = ""
    network: Network | None = None
    data: Data | None = None
    train: Train | None = None
    onnx: str | None = None
    inputs: str | None = None
    preprocessing: dict[str, str | float] = field(default_factory=dict)
    hls4ml: Hls4ml = field(default_factory=Hls4ml)
    rtl: Rtl = field(default_factory=Rtl)
    sim: Simulation = field(default_factory=Simulation)
    synth: Synthesis = field(default_factory=Synthesis)
    folder: Path = field(default=Path(), repr=False)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        built_in = (self.network, self.data, self.train)
        own = (self.onnx, self.inputs)
        if (all(built_in) and not any(own)) or (all(own) and not any(built_in)):
            return self
        raise ValueError(
            "give either network, data and train (a built-in network), or onnx and inputs "
            "(a network of your own)"
        )

    @property
    def trains(self) -> bool:
        """Whether the design has a recipe; otherwise it starts from a QONNX file."""
        return self.network is not None

    @property
    def argument(self) -> str:
        """What names it on the command line: the name of a built-in design, or a file's path."""
        files = sorted(self.folder.glob(f"{self.name}.y*ml"))
        if not files or self.folder == designs_root().resolve():
            return self.name
        return os.path.relpath(files[0])

    def file(self, key: str) -> Path:
        """Return the path of the file named by ``onnx`` or ``inputs``.

        Raises:
            GatewrightError: it is missing, or lies outside the YAML file's folder.
        """
        name = str(getattr(self, key))
        path: Path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise GatewrightError(
                f"{self.name}: {key}: {name} leaves the design's folder {self.folder}; "
                "copy the file beside the YAML file"
            )
        if not path.is_file():
            raise GatewrightError(f"{self.name}: {key}: {path} is not there")
        return path


def load(name_or_path: str) -> Design:
    """Read a built-in design by name, or a YAML file of the user's own by path.

    Raises:
        GatewrightError: unknown design, not YAML, or a wrong key; the message names the key.
    """
    path = find(name_or_path)
    return parse({"name": path.stem, **_content(path, ())}, path.resolve().parent, str(path))


def _content(path: Path, before: tuple[Path, ...]) -> dict[str, Any]:
    """Return the keys of a YAML file, on top of those of the design it is ``based_on``."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GatewrightError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise GatewrightError(f"{path} must hold keys and values, not {type(content).__name__}")
    base = content.pop("based_on", None)
    if base is None:
        return content
    if not isinstance(base, str) or not re.fullmatch(IDENTIFIER, base):
        raise GatewrightError(f"{path}: based_on: give the name of a design, not {base!r}")
    sibling = path.parent / f"{base}.yml"
    base_path = sibling if sibling.is_file() else find(base)
    if base_path in (path, *before):
        raise GatewrightError(f"{path}: based_on: {base} is in the end based on itself")
    return _merged(_content(base_path, (path, *before)), content)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return ``own`` on top of ``base``, key by key."""
    result = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if both else value
    return result


def parse(content: Mapping[str, Any], folder: Path, where: str) -> Design:
    """Make a design of keys and values.

    Args:
        content: As in a YAML file, with its name.
        folder: Where the files it names are.
        where: What to call it in messages.

    Raises:
        GatewrightError: a wrong key or value; the message names the key.
    """
    if "folder" in content:
        raise GatewrightError(f"{where}: folder: not a key of a design")
    try:
        return _DESIGN.validate_python({**content, "folder": folder})
    except ValidationError as error:
        raise GatewrightError(_readable(where, error)) from None


def names() -> list[str]:
    """Return the names of the built-in designs."""
    return sorted(path.stem for path in designs_root().glob("*.yml"))


def find(name_or_path: str) -> Path:
    """Return the file of a built-in design by name, or of the user's own by path.

    Raises:
        GatewrightError: there is none.
    """
    if re.fullmatch(IDENTIFIER, name_or_path):
        path = designs_root() / f"{name_or_path}.yml"
        if path.is_file():
            return path
        close = difflib.get_close_matches(name_or_path, names(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise GatewrightError(
            f"unknown design {name_or_path!r}{hint} Built-in designs: {', '.join(names())}; "
            "for one of your own give the path of its .yml file"
        )
    path = Path(name_or_path)
    if path.suffix not in (".yml", ".yaml") or not path.is_file():
        raise GatewrightError(
            f"design {name_or_path!r}: no such .yml file, nor a built-in design "
            f"({', '.join(names())})"
        )
    return path


def _given(layer: LayerSettings | ModelSettings) -> dict[str, Any]:
    return {key: value for key, value in asdict(layer).items() if value is not None}


def _readable(where: str, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "design"
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "unexpected_keyword_argument":
            message = "unknown key; README.md lists those allowed"
        lines.append(f"{where}: {key}: {message} (found {item['input']!r})"[:400])
    return "\n".join(lines)


_DESIGN = TypeAdapter(Design)
