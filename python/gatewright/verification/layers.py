"""Layer by layer: what each rung that shows its layers gave for one sample."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright import reference
from gatewright.fixed import IntArray, parse_format
from gatewright.graph import StreamType
from gatewright.passes import inputs_of
from gatewright.tools import simulate
from gatewright.tools.beats import Received
from gatewright.tools.stream_bench import Setup
from gatewright.verification.context import Context, Samples
from gatewright.verification.subject import Expected, Layer, Values


def of_reference(context: Context, sample: Samples) -> list[Layer]:
    """Return every node's integers, by the reference."""
    found = reference.evaluate(context.graph, context.integers(sample))
    return [
        Layer(
            node.name,
            node.name,
            Values(found[node.name][0], node.out.format.fraction, str(node.out.format)),
        )
        for node in context.graph.nodes
    ]


def of_qonnx(context: Context, sample: Samples) -> Expected:
    """Return what QONNX execution gave at each node of the graph that has one of its own.

    A node may stand for several there (a function and its quantiser): each is given.
    """
    from gatewright.export.outputs import qonnx_tensors

    tensors = qonnx_tensors(context.folder / "model.onnx", sample)
    found: dict[str, list[Values]] = {}
    for node in context.graph.nodes:
        candidates = [
            _values(real, f"QONNX's {name}")
            for tensor, name in tensors.get(node.origin, [])
            for real in _orders(tensor, node.out)
            if np.isfinite(real).all()
        ]
        if candidates:
            found[node.name] = candidates
    return found


def _orders(tensor: NDArray[np.float64], kind: StreamType) -> list[NDArray[np.float64]]:
    """Return the elements, channel last, of a tensor whose layout is not known."""
    if tensor.size != kind.size:
        return []
    flat = tensor.reshape(-1)
    if tensor.ndim <= 2:
        return [flat]
    rows, columns, channels = kind.image
    return [flat.reshape(channels, rows, columns).transpose(1, 2, 0).reshape(-1), flat]


def _values(real: NDArray[np.float64], kind: str) -> Values:
    """Return real values [elements] as integers, exactly."""
    from gatewright.export.outputs import to_integers

    integers, fraction = to_integers(real[None])
    return Values(integers[0], fraction, f"{kind}, {fraction} fraction bits")


def of_csim(context: Context, sample: Samples) -> list[Layer]:
    """Return what each layer of hls4ml's C simulation gave."""
    from gatewright.frontend import csim_trace

    graph = context.graph
    sizes = [node.out.size for node in inputs_of(graph)]
    outputs = list(context.interface.outputs)
    traced = csim_trace.trace(context.folder / "hls", context.reals(sample), sizes, outputs)
    found = []
    for node in graph.nodes:
        layer = traced.get(node.name)
        if layer is not None and layer.values.size == node.out.size:
            found.append(Layer(node.name, node.name, _values(layer.values, layer.type)))
    return found


def of_hardware(
    context: Context, sample: Samples, description: Mapping[str, Any], setup: Setup
) -> list[Layer]:
    """Return what went over each stream between the blocks of a design, and over its outputs.

    Args:
        context: The design.
        sample: One sample.
        description: As ``rtl.json``; ``streams`` empty if those inside cannot be seen.
        setup: The top's sources and where its memories are.
    """
    inner, outputs = simulate.run_tapped(description, context.integers(sample), setup)
    return [
        _layer(context, port, block, received)
        for ports, key, found in (
            (description["streams"], "block", inner),
            (description["outputs"], "node", outputs),
        )
        for port, block, received in zip(ports, (p[key] for p in ports), found, strict=True)
    ]


def _layer(context: Context, port: Mapping[str, Any], name: str, received: Received) -> Layer:
    fmt, node = parse_format(port["format"]), context.graph[port["node"]]
    cycles = np.repeat(received.cycle, port["lanes"])[: port["elements"]]
    values = Values(_first_frame(received, port["elements"]), fmt.fraction, str(fmt), cycles)
    return Layer(name, node.name, values, None if fmt == node.out.format else fmt)


def _first_frame(received: Received, elements: int) -> IntArray:
    """Return the elements of the first frame, as many as came of it."""
    ends = np.flatnonzero(received.last)
    beats = int(ends[0]) + 1 if len(ends) else len(received.last)
    return received.lanes[:beats].reshape(-1)[:elements]
