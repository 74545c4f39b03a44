"""Structured pruning: filters and neurons leave the network, with all that hangs on them.

Torch-Pruning finds what hangs together: both branches of a residual sum, a depthwise layer and
the pointwise one before it, normalisation, the inputs of the next layer.

Source:
    Fang et al., "DepGraph: towards any structural pruning" (arXiv 2301.12900).
"""

import copy
from typing import Any

import torch
import torch_pruning
from torch import Tensor, nn

from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train.settings import ChannelsStep
from gatewright.train.technique import Plan, Task, Technique

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
Removed = list[Any]  # Torch-Pruning's history: [layer, of its outputs, indices] for each removal


def remove_channels(
    network: nn.Module, example: Tensor, rate: float, *, round_to: int = 1
) -> Removed:
    """Take the weakest filters and neurons out of every layer but the last; in place.

    Those are weakest whose weights, with all that hangs on them, have the smallest L2 norm.

    Args:
        network: Linear, Conv1d, Conv2d, what torch has between them, residual sums.
        example: Inputs [N, ...] that it takes.
        rate: Share of each layer to take out, from 0 to below 1.
        round_to: What is left is a multiple of it, rounded down, but at least one of them.

    Returns:
        What ``repeat`` needs to do the same to a network of the same shape.

    Raises:
        GatewrightError: a rate outside [0, 1).
    """
    if not 0 <= rate < 1:
        raise GatewrightError(f"channels: rate is {rate}; must be from 0 to below 1")
    training, frozen = network.training, _frozen(network)
    network.eval()
    last = _last_layer(network, example[:1])
    with torch.enable_grad():  # Torch-Pruning follows the gradients' graph
        pruner = torch_pruning.pruner.BasePruner(
            *(network, example[:1], torch_pruning.importance.GroupMagnitudeImportance(p=2)),
            pruning_ratio=rate,
            ignored_layers=[last],
            round_to=round_to,
        )
        pruner.step()
    _freeze(network, frozen)
    network.train(training)
    return [
        [name, bool(outputs), [int(index) for index in indices]]
        for name, outputs, indices in pruner.pruning_history()
    ]


def repeat(network: nn.Module, example: Tensor, removed: Removed) -> None:
    """Take out of a network what ``remove_channels`` took out of one of its shape; in place."""
    training, frozen = network.training, _frozen(network)
    network.eval()
    graph = torch_pruning.DependencyGraph()
    with torch.enable_grad():
        graph.build_dependency(network, example_inputs=example[:1])
        graph.load_pruning_history(removed)
    _freeze(network, frozen)
    network.train(training)


class Channels(Technique):
    """Takes channels out before the step's first epoch."""

    def __init__(self, step: ChannelsStep) -> None:
        self._step = step

    def plan(self, network: nn.Module, task: Task) -> Plan:
        """Choose by the weights as they are now."""
        tried, example = copy.deepcopy(network), task.inputs[:1]
        removed = remove_channels(tried, example, self._step.rate, round_to=self._step.round_to)
        return {"removed": removed, "shape": list(example.shape[1:])}

    def convert(self, network: nn.Module, preprocessing: Preprocessing, plan: Plan) -> nn.Module:
        """Take out what was chosen."""
        device = next(network.parameters()).device
        repeat(network, torch.zeros(1, *plan["shape"], device=device), plan["removed"])
        return network


def _last_layer(network: nn.Module, example: Tensor) -> nn.Module:
    """Return the layer that gives the network's outputs: the last that is run."""
    ran: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda module, *_: ran.append(module))
        for module in network.modules()
        if isinstance(module, _LAYERS)
    ]
    try:
        with torch.no_grad():
            network(example)
    finally:
        for hook in hooks:
            hook.remove()
    if not ran:
        raise GatewrightError("channels: the network has no Linear, Conv1d or Conv2d")
    return ran[-1]


def _frozen(network: nn.Module) -> list[str]:
    return [name for name, value in network.named_parameters() if not value.requires_grad]


def _freeze(network: nn.Module, names: list[str]) -> None:
    """Torch-Pruning makes every parameter anew, as one that is trained."""
    for name in names:
        network.get_parameter(name).requires_grad_(False)
