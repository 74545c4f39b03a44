"""Rungs 1 to 4, which are software: PyTorch, QONNX execution, C simulation, integer reference."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from gatewright import reference
from gatewright.export import outputs
from gatewright.files import read_json, replacing
from gatewright.fixed import IntArray
from gatewright.verification import layers
from gatewright.verification.context import Context, Samples
from gatewright.verification.judge import judged
from gatewright.verification.result import NotApplicableError, RungResult
from gatewright.verification.subject import Subject

TRUTH = "expected.npz"


def pytorch(context: Context) -> RungResult:
    """Evaluate the trained network again and write the integers that all others must give."""
    if not _from_pytorch(context):
        raise NotApplicableError(
            "the network came as a QONNX file: QONNX execution gives its integers"
        )
    model, onnx = context.folder / "model.pt", context.folder / "model.onnx"
    started = time.monotonic()
    samples = context.samples[: context.count(None)]
    integers, fractions = outputs.of_pytorch(model, onnx, samples)
    with replacing(context.work / TRUTH) as path, path.open("wb") as stream:
        np.savez_compressed(
            stream, inputs=samples, outputs=integers, output_fraction=np.array(fractions)
        )
    found = context.in_units(integers, fractions)
    return judged(
        context, Subject("pytorch", partial(_pytorch, context)), found, started, "the test vectors"
    )


def qonnx(context: Context) -> RungResult:
    """Execute ``model.onnx`` by QONNX's rules."""
    onnx = context.folder / "model.onnx"
    subject = Subject(
        "qonnx",
        lambda samples: context.in_units(*outputs.of_qonnx(onnx, samples)),
        against=partial(_pytorch, context) if _from_pytorch(context) else None,
    )
    return _run(context, subject, "model.onnx")


def csim(context: Context) -> RungResult:
    """Run hls4ml's C simulation of the firmware in ``hls/``."""
    subject = Subject("csim", _csim(context), lambda sample: layers.of_csim(context, sample))
    return _run(context, subject, "the firmware in hls/")


def the_reference(context: Context) -> RungResult:
    """Evaluate the hardware graph in integers."""
    graph = context.graph
    subject = Subject(
        "reference",
        lambda samples: reference.outputs(graph, context.integers(samples)),
        lambda sample: layers.of_reference(context, sample),
        argmax=context.design.rtl.argmax,
    )
    return _run(context, subject, "the hardware graph")


def _from_pytorch(context: Context) -> bool:
    return bool(read_json(context.folder / "export.json")["source"] == "pytorch")


def _pytorch(context: Context, samples: Samples) -> IntArray:
    model, onnx = context.folder / "model.pt", context.folder / "model.onnx"
    return context.in_units(*outputs.of_pytorch(model, onnx, samples))


def _csim(context: Context) -> Callable[[Samples], IntArray]:
    from gatewright.frontend.csim import compiled, run_csim
    from gatewright.frontend.prepare import prepare

    order = prepare(context.folder / "model.onnx").output_order
    kinds = context.interface.outputs
    listed = [kinds[order.index(place)] for place in range(len(order))]
    sizes = [kind.size for kind in context.interface.inputs]

    def evaluate(samples: Samples) -> IntArray:
        library, project = compiled(context.folder / "hls")
        got = run_csim(library, project, context.reals(samples), sizes, listed)
        return np.concatenate([got[place] for place in order], axis=1)

    return evaluate


def _run(context: Context, subject: Subject, what: str) -> RungResult:
    started = time.monotonic()
    found = subject.outputs(context.samples[: context.count(None)])
    return judged(context, subject, found, started, what)
