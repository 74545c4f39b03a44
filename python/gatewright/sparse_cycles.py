"""Cycles that a sparse core takes on average: a model of its queues, run over activations.

Every step of ``nonzero_pick``, every queue's level, both banks of sums and the reading of them are
followed, cycle by cycle; only the order in which a PE's queues take turns is not: its words count
as if they came from one queue. ``matvec_sparse`` and ``sparse_pe`` are the hardware.
"""

from collections.abc import Mapping
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright import reference
from gatewright.activity import activity_of, vectors_of
from gatewright.fixed import IntArray
from gatewright.graph import Dense, Graph
from gatewright.sparse import BANK_CYCLES, QUEUE_DEPTH, deal, pack

_MARGIN = 6  # of a queue: see matvec_sparse
_KEPT = 8  # beats that are not all zero and wait to be picked from: see axis_nonzero
_SEEN = 5  # cycles from a step to when its word counts for the queues' level that a step sees
_TO_PE = 5  # cycles from a step to when a PE can take its word
_TO_READ = 8  # cycles from the end of a PE's last word to the first sum that is read
# Cycles from the last sum that is read to when its bank can be used again.
_RELEASE = BANK_CYCLES - _TO_READ + 1
_WARM_UP = 4  # vectors that are not counted
_MOST_VECTORS = 2048  # that a mean is taken over
_AT_ONCE = 256  # samples that are evaluated together, to bound memory


def predicted_cycles(
    weight: IntArray,
    pe: int,
    picks: int,
    activations: IntArray,
    *,
    lanes: int,
    out_lanes: int = 1,
    pes: IntArray | None = None,
) -> float:
    """Return the cycles per vector, back to back, that a sparse core takes on average.

    Args:
        weight: Integers [rows, columns].
        pe: Processing elements.
        picks: Activations taken per cycle.
        activations: Integers [vectors, columns], at least 10 vectors.
        lanes: Activations per input beat.
        out_lanes: Sums per output beat; divides ``pe``.
        pes: PE of each row; None: as ``deal`` deals them by the activations.

    Raises:
        ValueError: fewer than 10 vectors.
    """
    if len(activations) < 2 * _WARM_UP + 2:
        raise ValueError(f"{len(activations)} vectors; at least {2 * _WARM_UP + 2} are needed")
    if pes is None:
        pes = deal(weight, pe, np.count_nonzero(activations, axis=0))
    counts = pack(weight, pes, pe).counts
    ends = ends_of(counts, picks, activations, lanes=lanes, beats=ceil(len(weight) / out_lanes))
    return float(ends[-1] - ends[_WARM_UP]) / (len(ends) - 1 - _WARM_UP)


def ideal(graph: Graph, description: Mapping[str, Any], inputs: IntArray) -> dict[str, Any]:
    """Return what ``rtl.json`` says of PEs that never wait and have no fillers.

    A layer then takes as many cycles as its busiest part: its PEs with the products of weights and
    activations that are not zero, or the picking of these activations.

    Args:
        graph: The hardware graph.
        description: What ``emit`` says about it.
        inputs: Integers [samples, elements] of the test set, at least one sample.

    Returns:
        ``layers`` again, the compressed ones with ``cycles_ideal``, a mean per sample, and
        ``cycles_per_inference_ideal``: that of the slowest block. Nothing without such a layer.
    """
    sparse = _sparse_layers(graph, description)
    if not sparse:
        return {}
    taken = {node.name: np.zeros(node.weight.shape[1], dtype=np.int64) for _, node in sparse}
    for first in range(0, len(inputs), _AT_ONCE):
        counts = activity_of(graph, inputs[first : first + _AT_ONCE])
        taken = {name: before + counts[name] for name, before in taken.items()}

    def mean(layer: Mapping[str, Any], node: Dense) -> float:
        products = int(taken[node.name] @ np.count_nonzero(node.weight, axis=0))
        steps = int(taken[node.name].sum()) / layer["picks"]
        return float(max(products / layer["pe"], steps) / len(inputs))

    return _described(
        description, "ideal", {node.name: mean(layer, node) for layer, node in sparse}
    )


