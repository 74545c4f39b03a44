"""A multi-layer perceptron: dense layers with ReLU between them."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from gatewright.errors import GatewrightError


def build(layers: Sequence[int]) -> nn.Module:
    """Return ``input``, ``fc1``, ``relu1``, ``fc2``, ...; the last layer has no activation.

    Args:
        layers: Sizes from the input to the output, two at least.

    Raises:
        GatewrightError: not such a list.
    """
    whole = isinstance(layers, Sequence) and not isinstance(layers, str)
    if not whole or len(layers) < 2 or not all(type(n) is int and n >= 1 for n in layers):
        raise GatewrightError(
            f"network mlp: layers is {layers!r}; must be two or more whole numbers from 1, the "
            "sizes from the input to the output, such as [784, 128, 10]"
        )
    modules: OrderedDict[str, nn.Module] = OrderedDict(input=nn.Identity())
    last = len(layers) - 1
    for index, (inputs, outputs) in enumerate(pairwise(layers), start=1):
        modules[f"fc{index}"] = nn.Linear(inputs, outputs)
        if index < last:
            modules[f"relu{index}"] = nn.ReLU()
    return nn.Sequential(modules)
