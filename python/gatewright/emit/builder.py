"""Hardware graph to library blocks: which block, which lanes, which FIFOs between them.

Every decision about the emitted hardware is made here, in the modules of blocks, in ``branches`` or
in ``folding``; the template only prints.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import gcd, prod
from typing import Any

from gatewright.emit import (
    blocks,
    branches,
    function_blocks,
    image_blocks,
    moving_blocks,
    sparse,
    unrolled,
)
from gatewright.emit.pipeline import Pipeline, Port
from gatewright.emit.streams import AnyFold, Block, Lanes, Stream, bus_width
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, format_for_range
from gatewright.folding import depthwise_within, divisors, fold
from gatewright.graph import (
    Argmax,
    Clip,
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
    Rectifier,
    Reshape,
    Softmax,
    Strategy,
    StreamType,
    Table,
    Transpose,
    Upsample,
    sum_range,
)
from gatewright.sparse import SparseFold, sparse_fold
from gatewright.unrolled import UnrolledFold, unrolled_fold, unrolled_for_latency

# Of the top's own streams and instances.
TOP_NAMES = ("s_axis", "m_axis", "frame", "bad", "door", "guard", "mark", "elements")
CHANNEL = 2  # the last of an image's axes


def build(
    graph: Graph,
    input_lanes: int | None,
    *,
    skip_zeros: bool = False,
    folds: Mapping[str, AnyFold] | None = None,
) -> Pipeline:
    """Choose the blocks, their parameters and the lanes between them.

    Args:
        graph: The network.
        input_lanes: Elements per beat at the inputs; by default what the first layer takes.
        skip_zeros: Dense layers skip the beats in which no row has a weight.
        folds: Of the layers with weights, by name; by default as each layer asks.

    Raises:
        GatewrightError: a node without hardware, an impossible folding, too wide a format.
    """
    return _Builder(graph, input_lanes, skip_zeros=skip_zeros, folds=dict(folds or {})).build()


@dataclass
class _Builder:
    """Goes through the nodes in order; keeps which streams wait for a reader."""

    graph: Graph
    input_lanes: int | None
    skip_zeros: bool
    folds: dict[str, AnyFold]
    taken: set[str] = field(default_factory=lambda: set(TOP_NAMES))
    made: list[Block] = field(default_factory=list)
    waiting: dict[str, deque[Stream]] = field(default_factory=dict)  # by node
    fused: set[str] = field(default_factory=set)

    def build(self) -> Pipeline:
        layers = [node for node in self.graph.nodes if isinstance(node, Dense)]
        for layer in layers:
            if layer.name not in self.folds and not _unfolded(layer):
                self.folds[layer.name] = _fold(layer, skip_zeros=self.skip_zeros)
        self.target = self._target()
        for layer in layers:
            if isinstance(layer, Depthwise) and layer.name not in self.folds:
                self.folds[layer.name] = fold(_slowest(layer, self.target))
        ports = [self._input(node) for node in self.graph.nodes if isinstance(node, Input)]
        for node in self.graph.nodes:
            if not isinstance(node, Input) and node.name not in self.fused:
                self._node(node)
        outputs = tuple(self._output(name) for name in self.graph.outputs)
        self.made = unrolled.with_credits(self.made, self._unique)
        plain = Pipeline(self.graph, tuple(ports), outputs, tuple(self.made), {})
        leaving = [port.stream for port in outputs]
        made, depths = branches.with_fifos(self.made, leaving, plain.interval, self._unique)
        return replace(plain, blocks=made, depths=depths)

    def _target(self) -> int:
        """Return the cycles per sample that layers without weights must not exceed."""
        laws = [f.cycles for f in self.folds.values()]
        laws += [n.out.size // self._lanes_of_input(n) for n in self._inputs()]
        return max(laws, default=1)

    def _inputs(self) -> Iterator[Input]:
        return (node for node in self.graph.nodes if isinstance(node, Input))

    def _lanes_of_input(self, node: Input) -> int:
        lanes = self.input_lanes
        if lanes is None:
            readers = self.graph.consumers(node.name)
            lanes = min((self._lanes_wanted(reader) for reader in readers), default=1)
        return max(1, min(lanes, node.out.size))

    def _lanes_wanted(self, node: Node) -> int:
        folded = self.folds.get(node.name)
        if folded is None:
            return 1
        return folded.in_lanes

    def _input(self, node: Input) -> Port:
        bus_width(node.out.format, node.name)
        several = len(list(self._inputs())) > 1
        name = self._unique(f"frame_{node.name}" if several else "frame", reserved=True)
        lanes = self._lanes_of_input(node)
        stream = Stream(name, Lanes(node.out.format, node.out.size, lanes))
        self._publish(node, stream)
        return Port(node.name, f"s_axis_{node.name}" if several else "s_axis", stream)

    def _output(self, name: str) -> Port:
        bus_width(self.graph[name].out.format, name)
        prefix = "m_axis" if len(self.graph.outputs) == 1 else f"m_axis_{name}"
        return Port(name, prefix, self._take(name))

    def _node(self, node: Node) -> None:
        alike = isinstance(node, Upsample) and node.factor == (1, 1)
        if isinstance(node, Reshape) or alike:  # the same elements in the same order
            stream = self._take(node.inputs[0])
            self._publish(node, self._with_format(node, stream, node.out.format))
            return
        make = self.makers.get(type(node))
        if make is None:
            raise GatewrightError(
                f"{node.name} ({node.origin}): no hardware for {type(node).__name__}"
            )
        block = self._add(make(node))
        self._publish(self.graph[block.node or node.name], block.outputs[0])

    @property
    def makers(self) -> dict[type[Node], Callable[[Any], Block]]:
        """What makes the block of each class of nodes."""
        return {
            Dense: self._matrix,
            Conv: self._matrix,
            Depthwise: self._matrix,
            Pool: self._pool,
            Merge: self._merge,
            Concat: self._concat,
            Elementwise: lambda node: blocks.elementwise(node, self._take(node.inputs[0])),
            Argmax: lambda node: blocks.argmax(node, self._take(node.inputs[0])),
            Rectifier: self._rectifier,
            Clip: self._clip,
            Table: lambda node: function_blocks.table(node, self._gapless(node)),
            Softmax: self._softmax,
            Pad: lambda node: self._moving(node, moving_blocks.pad),
            Upsample: lambda node: self._moving(node, moving_blocks.upsample),
            Transpose: lambda node: self._moving(node, moving_blocks.transpose),
        }

    def _matrix(self, node: Dense) -> Block:
        folded = self.folds[node.name]
        image = self.graph.source(node)
        stream = self._with_lanes(node, self._take(node.inputs[0]), self._lanes_wanted(node))
        fused = self._fusing(node, sum_range(node, stream.type.format).total)
        if isinstance(folded, UnrolledFold):
            ends = unrolled.Ends(head=stream.held, tail=not self._goes_on(node, fused))
            return unrolled.layer(self.graph.name, node, fused, folded, stream, image, ends)
        if isinstance(folded, SparseFold):
            if isinstance(node, Conv):
                return sparse.conv(node, fused, folded, stream, image)
            return sparse.dense(node, fused, folded, stream)
        match node:
            case Conv():
                return image_blocks.conv(node, fused, folded, stream, image)
            case Depthwise():
                return image_blocks.depthwise(node, fused, folded, stream, image)
        if folded.kept:
            (stream,) = self._add(moving_blocks.pick(node, folded, stream)).outputs
        return blocks.dense(node, fused, folded, stream)

    def _goes_on(self, node: Dense, fused: Elementwise | None) -> bool:
        """Whether an unrolled layer's one reader is another, so that no buffer need lie between."""
        last = fused or node
        readers = self.graph.consumers(last.name)
        if type(node) is not Dense or len(readers) != 1 or last.name in self.graph.outputs:
            return False
        return type(readers[0]) is Dense and isinstance(
            self.folds.get(readers[0].name), UnrolledFold
        )

    def _pool(self, node: Pool) -> Block:
        image = self.graph.source(node)
        image_blocks.check_taps(node, image)
        stream = self._take(node.inputs[0])
        pixels = prod(node.out.image[:2]) * node.window.taps
        costs = {
            lanes: max(image.size, pixels * image.image[2]) // lanes
            for lanes in divisors(image.image[2])
        }
        lanes = self._cheapest(costs, stream)
        return image_blocks.pool(node, self._with_lanes(node, stream, lanes), image)

    def _merge(self, node: Merge) -> Block:
        a, b = (self._take(name) for name in node.inputs)
        if a.type.lanes != b.type.lanes:
            costs = {lanes: node.out.size // lanes for lanes in divisors(node.out.size)}
            lanes = self._cheapest(costs, a, b)
            a, b = self._with_lanes(node, a, lanes), self._with_lanes(node, b, lanes)
        exact = image_blocks.merge_result(node, a.type.format, b.type.format)
        return image_blocks.merge(node, self._fusing(node, exact), a, b)

    def _concat(self, node: Concat) -> Block:
        channels = tuple(self.graph[name].out.image[2] for name in node.inputs)
        streams = [self._take(name) for name in node.inputs]
        costs = {lanes: node.out.size // lanes for lanes in divisors(gcd(*channels))}
        lanes = self._cheapest(costs, *streams)
        alike = []
        for each in streams:
            stream = self._with_lanes(node, each, lanes)
            alike.append(self._with_format(node, stream, node.out.format))
        first, second = alike
        return image_blocks.concat(node, first, second, (channels[0], channels[1]))

    def _rectifier(self, node: Rectifier) -> Block:
        stream = self._take(node.inputs[0])
        channels = self.graph.source(node).image[2]
        if node.slope.size > 1 and channels % stream.type.lanes:  # a word of slopes for each beat
            costs = {lanes: node.out.size // lanes for lanes in divisors(channels)}
            stream = self._with_lanes(node, stream, self._cheapest(costs))
        source, slope = stream.type.format, node.slope_format
        fraction = source.fraction + max(slope.fraction, 0)
        width = source.width + slope.width + abs(slope.fraction) + 1
        exact = FixedFormat(True, width, width - fraction)
        fused = self._fusing(node, exact, relu=False)
        return function_blocks.rectifier(node, fused, stream, channels)

    def _clip(self, node: Clip) -> Block:
        stream = self._gapless(node)
        bounds = [bound for bound in (node.low, node.high) if bound is not None]
        source = stream.type.format
        up = node.fraction - source.fraction
        low = min(*bounds, source.min_int << up)
        high = max(*bounds, source.max_int << up)
        fused = self._fusing(node, format_for_range(low, high, node.fraction), relu=False)
        return function_blocks.clip(node, fused, stream)

    def _softmax(self, node: Softmax) -> Block:
        stream = self._with_lanes(node, self._take(node.inputs[0]), 1)
        channels = self.graph.source(node).image[2]
        return function_blocks.softmax(node, stream, channels, self.target)

    def _moving(self, node: Node, make: Callable[[Any, Stream, StreamType], Block]) -> Block:
        """Return what moves an image's elements; they are converted before, if they must be."""
        image = self.graph.source(node)
        stream = self._take(node.inputs[0])
        together = not isinstance(node, Transpose) or node.axes[2] == CHANNEL
        lanes = divisors(image.image[2]) if together else [1]
        size = max(image.size, node.out.size)
        stream = self._with_lanes(
            node, stream, self._cheapest({count: size // count for count in lanes}, stream)
        )
        return make(node, self._with_format(node, stream, node.out.format), image)

    def _gapless(self, node: Node) -> Stream:
        """Return a node's stream without lanes beyond the last element: they would not stay 0."""
        stream = self._take(node.inputs[0])
        elements = stream.type.elements
        if elements % stream.type.lanes == 0:
            return stream
        costs = {lanes: elements // lanes for lanes in divisors(elements)}
        return self._with_lanes(node, stream, self._cheapest(costs))

    def _with_format(self, node: Node, stream: Stream, target: FixedFormat) -> Stream:
        """Return ``stream`` converted to ``target`` for ``node``."""
        source = stream.type.format
        if _same_bits(source, target):
            return stream
        comment = f"{source} -> {target} for {node.name}"
        return self._add(blocks.converter(f"{node.name}_convert", comment, stream, target)).outputs[
            0
        ]

    def _cheapest(self, costs: Mapping[int, int], *streams: Stream) -> int:
        """Return the lanes to use, of those in ``costs``, each with the cycles it takes.

        The fewest that keep up with the slowest layer; of these a stream's own, if it has one.
        """
        enough = [lanes for lanes, cycles in costs.items() if cycles <= self.target]
        for stream in streams:
            if stream.type.lanes in enough:
                return stream.type.lanes
        return min(enough, default=max(costs))

    def _with_lanes(self, node: Node, stream: Stream, lanes: int) -> Stream:
        """Return ``stream`` with ``lanes`` elements per beat, through converters if it must be."""
        if stream.type.lanes != lanes:
            for block in blocks.width_converters(node, stream, lanes):
                stream = self._add(replace(block, inputs=(stream,))).outputs[0]
        return stream

    def _fusing(self, node: Node, exact: FixedFormat, *, relu: bool = True) -> Elementwise | None:
        """Return the conversion behind ``node`` that can be done with it; ``relu``: a ReLU too.

        The node's own conversion must change nothing, and nothing else may read it.
        """
        readers = self.graph.consumers(node.name)
        alone = len(readers) == 1 and node.name not in self.graph.outputs
        if not alone or not node.out.format.contains(exact):
            return None
        (reader,) = readers
        if not isinstance(reader, Elementwise):
            return None
        if reader.function is Function.RELU and not relu:
            return None
        self.fused.add(reader.name)
        return reader

    def _add(self, block: Block) -> Block:
        """Keep a block under a name that nothing else has."""
        name = self._unique(block.name)
        outputs = tuple(
            replace(stream, name=name + stream.name.removeprefix(block.name))
            for stream in block.outputs
        )
        block = replace(block, name=name, outputs=outputs)
        self.made.append(block)
        return block

    def _publish(self, node: Node, stream: Stream) -> None:
        """Keep a node's stream for its readers, through a fork if there are several."""
        inputs = [name for reader in self.graph.nodes for name in reader.inputs]
        readers = (*inputs, *self.graph.outputs).count(node.name)
        if not readers:
            raise GatewrightError(
                f"{self.graph.name}: nothing reads {node.name} ({node.origin}); leave it out or "
                "make it an output"
            )
        if readers == 1:
            self.waiting[node.name] = deque([stream])
        else:
            self.waiting[node.name] = deque(self._add(blocks.fork(stream, readers)).outputs)

    def _take(self, name: str) -> Stream:
        return self.waiting[name].popleft()

    def _unique(self, name: str, *, reserved: bool = False) -> str:
        """Return a name that nothing has: a layer may be called ``frame``."""
        candidates = (f"{name}_{count}" for count in itertools.count(2))
        unique = name
        while unique in self.taken and not reserved:
            unique = next(candidates)
        self.taken.add(unique)
        return unique


def _fold(node: Dense, *, skip_zeros: bool) -> AnyFold:
    match node.request.strategy:
        case Strategy.COMPRESSED:
            return sparse_fold(node)
        case Strategy.DISTRIBUTED_ARITHMETIC:
            return unrolled_fold(node)
        case Strategy.LATENCY if unrolled_for_latency(node):
            return unrolled_fold(node)
    return fold(node, skip_zeros=skip_zeros)


def _unfolded(node: Dense) -> bool:
    """Whether a layer can be folded as it suits the others: depthwise, with nothing asked of it."""
    asked = node.request.pe is not None or node.request.reuse_factor > 1
    latency = node.request.strategy is Strategy.LATENCY and unrolled_for_latency(node)
    unrolled = latency or node.request.strategy is Strategy.DISTRIBUTED_ARITHMETIC
    return isinstance(node, Depthwise) and not asked and not unrolled


def _slowest(node: Depthwise, target: int) -> Depthwise:
    """Return a depthwise layer with as few multipliers as keep it within ``target`` cycles."""
    pe, simd = depthwise_within(node, target // prod(node.out.image[:2]))
    return replace(node, request=FoldRequest(pe=pe, simd=simd))


def _same_bits(source: FixedFormat, target: FixedFormat) -> bool:
    """Whether the conversion of every value gives the same bits.

    SAT_SYM converts even the least integer of the same format.
    """
    alike = (source.signed, source.width) == (target.signed, target.width)
    return alike and source.fraction == target.fraction and target.contains(source)
