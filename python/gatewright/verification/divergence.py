"""The first divergence: where a rung leaves the others, and the smallest input that shows it."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gatewright.errors import NotRunError
from gatewright.export.outputs import of_qonnx
from gatewright.files import replacing, write_json
from gatewright.fixed import IntArray, requantize
from gatewright.verification import layers
from gatewright.verification.context import Context, Samples
from gatewright.verification.smallest import smallest
from gatewright.verification.subject import Expected, Layer, Subject, Values

log = logging.getLogger(__name__)
MARGIN_CYCLES = 40  # shown of a waveform before and after the beat that differs


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Where a rung first differs.

    Attributes:
        rung: Which.
        sample: Index of the first sample.
        layer: The rung's layer; of an output alone, the graph's.
        node: The graph's node whose values it gives.
        element: Index of the element, channel last.
        bit: The lowest bit in which the two differ, 0 being the lsb of ``expected_format``.
        expected: What it must be, in units of ``expected_format``'s lsb.
        found: What it is, in the same units unless its fraction is finer: then in its own.
        expected_format: Format of what is expected.
        found_format: Format of what is found.
        alone: Whether the sample shows it alone; if not, it takes those before it too.
        inputs_left: Elements of the smallest input that are not zero; None: not made smaller.
        cycle: Cycle in which the element left the layer, in hardware.
        waveform: File with the cycles around it.
    """

    rung: str
    sample: int
    layer: str
    node: str
    element: int
    bit: int
    expected: int
    found: int
    expected_format: str
    found_format: str
    alone: bool
    inputs_left: int | None = None
    cycle: int | None = None
    waveform: str | None = None

    def __str__(self) -> str:
        layer = self.layer if self.layer == self.node else f"{self.layer} (it gives {self.node})"
        text = (
            f"first at sample {self.sample}, layer {layer}, element {self.element}, bit "
            f"{self.bit}: expected {self.expected} in {self.expected_format}, found {self.found} "
            f"in {self.found_format}"
        )
        if not self.alone:
            return f"{text}; that sample alone does not show it"
        text += f"; the smallest input that shows it has {self.inputs_left} element(s) not zero"
        return f"{text}; waveform {self.waveform}" if self.waveform else text


def find(context: Context, subject: Subject, sample: int) -> Divergence | None:
    """Find where a rung that gave a wrong output for a sample first differs.

    Leaves ``verify/<rung>.json`` (this), ``verify/<rung>.npz`` (``input``, the sample, and
    ``smallest``, what still shows it when elements are set to zero) and, of hardware,
    ``verify/<rung>.fst``, the cycles around it.

    Args:
        context: The design.
        subject: The rung.
        sample: Index of the first sample that differs.

    Returns:
        None if the rung, run again, gives what QONNX execution does.
    """
    x = context.samples[sample : sample + 1]
    alone = bool(_differs(context, subject, x)[0])
    arrays = {"input": x}
    left = None
    if alone:
        small = smallest(x, lambda candidates: _differs(context, subject, candidates))
        left, arrays["smallest"] = int(np.count_nonzero(small)), small
        place = _place(context, subject, x)
    else:
        before = context.samples[: sample + 1]
        if not _differs(context, subject, before)[-1]:
            return None
        place = _last_output(context, subject, before)
    cycle = place.pop("cycle")
    waveform = None
    if subject.waves is not None and alone and cycle is not None:
        waveform = _waveform(context, subject, x, cycle)
    divergence = Divergence(
        rung=subject.rung,
        sample=sample,
        alone=alone,
        inputs_left=left,
        cycle=cycle,
        waveform=waveform,
        **place,
    )
    write_json(context.work / f"{subject.rung}.json", asdict(divergence))
    with replacing(context.work / f"{subject.rung}.npz") as path, path.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's own annotation
    return divergence


def _waveform(context: Context, subject: Subject, x: Samples, cycle: int) -> str | None:
    """Leave the cycles around one, and return the file; None if this machine cannot write it."""
    assert subject.waves is not None  # noqa: S101 - asked by the caller
    path = context.work / f"{subject.rung}.fst"
    try:
        subject.waves(x, (cycle - MARGIN_CYCLES, cycle + MARGIN_CYCLES), path)
    except NotRunError as error:  # the rung did run, and failed
        log.warning("no waveform: %s", error)
        return None
    return str(path)


