"""What each step does: reads its files, calls one part of the package, writes its files.

The parts are imported inside each step: torch, hls4ml and cocotb load only when they are needed.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.files import sha256, write_json
from gatewright.train.settings import Accelerator, Machine, Precision

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line asks for besides the design.

    Attributes:
        waves: Leave an FST waveform of the simulation.
        samples: Simulate only the first so many samples; None means all.
        place: Place and route after synthesis.
        pretrained: Take the trained network that comes with the design instead of training.
        accelerator: Of training: see ``train.settings.Machine``, as the next three.
        devices: Processes that share each batch.
        nodes: Machines.
        precision: Of float arithmetic in training.
        shared: Folder of finished training steps, for recipes that begin the same way.
    """

    waves: bool = False
    samples: int | None = None
    place: bool = True
    pretrained: bool = False
    accelerator: Accelerator = "auto"
    devices: int = 1
    nodes: int = 1
    precision: Precision = "32-true"
    shared: Path | None = None

    @property
    def machine(self) -> Machine:
        """What to train on."""
        return Machine(
            accelerator=self.accelerator,
            devices=self.devices,
            nodes=self.nodes,
            precision=self.precision,
        )

    def deciding(self, step: str) -> dict[str, Any]:
        """Return the options that change what ``step`` writes."""
        if step == "train" and self.precision != "32-true":
            return {"precision": self.precision}
        if step == "sim":
            return {"waves": self.waves, "samples": self.samples}
        if step == "export" and self.pretrained:
            return {"pretrained": True}
        return {"place": self.place} if step == "synth" else {}


def train(design: Design, folder: Path, options: Options) -> None:
    """Train the network as the design's recipe says."""
    from gatewright import train as training

    training.run(design, folder, machine=options.machine, shared=options.shared)


def export(design: Design, folder: Path, options: Options) -> None:
    """Write QONNX and the test vectors; PyTorch and QONNX execution must agree."""
    from gatewright import export as exporting

    if design.trains and options.pretrained:
        from gatewright.export.pretrained import from_pretrained

        from_pretrained(design.name, design, folder)
    elif design.trains:
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
    from gatewright import emit, estimate, graph_io, passes, reference, sparse_cycles
    from gatewright.comparison import compare_outputs
    from gatewright.vectors import Interface, read_vectors

    graph = graph_io.load(folder)
    interface = Interface.of(graph)
    vectors = read_vectors(folder / "vectors.npz", interface)
    if design.rtl.argmax:
        graph = passes.with_argmax(graph)
    expected = vectors.expected(interface.outputs, argmax=design.rtl.argmax)
    inputs = vectors.integers(interface.inputs)
    found = reference.outputs(graph, inputs)
    hardware = emit.RtlOptions(design.rtl.input_lanes, design.rtl.skip_zeros)
    description = emit.write_rtl(graph, folder / "rtl", hardware, model="model.onnx")
    description |= sparse_cycles.ideal(graph, description, inputs)
    typical = vectors.typical_integers(interface.inputs)
    if typical is not None:
        description |= sparse_cycles.predicted(graph, description, typical)
    sizes = [(name, graph[name].out.size) for name in graph.outputs]
    comparison = compare_outputs(expected, found, what="the integer reference", outputs=sizes)
    summary = comparison.summary() | {"vectors_sha256": sha256(folder / "vectors.npz")}
    found_with = {
        "network": interface.as_dict(),
        "reference": summary,
        "estimate": estimate.of_graph(graph, hardware).rounded(),
    }
    write_json(folder / "rtl.json", description | found_with)
    comparison.require_equal()


def sim(design: Design, folder: Path, options: Options) -> None:
    """Simulate the design on Verilator under cocotb; every output must equal PyTorch's."""
    from gatewright import simulation

    simulation.run(design, folder, waves=options.waves, samples=options.samples)


def synth(design: Design, folder: Path, options: Options) -> None:
    """Synthesise for ECP5 and 7-series; place and route for ECP5."""
    from gatewright import synthesis

    synthesis.run(design, folder, place=options.place)
