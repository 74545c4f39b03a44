"""An unrolled layer gives the results of a plain matrix product, one vector per cycle."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gatewright.adders import solve
from gatewright.emit.memory import hex_lines
from gatewright.emit.unrolled import layer_text
from gatewright.fixed import FixedFormat, Overflow, Rounding, format_for_range, requantize
from gatewright.tools import verilator
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS
from rtl_blocks import LIBRARY, RTL, Case, check

pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")

VECTORS = 60
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer to try: size, how many weights are not zero, adders between registers, signs."""

    rows: int
    cols: int
    weights: float = 0.5
    per_stage: int = 2
    signed: bool = False
    bits: int = 5


LAYERS = (
    Layer(rows=8, cols=12),
    Layer(rows=5, cols=16, per_stage=1, signed=True),
    Layer(rows=10, cols=7, weights=1.0, per_stage=4, bits=7),
    Layer(rows=6, cols=9, weights=0.15),  # empty rows and columns
    Layer(rows=3, cols=4, weights=0.0),  # nothing
    Layer(rows=1, cols=1, weights=1.0, signed=True),
)


def case(rng: np.random.Generator, name: str, layer: Layer, folder: Path) -> Case:
    """Return a layer of random weights; its sources and its bias go into ``folder``."""
    in_width = int(rng.integers(2, 9))
    source = FixedFormat(layer.signed, in_width, in_width)
    x = rng.integers(source.min_int, source.max_int, (VECTORS, layer.cols), endpoint=True)
    x[3], x[4], x[5] = 0, source.max_int, source.min_int
    most = 2 ** (layer.bits - 1) - 1
    weight = rng.integers(-most, most, (layer.rows, layer.cols), endpoint=True)
    weight = np.where(rng.random(weight.shape) < layer.weights, weight, 0)
    bias = rng.integers(-500, 500, layer.rows)
    ends = np.stack([weight * source.min_int, weight * source.max_int])
    low, high = int(ends.min(axis=0).sum(axis=1).min()), int(ends.max(axis=0).sum(axis=1).max())
    acc = format_for_range(low, high, 0).width + 1
    total = FixedFormat(True, max(acc, 11) + 1, max(acc, 11) + 1)
    relu, drop = bool(rng.random() < 0.4), int(rng.integers(0, 6))
    target = FixedFormat(
        not relu, 6, 6 + drop, ROUNDINGS[rng.integers(7)], OVERFLOWS[rng.integers(5)]
    )
    sums = x @ weight.T + bias
    out = requantize(np.maximum(sums, 0) if relu else sums, total, target)
    spans = [(source.min_int, source.max_int)] * layer.cols
    text = layer_text(name, "a layer", solve(weight, spans), in_width, acc, layer.per_stage)
    for module, content in text.files.items():
        (folder / f"{module}.sv").write_text(content)
    (folder / f"{name}_bias.mem").write_text(hex_lines(bias.reshape(1, -1), 12))
    last = np.arange(VECTORS) % 3 == 2
    device = Device(
        module=name,
        in_width=layer.cols * in_width,
        out_width=layer.rows * target.width,
        parameters={
            "Vectors": 3,
            "BiasWidth": 12,
            "SumWidth": total.width,
            "Drop": drop,
            "OutWidth": target.width,
            "OutSigned": f"1'b{int(target.signed)}",
            "Rounding": ROUNDINGS.index(target.rounding),
            "Overflow": OVERFLOWS.index(target.overflow),
            "Relu": f"1'b{int(relu)}",
            "FifoDepth": 32,
            "BiasFile": f'"{name}_bias.mem"',
        },
    )
    return Case(
        *(device, x, last, in_width, out, last, target.width, target.signed),
        interval=3 if text.latency < 20 else None,
    )


def test_results(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    cases = [case(rng, f"layer{index}", layer, tmp_path) for index, layer in enumerate(LAYERS)]
    sources = sorted(tmp_path.glob("*.sv"), key=lambda path: "adders" not in path.name)
    check(cases, seed, STRESS, extra=sources, memories=tmp_path)


@pytest.mark.parametrize("layer", LAYERS[:5], ids=lambda layer: f"{layer.rows}x{layer.cols}")
def test_verilator_warns_of_nothing(layer: Layer, tmp_path: Path) -> None:
    case(np.random.default_rng(2), "layer", layer, tmp_path)
    sources = [RTL / name for name in LIBRARY]
    verilator.lint([*sources, tmp_path / "layer_adders.sv", tmp_path / "layer.sv"], "layer")