def _wanted(context: Context, subject: Subject, samples: Samples) -> IntArray:
    """Return what must come out: if nothing else says it, QONNX execution does."""
    if subject.against is not None:
        return subject.against(samples)
    integers, fractions = of_qonnx(context.folder / "model.onnx", samples)
    return context.in_units(integers, fractions, argmax=subject.argmax)


def _differs(context: Context, subject: Subject, samples: Samples) -> Any:
    wanted, found = _wanted(context, subject, samples), subject.outputs(samples)
    return (wanted != found).any(axis=1)


def _place(context: Context, subject: Subject, x: Samples) -> dict[str, Any]:
    """Return the layer and the element that first differ for one sample."""
    if subject.layers is not None:
        expected = _expected_layers(context, subject, x)
        for layer in subject.layers(x):
            place = _compared(context, layer, expected.get(layer.node, []))
            if place is not None:
                return place
    return _last_output(context, subject, x)


def _expected_layers(context: Context, subject: Subject, x: Samples) -> Expected:
    """Return what each layer must give: by the reference, unless that is the one that differs."""
    if subject.rung != "reference":
        found = layers.of_reference(context, x)
        outputs = {layer.name: layer.values.integers for layer in found}
        given = np.concatenate([outputs[name] for name in context.graph.outputs])
        integers, fractions = of_qonnx(context.folder / "model.onnx", x)
        argmax = context.design.rtl.argmax
        if np.array_equal(given, context.in_units(integers, fractions, argmax=argmax)[0]):
            return {layer.name: [layer.values] for layer in found}
    return layers.of_qonnx(context, x)


def _compared(context: Context, layer: Layer, candidates: list[Values]) -> dict[str, Any] | None:
    """Return the first element that differs from every candidate; None: one of them is met."""
    if layer.converted is not None:
        source = context.graph[layer.node].out.format
        target = layer.converted
        candidates = [
            Values(requantize(c.integers, source, target), target.fraction, str(target))
            for c in candidates
        ]
    pairs = [_in_common_units(candidate, layer.values) for candidate in candidates]
    counts = [int((expected != found).sum()) for expected, found in pairs]
    if not counts or min(counts) == 0:
        return None
    best = counts.index(min(counts))
    wrong = pairs[best][0] != pairs[best][1]
    element = int(np.argmax(wrong))
    cycles = layer.values.cycles
    place = _difference(candidates[best], layer.values, element)
    cycle = int(cycles[element]) if cycles is not None else None
    return {"layer": layer.name, "node": layer.node, "cycle": cycle, **place}


def _in_common_units(a: Values, b: Values) -> tuple[IntArray, IntArray]:
    """Return the integers of both in units of the finer lsb, as many as both have."""
    fraction, size = max(a.fraction, b.fraction), min(a.integers.size, b.integers.size)
    return (
        a.integers[:size] << (fraction - a.fraction),
        b.integers[:size] << (fraction - b.fraction),
    )


def _difference(expected: Values, found: Values, element: int) -> dict[str, Any]:
    """Return what is said of two values that differ."""
    a, b = (int(side[element]) for side in _in_common_units(expected, found))
    finer = max(expected.fraction, found.fraction) - expected.fraction
    lowest = ((a ^ b) & -(a ^ b)).bit_length() - 1
    return {
        "element": element,
        "bit": lowest - finer,
        "expected": int(expected.integers[element]),
        "found": b if finer else b >> (max(expected.fraction, found.fraction) - found.fraction),
        "expected_format": expected.format,
        "found_format": found.format,
    }


def _last_output(context: Context, subject: Subject, samples: Samples) -> dict[str, Any]:
    """Return the first element of the last sample's outputs that differs."""
    wanted = _wanted(context, subject, samples)[-1]
    found = subject.outputs(samples)[-1]
    element = int(np.argmax(wanted != found))
    begin = 0
    for name, size, fmt in context.outputs(argmax=subject.argmax):
        if element < begin + size:
            part = slice(begin, begin + size)
            a, b = (Values(side[part], fmt.fraction, str(fmt)) for side in (wanted, found))
            place = _difference(a, b, element - begin)
            return {"layer": name, "node": name, "cycle": None, **place}
        begin += size
    raise AssertionError("an element beyond the last output")
