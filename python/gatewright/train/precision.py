"""Widths of the weights by layer: where a bit less costs least.

Greedy: all layers start at the widest; again and again the layer gives up a bit whose loss on
validation samples, quantised after training, rises least for what is saved, until the budget is
met: the mean over all weights, or the LUTs of the layers' datapaths.

Source:
    Sensitivity of one layer at a time, as in Dong et al., "HAWQ" (arXiv 1905.03696), measured as
    loss instead of estimated by the Hessian.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from gatewright.errors import GatewrightError
from gatewright.train.cost import datapath_luts
from gatewright.train.settings import Bits, LutBudget, QuantiseStep
from gatewright.train.technique import Task, weights

_WIDEST = 8
_NARROWEST = 2
_SAMPLES = 1000


@dataclass(frozen=True)
class _Budget:
    """What the search keeps to.

    Attributes:
        name: The setting, with its value.
        at_most: The most that all layers together may cost.
        cost: What a layer costs with weights of so many bits.
    """

    name: str
    at_most: float
    cost: Callable[[str, int], float]

    def of(self, bits: Mapping[str, int]) -> float:
        """Return what all layers cost."""
        return sum(self.cost(name, width) for name, width in bits.items())


def search(network: nn.Module, task: Task, step: QuantiseStep) -> dict[str, int]:
    """Return the weights' width of each layer.

    Args:
        network: Not quantised; left as it is.
        task: For the validation samples.
        step: Its ``mean_weight_bits`` or ``luts`` is the budget; widths in its ``layers`` are kept.

    Raises:
        GatewrightError: the widths asked for leave no way to meet the budget, or it does not name
            the network's layers.
    """
    sizes = {
        name.removesuffix(".weight"): (len(weight), weight[0].numel())
        for name, weight in weights(network)
    }
    budget = _budget(step, sizes)
    fixed = {
        name: bits.weight_bits
        for name, bits in step.layers.items()
        if bits.weight_bits is not None and name in sizes
    }
    found = {name: fixed.get(name, _WIDEST) for name in sizes}
    loss = _loss(network, task, step, found)
    while budget.of(found) > budget.at_most:
        tried = {
            name: _loss(network, task, step, found | {name: bits - 1})
            for name, bits in found.items()
            if name not in fixed and bits > _NARROWEST
        }
        if not tried:
            raise GatewrightError(
                f"quantise: {budget.name} cannot be met: every layer has its least, {found}, "
                f"which is {budget.of(found):g}; at most {budget.at_most:g}"
            )
        saved = {
            name: budget.cost(name, found[name]) - budget.cost(name, found[name] - 1)
            for name in tried
        }
        name = min(tried, key=lambda name: (tried[name] - loss) / saved[name])
        found[name] -= 1
        loss = tried[name]
    return found


def _budget(step: QuantiseStep, sizes: Mapping[str, tuple[int, int]]) -> _Budget:
    """Return what the step asks for, for layers of these rows and columns."""
    if step.luts is not None:
        return _luts(step.luts, step.activation_bits, sizes)
    if step.mean_weight_bits is None:
        raise ValueError("the step has no budget")
    numbers = {name: rows * cols for name, (rows, cols) in sizes.items()}
    return _Budget(
        f"mean_weight_bits {step.mean_weight_bits:g}",
        step.mean_weight_bits * sum(numbers.values()),
        lambda name, bits: numbers[name] * bits,
    )


def _luts(budget: LutBudget, activation_bits: int, sizes: Mapping[str, tuple[int, int]]) -> _Budget:
    if set(budget.folds) != set(sizes):
        raise GatewrightError(
            f"quantise: luts: folds names {', '.join(sorted(budget.folds))}; must name every layer "
            f"with weights, and no other: {', '.join(sizes)}"
        )
    folds = {name: (fold.PE, fold.SIMD) for name, fold in budget.folds.items()}
    return _Budget(
        f"luts {budget.at_most}",
        budget.at_most,
        lambda name, bits: datapath_luts(sizes[name], folds[name], bits, activation_bits),
    )


def _loss(network: nn.Module, task: Task, step: QuantiseStep, bits: dict[str, int]) -> float:
    """Return the loss on validation samples with these widths, nothing trained."""
    from gatewright.train.quantise import Quantise

    wanted = {
        name: replace(step.layers.get(name, Bits()), weight_bits=width)
        for name, width in bits.items()
    }
    technique = Quantise(
        replace(step, layers=dict(step.layers) | wanted, mean_weight_bits=None, luts=None)
    )
    with torch.random.fork_rng():
        tried = technique.convert(copy.deepcopy(network), task.preprocessing, {})
        tried = tried.to(task.inputs.device)
        technique.prepare(tried, task)
        tried.eval()
        inputs, labels = task.validation_inputs[:_SAMPLES], task.validation_labels[:_SAMPLES]
        with torch.no_grad():
            return float(task.objective.loss(tried, inputs, labels))
