"""Draw mutants evenly over kinds and layers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gatewright.emit.builder import build
from gatewright.emit.memory import place_in_bank
from gatewright.emit.streams import AnyFold, Block
from gatewright.fixed import IntArray, Overflow, Rounding
from gatewright.folding import Fold, kept_columns
from gatewright.graph import Dense, Graph
from gatewright.sparse import SparseFold
from gatewright.verification.mutants.mutant import FormatMutant, MemoryMutant

# In the order of gatewright_pkg.
ROUNDINGS = (
    *(Rounding.RND, Rounding.RND_ZERO, Rounding.RND_MIN_INF, Rounding.RND_INF),
    *(Rounding.RND_CONV, Rounding.TRN, Rounding.TRN_ZERO),
)
OVERFLOWS = (*(Overflow.SAT, Overflow.SAT_ZERO, Overflow.SAT_SYM, Overflow.WRAP, Overflow.WRAP_SM),)
_NAMES = {"RndPlusInf": 0, "RndZero": 1, "RndMinInf": 2, "RndInf": 3, "RndConv": 4, "Trn": 5}
_NAMES |= {"TrnZero": 6, "Sat": 0, "SatZero": 1, "SatSym": 2, "Wrap": 3, "WrapSm": 4}
FIRST_OVERFLOW, MORE, LESS, RELU = 8, 13, 14, 15  # options of sim/mutants/requantise.sv


def blocks_of(
    graph: Graph,
    input_lanes: int | None,
    *,
    skip_zeros: bool = False,
    folds: Mapping[str, AnyFold] | None = None,
) -> dict[str, Block]:
    """Return the blocks of the emitted design by name; ``folds``: see ``emit.builder.build``."""
    pipeline = build(graph, input_lanes, skip_zeros=skip_zeros, folds=folds)
    return {block.name: block for block in pipeline.blocks}


def capacities(graph: Graph, blocks: Mapping[str, Block]) -> dict[str, int]:
    """Return how many mutants there can be of each kind but those of the netlist."""
    layers = [b.name for b in blocks.values() if isinstance(b.fold, Fold | SparseFold)]
    biased = [b for b in blocks.values() if b.fold and _node(graph, b.name).bias is not None]
    return {
        "weight": sum(
            len(_stored(graph, blocks, name)) * _node(graph, name).weight_format.width
            for name in layers
        ),
        "bias": sum(
            len(_node(graph, b.name).weight) * int(b.parameters["BiasWidth"]) for b in biased
        ),
        "format": sum(len(_options(b)) for b in blocks.values() if "Rounding" in b.parameters),
    }


def weights(graph: Graph, blocks: Mapping[str, Block], count: int, seed: int) -> list[MemoryMutant]:
    """Draw bits of weights, evenly over layers."""
    rng = np.random.default_rng((seed, 1))
    stored = {
        b.name: _stored(graph, blocks, b.name)
        for b in blocks.values()
        if isinstance(b.fold, Fold | SparseFold)
    }
    found = []
    for name, wanted in shares(count, {n: len(places) for n, places in stored.items()}, rng):
        bits = len(stored[name]) * _node(graph, name).weight_format.width
        chosen = rng.choice(bits, wanted, replace=False).tolist()
        width = _node(graph, name).weight_format.width
        found += [
            _weight(graph, blocks, name, int(stored[name][index // width]), index % width)
            for index in chosen
        ]
    return found


def _stored(graph: Graph, blocks: Mapping[str, Block], name: str) -> IntArray:
    """Return the places of the weights in a layer's memory: those not skipped, or not 0."""
    node, fold = _node(graph, name), blocks[name].fold
    if isinstance(fold, SparseFold):
        return np.flatnonzero(node.weight)
    places = np.arange(node.weight.size).reshape(node.weight.shape)
    if isinstance(fold, Fold) and fold.kept:
        places = places[:, kept_columns(fold.kept, node.weight.shape[1], fold.simd)]
    return places.reshape(-1)


