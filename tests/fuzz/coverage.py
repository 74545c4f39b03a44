"""What a network exercised: an operator by being there, a mode by having changed a value."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fuzz.spec import Layer, Network
from gatewright import reference
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.graph import Argmax, Graph, Input, Node, Table

WANTED = 20  # networks for each operator and mode
DEEP = 4  # layers of a network that counts as deep


@dataclass(frozen=True)
class Record:
    """What is kept of one network.

    Attributes:
        index: Its number.
        layers: How many it has.
        branch: Whether branches join in it.
        operators: Kinds of layers.
        windows: Of the kernels: stride, pads, dilation.
        rounding: Modes that rounded some value otherwise than another mode does.
        overflow: Modes that met a value out of range.
        wrong: What was wrong, or None.
    """

    index: int
    layers: int
    branch: bool
    operators: list[str]
    windows: list[str]
    rounding: list[str]
    overflow: list[str]
    wrong: str | None


def record(
    index: int, network: Network, graph: Graph, inputs: IntArray, wrong: str | None
) -> Record:
    """Return what is kept of a network that ran."""
    rounding, overflow = modes(graph, inputs)
    return Record(
        index=index,
        layers=len(network.computing),
        branch=network.branched,
        operators=sorted(set(operators(network))),
        windows=sorted({word for layer in network.layers for word in window_words(layer)}),
        rounding=sorted(mode.value for mode in rounding),
        overflow=sorted(mode.value for mode in overflow),
        wrong=wrong,
    )


def operators(network: Network) -> Iterable[str]:
    """Yield each layer's kind with its word, and what is special about the network's ends."""
    for layer in network.computing:
        word = "in groups" if layer.groups > 1 else layer.word if layer.kind != "table" else ""
        yield f"{layer.kind} {word}".strip()
    if network.layers != network.computing:
        yield "several inputs"
    if network.outputs:
        yield "several outputs"


def window_words(layer: Layer) -> Iterable[str]:
    """Yield what is special about a layer's window."""
    if layer.window is None:
        return
    window = layer.window
    if max(window.stride) > 1:
        yield "stride"
    if any(window.pad):
        yield "pads"
    if window.pad[:2] != window.pad[2:]:
        yield "asymmetric pads"
    if max(window.dilation) > 1 and max(window.kernel) > 1:
        yield "dilation"


def modes(graph: Graph, inputs: IntArray) -> tuple[set[Rounding], set[Overflow]]:
    """Return the modes whose conversions another mode would have done otherwise."""
    values = reference.evaluate(graph, inputs)
    rounding: set[Rounding] = set()
    overflow: set[Overflow] = set()
    for node in graph.nodes:
        if isinstance(node, Input | Argmax | Table):
            continue
        fmt = node.out.format
        other = Rounding.RND_INF if fmt.rounding is Rounding.TRN else Rounding.TRN
        if _differs(graph, inputs, node, replace(fmt, rounding=other), values[node.name]):
            rounding.add(fmt.rounding)
        saturates = fmt.overflow in (Overflow.SAT, Overflow.SAT_SYM, Overflow.SAT_ZERO)
        beyond = Overflow.WRAP if saturates else Overflow.SAT
        if _differs(graph, inputs, node, replace(fmt, overflow=beyond), values[node.name]):
            plain = fmt.overflow is Overflow.WRAP_SM and not fmt.signed  # it is WRAP then
            overflow.add(Overflow.WRAP if plain else fmt.overflow)
    return rounding, overflow


def _differs(
    graph: Graph, inputs: IntArray, node: Node, fmt: FixedFormat, values: IntArray
) -> bool:
    """Whether ``node`` gives other values in another format of as many bits."""
    at = graph.nodes.index(node)
    later = [other for other in graph.nodes[at:] if isinstance(other, Input)]
    changed = replace(node, out=replace(node.out, format=fmt))
    other = Graph(graph.name, (*graph.nodes[:at], *later, changed), (node.name,))
    return bool((reference.evaluate(other, inputs)[node.name] != values).any())


def table(records: Iterable[dict[str, Any]]) -> str:
    """Return the counts of a run as text, and what is short of ``WANTED``."""
    records = list(records)
    lines = []
    for key, all_of in (
        ("operators", ()),
        ("windows", ()),
        ("rounding", Rounding),
        ("overflow", Overflow),
    ):
        counts = Counter({mode.value: 0 for mode in all_of})
        counts.update(word for each in records for word in each[key])
        lines.append(f"{key} (networks each)")
        lines += [f"  {word:24s}{count:6d}" for word, count in sorted(counts.items())]
        short = sorted(word for word, count in counts.items() if count < WANTED)
        if short:
            lines.append(f"  fewer than {WANTED}: {', '.join(short)}")
    deep = sum(each["layers"] >= DEEP and each["branch"] for each in records)
    share = 100 * deep / max(len(records), 1)
    lines.append(
        f"networks {len(records)}; with {DEEP} layers or more and a branch {deep}, {share:.0f} %"
    )
    return "\n".join(lines)
