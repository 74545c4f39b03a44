"""Training: a loop, and one technique per file. Importing this package imports no torch."""

from pathlib import Path
from typing import Any

from gatewright.train.settings import Machine, Recipe


def run(
    design: Recipe,
    folder: Path,
    *,
    progress: bool = True,
    machine: Machine | None = None,
    shared: Path | None = None,
) -> dict[str, Any]:
    """Train a design's network by its recipe; resume where an earlier run was stopped.

    Writes ``model.pt`` (see ``train.model_file``) and ``metrics.json`` into ``folder``, and
    ``checkpoint.pt`` while it runs.

    Args:
        design: Its ``network``, ``data`` and ``train`` are read.
        folder: The design's build folder.
        progress: Show a bar per step on a terminal, a log line per epoch elsewhere.
        machine: Devices to train on; by default one, a GPU where there is one.
        shared: Folder where finished steps are kept for other recipes that begin the same way.

    Returns:
        What ``metrics.json`` holds: ``float_accuracy`` (test set, after the float step),
        ``accuracy`` (test set, of the network as exported), ``parameters``, ``weights``,
        ``nonzero_weights``, ``sparsity``, ``weight_bits``, ``multiplications``, ``layers`` (those
        with trained weights, as matrices: see ``train.cost.Layer``), ``train_s``, ``peak_mib``
        (memory), ``seed``, ``device``, ``steps`` (per step: technique, epochs, best epoch,
        validation accuracy of each epoch, seconds).

    Raises:
        GatewrightError: settings that do not fit together, or a loss that is no number.
    """
    from gatewright.train import recipe  # late: torch takes seconds to import

    return recipe.run(design, folder, progress=progress, machine=machine, shared=shared)