def _weight(
    graph: Graph, blocks: Mapping[str, Block], name: str, element: int, place: int
) -> MemoryMutant:
    """Return the mutant of one bit of a weight: what is then emitted tells where it stands."""
    node, fold = _node(graph, name), blocks[name].fold
    row, column = divmod(element, node.weight.shape[1])
    what = f"bit {place} of weight ({row}, {column})"
    if isinstance(fold, SparseFold):
        packed = fold.packed
        stem = f"{name}_entries_{packed.pes[row]:03d}"
        bank_depth = packed.bank_depth(node.weight_format.width)
        file, word = place_in_bank(stem, packed.address(row, column), packed.depth, bank_depth)
        return MemoryMutant("weight", name, what, file, word, place, row, column, place)
    weight = node.weight.copy()
    weight[row, column] = flipped(node, row, column, place)
    nodes = tuple(replace(n, weight=weight) if n is node else n for n in graph.nodes)
    folds = {block.name: block.fold for block in blocks.values() if block.fold}
    right, wrong = (
        blocks[name].memories,
        blocks_of(replace(graph, nodes=nodes), None, folds=folds)[name].memories,
    )
    ((file, word, bit),) = [
        (file, number, (int(a, 16) ^ int(b, 16)).bit_length() - 1)
        for file in right
        if "_weight" in file
        for number, (a, b) in enumerate(zip(right[file].split(), wrong[file].split(), strict=True))
        if a != b
    ]
    return MemoryMutant("weight", name, what, file, word, bit, row, column, place)


def flipped(node: Dense, row: int, column: int, place: int) -> int:
    """Return a weight with one bit flipped."""
    width = node.weight_format.width
    value = (int(node.weight[row, column]) ^ (1 << place)) & ((1 << width) - 1)
    negative = node.weight_format.signed and value >> (width - 1)
    return value - (1 << width) if negative else value


def biases(graph: Graph, blocks: Mapping[str, Block], count: int, seed: int) -> list[MemoryMutant]:
    """Draw bits of biases, evenly over layers."""
    rng = np.random.default_rng((seed, 2))
    layers = {
        b.name: b for b in blocks.values() if b.fold and _node(graph, b.name).bias is not None
    }
    width = {name: int(block.parameters["BiasWidth"]) for name, block in layers.items()}
    rows = {name: len(_node(graph, name).weight) for name in layers}
    found = []
    for name, wanted in shares(count, {n: rows[n] * width[n] for n in layers}, rng):
        fold = layers[name].fold
        assert fold is not None  # noqa: S101 - layers with weights have one
        for index in rng.choice(rows[name] * width[name], wanted, replace=False).tolist():
            row, place = divmod(index, width[name])
            word, lane = divmod(row, fold.out_lanes)
            found.append(
                MemoryMutant(
                    kind="bias",
                    layer=name,
                    what=f"bit {place} of bias {row}",
                    file=f"{name}_bias.mem",
                    word=word,
                    bit=lane * width[name] + place,
                    row=row,
                    column=0,
                    place=place,
                )
            )
    return found


def formats(blocks: Mapping[str, Block], count: int, seed: int) -> list[FormatMutant]:
    """Draw wrong parameters of conversions, evenly over the blocks that have one."""
    rng = np.random.default_rng((seed, 3))
    every = {b.name: list(_options(b)) for b in blocks.values() if "Rounding" in b.parameters}
    found = []
    for name, wanted in shares(count, {n: len(options) for n, options in every.items()}, rng):
        chosen = rng.choice(len(every[name]), wanted, replace=False).tolist()
        for option, what in (every[name][index] for index in chosen):
            found.append(FormatMutant("format", name, what, option))
    return found


def _options(block: Block) -> list[tuple[int, str]]:
    rounding, overflow = (
        _NAMES[block.parameters[key].removeprefix("gatewright_pkg::")]
        for key in ("Rounding", "Overflow")
    )
    options = [
        *((1 + k, f"Rounding {mode.value}") for k, mode in enumerate(ROUNDINGS) if k != rounding),
        *((8 + k, f"Overflow {mode.value}") for k, mode in enumerate(OVERFLOWS) if k != overflow),
        (MORE, "Drop one more"),
        (LESS, "Drop one less"),
    ]
    return [*options, (RELU, "Relu the other")] if "Relu" in block.parameters else options


def shares(count: int, sizes: Mapping[str, int], rng: np.random.Generator) -> list[tuple[str, int]]:
    """Return how many of ``count`` each gets, as even as their sizes allow.

    Who gets one more is drawn by chance.
    """
    found = dict.fromkeys(sizes, 0)
    while sum(found.values()) < min(count, sum(sizes.values())):
        least = min(found[name] for name in sizes if found[name] < sizes[name])
        open_ = [n for n in sizes if found[n] < sizes[n] and found[n] == least]
        found[open_[int(rng.integers(len(open_)))]] += 1
    return list(found.items())


def _node(graph: Graph, name: str) -> Any:
    return graph[name]
