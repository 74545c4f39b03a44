"""What each technique of a recipe brings, measured in hardware.

The rungs are the recipe's own steps, one more on each: ``float``, ``float`` and ``distil``, and so
on. All but the last are quantised after training, with nothing trained: what they show is the
technique, not quantisation; the last is the whole recipe. Every rung goes through all steps of the
flow on the same number of multipliers.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatewright import flow
from gatewright.design import Design, LayerSettings
from gatewright.errors import GatewrightError
from gatewright.files import read_json
from gatewright.steps import Options
from gatewright.study.folds import quickest
from gatewright.study.table import Column, write
from gatewright.train.settings import AnyStep, QuantiseStep, Train

log = logging.getLogger(__name__)
_PLAIN_BITS = 8  # of weights and activations, where only the technique is looked at

COLUMNS = (
    Column("rung", "rung"),
    Column("accuracy", "accuracy, RTL", "{:.2%}"),
    Column("float_accuracy", "float", "{:.2%}"),
    Column("parameters", "parameters", "{:,}"),
    Column("nonzero_weights", "non-zero weights", "{:,}"),
    Column("multiplications", "multiplications", "{:,}"),
    Column("weight_bits", "weight bits", "{:,}"),
    Column("multipliers", "multipliers", "{:,}"),
    Column("cycles", "cycles", "{:,.0f}"),
    Column("lut", "LUT", "{:,}"),
    Column("ff", "FF", "{:,}"),
    Column("dsp", "DSP", "{:,}"),
    Column("bram", "BRAM", "{:,}"),
    Column("fmax_mhz", "Fmax, MHz", "{:.1f}"),
    Column("train_s", "training, s", "{:,.0f}"),
    Column("compared", "outputs compared", "{:,}"),
    Column("mismatches", "different", "{:,}"),
)


@dataclass(frozen=True)
class Rung:
    """A part of the recipe, from its start.

    Attributes:
        name: The techniques that it adds to the rung before.
        train: The recipe.
    """

    name: str
    train: Train


def rungs(design: Design) -> list[Rung]:
    """Return the ladder of a design's recipe.

    A step without epochs belongs to the one after it, which trains what it changed.

    Raises:
        GatewrightError: the design does not train, or its recipe does not quantise.
    """
    steps = design.train.steps if design.train else ()
    last = next((step for step in steps if isinstance(step, QuantiseStep)), None)
    if design.train is None or last is None:
        raise GatewrightError(
            f"study: {design.name} has no recipe with a quantise step, so it has no hardware"
        )
    after = QuantiseStep(
        epochs=0,
        weight_bits=_PLAIN_BITS,
        activation_bits=_PLAIN_BITS,
        input_bits=last.input_bits,
        bias_bits=max(last.bias_bits, 12),
    )
    found = []
    done: list[AnyStep] = []
    added: list[str] = []
    before = steps[: steps.index(last)]
    for step in before:
        added.append(step.technique)
        done.append(step)
        if step.epochs:
            found.append(Rung(" + ".join(added), replace(design.train, steps=(*done, after))))
            added.clear()
    added += [step.technique for step in steps[len(before) :]]
    return [*found, Rung(" + ".join(added), design.train)]


def run(
    design: Design,
    builds: Path,
    *,
    multipliers: int,
    options: Options,
    tell: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Train and build every rung; write ``compress.csv``, ``.md``, ``.png`` beside the design.

    Args:
        design: Its recipe is the ladder.
        builds: Folder of the build folders; rung k of ``name`` is built in ``name_k_techniques``.
        multipliers: At most so many in each rung.
        options: Of the flow's steps.
        tell: Called with each row when it is there.

    Raises:
        CheckFailedError: a rung of the verification differs; the rows before it are written.
    """
    rows: list[dict[str, Any]] = []
    shared = replace(options, shared=builds / design.name / "steps")
    for number, rung in enumerate(rungs(design), start=1):
        name = f"{design.name[:30]}_{number}_{rung.name.replace(' + ', '_')}"[:48]
        log.info("rung %d: %s", number, rung.name)
        rows.append({"rung": rung.name} | _row(design, name, rung, builds, multipliers, shared))
        write(builds / design.name / "compress", COLUMNS, rows)
        tell(rows[-1])
    from gatewright.study import plots  # late: matplotlib is slow to import

    plots.compress(builds / design.name / "compress.png", rows)
    return rows


def _row(
    design: Design, name: str, rung: Rung, builds: Path, multipliers: int, options: Options
) -> dict[str, Any]:
    """Train and build one rung; return what it measured."""
    folder = builds / name
    own = replace(design, name=name, train=rung.train)
    flow.build(own, folder, options, None, "train")
    metrics = read_json(folder / "metrics.json")
    folds = quickest(metrics["layers"], multipliers)
    layers = {layer: LayerSettings(PE=pe, SIMD=simd) for layer, (pe, simd) in folds.items()}
    own = replace(own, hls4ml=replace(design.hls4ml, LayerName=layers))
    flow.build(own, folder, options, None, "synth")
    sim, synth = read_json(folder / "sim.json"), read_json(folder / "synth.json")["ecp5"]
    return {
        "accuracy": sim["accuracy"],
        **{key: metrics[key] for key in _FROM_METRICS},
        "multipliers": sum(pe * simd for pe, simd in folds.values()),
        "cycles": sim["cycles_per_inference"],
        **{key: synth.get(key) for key in ("lut", "ff", "dsp", "bram", "fmax_mhz")},
        "compared": sim["compared"],
        "mismatches": sim["mismatches"],
    }


_FROM_METRICS = (
    *("float_accuracy", "parameters", "nonzero_weights", "multiplications"),
    *("weight_bits", "train_s"),
)
