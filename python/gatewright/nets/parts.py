"""What the networks are built of, beside torch's own layers."""

from collections import OrderedDict
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from gatewright.errors import GatewrightError


class Edge(nn.Identity):
    """A place where values are quantised though no activation function stands there.

    A residual sum needs one on each branch whose values are not quantised yet; so does what
    follows an average.

    Args:
        signed: Whether values may be below zero.
    """

    def __init__(self, *, signed: bool) -> None:
        super().__init__()
        self.signed = signed


class Add(nn.Module):
    """The sum of two branches, a module so that it has a name."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the sum."""
        return one + other


class Average2d(nn.Conv2d):
    """The average over square windows as a depthwise convolution of weights 1 / size**2."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(channels, channels, size, stride=size, groups=channels, bias=False)
        _freeze(self, size * size)


class Average1d(nn.Conv1d):
    """The average over windows of time as a depthwise convolution of weights 1 / size."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(channels, channels, size, stride=size, groups=channels, bias=False)
        _freeze(self, size)


def _freeze(layer: nn.Conv1d | nn.Conv2d, window: int) -> None:
    if window & (window - 1):
        raise GatewrightError(
            f"an average over {window} values is not exact in fixed point; the window must be a "
            "power of two"
        )
    layer.weight = nn.Parameter(torch.full_like(layer.weight, 1 / window), requires_grad=False)


def dense(sizes: tuple[int, ...], *, first: int = 1) -> "OrderedDict[str, nn.Module]":
    """Return ``fc1``, ``relu1``, ``fc2``, ...: dense layers with ReLU between them.

    Args:
        sizes: From the input to the output, two at least.
        first: Number of the first ReLU, where others stand before it.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    last = len(sizes) - 1
    for index, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        modules[f"fc{index}"] = nn.Linear(inputs, outputs)
        if index < last:
            modules[f"relu{index + first - 1}"] = nn.ReLU()
    return modules


def whole(network: str, key: str, value: Any) -> int:
    """Return ``value`` if it is a whole number from 1.

    Raises:
        GatewrightError: it is not; names the network and the option.
    """
    if type(value) is not int or value < 1:
        raise GatewrightError(f"network {network}: {key} is {value!r}; must be a whole number >= 1")
    return value


def sizes(network: str, key: str, value: Any, *, least: int, most: int = 64) -> tuple[int, ...]:
    """Return ``value`` as a tuple if it is a list of ``least`` to ``most`` whole numbers from 1.

    Raises:
        GatewrightError: it is not; names the network and the option.
    """
    is_list = isinstance(value, list | tuple) and least <= len(value) <= most
    if not is_list or not all(type(size) is int and size >= 1 for size in value):
        count = f"{least}" if least == most else f"{least} to {most}"
        raise GatewrightError(
            f"network {network}: {key} is {value!r}; must be a list of {count} whole numbers >= 1"
        )
    return tuple(value)


def share(network: str, key: str, value: Any) -> float:
    """Return ``value`` if it is a number from 0 to below 1.

    Raises:
        GatewrightError: it is not; names the network and the option.
    """
    if type(value) not in (int, float) or not 0 <= value < 1:
        raise GatewrightError(f"network {network}: {key} is {value!r}; must be from 0 to below 1")
    return float(value)
