"""Quantisation-aware training with Brevitas; every scale is a power of two.

Rounding is half to even and weights keep a symmetric range, so that a weight of zero stays zero
and every value is a fixed-point number that hardware holds as it is.
"""

import warnings

import torch
from torch import nn

from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train.settings import QuantiseStep
from gatewright.train.technique import Task, Technique

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells of optional packages that nothing here uses
    import brevitas.nn as qnn
    from brevitas.quant import (
        Int8BiasPerTensorFixedPointInternalScaling,
        Int8WeightPerTensorFixedPoint,
        Uint8ActPerTensorFixedPoint,
        Uint8ActPerTensorFixedPointMaxInit,
    )

_CALIBRATION_BATCHES = 16
_CALIBRATION_SAMPLES = 256  # per batch


class Quantise(Technique):
    """Puts quantisers into the network, then trains through them."""

    def __init__(self, step: QuantiseStep) -> None:
        self._step = step

    def convert(self, network: nn.Module, preprocessing: Preprocessing) -> nn.Module:
        """Replace each layer by its quantised counterpart, its weights kept."""
        leaves = [
            (name, module)
            for name, module in network.named_modules()
            if next(module.children(), None) is None
        ]
        with torch.random.fork_rng():  # a new layer draws weights that are thrown away
            for name, module in leaves:
                network.set_submodule(name, self._counterpart(name, module, preprocessing))
        return network

    def prepare(self, network: nn.Module, task: Task) -> None:
        """Set the activations' scales from training samples."""
        network.train()
        generator = torch.Generator().manual_seed(task.seed)
        with torch.no_grad():
            # One batch more than the statistics take: it turns them into the scales to train.
            for _ in range(_CALIBRATION_BATCHES + 1):
                at = torch.randint(len(task.inputs), (_CALIBRATION_SAMPLES,), generator=generator)
                network(task.inputs[at.to(task.inputs.device)])

    def _counterpart(self, name: str, module: nn.Module, data: Preprocessing) -> nn.Module:
        match module:
            case nn.Identity() if name == "input":
                return self._input(data)
            case nn.Linear():
                return self._linear(module)
            case nn.ReLU():
                activation: nn.Module = qnn.QuantReLU(
                    act_quant=Uint8ActPerTensorFixedPoint,
                    bit_width=self._step.activation_bits,
                    collect_stats_steps=_CALIBRATION_BATCHES,
                )
                return activation
        raise GatewrightError(
            f"quantise: module {name} is a {type(module).__name__}, which has no quantised "
            "counterpart; allowed: Linear, ReLU, and an Identity called input"
        )

    def _input(self, data: Preprocessing) -> nn.Module:
        """Return the input's quantiser: the raw integer itself, if its bits are enough."""
        bits = self._step.input_bits
        dropped = max(data.raw_max.bit_length() - bits, 0)
        quantiser: nn.Module = qnn.QuantIdentity(
            act_quant=Uint8ActPerTensorFixedPointMaxInit,
            bit_width=bits,
            scaling_impl_type="const",
            max_val=data.scale * 2 ** (bits + dropped),
        )
        return quantiser

    def _linear(self, module: nn.Linear) -> nn.Module:
        layer: nn.Module = qnn.QuantLinear(
            module.in_features,
            module.out_features,
            module.bias is not None,
            weight_quant=Int8WeightPerTensorFixedPoint,
            weight_bit_width=self._step.weight_bits,
            bias_quant=Int8BiasPerTensorFixedPointInternalScaling,
            bias_bit_width=self._step.bias_bits,
            device=module.weight.device,
        )
        layer.weight = module.weight
        if module.bias is not None:
            layer.bias = module.bias
        return layer


@torch.no_grad()
def nonzero_weights(network: nn.Module) -> int:
    """Return how many weights are not zero; of a quantised layer, those of its integers."""
    count = 0
    for module in network.modules():
        if isinstance(module, qnn.QuantLinear):
            count += int(torch.count_nonzero(module.quant_weight().value))
        elif isinstance(weight := getattr(module, "weight", None), nn.Parameter):
            count += int(torch.count_nonzero(weight))
    return count
