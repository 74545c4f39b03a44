"""Graph to blocks: names, lanes, and how many frames may be on the way."""

from dataclasses import replace
from pathlib import Path

import pytest

import graphs
import networks
from gatewright import emit
from gatewright.emit.builder import build
from gatewright.emit.pipeline import DOORS
from gatewright.emit.schedule import latency
from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.graph import (
    Concat,
    FoldRequest,
    Graph,
    Input,
    Node,
    Pool,
    Pooling,
    Reshape,
    StreamType,
    Window,
)

UNROLLED = (FoldRequest(pe=4, simd=8), FoldRequest(pe=4, simd=4))


def test_a_layer_may_have_a_name_of_the_top() -> None:
    graph = networks.mlp((8, 4, 4))
    names = {"fc1": "frame", "relu1": "bad", "fc2": "mark"}
    nodes = tuple(
        replace(
            node,
            name=names.get(node.name, node.name),
            inputs=tuple(names.get(name, name) for name in node.inputs),
        )
        for node in graph.nodes
    )
    blocks = build(Graph("named", nodes, ("mark",)), None).blocks
    assert [block.name for block in blocks] == ["frame_2", "mark_2"]


@pytest.mark.parametrize("name", ["small", "table", "mul_reg", "stream_sink", "gatewright_pkg"])
def test_a_design_may_not_have_the_name_of_another_module(tmp_path: Path, name: str) -> None:
    with pytest.raises(GatewrightError, match=f"cannot be called {name}: .*choose another"):
        emit.write_rtl(networks.mlp(name=name), tmp_path / "rtl")
    assert not (tmp_path / "rtl").exists()


def test_lanes_that_do_not_divide_one_another_are_changed_in_two_steps() -> None:
    requests = (FoldRequest(pe=4, simd=4), FoldRequest(pe=1, simd=3))
    pipeline = build(networks.mlp((12, 6, 4), requests), 6)
    lanes = [(block.name, block.source.lanes, block.out.lanes) for block in pipeline.blocks]
    assert lanes[:2] == [("fc1_width", 6, 2), ("fc1_width_2", 2, 4)]
    assert pipeline.interval >= 6  # the narrowest stream counts


def test_the_guard_queues_a_bit_of_every_frame_on_its_way() -> None:
    alone = build(networks.mlp((12, 8, 4)), None)
    streams = [port.stream for port in alone.outputs]
    cycles = latency(alone.blocks, streams, alone.interval) + DOORS
    assert alone.interval < cycles <= 2 * alone.interval
    assert alone.frames == 4
    assert build(networks.mlp((8, 4, 4), UNROLLED), None).frames > 31  # the latency, at 1 per cycle


def test_a_scale_that_nobody_folded_takes_as_few_multipliers_as_keep_up() -> None:
    pipeline = build(graphs.moved(), None)
    scale = next(block for block in pipeline.blocks if block.name == "scale")
    assert scale.fold is not None
    assert scale.fold.pe == 1
    assert scale.interval <= pipeline.interval


def only(cls: type[Node], inputs: int, fmt: str, out: StreamType, **fields: object) -> Graph:
    """Return a graph of one node on images of 2 x 2 pixels of one channel."""
    source = StreamType(parse_format(fmt), (2, 2, 1))
    names = tuple(f"in{index}" for index in range(inputs))
    first = [Input(name=name, origin="", inputs=(), out=source) for name in names]
    node = cls(name="last", origin="", inputs=names, out=out, **fields)
    return Graph("only", (*first, node), ("last",))


@pytest.mark.parametrize(("kind", "inputs"), [(Reshape, 1), (Concat, 2)])
def test_the_least_integer_has_no_place_in_a_symmetric_format(
    kind: type[Node], inputs: int
) -> None:
    """As many bits, yet a conversion: SAT_SYM makes -7 of -8."""
    for word, blocks in (("SAT_SYM", inputs), ("SAT", 0)):
        out = StreamType(parse_format(f"fixed<4,2,TRN,{word}>"), (2, 2, inputs))
        made = build(only(kind, inputs, "fixed<4,2,RND,SAT>", out), None).blocks
        assert [block.module for block in made].count("axis_quantise") == blocks


@pytest.mark.parametrize("pad", [(2, 0, 0, 0), (3, 0, 3, 0)])
def test_a_pooling_with_a_window_in_the_padding_is_refused(pad: tuple[int, ...]) -> None:
    """Beyond one end, and, dilated, around an image."""
    window = Window(kernel=(2, 1), dilation=(5 if pad[2] else 1, 1), pad=pad)
    graph = only(
        Pool,
        1,
        "fixed<4,2>",
        StreamType(parse_format("fixed<4,2>"), (*window.output(2, 2), 1)),
        kind=Pooling.MAX,
        window=window,
    )
    with pytest.raises(GatewrightError, match=r"last: windows .* wholly in the padding"):
        build(graph, None)
