"""Runs alkaid or da4ml on a network and writes their own Verilog: a program of its own.

    python adder_rivals.py alkaid|da4ml spec.json FOLDER LATENCY...

It imports nothing of this package, so that another Python can run it, with another version of
their dependencies. ``spec.json``: ``spans`` (least and largest of each input) and ``layers``, each
with ``weight`` [rows, columns], ``bias`` [rows] in the products' units and, where its result is
converted, ``out``: ``drop`` bits, ``width``, ``signed``, ``relu``, ``rounding`` (TRN or RND),
``overflow``. LATENCY: cycles from a vector to its results, met as closely as the tool can. Their
search is made once, and each LATENCY leaves its Verilog in FOLDER/0, FOLDER/1, ...

It says in JSON: ``latencies`` in cycles, one for each LATENCY, and ``inputs`` and ``outputs``: of
each element whether it is signed, its integer bits without the sign and its fraction bits; the
first element's bits are the lowest of ``model_inp`` and ``model_out``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def outputs(spec: dict[str, Any], x: Any, relu: Any, quantize: Any) -> Any:
    """Return a network's results for traced inputs."""
    for layer in spec["layers"]:
        x = x @ np.array(layer["weight"], dtype=np.float64).T
        x = x + np.array(layer["bias"], dtype=np.float64)
        if out := layer.get("out"):
            x = x * 2.0 ** -out["drop"]
            if out["relu"]:
                x = relu(x)
            bits = out["width"] - out["signed"]
            x = quantize(x, int(out["signed"]), bits, 0, out["overflow"], out["rounding"])
    return x


def main(tool: str, spec_file: str, folder: str, *latencies: str) -> None:
    """Write the Verilog of one tool, once for each latency."""
    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    low, high = (np.array(side, dtype=np.float64) for side in zip(*spec["spans"], strict=True))
    # Their count leaves out the register behind the last stage.
    wanted = {Path(folder) / str(index): int(text) - 1 for index, text in enumerate(latencies)}
    program, found = (_alkaid if tool == "alkaid" else _da4ml)(spec, low, high, wanted)
    said = {
        "latencies": [latency + 1 for latency in found],
        "inputs": np.array(program.inp_kifs).T.astype(int).tolist(),
        "outputs": np.array(program.out_kifs).T.astype(int).tolist(),
    }
    sys.stdout.write(json.dumps(said) + "\n")


def _alkaid(spec: dict[str, Any], low: Any, high: Any, wanted: dict[Path, int]) -> Any:
    from alkaid.codegen.rtl import RTLModel
    from alkaid.trace import FVArray, trace
    from alkaid.trace.ops import quantize, relu

    x = FVArray.from_lhs(low, high, np.ones_like(low))
    program = trace(x, outputs(spec, x, relu, quantize))
    latencies = []
    for folder, stages in wanted.items():
        # With adders of three operands, its default for another family, it is larger on ECP5.
        model = RTLModel(program, folder, "rival", n_stages=stages, ternary_fuse=False)
        model.write()
        latencies.append(int(model.latency))
    return program, latencies


def _da4ml(spec: dict[str, Any], low: Any, high: Any, wanted: dict[Path, int]) -> Any:
    """It is told the latency of a stage; the number of stages follows, the fewer the longer."""
    from da4ml.codegen import RTLModel
    from da4ml.trace import FixedVariableArray, comb_trace
    from da4ml.trace.ops import quantize, relu

    x = FixedVariableArray.from_lhs(low, high, np.ones_like(low))
    program = comb_trace(x, outputs(spec, x, relu, quantize))
    latencies = []
    for folder, stages in wanted.items():
        shortest, longest = _SHORTEST, _LONGEST
        best = RTLModel(program, "rival", folder, latency_cutoff=shortest)
        while longest - shortest > _FINEST and _stages(best) != stages:
            middle = (shortest + longest) / 2
            model = RTLModel(program, "rival", folder, latency_cutoff=middle)
            if abs(_stages(model) - stages) < abs(_stages(best) - stages):
                best = model
            if _stages(model) > stages:
                shortest = middle
            else:
                longest = middle
        best.write()
        latencies.append(_stages(best))
    return program, latencies


def _stages(model: Any) -> int:
    return len(model._pipe.solutions)


_SHORTEST, _LONGEST, _FINEST = 0.5, 16.0, 0.01  # of a stage, in da4ml's unit of delay


if __name__ == "__main__":
    main(*sys.argv[1:])
