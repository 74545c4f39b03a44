"""The hardware graph as files: ``graph.json`` (structure, formats) and ``graph.npz`` (integers).

The JSON names the checksum of the arrays, so that two files of different runs are not taken for a
pair. The same graph gives the same bytes. Nothing is pickled.
"""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import files
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray, parse_format
from gatewright.graph import (
    Argmax,
    Clip,
    Combination,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    Merge,
    Node,
    Pad,
    Pool,
    Pooling,
    Rectifier,
    Reshape,
    Softmax,
    Strategy,
    StreamType,
    Table,
    Transpose,
    Upsample,
    Window,
)

VERSION = 4
KINDS: dict[str, type[Node]] = {
    "input": Input,
    "dense": Dense,
    "conv": Conv,
    "depthwise": Depthwise,
    "elementwise": Elementwise,
    "pool": Pool,
    "merge": Merge,
    "concat": Concat,
    "rectifier": Rectifier,
    "clip": Clip,
    "table": Table,
    "softmax": Softmax,
    "pad": Pad,
    "upsample": Upsample,
    "transpose": Transpose,
    "reshape": Reshape,
    "argmax": Argmax,
}
# Fields that JSON holds as they are, by class; tuples of integers become lists and back.
_PLAIN: dict[type[Node], tuple[str, ...]] = {
    Rectifier: ("threshold",),
    Clip: ("low", "high", "fraction"),
    Table: ("function",),
    Pad: ("pad",),
    Upsample: ("factor",),
    Transpose: ("axes",),
}
_ARRAYS: dict[type[Node], str] = {Rectifier: "slope", Table: "values", Softmax: "values"}


def save(graph: Graph, folder: Path) -> None:
    """Write ``graph.json`` and ``graph.npz`` into ``folder``, each whole or not at all."""
    arrays: dict[str, IntArray] = {}
    nodes = [_node_to_dict(node, arrays) for node in graph.nodes]
    _write_arrays(folder / "graph.npz", arrays)
    files.write_json(
        folder / "graph.json",
        {
            "version": VERSION,
            "name": graph.name,
            "arrays_sha256": files.sha256(folder / "graph.npz"),
            "outputs": list(graph.outputs),
            "channels_first": graph.channels_first,
            "nodes": nodes,
        },
    )


