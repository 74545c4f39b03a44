"""Proofs that a mutant changes nothing, block by block.

A weight, a bias or a format is followed through its layer: every sum that the layer can form, given
what each of its inputs can be, gives the same output. A netlist is proved by Yosys, by induction.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError
from gatewright.fixed import FixedFormat, IntArray, requantize
from gatewright.graph import Conv, Dense, Depthwise, Function, Graph, Pool, Pooling, sum_range
from gatewright.verification.mutants import netlist, reach
from gatewright.verification.mutants.draw import (
    FIRST_OVERFLOW,
    LESS,
    MORE,
    OVERFLOWS,
    RELU,
    ROUNDINGS,
    flipped,
)
from gatewright.verification.mutants.mutant import FormatMutant, MemoryMutant, NetlistMutant
from gatewright.verification.mutants.ranges import Range, ranges

_MOST = 1 << 24  # sums tried one by one
_PROOF_S = 120  # for one instance


class Layer:
    """A layer with weights, and the conversion that is done with it."""

    def __init__(self, graph: Graph, name: str, node: str) -> None:
        found = graph[name]
        if not isinstance(found, Dense):
            raise TypeError(f"{name} has no weights")
        self.node = found
        self.fused: Any = graph[node] if node != name else None
        source = graph.source(self.node)
        self.span = sum_range(self.node, source.format)
        self.up = self.span.fraction - self.span.products.fraction
        self.inputs = self._inputs(ranges(graph)[self.node.inputs[0]], source.size)
        bias = np.zeros(len(self.node.weight), np.int64)
        if self.node.bias is not None and self.node.bias_format is not None:
            bias = self.node.bias << (self.span.fraction - self.node.bias_format.fraction)
        self.bias: IntArray = bias

    def _inputs(self, found: Range, size: int) -> Range:
        """Return the least and the largest that each column of the weights can meet."""
        low, high = found
        if isinstance(self.node, Conv | Depthwise):
            if any(self.node.window.pad):
                low, high = np.minimum(low, 0), np.maximum(high, 0)
            if isinstance(self.node, Conv) and not isinstance(self.node, Depthwise):
                taps = self.node.window.taps
                return np.tile(low, taps), np.tile(high, taps)
            return low, high
        return np.resize(low, size), np.resize(high, size)

    def sums(self, row: int, without: int | None = None) -> tuple[int, int]:
        """Return the least and the largest sum of a row, without its bias and without a column."""
        weight = self.node.weight[row].copy()
        if without is not None:
            weight[without] = 0
        if isinstance(self.node, Depthwise):
            low, high = (np.full(weight.size, side[row]) for side in self.inputs)
        else:
            low, high = self.inputs
        ends = np.stack([weight * low, weight * high])
        return int(ends.min(axis=0).sum()) << self.up, int(ends.max(axis=0).sum()) << self.up

    def column(self, row: int, column: int) -> tuple[int, int]:
        """Return the least and the largest that a weight is multiplied with."""
        index = row if isinstance(self.node, Depthwise) else column
        return int(self.inputs[0][index]), int(self.inputs[1][index])

    def output(self, total: IntArray, change: int = 0) -> IntArray:
        """Return what the layer gives for sums; ``change``: with a wrong parameter."""
        fused = self.fused
        target = fused.out.format if fused is not None else self.node.out.format
        source = self.span.total
        relu = fused is not None and fused.function is Function.RELU
        if change == RELU:
            relu = not relu
        drop = {MORE: 1, LESS: -1}.get(change, 0)
        wide = FixedFormat(True, 60, 60 - source.fraction - drop)
        return requantize(np.maximum(total, 0) if relu else total, wide, _changed(target, change))


def _changed(target: FixedFormat, change: int) -> FixedFormat:
    """Return a format with the mode that a mutant has instead."""
    if 1 <= change < FIRST_OVERFLOW:
        return replace(target, rounding=ROUNDINGS[change - 1])
    if FIRST_OVERFLOW <= change < MORE:
        return replace(target, overflow=OVERFLOWS[change - FIRST_OVERFLOW])
    return target


def of_memory(graph: Graph, node: str, mutant: MemoryMutant) -> str:
    """Return why a wrong weight or bias changes nothing, or nothing if that is not proved."""
    layer = Layer(graph, mutant.layer, node)
    row = mutant.row
    if _unread(graph, node, row):
        return f"all that reads row {row} multiplies it by 0"
    if mutant.kind == "bias":
        return _of_bias(layer, mutant)
    lowest, largest = layer.column(row, mutant.column)
    if lowest == largest == 0:
        return "what it is multiplied with is always 0"
    right = int(layer.node.weight[row, mutant.column])
    wrong = flipped(layer.node, row, mutant.column, mutant.place)
    low, high = layer.sums(row, mutant.column)
    ends = [w * x << layer.up for w in (right, wrong) for x in (lowest, largest)]
    bias = int(layer.bias[row])
    low, high = low + min(ends) + bias, high + max(ends) + bias
    if not layer.span.total.min_int <= low <= high <= layer.span.total.max_int:
        return ""
    if high - low < _MOST and np.unique(layer.output(np.arange(low, high + 1))).size == 1:
        return f"row {row} gives the same for every sum it can form, {low} to {high}"
    return ""


def _unread(graph: Graph, node: str, channel: int) -> bool:
    """Whether every reader of a node is a matrix whose weights for a channel are all 0."""
    readers = graph.consumers(node)
    if node in graph.outputs or not readers:
        return False
    for reader in readers:
        if not isinstance(reader, Dense) or isinstance(reader, Depthwise):
            return False
        channels = graph[node].out.image[2]
        if reader.weight[:, channel::channels].any():
            return False
    return True


def _of_bias(layer: Layer, mutant: MemoryMutant) -> str:
    low, high = layer.sums(mutant.row)
    right = int(layer.bias[mutant.row])
    wrong = right ^ (1 << mutant.place)
    signed = range(layer.span.total.min_int, layer.span.total.max_int + 1)
    if high - low >= _MOST or not all(
        end + bias in signed for end in (low, high) for bias in (right, wrong)
    ):
        return ""
    sums = np.arange(low, high + 1, 1 << layer.up)  # no others: products have fewer fraction bits
    if np.array_equal(layer.output(sums + right), layer.output(sums + wrong)):
        return f"row {mutant.row} gives the same for every sum it can form, {low} to {high}"
    return ""


def of_format(graph: Graph, node: str, mutant: FormatMutant) -> str:
    """Return why a wrong parameter of a conversion changes nothing, or nothing."""
    if isinstance(graph[mutant.layer], Dense):
        layer = Layer(graph, mutant.layer, node)
        bounds = [layer.sums(row) for row in range(len(layer.bias))]
        low = min(low + int(b) for (low, _), b in zip(bounds, layer.bias, strict=True))
        high = max(high + int(b) for (_, high), b in zip(bounds, layer.bias, strict=True))
        if high - low >= _MOST:
            return ""
        sums = np.arange(low, high + 1)
        if np.array_equal(layer.output(sums), layer.output(sums, mutant.option)):
            return f"the layer gives the same for every sum it can form, {low} to {high}"
    elif mutant.option < MORE:
        return _of_average(graph, mutant)
    return ""


def _of_average(graph: Graph, mutant: FormatMutant) -> str:
    """Return why another mode of an average pooling changes nothing, or nothing."""
    pool = graph[mutant.layer]
    if not isinstance(pool, Pool) or pool.kind is not Pooling.AVERAGE or any(pool.window.pad):
        return ""
    taps, target = pool.window.taps, pool.out.format
    lowest, largest = ranges(graph)[pool.inputs[0]]
    low, high = int(lowest.min()) * taps, int(largest.max()) * taps
    if high - low >= _MOST:
        return ""
    sums = np.arange(low, high + 1)
    wide = FixedFormat(True, 60, 60 - graph.source(pool).format.fraction)
    right, wrong = (
        requantize(sums, wide, fmt, taps) for fmt in (target, _changed(target, mutant.option))
    )
    if np.array_equal(right, wrong):
        return f"it gives the same for every sum it can form, {low} to {high}"
    return ""


def of_netlist(description: Mapping[str, Any], rtl_folder: Path, mutant: NetlistMutant) -> str:
    """Return why a mutant of the netlist changes nothing, or nothing if that is not proved.

    The smallest instance that the cell is in is tried first, then those around it up to the block:
    every register and every output of it is proved equal, given that all registers were so before.
    Then, in the same order, every output from a reset on, see ``reach``.
    """
    instances = instances_of(mutant)
    for instance in instances:
        if _same(description, rtl_folder, mutant, instance):
            return f"Yosys proves every register and output of {instance} equal, by induction"
    for instance in [*instances, *([""] if mutant.layer == netlist.DOORS else [])]:
        if reach.same(description, rtl_folder, mutant, instance):
            where = instance or "the design's doors"
            return f"ABC proves every output of {where} equal, in all states from a reset on"
    return ""


def instances_of(mutant: NetlistMutant) -> list[str]:
    """Return the path of the smallest instance that a mutant's cell is in, and of those around."""
    cell = mutant.command.partition(" -cell ")[2].split(" ", 1)[0]
    path = cell.partition("$flatten\\")[2].partition(".$")[0]
    parts = path.split(".\\") if path else []
    return [".\\".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _same(
    description: Mapping[str, Any], rtl_folder: Path, mutant: NetlistMutant, instance: str
) -> bool:
    top = description["top"]
    pattern = netlist.pattern(instance)
    command = mutant.command.partition(" -ctrl ")[2].split(" ", 3)[3]
    steps = [
        *netlist.prepared(description),
        f"submod -name gold c:{pattern}*",
        *("select gold", "memory_map", "opt_clean"),
        # Registers and ports are compared; what lies between may differ.
        "select -set state t:*dff* %co1:+[Q] w:* %i",
        "rename -hide w:* @state %d x:* %d",
        *("select -clear", "copy gold gate"),
        "mutate " + command.replace(f"-module {top} ", "-module gate ", 1),
        *("opt_clean gate", "equiv_make gold gate equiv", "hierarchy -top equiv"),
        *("equiv_simple -seq 1", "equiv_induct -seq 2", "equiv_status -assert"),
    ]
    with tempfile.TemporaryDirectory(prefix="gatewright-proof-") as name:
        try:
            netlist.yosys(steps, rtl_folder, Path(name) / "yosys.log", timeout_s=_PROOF_S)
        except CheckFailedError:
            return False
    return True
