"""The simulation step: the emitted design on Verilator, checked against PyTorch's integers."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.data import measures
from gatewright.design import Design
from gatewright.files import read_json, sha256, write_json
from gatewright.fixed import IntArray
from gatewright.resources import sim_root
from gatewright.tools import simulate
from gatewright.tools.speed import simulation_speed
from gatewright.tools.stream_bench import Setup
from gatewright.vectors import Interface, Vectors, read_vectors, split

log = logging.getLogger(__name__)
_CACHE = ".verilator"  # beside the designs: they share Verilator's own runtime
_WAVE_SAMPLES = 8  # a waveform of more is too large to look at


def run(design: Design, folder: Path, *, waves: bool, samples: int | None) -> dict[str, Any]:
    """Simulate the design in ``folder`` and write ``sim.json``.

    First some frames through cocotb with stalls on both sides, resets, short and long frames; then
    every sample at Verilator's own speed, the first alone, the others back to back.

    Args:
        design: For the seed and the number of frames driven from Python.
        folder: The design's build folder, with ``rtl/`` and ``vectors.npz``.
        waves: Leave ``sim.fst`` of the first samples.
        samples: Only the first so many samples; None: as many as the design says, or all.

    Returns:
        The content of ``sim.json``.

    Raises:
        CheckFailedError: an output differs, a frame is lost or doubled, the design hangs, or
            nothing was compared.
        NotRunError: Verilator or a compiler is missing.
    """
    started = time.monotonic()
    samples = samples or design.sim.samples
    description = read_json(folder / "rtl.json")
    interface = Interface.from_dict(description["network"])
    vectors = read_vectors(folder / "vectors.npz", interface)
    inputs = vectors.integers(interface.inputs)[:samples]
    expected = vectors.expected(interface.outputs, argmax=design.rtl.argmax)[:samples]
    setup = setup_for(description, folder / "rtl", folder.parent / _CACHE, design.sim.seed)
    if waves:
        watched = replace(setup, waves=folder / "sim.fst")
        simulate.run_design(description, inputs[:_WAVE_SAMPLES], watched)
        log.info("       waveform of the first samples: %s", watched.waves)
    chosen = protocol_samples(len(inputs), design.sim.protocol_frames, design.sim.seed)
    log.info("       %d frames with stalls, resets, short and long frames", len(chosen))
    protocol = simulate.run_protocol(description, inputs[chosen], expected[chosen], setup)
    log.info("       %d samples back to back", len(inputs))
    run = simulate.run_design(description, inputs, setup, expected=expected)
    content = {
        "design": design.name,
        **run.summary(),
        "cycles_per_inference_law": description["cycles_per_inference_law"],
        "protocol": {
            "tests": list(protocol.tests),
            "frames": len(chosen),
            "wall_s": protocol.wall_s,
        },
        **_scores(run.outputs, interface, vectors, argmax=design.rtl.argmax),
        "vectors_sha256": sha256(folder / "vectors.npz"),
        "total_s": round(time.monotonic() - started, 3),
    }
    write_json(folder / "sim.json", content)
    if run.comparison:
        run.comparison.require_equal()
    return content


def _scores(
    outputs: IntArray, interface: Interface, vectors: Vectors, *, argmax: bool
) -> dict[str, float | None]:
    """Return how good the RTL's outputs are; see ``measures.scores``."""
    count = len(outputs)
    labels = None if vectors.labels is None else vectors.labels[:count]
    if argmax:
        right = None if labels is None else float((outputs[:, 0] == labels).mean())
        return {"accuracy": right, "auc": None}
    parts = split(outputs, interface.outputs)
    real = np.concatenate([np.ldexp(part, -kind.format.fraction) for part, kind in parts], axis=1)
    anomalies = None if vectors.anomalies is None else vectors.anomalies[:count]
    return measures.scores(real, vectors.inputs[:count], labels, anomalies)


def measure(design: Design, folder: Path, *, samples: int, rounds: int) -> dict[str, Any]:
    """Measure simulation speed against a bare C++ loop around the same model.

    Args:
        design: For the seed.
        folder: The design's build folder, built up to rtl.
        samples: Samples per round.
        rounds: Runs of each, turn by turn; the best counts.

    Returns:
        ``cycles``, ``cycles_per_s``, ``bare_loop_cycles_per_s``, ``ratio`` and all ``rounds``.
    """
    description = read_json(folder / "rtl.json")
    interface = Interface.from_dict(description["network"])
    inputs = read_vectors(folder / "vectors.npz", interface).integers(interface.inputs)[:samples]
    setup = setup_for(description, folder / "rtl", folder.parent / _CACHE, design.sim.seed)
    return {"design": design.name} | simulation_speed(description, inputs, setup, rounds=rounds)


def outputs_of(description: Mapping[str, Any], rtl_folder: Path, inputs: IntArray) -> IntArray:
    """Return the integers [samples, elements] that the RTL gives for ``inputs``."""
    setup = setup_for(description, rtl_folder, rtl_folder.parent / _CACHE, seed=1)
    return simulate.run_design(description, inputs, setup).outputs


def setup_for(
    description: Mapping[str, Any], rtl_folder: Path, cache_folder: Path, seed: int
) -> Setup:
    """Return how to simulate the design in ``rtl_folder``; builds are kept in ``cache_folder``."""
    setup = Setup(sources=[], sim_root=sim_root(), cache_folder=cache_folder, seed=seed)
    return simulate.rtl_setup(rtl_folder, description, setup)


def protocol_samples(samples: int, frames: int, seed: int) -> IntArray:
    """Return the indices of the samples that go through the protocol bench, drawn by ``seed``."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(samples, min(samples, frames), replace=False))
