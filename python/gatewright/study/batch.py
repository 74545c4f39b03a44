"""What the batch size costs and brings: time, memory, accuracy at equal epochs."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.study.table import Column, write
from gatewright.train.settings import Machine

COLUMNS = (
    Column("batch_size", "batch size", "{:,}"),
    Column("epoch_s", "seconds per epoch", "{:.2f}"),
    Column("peak_mib", "peak memory, MiB", "{:,.0f}"),
    Column("validation_accuracy", "validation", "{:.2%}"),
    Column("accuracy", "test set", "{:.2%}"),
)


def run(
    design: Design,
    builds: Path,
    sizes: Sequence[int],
    machine: Machine,
    tell: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Train with each batch size; write ``batch.csv``, ``.md``, ``.png`` beside the design.

    Each trains in a process of its own, so that its peak memory is its own.

    Raises:
        GatewrightError: the design does not train a classifier.
    """
    if design.train is None or design.train.objective != "classify":
        raise GatewrightError(f"study: {design.name} has no recipe that trains a classifier")
    rows: list[dict[str, Any]] = []
    for size in sizes:
        steps = tuple(replace(step, batch_size=None) for step in design.train.steps)
        train = replace(design.train, batch_size=size, steps=steps)
        own = replace(design, name=f"{design.name[:40]}_b{size}", train=train)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            metrics = pool.submit(_measured, own, builds / own.name, machine).result()
        epochs = sum(step["epochs"] for step in metrics["steps"])
        row = {
            "batch_size": size,
            "epoch_s": metrics["train_s"] / epochs,
            "peak_mib": metrics["peak_mib"],
            "validation_accuracy": metrics["steps"][-1]["validation_accuracy"],
            "accuracy": metrics["accuracy"],
        }
        rows.append(row)
        write(builds / design.name / "batch", COLUMNS, rows)
        tell(row)
    from gatewright.study import plots  # late: matplotlib is slow to import

    plots.batch(builds / design.name / "batch.png", rows)
    return rows


def _measured(design: Design, folder: Path, machine: Machine) -> dict[str, Any]:
    from gatewright import train

    return train.run(design, folder, progress=False, machine=machine)
