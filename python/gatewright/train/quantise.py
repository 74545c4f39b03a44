"""Quantisation-aware training with Brevitas; every scale is a power of two.

Batch normalisation is merged into the layer before it first, so that none is left.
Rounding is half to even and weights keep a symmetric range, so that a weight of zero stays zero
and every value is a fixed-point number that hardware holds as it is.
"""

import warnings

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.nets.parts import Add, Average1d, Average2d, Edge, SeparableConv2d
from gatewright.train.settings import Bits, QuantiseStep
from gatewright.train.technique import Plan, Task, Technique

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells of optional packages that nothing here uses
    import brevitas.nn as qnn
    from brevitas.nn.quant_layer import QuantWeightBiasInputOutputLayer
    from brevitas.quant import (
        Int8ActPerTensorFixedPoint,
        Int8BiasPerTensorFixedPointInternalScaling,
        Int8WeightPerTensorFixedPoint,
        Uint8ActPerTensorFixedPoint,
        Uint8ActPerTensorFixedPointMaxInit,
    )

_CALIBRATION_BATCHES = 16
_FLOAT_BITS = 32
_CALIBRATION_SAMPLES = 256  # per batch
_KEPT = (nn.Identity, nn.Flatten, nn.Dropout, nn.MaxPool2d, Add)  # they compute no new values


class Quantise(Technique):
    """Puts quantisers into the network, then trains through them."""

    def __init__(self, step: QuantiseStep) -> None:
        self._step = step
        self._weight_bits: dict[str, int] = {}

    def plan(self, network: nn.Module, task: Task) -> Plan:
        """Search the widths of the weights, if asked for."""
        if self._step.mean_weight_bits is None and self._step.luts is None:
            return {}
        from gatewright.train.precision import search

        return {"weight_bits": search(network, task, self._step)}

    def convert(self, network: nn.Module, preprocessing: Preprocessing, plan: Plan) -> nn.Module:
        """Merge normalisations, then replace each layer by its quantised counterpart."""
        self._weight_bits = plan.get("weight_bits", {})
        merge_normalisation(network)
        self._check_names(network)
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

    def _check_names(self, network: nn.Module) -> None:
        """Refuse widths of a layer that is not there."""
        there = {
            name
            for name, module in network.named_modules()
            if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ReLU | Edge)
        }
        unknown = [name for name in self._step.layers if name not in there]
        if unknown:
            raise GatewrightError(
                f"quantise: layers: {', '.join(unknown)} is no layer or activation of the "
                f"network; there are: {', '.join(sorted(there))}"
            )

    def _bits(self, name: str) -> Bits:
        """Return the widths of a layer or activation: its own, those found, the step's."""
        own, step = self._step.layers.get(name, Bits()), self._step
        return Bits(
            weight_bits=own.weight_bits or self._weight_bits.get(name, step.weight_bits),
            activation_bits=own.activation_bits or step.activation_bits,
            bias_bits=own.bias_bits or step.bias_bits,
        )

    def _counterpart(self, name: str, module: nn.Module, data: Preprocessing) -> nn.Module:
        match module:
            case nn.Identity() if name == "input":
                return self._input(data)
            case nn.Linear() | nn.Conv1d() | nn.Conv2d():
                return self._layer(name, module)
            case nn.ReLU():
                activation: nn.Module = qnn.QuantReLU(
                    act_quant=Uint8ActPerTensorFixedPoint,
                    bit_width=self._bits(name).activation_bits,
                    collect_stats_steps=_CALIBRATION_BATCHES,
                    high_percentile_q=self._step.percentile,
                )
                return activation
            case Edge():
                edge: nn.Module = qnn.QuantIdentity(
                    act_quant=(
                        Int8ActPerTensorFixedPoint if module.signed else Uint8ActPerTensorFixedPoint
                    ),
                    bit_width=self._bits(name).activation_bits,
                    collect_stats_steps=_CALIBRATION_BATCHES,
                    high_percentile_q=self._step.percentile,
                )
                return edge
        if type(module) in _KEPT:
            return module
        raise GatewrightError(
            f"quantise: module {name} is a {type(module).__name__}, which has no quantised "
            "counterpart; allowed: Linear, Conv1d, Conv2d, ReLU, normalisation behind a "
            f"convolution, Edge, {', '.join(kind.__name__ for kind in _KEPT)}, and an Identity "
            "called input"
        )

    def _input(self, data: Preprocessing) -> nn.Module:
        """Return the input's quantiser: the raw integer itself, if its bits are enough."""
        bits, signed = self._step.input_bits, data.raw_min < 0
        largest = max(data.raw_max, -data.raw_min - 1)
        dropped = max(largest.bit_length() + signed - bits, 0)
        quantiser: nn.Module = qnn.QuantIdentity(
            act_quant=Uint8ActPerTensorFixedPointMaxInit,
            bit_width=bits,
            signed=signed,
            scaling_impl_type="const",
            max_val=data.scale * 2 ** (bits - signed + dropped),
        )
        return quantiser

    def _layer(self, name: str, module: nn.Linear | nn.Conv1d | nn.Conv2d) -> nn.Module:
        """Return the quantised layer with the plain one's own weight and bias."""
        bits = self._bits(name)
        quantisers = {
            "weight_quant": Int8WeightPerTensorFixedPoint,
            "weight_bit_width": bits.weight_bits,
            "bias_quant": Int8BiasPerTensorFixedPointInternalScaling,
            "bias_bit_width": bits.bias_bits,
            "bias": module.bias is not None,
            "device": module.weight.device,
        }
        if isinstance(module, Average1d | Average2d):  # its weight is the scale, the integer is 1
            quantisers["weight_bit_width"] = 2
            quantisers["weight_scaling_impl_type"] = "const"
            quantisers["weight_scaling_init"] = 2 * float(module.weight.flatten()[0])
        layer: nn.Module
        if isinstance(module, nn.Linear):
            layer = qnn.QuantLinear(module.in_features, module.out_features, **quantisers)
        else:
            if module.padding_mode != "zeros":
                raise GatewrightError(
                    f"quantise: module {name}: padding_mode is {module.padding_mode!r}; must be "
                    "'zeros'"
                )
            kind = qnn.QuantConv1d if isinstance(module, nn.Conv1d) else qnn.QuantConv2d
            layer = kind(
                *(module.in_channels, module.out_channels, module.kernel_size),
                stride=module.stride,
                padding=module.padding,
                dilation=module.dilation,
                groups=module.groups,
                **quantisers,
            )
        layer.weight = module.weight
        if module.bias is not None:
            layer.bias = module.bias
        return layer


