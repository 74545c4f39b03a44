"""Unrolled layers: a module of adders and the stream around it, both written for one matrix."""

from dataclasses import dataclass

from gatewright.adders import AdderGraph
from gatewright.emit.adder_text import adder_module
from gatewright.emit.environment import environment

LIBRARY = ("credit_gate", "layer_output")  # modules of the library that it instantiates


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
        )
    )
    return UnrolledText({adders: inner.text, name: outer}, inner.latency, inner.registers)
