"""Plots of the studies, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from gatewright.files import replacing

mpl.use("Agg")  # no display is needed
from matplotlib import pyplot as plt  # after the backend is chosen

_COMPRESS = (
    ("cycles", "cycles per inference"),
    ("lut", "LUT"),
    ("weight_bits", "weight bits"),
    ("multiplications", "multiplications"),
)
_MARKERS = "osD^vPX*"
_BATCH = (
    ("epoch_s", "seconds per epoch"),
    ("peak_mib", "peak memory, MiB"),
    ("accuracy", "accuracy, test set"),
)

Row = Mapping[str, Any]


def compress(path: Path, rows: Sequence[Row]) -> None:
    """Draw accuracy over what each rung takes."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 7), sharey=True, layout="constrained")
    scores = [100 * row["accuracy"] for row in rows]
    for axis, (key, label) in zip(axes.flat, _COMPRESS, strict=True):
        values = [row[key] for row in rows]
        axis.plot(values, scores, color="0.8", zorder=1)
        for number, (row, value, score) in enumerate(zip(rows, values, scores, strict=True)):
            name, marker = f"{number + 1} {row['rung']}", _MARKERS[number % len(_MARKERS)]
            axis.scatter(value, score, s=60, marker=marker, label=name, zorder=2)
        axis.set_xlabel(label)
        axis.set_xlim(left=0)
        axis.grid(alpha=0.3)
    for axis in axes[:, 0]:
        axis.set_ylabel("accuracy of the RTL, %")
    # Names beside the points would lie on each other where two rungs take about the same.
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=5)
    _save(figure, path)


def batch(path: Path, rows: Sequence[Row]) -> None:
    """Draw time, memory and accuracy over the batch size."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for axis, (key, label) in zip(axes, _BATCH, strict=True):
        axis.plot([row["batch_size"] for row in rows], [row[key] for row in rows], "o-")
        axis.set_xscale("log", base=2)
        axis.set_xlabel("batch size")
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100, metadata={"Software": None})
    plt.close(figure)
