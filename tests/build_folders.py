"""Build folders of small networks, as the rtl step leaves them."""

from pathlib import Path

from gatewright import emit
from gatewright.files import write_json
from gatewright.fixed import parse_format
from gatewright.graph import FoldRequest, Graph, Input, StreamType
from gatewright.vectors import Interface
from networks import dense, relu


def one_layer(name: str) -> Graph:
    """Return a network of 12 inputs and 3 outputs."""
    source = _input()
    last = dense("fc1", source, 3, request=FoldRequest(pe=1, simd=1))
    return Graph(name, (source, last), ("fc1",))


def two_layers(name: str) -> Graph:
    """Return a network of 12 inputs, 6 neurons and 3 outputs."""
    source = _input()
    hidden = dense("fc1", source, 6, request=FoldRequest(pe=3, simd=2))
    rectified = relu("relu1", hidden)
    last = dense("fc2", rectified, 3, seed=2)
    return Graph(name, (source, hidden, rectified, last), ("fc2",))


def write(graph: Graph, folder: Path) -> Path:
    """Write ``rtl/`` and ``rtl.json``; returns the folder."""
    description = emit.write_rtl(graph, folder / "rtl")
    write_json(folder / "rtl.json", description | {"network": Interface.of(graph).as_dict()})
    return folder


def _input() -> Input:
    kind = StreamType(parse_format("ufixed<4,4>"), (12,))
    return Input(name="x", origin="x", inputs=(), out=kind)
