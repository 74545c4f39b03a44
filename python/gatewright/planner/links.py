"""What stands between two layers, or a layer and the input, by the lanes of both."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatewright.emit.blocks import width_converters
from gatewright.emit.streams import Lanes, Stream
from gatewright.estimate.model import ResourceModel, Resources
from gatewright.graph import Dense, Elementwise, Graph, Input, Node, Reshape
from gatewright.planner.candidates import Candidate


@dataclass(frozen=True)
class Way:
    """What one pair of lanes takes: cycles per sample, and by the resource model."""

    cycles: int
    resources: Resources


@dataclass(frozen=True)
class Link:
    """Two layers of which the second reads the first.

    Attributes:
        first: The layer that is read; None: it is the input.
        second: The layer that reads.
        ways: By lanes out of the first and into the second; of the input by the latter alone.
    """

    first: str | None
    second: str
    ways: Mapping[tuple[int, int], Way]

    def way(self, chosen: Mapping[str, Candidate]) -> Way:
        """Return what a choice of candidates makes it."""
        into = chosen[self.second].lanes_in
        return self.ways[(into if self.first is None else chosen[self.first].lanes_out, into)]


def links(
    graph: Graph,
    model: ResourceModel,
    choices: Mapping[str, Sequence[Candidate]],
    input_lanes: int | None,
) -> list[Link]:
    """Return the links between layers whose lanes depend on nothing else."""
    found = []
    for name, candidates in choices.items():
        node = graph[name]
        source = _source(graph, node)
        into = {candidate.lanes_in for candidate in candidates}
        if isinstance(source, Input):
            doors = _doors(graph, model, source, into, input_lanes)
            pairs = ((input_lanes or lanes, lanes) for lanes in into)
            ways = _ways(graph, node, model, pairs)
            both = {
                (lanes, lanes): Way(way.cycles, way.resources + doors[lanes])
                for (_, lanes), way in ways.items()
            }
            found.append(Link(None, name, both))
        elif isinstance(source, Dense) and source.name in choices:
            out = {candidate.lanes_out for candidate in choices[source.name]}
            pairs = ((one, other) for one in out for other in into)
            found.append(Link(source.name, name, _ways(graph, node, model, pairs)))
    return found


def total(chosen: Iterable[Candidate], between: Iterable[Link]) -> Resources:
    """Return what candidates and the links between them take."""
    by_layer = {candidate.layer: candidate for candidate in chosen}
    layers = sum((one.resources for one in by_layer.values()), start=Resources())
    return sum((link.way(by_layer).resources for link in between), start=layers)


def _source(graph: Graph, node: Node) -> Node | None:
    """Return what a layer reads, through what leaves the lanes; None: others read it too."""
    while True:
        source = graph[node.inputs[0]]
        if len(graph.consumers(source.name)) != 1 or source.name in graph.outputs:
            return None
        if not isinstance(source, Elementwise | Reshape):
            return source
        node = source


def _ways(
    graph: Graph, node: Node, model: ResourceModel, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Way]:
    source = graph.source(node)
    found = {}
    for out, into in pairs:
        stream = Stream("source", Lanes(source.format, source.size, out))
        blocks = list(width_converters(node, stream, into)) if out != into else []
        used = sum((model.of_block(block) for block in blocks), start=Resources())
        found[(out, into)] = Way(max((block.interval for block in blocks), default=0), used)
    return found


def _doors(
    graph: Graph, model: ResourceModel, source: Input, into: Iterable[int], lanes: int | None
) -> dict[int, Resources]:
    """Return what a wider input takes more at the doors, by the lanes of the layer behind it."""
    width = source.out.format.width

    def doors(count: int) -> Resources:
        return model.of_doors(Counter({"InStream": count * width, "InLanes": count}))

    return {own: doors(lanes or own) - doors(0) for own in into}
