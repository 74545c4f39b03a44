"""Unrolled layers: a module of adders and the stream around it, both written for one matrix."""

from dataclasses import dataclass

import numpy as np

from gatewright.adders import AdderGraph, solve
from gatewright.emit import needs
from gatewright.emit.adder_text import adder_module
from gatewright.emit.blocks import (
    as_text,
    bias_file,
    conversion_comment,
    matrix_parameters,
    text,
    then,
)
from gatewright.emit.environment import environment
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.graph import Dense, Elementwise
from gatewright.unrolled import UnrolledFold

_GATE = 8  # cycles from a sum to its credit, and some more
_OUTPUT = 5  # cycles from a sum to the output, at most
_OF_ADDERS = ("InWidth", "InSigned", "WeightWidth", "WeightSigned", "AccWidth")  # no parameters


@dataclass(frozen=True)
class UnrolledText:
    """The text of a layer.

    Attributes:
        files: {module: text}, a module before what instantiates it.
        latency: Cycles from a vector to its sums.
        registers: Bits of registers among the adders.
    """

    files: dict[str, str]
    latency: int
    registers: int


def layer_text(
    name: str, comment: str, graph: AdderGraph, in_width: int, sum_width: int, per_stage: int
) -> UnrolledText:
    """Return the modules of a layer; the outer one is called ``name``.

    Args:
        name: Of the outer module; the adders are ``<name>_adders``.
        comment: What it computes, in a few words.
        graph: Its adders.
        in_width: Bits of an input element.
        sum_width: Bits of a sum of products, two's complement.
        per_stage: Adders one after another between two registers.
    """
    adders = f"{name}_adders"
    inner = adder_module(adders, graph, in_width, sum_width, per_stage)
    outer = (
        environment()
        .get_template("unrolled_layer.sv.j2")
        .render(
            name=name,
            adders=adders,
            comment=comment,
            columns=len(graph.spans),
            rows=len(graph.rows),
            in_width=in_width,
            sum_width=sum_width,
            latency=inner.latency,
            products=int(np.count_nonzero(graph.matrix())),
        )
    )
    return UnrolledText({adders: inner.text, name: outer}, inner.latency, inner.registers)


def dense(
    top: str, node: Dense, fused: Elementwise | None, folded: UnrolledFold, stream: Stream
) -> Block:
    """Return an unrolled dense layer, with the conversion behind it if ``fused`` gives one.

    Args:
        top: The design's name, which its modules' names begin with.
        node: The layer.
        fused: The conversion that is done with it.
        folded: Its share of the core.
        stream: What it reads.
    """
    last, source = fused or node, stream.type.format
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    matrix, bias = matrix_parameters(node, fused, folded, stream.type, out)
    parameters = {key: value for key, value in matrix.items() if key not in _OF_ADDERS}
    graph = solve(node.weight, [(source.min_int, source.max_int)] * folded.cols)
    name = f"{top}_{node.name}_unrolled"
    shape = f"{folded.rows} x {folded.cols} weights {node.weight_format}"
    made = layer_text(
        name, node.origin, graph, source.width, int(matrix["AccWidth"]), folded.per_stage
    )
    depth = max(2, made.latency + _GATE)
    return Block(
        name=node.name,
        module=name,
        comment=(
            f"{node.origin}: {shape}, {len(graph.adders)} adders{then(fused)}",
            conversion_comment(node, stream.type, out),
        ),
        parameters=as_text(parameters | {"FifoDepth": depth, "BiasFile": text(bias_file(node))}),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(needs.everything(stream.type.beats, out.beats),),
        node=last.name,
        fold=folded,
        counter="useful_macs_q",
        memories=bias,
        modules=made.files,
        cycles=folded.cycles,
        rhythm=Rhythm(),
        lag=made.latency + _OUTPUT,
    )
