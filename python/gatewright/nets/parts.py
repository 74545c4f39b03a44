"""What the networks are built of, beside torch's own layers."""

import math
from collections import OrderedDict
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from gatewright.errors import GatewrightError
from gatewright.exponential import TABLE_BITS, exponential_table


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


class TableSoftmax(nn.Module):
    """Softmax over the channels whose exponential is a table of integers, as the hardware's is.

    A quantiser of the named format stands in front, another behind. While training it is a plain
    softmax; in evaluation it is exact in float64: the table's values divided by their sum.

    Args:
        bits: Width of the input.
        fraction: Its fraction bits: its scale is 2**-fraction.
        table_bits: Width of the table's values.

    Raises:
        GatewrightError: more bits than a table has.
    """

    values: Tensor

    def __init__(self, bits: int, fraction: int, table_bits: int = TABLE_BITS) -> None:
        super().__init__()
        table = exponential_table(bits, fraction, table_bits)
        self.register_buffer("values", torch.from_numpy(table).to(torch.float32))
        self.bits, self.steps = bits, 2.0**fraction

    def forward(self, x: Tensor) -> Tensor:
        """Return probabilities.

        Raises:
            GatewrightError: values further apart than the format allows.
        """
        if self.training:
            return x.softmax(dim=1)
        below = (x.amax(dim=1, keepdim=True) - x) * self.steps
        if not torch.compiler.is_compiling() and below.max() >= len(self.values):
            raise GatewrightError(
                f"TableSoftmax: values {float(below.max()) / self.steps:g} apart, behind a "
                f"quantiser that should have {self.bits} bits, {math.log2(self.steps):g} of them "
                "fraction; give it the bits and the fraction of the quantiser in front"
            )
        e = self.values[below.to(torch.int64)]
        return e / e.sum(dim=1, keepdim=True)


class ScaleBias(nn.Module):
    """Scale and bias by channel, on a grid of 2**-fraction: batch normalisation that is exact.

    Args:
        channels: How many.
        fraction: Fraction bits of both.
        bits: Width of both, sign included.
    """

    def __init__(self, channels: int, fraction: int = 6, bits: int = 10) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.fraction, self.bits = fraction, bits

    @classmethod
    def of(cls, norm: nn.Module, fraction: int = 6, bits: int = 10) -> "ScaleBias":
        """Return what a batch normalisation does in evaluation, rounded to the grid.

        Raises:
            GatewrightError: it has no running statistics.
        """
        mean, variance = getattr(norm, "running_mean", None), getattr(norm, "running_var", None)
        if not isinstance(mean, Tensor) or not isinstance(variance, Tensor):
            raise GatewrightError(
                f"{type(norm).__name__} has no running statistics; give a trained BatchNorm"
            )
        module = cls(len(mean), fraction, bits)
        with torch.no_grad():
            deviation = torch.sqrt(variance + float(getattr(norm, "eps", 0.0)))
            weight, bias = getattr(norm, "weight", None), getattr(norm, "bias", None)
            scale = (1 if weight is None else weight) / deviation
            module.scale.copy_(scale)
            module.bias.copy_((0 if bias is None else bias) - mean * scale)
        return module

    def forward(self, x: Tensor) -> Tensor:
        """Return ``scale * x + bias``; gradients go straight through the rounding."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale, bias = (self._on_grid(p).reshape(shape) for p in (self.scale, self.bias))
        return x * scale + bias

    def _on_grid(self, values: Tensor) -> Tensor:
        most = 2.0 ** (self.bits - 1)
        rounded = torch.clamp(torch.round(values * 2.0**self.fraction), -most, most - 1)
        return values + (rounded * 2.0**-self.fraction - values).detach()


class Add(nn.Module):
    """The sum of two branches, a module so that it has a name."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the sum."""
        return one + other


class SeparableConv2d(nn.Module):
    """A depthwise convolution and a pointwise one behind it: a plain one's place at less cost.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel_size: Rows and columns, of the depthwise convolution as the next two.
        stride: Along rows and columns.
        padding: Zeros on each side, or ``same``.
        bias: Whether the pointwise convolution has one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] | str = (0, 0),
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.dw = nn.Conv2d(
            *(inputs, inputs, kernel_size, stride, padding), groups=inputs, bias=False
        )
        self.edge = Edge(signed=True)
        self.pw = nn.Conv2d(inputs, outputs, 1, bias=bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the pointwise convolution gives, without an activation."""
        found: Tensor = self.pw(self.edge(self.dw(inputs)))
        return found


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
