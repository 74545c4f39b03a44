"""The simulation step: the emitted design on Verilator, checked against PyTorch's integers."""

import logging
import time
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.files import read_json, sha256, write_json
from gatewright.fixed import parse_format
from gatewright.tools import protocol, simulate
from gatewright.vectors import Vectors

log = logging.getLogger(__name__)


def run(design: Design, folder: Path, *, waves: bool, samples: int | None) -> dict[str, Any]:
    """Simulate the design in ``folder`` and write ``sim.json``.

    First some frames through cocotb with stalls on both sides, resets, short and long frames; then
    every sample at Verilator's own speed, the first alone, the rest back to back.

    Args:
        design: For the seed and the number of frames driven from Python.
        folder: The design's build folder, with ``rtl/`` and ``vectors.npz``.
        waves: Leave ``sim.fst``.
        samples: Only the first so many samples; None: all.

    Returns:
        The content of ``sim.json``.

    Raises:
        CheckFailedError: an output differs, a frame is lost or doubled, the design hangs, or
            nothing was compared.
        NotRunError: Verilator or a compiler is missing.
    """
    started = time.monotonic()
    description = read_json(folder / "rtl.json")
    vectors = Vectors.load(folder)
    inputs = vectors.integers(parse_format(description["input"]["format"]))[:samples]
    output = parse_format(description["output"]["format"])
    expected = vectors.expected(output, argmax=design.rtl.argmax)[:samples]
    setup = setup_for(folder / "rtl", description, folder.parent / ".cache", design.sim.seed)
    frames = protocol_frames(design, inputs)
    log.info("       %d frames with stalls, resets, short and long frames", frames)
    stalled = protocol.run(description, inputs[:frames], expected[:frames], setup)
    log.info("       %d samples", len(inputs))
    result = simulate.run_design(description, inputs, setup, expected=expected)
    content = {
        "design": design.name,
        **result.summary(),
        "protocol": stalled,
        "vectors_sha256": sha256(folder / "vectors.npz"),
        "total_s": round(time.monotonic() - started, 3),
    }
    write_json(folder / "sim.json", content)
    return content
