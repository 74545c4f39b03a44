"""Unstructured magnitude pruning, gradual, over all layers at once or layer by layer.

Source:
    Zhu and Gupta, "To prune, or not to prune" (arXiv 1710.01878), equation 1: the cubic schedule.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from gatewright.errors import GatewrightError
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
        masks.kept = keep_largest(network, sparsity, scope=self._step.scope, block=self._step.block)
        masks.apply()

    def may_be_best(self, share: float) -> bool:
        """Only at the sparsity asked for."""
        return share >= self._step.ramp


@torch.no_grad()
def keep_largest(
    network: nn.Module,
    sparsity: float,
    *,
    scope: Literal["global", "layer"] = "global",
    block: tuple[int, int] = (1, 1),
) -> dict[str, Tensor]:
    """Return masks that leave the largest weights.

    Args:
        network: Its layers' weights are compared by magnitude.
        sparsity: Share to drop, from 0 to below 1. The number dropped is rounded up to whole
            blocks, so at least that share is.
        scope: Compare the weights of all layers together, or those of each layer alone.
        block: Outputs by inputs that fall together, by their mean magnitude; at a layer's edges
            what is left of one.

    Returns:
        A bool tensor of the weight's shape for each weight.

    Raises:
        GatewrightError: a sparsity outside [0, 1).
    """
    if not 0 <= sparsity < 1:
        raise GatewrightError(f"prune: sparsity is {sparsity}; must be from 0 to below 1")
    named = weights(network)
    if scope == "global":
        return _kept(named, sparsity, block)
    return {name: kept for one in named for name, kept in _kept([one], sparsity, block).items()}


def _kept(
    named: list[tuple[str, nn.Parameter]], sparsity: float, block: tuple[int, int]
) -> dict[str, Tensor]:
    """Drop the smallest blocks of all these weights together."""
    matrices = [weight.detach().abs().flatten(1) for _, weight in named]
    blocks = [_block_of(matrix, block) for matrix in matrices]
    counts = [torch.bincount(of.flatten()) for of in blocks]
    means = [
        torch.zeros(len(count), device=matrix.device, dtype=torch.float64).index_add_(
            0, of.flatten(), matrix.flatten().double()
        )
        / count
        for matrix, of, count in zip(matrices, blocks, counts, strict=True)
    ]
    order = torch.argsort(torch.cat(means), stable=True)
    sizes = torch.cat(counts)[order]
    drop = -int(-sparsity * int(sizes.sum()) // 1)
    dropped = int(torch.searchsorted(sizes.cumsum(0), drop)) + 1 if drop else 0
    keep = torch.ones(len(order), dtype=torch.bool, device=order.device)
    keep[order[:dropped]] = False
    parts = torch.split(keep, [len(count) for count in counts])
    return {
        name: part[of].view_as(weight)
        for (name, weight), part, of in zip(named, parts, blocks, strict=True)
    }


def _block_of(matrix: Tensor, block: tuple[int, int]) -> Tensor:
    """Return the number of the block that each weight of a matrix is in."""
    rows, cols = (torch.arange(n, device=matrix.device) for n in matrix.shape)
    across = -(-matrix.shape[1] // block[1])
    return (rows // block[0])[:, None] * across + cols // block[1]
