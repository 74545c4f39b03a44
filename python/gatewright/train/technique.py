"""What a technique may add to the training loop. One technique per file, each a subclass."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gatewright.data import Preprocessing
from gatewright.train.objective import Classify, Objective
from gatewright.train.settings import Augment

_TRAINED = ("weight", "bias")


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained on, whole, on the device that trains.

    Attributes:
        inputs: float32 [N, features...].
        labels: int64 [N].
        validation_inputs: Samples that choices are made on.
        validation_labels: Their labels.
        preprocessing: How the inputs came from raw data.
        seed: The recipe's.
        objective: What the network is trained to do.
        augment: How training samples are changed.
        beside: Folder of the files that a design names.
        builds: Folder of the designs' build folders.
    """

    inputs: Tensor
    labels: Tensor
    validation_inputs: Tensor
    validation_labels: Tensor
    preprocessing: Preprocessing
    seed: int
    objective: Objective = field(default_factory=Classify)
    augment: Augment = field(default_factory=Augment)
    beside: Path = Path()
    builds: Path = Path("build")


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one update.

    Attributes:
        at: Their indices in the task.
        inputs: Changed as the recipe's ``augment`` says.
        labels: As in the task.
        flipped: Of each sample whether it was mirrored.
    """

    at: Tensor
    inputs: Tensor
    labels: Tensor
    flipped: Tensor


class Masks:
    """Which weights are held at exactly zero.

    Attributes:
        kept: Of each weight that has some held: which are not, by its name.
    """

    def __init__(self, network: nn.Module) -> None:
        """Hold the weights that are zero now."""
        self._weights = dict(weights(network))
        zeros = {name: weight.detach() != 0 for name, weight in self._weights.items()}
        self.kept = {name: kept for name, kept in zeros.items() if not kept.all()}

    @torch.no_grad()
    def apply(self) -> None:
        """Set every held weight to zero."""
        for name, kept in self.kept.items():
            self._weights[name].mul_(kept)


Plan = dict[str, Any]


class Technique:
    """Plain training; a subclass overrides what it does differently."""

    def plan(self, network: nn.Module, task: Task) -> Plan:
        """Decide, from weights and data, what ``convert`` is to do; plain values, kept with it."""
        return {}

    def convert(self, network: nn.Module, preprocessing: Preprocessing, plan: Plan) -> nn.Module:
        """Return the network with this technique's modules in place. Trains nothing, draws nothing.

        It must be repeatable: a stopped run and the export build the network by it, then load the
        trained values.
        """
        return network

    def prepare(self, network: nn.Module, task: Task) -> None:
        """Do what needs data, once, before the first epoch."""

    def begin(self, network: nn.Module, task: Task) -> None:
        """Do what is not kept with a checkpoint, at the start and after every restart."""

    def loss(self, network: nn.Module, task: Task, batch: Batch) -> Tensor:
        """Return the loss to minimise, a scalar: the mean over the batch."""
        return task.objective.loss(network, batch.inputs, batch.labels)

    def after_update(self, network: nn.Module, masks: Masks, share: float) -> None:
        """Act after an update of the weights; ``share`` of the step's updates are done."""

    def may_be_best(self, share: float) -> bool:
        """Whether the network is what this step is meant to give, ``share`` of it being done."""
        return True


def weights(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Return the trained weights of all layers with their names; not biases, not scales."""
    return [
        (f"{name}.weight", module.weight)
        for name, module in network.named_modules()
        if isinstance(getattr(module, "weight", None), nn.Parameter)
        and module.weight.dim() >= 2
        and module.weight.requires_grad
    ]


def count_parameters(network: nn.Module) -> int:
    """Return how many weights and biases are trained; quantisers' scales are not among them."""
    named = [getattr(module, name, None) for module in network.modules() for name in _TRAINED]
    return sum(p.numel() for p in named if isinstance(p, nn.Parameter) and p.requires_grad)