def predicted(graph: Graph, description: Mapping[str, Any], typical: IntArray) -> dict[str, Any]:
    """Return what ``rtl.json`` says of a design with compressed layers; nothing without one.

    Args:
        graph: The hardware graph.
        description: What ``emit`` says about it.
        typical: Integers [samples, elements] of samples of the training data.

    Returns:
        ``layers`` again, the compressed ones with ``cycles_predicted``, a mean per sample, and
        ``cycles_per_inference_predicted``: that of the slowest block.
    """
    sparse = _sparse_layers(graph, description)
    if not sparse:
        return {}
    values = reference.evaluate(graph, typical)

    def mean(layer: Mapping[str, Any], node: Dense) -> float:
        given = vectors_of(node, graph, values)
        per_vector = predicted_cycles(
            *(node.weight, layer["pe"], layer["picks"]),
            given[:: max(1, len(given) // _MOST_VECTORS)],
            lanes=layer["simd"],
            out_lanes=layer["out_lanes"],
            pes=deal(node.weight, layer["pe"], node.activity),
        )
        return float(layer["vectors"] * per_vector)

    return _described(
        description, "predicted", {node.name: mean(layer, node) for layer, node in sparse}
    )


def _sparse_layers(
    graph: Graph, description: Mapping[str, Any]
) -> list[tuple[Mapping[str, Any], Dense]]:
    """Return the compressed layers of a description, each with its node."""
    return [
        (layer, node)
        for layer in description["layers"]
        if layer.get("core") == "sparse" and isinstance(node := graph[layer["name"]], Dense)
    ]


def _described(
    description: Mapping[str, Any], what: str, means: Mapping[str, float]
) -> dict[str, Any]:
    """Return ``layers`` with their means, and the mean of the slowest block."""
    rounded = {name: round(cycles, 1) for name, cycles in means.items()}
    layers = [
        layer | ({f"cycles_{what}": rounded[layer["name"]]} if layer["name"] in rounded else {})
        for layer in description["layers"]
    ]
    blocks = {block["name"]: float(block["cycles"]) for block in description["blocks"]} | rounded
    return {"layers": layers, f"cycles_per_inference_{what}": max(blocks.values())}


def ends_of(
    counts: IntArray, picks: int, activations: IntArray, *, lanes: int, beats: int
) -> IntArray:
    """Return the cycle in which each vector's last sum is read, the first vector's beat at 0.

    Args:
        counts: [PEs, columns]: entries of each column, fillers too.
        picks: Activations taken per cycle.
        activations: Integers [vectors, columns].
        lanes: Activations per input beat.
        beats: Output beats of a vector.
    """
    core = _Core(counts, picks, len(activations) * counts.shape[1])
    offered = -1  # cycle in which the last beat came in
    for vector in activations:
        columns = np.flatnonzero(vector)
        places = np.searchsorted(columns, np.arange(0, counts.shape[1] + lanes, lanes))
        borders = list(pairwise(places))
        for index, (begin, end) in enumerate(borders):
            last = index == len(borders) - 1
            offered += 1
            if begin == end and not last:
                continue
            offered = max(offered, core.room())
            core.beat(columns[begin:end], offered, last=last)
        core.read(beats)
    return np.array(core.read_ends)


class _Core:
    """The state of a core, between two steps.

    Args:
        counts: [PEs, columns].
        picks: Activations taken per cycle.
        most: Steps, at most.
    """

    def __init__(self, counts: IntArray, picks: int, most: int) -> None:
        self.counts = counts
        self.picks = picks
        shape = (counts.shape[0], picks)
        self.step_cycle = -1
        self.free = np.zeros(shape[0], dtype=np.int64)  # cycle in which a PE can take a word
        self.words = np.zeros(shape, dtype=np.int64)  # pushed into each queue
        self.earlier: list[tuple[int, NDArray[np.int64]]] = []  # steps not seen in the level yet
        self.seen = self.words  # pushed, as the next step sees it
        self.taken = np.zeros((*shape, min(most, 64)), dtype=np.int64)  # cycles, the latest 64
        self.starts: list[int] = []  # of the kept beats
        self.read_ends: list[int] = []

    def room(self) -> int:
        """Return the cycle from which a beat that is kept finds its place."""
        return self.starts[-_KEPT] + 1 if len(self.starts) >= _KEPT else 0

    def beat(self, columns: IntArray, offered: int, *, last: bool) -> None:
        """Pick from a beat: ``columns`` have an activation that is not zero."""
        steps = max(1, ceil(len(columns) / self.picks))
        self.step_cycle = max(self.step_cycle, offered + _TO_PE - 1)
        for index in range(steps):
            chosen = columns[index * self.picks : (index + 1) * self.picks]
            self._step(chosen, last=last and index == steps - 1)
            if index == 0:
                self.starts.append(self.step_cycle - _TO_PE + 1)

    def read(self, beats: int) -> None:
        """Read the sums of the vector whose last step was."""
        first = int(self.free.max()) + _TO_READ
        if self.read_ends:
            first = max(first, self.read_ends[-1] + 2)
        self.read_ends.append(first + beats - 1)

    def _step(self, columns: IntArray, *, last: bool) -> None:
        cycle = self._open_from(self.step_cycle + 1)
        entries = np.zeros_like(self.words)
        entries[:, : len(columns)] = self.counts[:, columns]
        pushed = np.ones_like(entries, dtype=bool) if last else entries > 0
        work = np.where(pushed, np.maximum(entries, 1), 0)
        done = len(self.read_ends)
        gate = self.read_ends[done - 2] + _RELEASE if done >= 2 else 0
        any_pushed = pushed.any(axis=1)
        start = np.maximum(self.free, max(cycle + _TO_PE, gate))
        taken = start[:, None] + np.cumsum(work, axis=1) - work
        slot = self.words % self.taken.shape[2]
        rows, queues = np.nonzero(pushed)
        self.taken[rows, queues, slot[rows, queues]] = taken[rows, queues]
        self.free = np.where(any_pushed, start + work.sum(axis=1), self.free)
        self.words = self.words + pushed
        self.earlier.append((cycle, self.words))
        self.step_cycle = cycle

    def _open_from(self, cycle: int) -> int:
        """Return the first cycle, ``cycle`` at the earliest, in which no queue is crowded."""
        while True:
            while self.earlier and self.earlier[0][0] <= cycle - _SEEN:
                self.seen = self.earlier.pop(0)[1]
            crowding = self.seen - (QUEUE_DEPTH - _MARGIN)  # word that must have been taken
            full = crowding >= 0
            if not full.any():
                return cycle
            rows, queues = np.nonzero(full)
            slots = crowding[rows, queues] % self.taken.shape[2]
            ready = int(self.taken[rows, queues, slots].max()) + 2
            if ready <= cycle:
                return cycle
            cycle = ready
