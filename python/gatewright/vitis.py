"""The C++ firmware through Vitis HLS, and the RTL that it makes through the emitted design's bench.

hls4ml's firmware is what its C simulation ran; whether the RTL of Vitis HLS gives the same integers
is asked of the same bench, with PyTorch's vectors, as the SystemVerilog of the rtl step.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.emit.vitis import Core, Side, core_of, render_adapter, render_script
from gatewright.emit.write import library_of
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import read_json, write_json, write_text
from gatewright.graph import StreamType
from gatewright.resources import rtl_root, sim_root
from gatewright.simulation import protocol_samples
from gatewright.tools import simulate, vitis
from gatewright.tools.stream_bench import Setup
from gatewright.vectors import Interface, read_vectors

FOLDER = "vitis"
_CACHE = ".verilator"
_GUARDS = {"axis_frame_guard", "axis_frame_mark"}
_WAIVER = """`verilator_config
// Vitis HLS's own Verilog: its widths and unused signals are not ours to change.
lint_off -file "*/verilog/*"
"""


def run(design: Design, folder: Path, samples: int | None = None) -> dict[str, Any]:
    """Build the firmware with Vitis HLS, simulate the RTL it makes, compare with PyTorch.

    Args:
        design: Part and clock, and the frames that the bench drives with stalls.
        folder: Its build folder, built up to rtl.
        samples: Only the first so many test vectors.

    Returns:
        What ``vitis.json`` holds: the report's estimates, what was compared, measured cycles.

    Raises:
        CheckFailedError: Vitis HLS failed, or an output differs.
        GatewrightError: several inputs or outputs.
        NotRunError: Vitis HLS or Verilator is missing; the script is there all the same.
    """
    interface = Interface.from_dict(read_json(folder / "rtl.json")["network"])
    source, sink = (_only(design, kinds) for kinds in (interface.inputs, interface.outputs))
    top, work = design.name, folder / FOLDER
    shutil.rmtree(work, ignore_errors=True)
    settings = design.hls4ml
    script = render_script(top, "../hls/firmware", settings.Part, settings.ClockPeriod)
    write_text(work / "build.tcl", script)
    record = folder / "vitis.json"
    record.unlink(missing_ok=True)
    vitis.run(work / "build.tcl")
    solution = work / f"{top}_prj" / "solution1" / "syn"
    report = vitis.report(solution / "report" / "csynth.xml")
    firmware = folder / "hls" / "firmware"
    core = core_of(
        top,
        (firmware / f"{top}.h").read_text(encoding="utf-8"),
        (firmware / "defines.h").read_text(encoding="utf-8"),
        report.ports,
        Side.of(source),
        Side.of(sink),
    )
    vectors = read_vectors(folder / "vectors.npz", interface)
    inputs = vectors.integers(interface.inputs)[:samples]
    expected = vectors.expected(interface.outputs)[:samples]
    description = _description(top, source, sink, report.latency)
    setup = _setup(work, solution / "verilog", core, source, sink, design.sim.seed, folder.parent)
    chosen = protocol_samples(len(inputs), design.sim.protocol_frames, design.sim.seed)
    simulate.run_protocol(description, inputs[chosen], expected[chosen], setup)
    simulated = simulate.run_design(description, inputs, setup, expected=expected)
    content = {
        "version": report.version,
        "part": settings.Part,
        "clock_ns": report.clock_ns,
        "estimated_ns": report.estimated_ns,
        "latency_cycles": report.latency,
        "interval_cycles": report.interval,
        "needs": dict(report.needs),
        "available": dict(report.available),
        "ports": {name: asdict(port) for name, port in report.ports.items()},
        "protocol_frames": len(chosen),
        "samples": len(inputs),
    }
    if simulated.comparison is None:
        raise CheckFailedError(f"{top}: nothing was compared")
    content |= simulated.comparison.summary()
    write_json(record, content)
    simulated.comparison.require_equal()
    return content


def _only(design: Design, kinds: tuple[StreamType, ...]) -> StreamType:
    if len(kinds) != 1:
        raise GatewrightError(
            f"{design.name} has {len(kinds)} inputs or outputs; the bench of what Vitis HLS makes "
            "takes one of each: concatenate them in the network"
        )
    return kinds[0]


def _setup(
    work: Path,
    verilog: Path,
    core: Core,
    source: StreamType,
    sink: StreamType,
    seed: int,
    cache: Path,
) -> Setup:
    """Write the adapter; return how it is simulated around the core.

    Raises:
        CheckFailedError: Vitis HLS left no Verilog.
    """
    made = sorted(verilog.glob("*.v"))
    if not made:
        raise CheckFailedError(f"Vitis HLS left no Verilog in {verilog}; see vitis_hls.log")
    adapter = work / f"{_adapter(core.top)}.sv"
    text = render_adapter(_adapter(core.top), core, Side.of(source), Side.of(sink))
    write_text(adapter, text)
    write_text(work / "vitis.vlt", _WAIVER)
    return Setup(
        sources=[
            work / "vitis.vlt",
            rtl_root() / "lint.vlt",
            *library_of(_GUARDS),
            *made,
            adapter,
        ],
        sim_root=sim_root(),
        cache_folder=cache / _CACHE,
        memory_folder=verilog,
        seed=seed,
    )


def _description(
    top: str, source: StreamType, sink: StreamType, latency: tuple[int, int] | None
) -> Mapping[str, Any]:
    """Return what the benches need to know of the adapter, as ``rtl.json`` says it."""

    def port(name: str, kind: StreamType) -> dict[str, Any]:
        return {
            "node": top,
            "port": name,
            "format": str(kind.format),
            "elements": kind.size,
            "lanes": 1,
            "beats": kind.size,
            "bus_bits_per_element": Side.of(kind).bus,
        }

    cycles = source.size + sink.size + (latency[1] if latency else 100_000) + 4
    return {
        "top": _adapter(top),
        "inputs": [port("s_axis", source)],
        "outputs": [port("m_axis", sink)],
        "layers": [],
        "slowest_layer": "",
        "cycles_per_inference_law": cycles,
        "blocks": [{"cycles": cycles}],
    }


def _adapter(top: str) -> str:
    return f"{top}_vitis"
