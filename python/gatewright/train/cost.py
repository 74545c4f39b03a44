"""What a network costs: parameters, weights, multiplications, by layer."""

from dataclasses import dataclass
from math import ceil, prod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gatewright.train.technique import count_parameters

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
_LUT_WORDS = 16


@dataclass(frozen=True)
class Layer:
    """A layer as a matrix that vectors go through.

    Attributes:
        name: As a node of the exported graph.
        kind: ``dense``, ``conv`` or ``depthwise``.
        rows: Outputs per vector; of a depthwise layer, channels.
        cols: Inputs per vector; of a depthwise layer, taps.
        channels: Of a convolution's input.
        vectors: Vectors per sample: output pixels.
    """

    name: str
    kind: Literal["dense", "conv", "depthwise"]
    rows: int
    cols: int
    channels: int
    vectors: int

    @property
    def multiplications(self) -> int:
        """Multiplications per sample."""
        return self.rows * self.cols * self.vectors


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: Weights and biases that are trained; normalisation's among them.
        multiplications: Per sample, of layers whose weights are trained.
    """

    parameters: int
    multiplications: int


def cost(network: nn.Module, example: Tensor) -> Cost:
    """Return what a network costs that takes ``example`` [N, ...]."""
    found = layers(network, example)
    return Cost(count_parameters(network), sum(layer.multiplications for layer in found))


def datapath_luts(
    size: tuple[int, int], fold: tuple[int, int], weight_bits: int, activation_bits: int
) -> int:
    """Return the LUTs of a folded layer's adders, accumulators and small weight memories, by a law.

    A LUT for each bit of an adder: of the trees over SIMD products, and of each PE's accumulator,
    and one more for each bit of it where results leave one after the other. A memory of at most
    32 words is made of LUTs of 16 words. Multipliers are the device's own, deeper memories block
    RAM; control, buffers and rounding come on top.

    Args:
        size: Rows and columns.
        fold: PE and SIMD.
        weight_bits: Of a weight.
        activation_bits: Of an activation.
    """
    (rows, cols), (pe, simd) = size, fold
    product = weight_bits + activation_bits
    left, tree = simd, 0
    for level in range((simd - 1).bit_length()):
        tree += left // 2 * (product + level)
        left -= left // 2
    accumulator = product + (cols - 1).bit_length()
    depth = ceil(rows / pe) * ceil(cols / simd)
    memory = simd * weight_bits * ceil(depth / _LUT_WORDS) if depth <= 2 * _LUT_WORDS else 0
    return pe * (tree + 2 * accumulator + memory)


@torch.no_grad()
def layers(network: nn.Module, example: Tensor) -> list[Layer]:
    """Return the layers whose weights are trained, in the order they are run."""
    names = {module: name for name, module in network.named_modules()}
    found: list[Layer] = []

    def note(module: nn.Module, _given: object, output: Any) -> None:
        weight = module.weight
        if isinstance(weight, nn.Parameter) and weight.requires_grad:
            found.append(_layer(names[module].replace(".", "_"), module, weight, output))

    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, _LAYERS)]
    training = network.training
    try:
        network.eval()(example[:1])
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return found


def _layer(name: str, module: nn.Module, weight: Tensor, output: Tensor) -> Layer:
    rows, cols = weight.shape[0], weight[0].numel()
    if not isinstance(module, nn.Conv1d | nn.Conv2d):
        return Layer(name, "dense", rows, cols, cols, 1)
    vectors = prod(output.shape[2:])
    depthwise = module.groups == module.in_channels and module.groups > 1
    kind: Literal["conv", "depthwise"] = "depthwise" if depthwise else "conv"
    return Layer(name, kind, rows, cols, module.in_channels // module.groups, vectors)
