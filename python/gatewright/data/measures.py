"""What is measured of a network's outputs on a test set, in numpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError


def squared_error(outputs: NDArray[Any], inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean squared error of each sample, float64 [N].

    Exact where both hold fixed-point numbers, as far as float64 goes: the same integers give the
    same error on every rung.
    """
    difference = outputs.astype(np.float64) - inputs.astype(np.float64)
    return np.asarray(np.square(difference).reshape(len(difference), -1).mean(axis=1))


def auc(scores: NDArray[np.float64], marked: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: how often a marked sample's score is the larger.

    Of all pairs of a marked and an unmarked sample, the share in which the marked one's score is
    larger, an equal score counting one half (the Mann-Whitney statistic).

    Raises:
        GatewrightError: no sample is marked, or every one is.
    """
    count, rest = int(marked.sum()), int((~marked).sum())
    if not count or not rest:
        raise GatewrightError(f"{count} samples are marked and {rest} are not; both must be there")
    _, place, alike = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(alike) - (alike - 1) / 2  # from 1; of equal scores, their mean
    return float((ranks[place][marked].sum() - count * (count + 1) / 2) / (count * rest))


def scores(
    outputs: NDArray[np.float64],
    inputs: NDArray[Any],
    labels: NDArray[Any] | None,
    anomalies: NDArray[np.bool_] | None,
) -> dict[str, float | None]:
    """Return how good a network's outputs are, by what is known of the samples.

    Args:
        outputs: float64 [N, outputs].
        inputs: What it was given [N, ...].
        labels: The index of the right output [N], if known.
        anomalies: Which samples are unusual [N], if the outputs are the inputs given back.

    Returns:
        ``accuracy``, the share of samples whose first largest output is the labelled one, and
        ``auc``, how well the error tells the unusual samples; None where it is not known.
    """
    accuracy = found = None
    if labels is not None:
        accuracy = float((outputs.argmax(axis=1) == labels).mean())
    if anomalies is not None:
        found = auc(squared_error(outputs, inputs.reshape(outputs.shape)), anomalies)
    return {"accuracy": accuracy, "auc": found}