def load(folder: Path) -> Graph:
    """Read what ``save`` wrote.

    Raises:
        GatewrightError: a file is missing, damaged, of another version, or not of the same run.
    """
    path = folder / "graph.json"
    value = files.read_json(path)
    try:
        if value["version"] != VERSION:
            raise GatewrightError(
                f"{path} has version {value['version']}; this package reads {VERSION}. Run the "
                "hls step again"
            )
        arrays = _read_arrays(folder / "graph.npz", str(value["arrays_sha256"]))
        nodes = tuple(_node_from_dict(node, arrays) for node in value["nodes"])
        outputs = tuple(str(name) for name in value["outputs"])
        return Graph(str(value["name"]), nodes, outputs, bool(value["channels_first"]))
    except (KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {json.dumps(str(error))}"
        raise GatewrightError(
            f"{path} is not a hardware graph ({what}); delete it and run the hls step again"
        ) from error


def _node_to_dict(node: Node, arrays: dict[str, IntArray]) -> dict[str, Any]:
    """Return a node as JSON values; its arrays go into ``arrays``."""
    kind = next((word for word, cls in KINDS.items() if type(node) is cls), None)
    if kind is None:
        raise GatewrightError(f"{node.name}: nodes of class {type(node).__name__} cannot be saved")
    value: dict[str, Any] = {
        "kind": kind,
        "name": node.name,
        "origin": node.origin,
        "inputs": list(node.inputs),
        "format": str(node.out.format),
        "shape": list(node.out.shape),
    }
    for key in _PLAIN.get(type(node), ()):
        field = getattr(node, key)
        value[key] = list(field) if isinstance(field, tuple) else field
    if type(node) in _ARRAYS:
        key = _ARRAYS[type(node)]
        arrays[f"{node.name}.{key}"] = getattr(node, key)
    if isinstance(node, Rectifier):
        value["slope_format"] = str(node.slope_format)
    if isinstance(node, Elementwise):
        value["function"] = node.function.value
    if isinstance(node, Pool):
        value |= {"pooling": node.kind.value, "count_padding": node.count_padding}
    if isinstance(node, Merge):
        value["combination"] = node.kind.value
    if isinstance(node, Conv | Depthwise | Pool):
        value["window"] = asdict(node.window)
    if isinstance(node, Dense):
        arrays[f"{node.name}.weight"] = node.weight
        value["weight_format"] = str(node.weight_format)
        if node.bias is not None and node.bias_format is not None:
            arrays[f"{node.name}.bias"] = node.bias
            value["bias_format"] = str(node.bias_format)
        value["request"] = _request_to_dict(node.request)
        if node.activity is not None:
            arrays[f"{node.name}.activity"] = node.activity
    return value


def _node_from_dict(value: dict[str, Any], arrays: dict[str, IntArray]) -> Node:
    """Return the node that ``_node_to_dict`` wrote; missing keys raise KeyError."""
    name = str(value["name"])
    common: dict[str, Any] = {
        "name": name,
        "origin": str(value["origin"]),
        "inputs": tuple(str(item) for item in value["inputs"]),
        "out": StreamType(
            parse_format(value["format"]), tuple(int(size) for size in value["shape"])
        ),
    }
    kind = KINDS[value["kind"]]
    for key in _PLAIN.get(kind, ()):
        found = value[key]
        common[key] = tuple(map(int, found)) if isinstance(found, list) else found
    if kind in _ARRAYS:
        common[_ARRAYS[kind]] = _array(arrays, f"{name}.{_ARRAYS[kind]}", 1)
    if kind is Rectifier:
        common["slope_format"] = parse_format(value["slope_format"])
    if kind is Elementwise:
        return Elementwise(function=Function(value["function"]), **common)
    if kind is Merge:
        return Merge(kind=Combination(value["combination"]), **common)
    if issubclass(kind, Conv | Depthwise | Pool):
        sizes: dict[str, Any] = {key: tuple(map(int, v)) for key, v in value["window"].items()}
        common["window"] = Window(**sizes)
    if kind is Pool:
        common |= {"kind": Pooling(value["pooling"]), "count_padding": value["count_padding"]}
    if issubclass(kind, Dense):
        common |= _weights_from_dict(value, arrays)
    return kind(**common)


def _weights_from_dict(value: dict[str, Any], arrays: dict[str, IntArray]) -> dict[str, Any]:
    """Return the fields of a layer with weights."""
    bias_format: FixedFormat | None = None
    if "bias_format" in value:
        bias_format = parse_format(value["bias_format"])
    name = value["name"]
    return {
        "weight": _array(arrays, f"{name}.weight", 2),
        "weight_format": parse_format(value["weight_format"]),
        "bias": None if bias_format is None else _array(arrays, f"{name}.bias", 1),
        "bias_format": bias_format,
        "request": _request_from_dict(value["request"]),
        "activity": (
            _array(arrays, f"{name}.activity", 1) if f"{name}.activity" in arrays else None
        ),
    }


def _request_to_dict(request: FoldRequest) -> dict[str, Any]:
    """Return a folding request as JSON values."""
    return {
        "strategy": request.strategy.value,
        "reuse_factor": request.reuse_factor,
        "asked_reuse_factor": request.asked_reuse_factor,
        "pe": request.pe,
        "simd": request.simd,
        "adders_per_stage": request.adders_per_stage,
    }


def _request_from_dict(value: dict[str, Any]) -> FoldRequest:
    """Return the request that ``_request_to_dict`` wrote."""

    def optional(key: str) -> int | None:
        return None if value.get(key) is None else int(value[key])

    return FoldRequest(
        strategy=Strategy(value["strategy"]),
        reuse_factor=int(value["reuse_factor"]),
        asked_reuse_factor=optional("asked_reuse_factor"),
        pe=optional("pe"),
        simd=optional("simd"),
        adders_per_stage=optional("adders_per_stage"),
    )


def _array(arrays: dict[str, IntArray], key: str, axes: int) -> IntArray:
    """Return an array of 64-bit integers with ``axes`` axes."""
    array = arrays[key]
    if array.dtype != np.int64 or array.ndim != axes:
        raise ValueError(f"{key} is {array.dtype} {array.shape}, not int64 with {axes} axes")
    return array


def _write_arrays(path: Path, arrays: dict[str, IntArray]) -> None:
    """Write an ``.npz`` whose bytes depend on the arrays alone (numpy's hold the time)."""
    with files.replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.asarray(array, dtype=np.int64), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue())


def _read_arrays(path: Path, checksum: str) -> dict[str, IntArray]:
    """Read the arrays, if the file is the one that ``checksum`` names."""
    try:
        found = files.sha256(path)
    except OSError as error:
        raise GatewrightError(
            f"{path} cannot be read ({error.strerror}); run the hls step again"
        ) from error
    if found != checksum:
        raise GatewrightError(
            f"{path} has SHA-256 {found}, but graph.json beside it was written with {checksum}; "
            "run the hls step again"
        )
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
