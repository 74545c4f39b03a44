"""What a network is trained to do: the loss, the score that choices go by, and what is measured."""

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gatewright.data import Dataset
from gatewright.data.measures import auc, squared_error
from gatewright.train.settings import ObjectiveName

_BATCH = 1024


class Objective(Protocol):
    """What a network is trained to do.

    Attributes:
        score_name: What ``score`` is called in ``metrics.json`` and in messages.
        measure_name: What ``measure`` is called in ``metrics.json``.
    """

    score_name: str
    measure_name: str

    def outputs(self, dataset: Dataset) -> tuple[int, ...]:
        """Return the shape of one output that fits the data."""

    def loss(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return the loss to minimise, a scalar."""

    def score(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return how well validation samples are done; more is better. Evaluates."""

    def measure(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return what is measured on the test set. Evaluates."""


class Classify:
    """Cross-entropy; the share of samples whose largest output is their label's."""

    score_name = "accuracy"
    measure_name = "accuracy"

    def outputs(self, dataset: Dataset) -> tuple[int, ...]:
        """Return one output per class."""
        return (dataset.classes,)

    def loss(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        return functional.cross_entropy(network(inputs), labels)

    def score(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return the accuracy."""
        return int((_outputs(network, inputs).argmax(dim=1) == labels).sum()) / len(labels)

    def measure(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return the accuracy."""
        return self.score(network, inputs, labels)


class Reconstruct:
    """Mean squared error to the input; how well that error tells anomalies from the rest."""

    score_name = "score"
    measure_name = "auc"

    def outputs(self, dataset: Dataset) -> tuple[int, ...]:
        """Return the input's shape."""
        return dataset.test_inputs.shape[1:]

    def loss(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean squared error."""
        return functional.mse_loss(network(inputs), inputs)

    def score(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return the mean squared error, negative: of no use to know anomalies here."""
        return -float((_outputs(network, inputs) - inputs).square().cpu().double().mean())

    def measure(self, network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
        """Return the area under the ROC curve of the error."""
        found = _outputs(network, inputs).cpu().double().numpy()
        errors = squared_error(found, inputs.cpu().double().numpy())
        return auc(errors, np.asarray(labels.cpu().numpy() != 0))


def objective_for(name: ObjectiveName) -> Objective:
    """Return the objective a recipe names."""
    objectives: dict[ObjectiveName, Any] = {"classify": Classify, "reconstruct": Reconstruct}
    found: Objective = objectives[name]()
    return found


@torch.no_grad()
def _outputs(network: nn.Module, inputs: Tensor) -> Tensor:
    was_training = network.training
    network.eval()
    found = torch.cat([network(part) for part in torch.split(inputs, _BATCH)])
    network.train(was_training)
    return found
