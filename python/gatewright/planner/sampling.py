"""Random networks, from a seed: what the resource model is fitted to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gatewright.fixed import FixedFormat, parse_format
from gatewright.folding import divisors
from gatewright.graph import (
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
    Pool,
    Pooling,
    Strategy,
    StreamType,
    Window,
    merged_format,
    sum_range,
)

_MOST_MULTIPLIERS = 96  # of a layer
_MOST_WEIGHTS = 40_000
_SPARSE = 4  # one network of so many is on the sparse core
_MOST_UNROLLED = 1500  # weights of a layer


def network(seed: int, *, unrolled: bool = False) -> Graph:
    """Return a network: of dense layers, of convolutions, or of both on two branches.

    Args:
        seed: Decides all.
        unrolled: Its smaller layers are on the unrolled core.
    """
    name = f"{'unrolled' if unrolled else 'sample'}_{seed}"
    sampler = _Sampler(np.random.default_rng(seed), name, unrolled=unrolled)
    if sampler.one(2, 3) == 2:
        return sampler.dense_network()
    return sampler.image_network()


class _Sampler:
    """Adds layer after layer."""

    def __init__(self, rng: np.random.Generator, name: str, *, unrolled: bool) -> None:
        self.rng = rng
        self.name = name
        self.unrolled = unrolled
        self.nodes: list[Node] = []
        self.weight_width = self.one(3, 4, 5, 6, 8)
        self.width = self.one(3, 4, 5, 6, 8, 8)
        self.compressed = self.one(*range(_SPARSE)) == 0

    def one(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def dense_network(self) -> Graph:
        x = self._input((int(self.rng.integers(6, 400)),))
        for _ in range(self.one(1, 2, 2, 3)):
            x = self._dense(x, int(self.rng.integers(4, 100)))
        return self._graph()

    def image_network(self) -> Graph:
        side = self.one(8, 10, 12, 16, 20, 28)
        shape = self.one((side, side), (side, side), (1, 2 * side))
        x = self._input((*shape, self.one(1, 1, 3, 4, 8)))
        for _ in range(self.one(2, 3, 4)):
            x = self._image_layer(x)
        self._dense(x, self.one(4, 10, 16))
        return self._graph()

    def _image_layer(self, x: Node) -> Node:
        rows, columns, channels = x.out.image
        kind = self.one("conv", "conv", "depthwise", "point", "pool", "residual", "joined")
        if kind == "point" or min(columns, max(rows, 3)) < 3:
            return self._conv(x, self.one(4, 8, 12, 16, 24), Window(kernel=(1, 1)))
        window = self._window(rows)
        if kind == "depthwise" and not self.compressed:
            return self._matrix(Depthwise, x, (channels, window.taps), window)
        if kind == "pool" and columns >= 4:
            size = (1, 2) if rows == 1 else (2, 2)
            return self._pool(x, Window(kernel=size, stride=size))
        filters = channels if kind == "residual" else self.one(2, 4, 6, 8, 16)
        same = replace(window, stride=(1, 1))
        if kind == "residual":
            return self._merged(self._conv(x, filters, same), x)
        if kind == "joined":
            return self._concat(self._conv(x, filters, same), self._conv(x, filters, same))
        return self._conv(x, filters, window)

    def _window(self, rows: int) -> Window:
        size = self.one(3, 3, 5)
        pad, stride = size // 2, self.one(1, 1, 2)
        if rows == 1:
            return Window(kernel=(1, size), stride=(1, stride), pad=(0, pad, 0, pad))
        return Window(kernel=(size, size), stride=(stride, stride), pad=(pad, pad, pad, pad))

    def _input(self, shape: tuple[int, ...]) -> Node:
        fmt = FixedFormat(self.one(False, False, True), self.width, 0)
        fmt = parse_format(f"{'' if fmt.signed else 'u'}fixed<{self.width},0,RND_CONV,SAT>")
        return self._add(Input(name="x", origin="x", inputs=(), out=StreamType(fmt, shape)))

    def _dense(self, x: Node, rows: int) -> Node:
        rows = max(2, min(rows, _MOST_WEIGHTS // x.out.size))
        return self._matrix(Dense, x, (rows, x.out.size), None)

    def _conv(self, x: Node, filters: int, window: Window) -> Node:
        return self._matrix(Conv, x, (filters, window.taps * x.out.image[2]), window)

    def _matrix(
        self, made: type[Dense], x: Node, shape: tuple[int, int], window: Window | None
    ) -> Node:
        """Add a layer with the conversion behind it."""
        out = (shape[0],)
        more: dict[str, Any] = {}
        if window is not None:
            more, out = {"window": window}, (*window.output(*x.out.image[:2]), shape[0])  # type: ignore[assignment]
        most = 2 ** (self.weight_width - 1)
        weight = np.clip(np.round(self.rng.normal(0, most / 2.5, shape)), 1 - most, most - 1)
        if self.compressed:
            weight *= self.rng.random(shape) < self.one(0.1, 0.2, 0.5)
        bias = self.rng.integers(-most, most, shape[0])
        node = made(
            name=f"layer{len(self.nodes)}",
            origin="",
            inputs=(x.name,),
            out=StreamType(FixedFormat(True, 50, 30), out),
            weight=weight.astype(np.int64),
            weight_format=FixedFormat(True, self.weight_width, 1),
            bias=bias if self.one(True, True, False) else None,
            bias_format=FixedFormat(True, self.weight_width, 2),
            **more,
        )
        exact = sum_range(node, x.out.format).total
        node = replace(node, out=StreamType(exact, out), request=self._request(node, x))
        return self._convert(self._add(node), exact)

    def _request(self, node: Dense, x: Node) -> FoldRequest:
        rows, columns = node.weight.shape
        if self.unrolled and node.weight.size <= _MOST_UNROLLED:
            return FoldRequest(strategy=Strategy.DISTRIBUTED_ARITHMETIC)
        if isinstance(node, Depthwise):
            return FoldRequest(pe=self.one(*divisors(rows)), simd=1)
        lanes: Sequence[int] = range(1, min(columns, 16) + 1)
        if isinstance(node, Conv):
            channels = x.out.image[2]
            lanes = divisors(channels)
            if node.window.narrow and node.window.taps > 1:
                lanes = [*lanes, channels * node.window.taps]
        if self.compressed:
            pes = [pe for pe in divisors(rows) if pe <= 32]
            return FoldRequest(
                strategy=Strategy.COMPRESSED,
                pe=self.one(*pes),
                simd=self.one(*(lane for lane in lanes if lane <= 16)),
            )
        beats = {simd: -(-columns // simd) for simd in lanes}
        pairs = [
            (pe, simd)
            for pe in (divisors(rows) if isinstance(node, Conv) else range(1, rows + 1))
            for simd in lanes
            if pe * simd <= _MOST_MULTIPLIERS and -(-rows // pe) * beats[simd] <= 20_000
        ]
        pe, simd = pairs[int(len(pairs) * self.rng.random() ** 2)] if pairs else (1, 1)
        return FoldRequest(pe=pe, simd=simd)

    def _convert(self, x: Node, exact: FixedFormat) -> Node:
        relu = self.one(True, True, False)
        sign = "u" if relu else ""
        integer = exact.integer - self.one(0, 1, 2, 3)
        overflow = self.one("SAT", "SAT", "SAT", "WRAP")
        rounding = self.one("RND_CONV", "RND_CONV", "RND", "TRN")
        fmt = parse_format(f"{sign}fixed<{self.width},{integer},{rounding},{overflow}>")
        return self._one(Elementwise, x, fmt, function=Function.RELU if relu else Function.IDENTITY)

    def _pool(self, x: Node, window: Window) -> Node:
        shape = (*window.output(*x.out.image[:2]), x.out.image[2])
        kind = self.one(Pooling.MAX, Pooling.MAX, Pooling.AVERAGE)
        return self._one(Pool, x, x.out.format, shape, kind=kind, window=window)

    def _merged(self, a: Node, b: Node) -> Node:
        exact = merged_format(Combination.ADD, a.out.format, b.out.format)
        out = StreamType(exact, a.out.shape)
        node = self._add(
            Merge(
                name=f"sum{len(self.nodes)}",
                origin="",
                inputs=(a.name, b.name),
                out=out,
                kind=Combination.ADD,
            )
        )
        return self._convert(node, exact)

    def _concat(self, a: Node, b: Node) -> Node:
        shape = (*a.out.image[:2], a.out.image[2] + b.out.image[2])
        out = StreamType(a.out.format, shape)
        return self._add(
            Concat(name=f"join{len(self.nodes)}", origin="", inputs=(a.name, b.name), out=out)
        )

    def _one(
        self,
        made: type[Node],
        x: Node,
        fmt: FixedFormat,
        shape: tuple[int, ...] | None = None,
        **more: Any,
    ) -> Node:
        name = f"{made.__name__.lower()}{len(self.nodes)}"
        out = StreamType(fmt, shape or x.out.shape)
        return self._add(made(name=name, origin="", inputs=(x.name,), out=out, **more))

    def _add(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def _graph(self) -> Graph:
        return Graph(self.name, tuple(self.nodes), (self.nodes[-1].name,))