@torch.no_grad()
def merge_normalisation(network: nn.Module) -> None:
    """Take every batch normalisation into the convolution before it, by its running statistics.

    Raises:
        GatewrightError: one does not stand right behind a convolution in the same container.
    """
    for path, container in network.named_modules():
        before: nn.Module | None = None
        for name, child in list(container.named_children()):
            module = child.pw if isinstance(child, SeparableConv2d) else child
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                if not isinstance(before, nn.Conv1d | nn.Conv2d):
                    raise GatewrightError(
                        f"quantise: {path}{'.' if path else ''}{name} normalises what is no "
                        "convolution; put it right behind one"
                    )
                mean, variance = module.running_mean, module.running_var
                if mean is None or variance is None:
                    raise GatewrightError(f"quantise: {path}.{name} keeps no running statistics")
                weight, bias = fuse_conv_bn_weights(
                    *(before.weight, before.bias, mean, variance),
                    *(module.eps, module.weight, module.bias),
                )
                # Parameters anew: torch's own bias is not trained where there was none before.
                before.weight, before.bias = nn.Parameter(weight.data), nn.Parameter(bias.data)
                container.set_submodule(name, nn.Identity())
            before = module


@torch.no_grad()
def weight_bits(network: nn.Module) -> int:
    """Return the bits of all trained weights; 32 each where a layer is not quantised."""
    count = 0
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.requires_grad and weight.dim() > 1:
            width = _FLOAT_BITS
            if isinstance(module, QuantWeightBiasInputOutputLayer):
                width = int(module.quant_weight().bit_width)
            count += weight.numel() * width
    return count


@torch.no_grad()
def nonzero_weights(network: nn.Module) -> int:
    """Return how many trained weights are not zero; of a quantised layer, its integers."""
    count = 0
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, nn.Parameter) or not weight.requires_grad or weight.dim() < 2:
            continue
        if isinstance(module, QuantWeightBiasInputOutputLayer):
            weight = module.quant_weight().value
        count += int(torch.count_nonzero(weight))
    return count
