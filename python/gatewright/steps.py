"""What each step does: reads its files, calls one part of the package, writes its files.

The parts are imported inside each step: torch, hls4ml and cocotb load only when they are needed.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.design import Design
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import sha256, write_json
from gatewright.fixed import FixedFormat, IntArray, quantize

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line asks for besides the design.

    Attributes:
        waves: Leave an FST waveform of the simulation.
        samples: Simulate only the first so many samples; None means all.
        place: Place and route after synthesis.
    """

    waves: bool = False
    samples: int | None = None
    place: bool = True

    def deciding(self, step: str) -> dict[str, Any]:
        """Return the options that change what ``step`` writes."""
        if step == "sim":
            return {"waves": self.waves, "samples": self.samples}
        return {"place": self.place} if step == "synth" else {}


@dataclass(frozen=True)
class Vectors:
    """The test vectors that the export step wrote.

    Attributes:
        inputs: float32 [samples, ...], as fed to the network.
        outputs: int64 [samples, outputs], in units of ``2**-fraction``.
        fraction: Fraction bits of ``outputs``.
    """

    inputs: np.ndarray
    outputs: IntArray
    fraction: int


def train(design: Design, folder: Path, options: Options) -> None:
    """Train the network as the design's recipe says."""
    from gatewright import train as training

    training.run(design, folder)


def export(design: Design, folder: Path, options: Options) -> None:
    """Write QONNX and the test vectors; PyTorch and QONNX execution must agree."""
    from gatewright import export as exporting

    if design.trains:
        exporting.run(design, folder)
    else:
        inputs = exporting.load_inputs(design.file("inputs"))
        labels = exporting.load_labels(design.file("inputs"))
        exporting.from_onnx(
            design.file("onnx"), inputs, folder, design.preprocessing, labels=labels
        )


def hls(design: Design, folder: Path, options: Options) -> None:
    """Generate the hls4ml firmware and run its C simulation on every vector."""
    from gatewright.frontend import hls_step

    hls_step.run(
        design_name=design.name,
        onnx=folder / "model.onnx",
        vectors=folder / "vectors.npz",
        hls_config=design.hls4ml.layer_config(),
        folder=folder,
        clock_period=design.hls4ml.ClockPeriod,
        part=design.hls4ml.Part,
        io_type=design.hls4ml.IOType,
    )


def rtl(design: Design, folder: Path, options: Options) -> None:
    """Emit SystemVerilog; the integer reference must equal the vectors."""
    from gatewright import emit, graph_io, passes, reference

    graph = graph_io.load(folder)
    if design.rtl.argmax:
        graph = passes.with_argmax(graph)
    vectors = load_vectors(folder)
    first = graph.nodes[0]
    inputs = as_integers(vectors.inputs, first.out.format)
    expected = expected_integers(vectors, graph[graph.outputs[0]].out.format, design.rtl.argmax)
    found = reference.outputs(graph, inputs)
    description = emit.write_rtl(
        graph, folder / "rtl", emit.RtlOptions(design.rtl.input_lanes), model="model.onnx"
    )
    comparison = compare(expected, found, graph.outputs, "the integer reference")
    comparison["vectors_sha256"] = sha256(folder / "vectors.npz")
    write_json(folder / "rtl.json", description | {"reference": comparison})
    refuse_mismatch(comparison)


def sim(design: Design, folder: Path, options: Options) -> None:
    """Simulate the design on Verilator under cocotb; every output must equal PyTorch's."""
    from gatewright.tools import simulate

    simulate.design(design, folder, waves=options.waves, samples=options.samples)


def synth(design: Design, folder: Path, options: Options) -> None:
    """Synthesise for ECP5 and 7-series; place and route for ECP5."""
    from gatewright.tools import synthesis

    synthesis.run(design, folder, place=options.place)


def load_vectors(folder: Path) -> Vectors:
    """Read ``vectors.npz``.

    Raises:
        GatewrightError: the file is not what the export step writes.
    """
    path = folder / "vectors.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Vectors(arrays["inputs"], arrays["outputs"], int(arrays["output_fraction"]))
    except (OSError, KeyError, ValueError) as error:
        raise GatewrightError(f"{path}: {error}; run the export step again") from error


def as_integers(inputs: np.ndarray, fmt: FixedFormat) -> IntArray:
    """Return the integers [samples, elements] that the hardware is fed for ``inputs``."""
    return quantize(inputs.reshape(len(inputs), -1).astype(np.float64), fmt)


def expected_integers(vectors: Vectors, fmt: FixedFormat, argmax: bool) -> IntArray:
    """Return what the hardware must give: PyTorch's integers in units of ``fmt.lsb``.

    Raises:
        CheckFailedError: the output format has too few fraction bits to hold them.
    """
    if argmax:
        return vectors.outputs.argmax(axis=1, keepdims=True).astype(np.int64)
    shift = fmt.fraction - vectors.fraction
    if shift < 0 and (vectors.outputs & ((1 << -shift) - 1)).any():
        raise CheckFailedError(
            f"the network's outputs have {vectors.fraction} fraction bits, but the hardware's "
            f"output format {fmt} has {fmt.fraction}: they cannot be equal"
        )
    return vectors.outputs << shift if shift >= 0 else vectors.outputs >> -shift


def compare(
    expected: IntArray, found: IntArray, names: tuple[str, ...], what: str
) -> dict[str, Any]:
    """Compare integers [samples, elements]; the result names the first that differs.

    Returns:
        ``samples``, ``compared``, ``mismatches`` and, where they differ, ``first_mismatch``.
    """
    if expected.shape != found.shape:
        raise CheckFailedError(
            f"{what} gave {found.shape} integers, {expected.shape} were expected"
        )
    wrong = np.argwhere(expected != found)
    result: dict[str, Any] = {
        "samples": len(found),
        "compared": int(found.size),
        "mismatches": len(wrong),
    }
    if len(wrong):
        sample, element = (int(i) for i in wrong[0])
        result["first_mismatch"] = {
            "rung": what,
            "sample": sample,
            "layer": ", ".join(names),
            "element": element,
            "expected": int(expected[sample, element]),
            "found": int(found[sample, element]),
        }
    return result


def refuse_mismatch(comparison: dict[str, Any]) -> None:
    """Raise if ``comparison`` compared nothing or found a difference.

    Raises:
        CheckFailedError: with the first sample, layer, element and both values.
    """
    if not comparison["compared"]:
        raise CheckFailedError("nothing was compared, so nothing is shown")
    if comparison["mismatches"]:
        first = comparison["first_mismatch"]
        raise CheckFailedError(
            f"{first['rung']} differs from PyTorch in {comparison['mismatches']} of "
            f"{comparison['compared']} outputs; first at sample {first['sample']}, layer "
            f"{first['layer']}, element {first['element']}: expected {first['expected']}, found "
            f"{first['found']}"
        )
