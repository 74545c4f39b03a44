"""Widths of the weights by layer: where a bit less costs least.

Greedy: all layers start at the widest; again and again the layer gives up a bit whose loss on
validation samples, quantised after training, rises least per bit saved, until the mean over all
weights is within the budget.

Source:
    Sensitivity of one layer at a time, as in Dong et al., "HAWQ" (arXiv 1905.03696), measured as
    loss instead of estimated by the Hessian.
"""

import copy
from dataclasses import replace

import torch
from torch import nn

from gatewright.errors import GatewrightError
from gatewright.train.settings import Bits, QuantiseStep
from gatewright.train.technique import Task, weights

_WIDEST = 8
_NARROWEST = 2
_SAMPLES = 1000


def search(network: nn.Module, task: Task, step: QuantiseStep) -> dict[str, int]:
    """Return the weights' width of each layer.

    Args:
        network: Not quantised; left as it is.
        task: For the validation samples.
        step: Its ``mean_weight_bits`` is the budget; widths in its ``layers`` are kept.

    Raises:
        GatewrightError: the widths asked for leave no way to meet the budget.
    """
    if step.mean_weight_bits is None:
        raise ValueError("the step has no budget")
    sizes = {name.removesuffix(".weight"): weight.numel() for name, weight in weights(network)}
    fixed = {
        name: bits.weight_bits
        for name, bits in step.layers.items()
        if bits.weight_bits is not None and name in sizes
    }
    found = {name: fixed.get(name, _WIDEST) for name in sizes}
    budget = step.mean_weight_bits * sum(sizes.values())
    loss = _loss(network, task, step, found)
    while sum(sizes[name] * bits for name, bits in found.items()) > budget:
        tried = {
            name: _loss(network, task, step, found | {name: bits - 1})
            for name, bits in found.items()
            if name not in fixed and bits > _NARROWEST
        }
        if not tried:
            raise GatewrightError(
                f"quantise: mean_weight_bits {step.mean_weight_bits:g} cannot be met: every layer "
                f"has its least, {found}"
            )
        name = min(tried, key=lambda name: (tried[name] - loss) / sizes[name])
        found[name] -= 1
        loss = tried[name]
    return found


def _loss(network: nn.Module, task: Task, step: QuantiseStep, bits: dict[str, int]) -> float:
    """Return the loss on validation samples with these widths, nothing trained."""
    from gatewright.train.quantise import Quantise

    wanted = {
        name: replace(step.layers.get(name, Bits()), weight_bits=width)
        for name, width in bits.items()
    }
    technique = Quantise(replace(step, layers=dict(step.layers) | wanted, mean_weight_bits=None))
    with torch.random.fork_rng():
        tried = technique.convert(copy.deepcopy(network), task.preprocessing, {})
        tried = tried.to(task.inputs.device)
        technique.prepare(tried, task)
        tried.eval()
        inputs, labels = task.validation_inputs[:_SAMPLES], task.validation_labels[:_SAMPLES]
        with torch.no_grad():
            return float(task.objective.loss(tried, inputs, labels))
