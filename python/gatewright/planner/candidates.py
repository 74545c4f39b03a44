"""The ways to build a layer: every core and folding that is worth a look, with cycles and size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from gatewright.emit.builder import build
from gatewright.emit.pipeline import Pipeline
from gatewright.errors import GatewrightError
from gatewright.estimate.model import ResourceModel, Resources
from gatewright.fixed import IntArray
from gatewright.folding import divisors
from gatewright.graph import (
    Conv,
    Dense,
    Depthwise,
    Elementwise,
    FoldRequest,
    Graph,
    Input,
    Node,
    Strategy,
)
from gatewright.planner.latency import latency_alone
from gatewright.sparse import SparseFold
from gatewright.sparse_cycles import predicted_cycles
from gatewright.unrolled import ADDERS_PER_STAGE, MOST_FOR_LATENCY

CORES = ("folded", "sparse", "unrolled")
MOST_MULTIPLIERS = 1024  # of a layer
_MOST_SIMD = 64
_SPARSE_PES = (1, 2, 4, 8, 16, 32, 64)
_SPARSE_SIMDS = (4, 8, 16)
_DENSEST = 0.75  # of the weights not zero: with more the sparse core never pays


@dataclass(frozen=True)
class Candidate:
    """One way to build a layer.

    Attributes:
        layer: Its name.
        core: ``folded``, ``sparse`` or ``unrolled``.
        request: What the layer asks for then.
        cycles: Per sample: exact; of a sparse core at most.
        mean: Per sample on average, by samples of the training data; as ``cycles`` where that is
            exact, or where there are no such samples.
        resources: By the resource model; of the layer alone.
        lanes_in: Elements per beat that it takes.
        lanes_out: Elements per beat that it gives.
        latency: Cycles of one sample alone through the layer.
    """

    layer: str
    core: str
    request: FoldRequest
    cycles: int
    mean: float
    resources: Resources
    lanes_in: int = 1
    lanes_out: int = 1
    latency: int = 0

    def __str__(self) -> str:
        """Name it as a design file would."""
        if self.core == "unrolled":
            return f"unrolled, AddersPerStage {self.request.adders_per_stage}"
        return f"{self.core}, PE {self.request.pe}, SIMD {self.request.simd}"


def candidates(
    graph: Graph,
    node: Dense,
    model: ResourceModel,
    cores: Iterable[str],
    typical: IntArray | None = None,
    adders_per_stage: int = ADDERS_PER_STAGE,
    *,
    skip_zeros: bool = False,
) -> list[Candidate]:
    """Return the ways to build a layer that no other one beats in cycles and all resources.

    Compared are those of the same core and the same lanes: what stands between two layers depends
    on the lanes of both.

    Args:
        graph: The network.
        node: A layer of it.
        model: What they take.
        cores: Names among ``CORES``.
        typical: Integers [vectors, columns] that the layer's matrix is multiplied with.
        adders_per_stage: Of the unrolled core.
        skip_zeros: Dense layers skip the beats in which no row has a weight.

    Raises:
        GatewrightError: none of the cores can build it.
    """
    found, refused = [], ""
    for core in cores:
        for request in _requests(node, core, adders_per_stage):
            try:
                alone = _alone(graph, replace(node, request=request))
                pipeline = build(alone, None, skip_zeros=skip_zeros)
            except GatewrightError as error:  # a folding that the rules of the core exclude
                refused = str(error)
                continue
            size = sum((model.of_block(block) for block in pipeline.blocks), start=Resources())
            mean = _mean(node, pipeline, typical)
            ends = pipeline.inputs[0].stream.type, pipeline.outputs[0].stream.type
            found.append(
                Candidate(
                    layer=node.name,
                    core=core,
                    request=request,
                    cycles=pipeline.interval,
                    mean=mean,
                    resources=size,
                    lanes_in=ends[0].lanes,
                    lanes_out=ends[1].lanes,
                    latency=latency_alone(pipeline),
                )
            )
    if not found:
        raise GatewrightError(
            f"{node.name}: none of the cores asked for ({', '.join(cores)}) builds this layer"
            f"{f': {refused}' if refused else ''}"
        )
    alike: dict[tuple[str, int, int], list[Candidate]] = {}
    for one in found:
        alike.setdefault((one.core, one.lanes_in, one.lanes_out), []).append(one)
    return [one for group in alike.values() for one in _undominated(group)]


def with_requests(graph: Graph, chosen: Iterable[Candidate]) -> Graph:
    """Return a graph whose layers ask for what was chosen."""
    requests = {candidate.layer: candidate.request for candidate in chosen}

    def asking(node: Node) -> Node:
        if isinstance(node, Dense) and node.name in requests:
            return replace(node, request=requests[node.name])
        return node

    return replace(graph, nodes=tuple(asking(node) for node in graph.nodes))


def layers_of(graph: Graph) -> list[Dense]:
    """Return the layers that can be built in several ways."""
    return [node for node in graph.nodes if isinstance(node, Dense)]


def _mean(node: Dense, pipeline: Pipeline, typical: IntArray | None) -> float:
    """Return the cycles per sample on average: of a sparse core less than its law."""
    fold = next(block.fold for block in pipeline.blocks if block.fold is not None)
    if typical is None or not isinstance(fold, SparseFold):
        return pipeline.interval
    return fold.vectors * predicted_cycles(
        node.weight,
        fold.pe,
        fold.picks,
        typical,
        lanes=fold.simd,
        out_lanes=fold.out_lanes,
        pes=fold.packed.pes,
    )


def _alone(graph: Graph, node: Dense) -> Graph:
    """Return a layer and the conversion behind it, as a network."""
    source = Input(name="source", origin="source", inputs=(), out=graph.source(node))
    nodes: list[Node] = [source, replace(node, inputs=(source.name,))]
    readers = graph.consumers(node.name)
    if len(readers) == 1 and isinstance(readers[0], Elementwise):
        nodes.append(readers[0])
    return Graph("layer", tuple(nodes), (nodes[-1].name,))


def _requests(node: Dense, core: str, adders_per_stage: int) -> Iterator[FoldRequest]:
    match core:
        case "folded":
            for pe, simd in _foldings(node):
                yield FoldRequest(strategy=Strategy.RESOURCE, pe=pe, simd=simd)
        case "sparse":
            yield from _sparse(node)
        case "unrolled":
            if node.weight.size <= MOST_FOR_LATENCY:
                yield FoldRequest(
                    strategy=Strategy.DISTRIBUTED_ARITHMETIC,
                    adders_per_stage=adders_per_stage,
                )


def _foldings(node: Dense) -> Iterator[tuple[int, int]]:
    rows, cols = node.weight.shape
    if isinstance(node, Depthwise):
        yield from ((pe, 1) for pe in divisors(rows))
        if node.window.narrow:
            yield from (
                (rows, taps) for taps in range(2, cols + 1) if rows * taps <= MOST_MULTIPLIERS
            )
        return
    simds: list[int] = [
        n for n in range(1, cols + 1) if n <= 16 or (n <= _MOST_SIMD and cols % n == 0)
    ]
    pes = sorted({ceil(rows / passes) for passes in range(1, rows + 1)})
    if isinstance(node, Conv):
        channels = cols // node.window.taps
        simds = [simd for simd in divisors(channels) if simd <= _MOST_SIMD]
        if node.window.narrow:
            simds += [channels * taps for taps in range(2, node.window.taps + 1)]
        pes = divisors(rows)
    yield from ((pe, simd) for pe in pes for simd in simds if pe * simd <= MOST_MULTIPLIERS)


def _sparse(node: Dense) -> Iterator[FoldRequest]:
    rows, cols = node.weight.shape
    filled = np.count_nonzero(node.weight) / node.weight.size
    if isinstance(node, Depthwise) or filled > _DENSEST:
        return
    simds: Iterable[int] = [simd for simd in _SPARSE_SIMDS if simd <= cols] or [cols]
    if isinstance(node, Conv):
        channels = cols // node.window.taps
        simds = [*divisors(channels)]
        if node.window.narrow:
            simds = [*simds, *(channels * taps for taps in divisors(node.window.taps)[1:])]
    for pe in sorted({min(pe, rows) for pe in _SPARSE_PES}):
        for simd in simds:
            yield FoldRequest(strategy=Strategy.COMPRESSED, pe=pe, simd=simd)


def _undominated(found: list[Candidate]) -> list[Candidate]:
    """Return those that no other one equals or beats in everything."""
    keys = np.array(
        [
            (
                one.cycles,
                one.mean,
                one.latency,
                one.resources.lut,
                one.resources.ff,
                one.resources.dsp,
                one.resources.bram,
            )
            for one in found
        ]
    )
    kept = []
    for index, key in enumerate(keys):
        no_worse, better = (keys <= key).all(axis=1), (keys < key).any(axis=1)
        if not (no_worse & better).any() and not (keys[:index] == key).all(axis=1).any():
            kept.append(found[index])
    return kept
