"""Unstructured magnitude pruning, gradual, over all layers at once.

Source:
    Zhu and Gupta, "To prune, or not to prune" (arXiv 1710.01878), equation 1: the cubic schedule.
"""

import torch
from torch import nn

from gatewright.train.settings import PruneStep
from gatewright.train.technique import Masks, Technique, weights

_STAGES = 50  # times the sparsity is raised over the ramp


class Prune(Technique):
    """Raises the share of zero weights by the cubic schedule, then holds it."""

    def __init__(self, step: PruneStep) -> None:
        self._step = step
        self._stage = 0

    def after_update(self, network: nn.Module, masks: Masks, share: float) -> None:
        """Choose the weights to hold at zero anew where the schedule has moved on a stage."""
        stage = min(int(share / self._step.ramp * _STAGES), _STAGES)
        if stage == self._stage:
            return
        self._stage = stage
        sparsity = self._step.sparsity * (1 - (1 - stage / _STAGES) ** 3)
        masks.kept = keep_largest(network, sparsity)
        masks.apply()

    def may_be_best(self, share: float) -> bool:
        """Only at the sparsity asked for."""
        return share >= self._step.ramp


@torch.no_grad()
def keep_largest(network: nn.Module, sparsity: float) -> dict[str, torch.Tensor]:
    """Return masks that leave the largest weights of all layers together.

    Args:
        network: Its layers' weights are compared by magnitude.
        sparsity: Share to drop; the number dropped is rounded up, so at least that share is.

    Returns:
        A bool tensor of the weight's shape for each weight.
    """
    named = weights(network)
    magnitudes = torch.cat([weight.detach().abs().flatten() for _, weight in named])
    drop = -int(-sparsity * magnitudes.numel() // 1)
    keep = torch.ones_like(magnitudes, dtype=torch.bool)
    keep[torch.argsort(magnitudes, stable=True)[:drop]] = False
    parts = torch.split(keep, [weight.numel() for _, weight in named])
    return {name: part.view_as(w) for (name, w), part in zip(named, parts, strict=True)}
