"""Depthwise-separable convolutions in place of a network's plain ones.

A plain convolution of C channels to K with T taps has C x K x T weights; a depthwise one and a
pointwise one behind it have C x T + C x K.

Source:
    Howard et al., "MobileNets" (arXiv 1704.04861), section 3.1. Start values: the closest product
    of one depthwise filter and pointwise weights per input channel, which is the first term of the
    singular value decomposition of that channel's K x T weights.
"""

from collections.abc import Sequence

import torch
from torch import nn

from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.nets.parts import SeparableConv2d
from gatewright.train.settings import SeparableStep
from gatewright.train.technique import Plan, Technique


def separate(network: nn.Module, layers: Sequence[str] = ()) -> list[str]:
    """Replace convolutions by depthwise-separable ones as near to them as can be; in place.

    Args:
        network: Any; ``cost`` tells what it takes before and after.
        layers: Names of the convolutions; if none is given, all of several taps, several
            channels and one group.

    Returns:
        The names of those replaced.

    Raises:
        GatewrightError: a name that is no such convolution, or none to replace.
    """
    possible = {name: module for name, module in network.named_modules() if _can_be(module)}
    unknown = [name for name in layers if name not in possible]
    if unknown or not possible:
        raise GatewrightError(
            f"separable: {', '.join(unknown) or 'the network'} cannot be replaced; a Conv2d of "
            "several taps, several channels, one group, no dilation and zero padding can: "
            f"{', '.join(possible) or 'there is none'}"
        )
    chosen = list(layers) or list(possible)
    for name in chosen:
        network.set_submodule(name, _separated(possible[name]))
    return chosen


class Separable(Technique):
    """Replaces the convolutions before the step's first epoch."""

    def __init__(self, step: SeparableStep) -> None:
        self._step = step

    def convert(self, network: nn.Module, preprocessing: Preprocessing, plan: Plan) -> nn.Module:
        """Replace them, each by the nearest."""
        separate(network, self._step.layers)
        return network


def _can_be(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Conv2d)
        and module.groups == 1
        and module.in_channels > 1
        and module.kernel_size != (1, 1)
        and module.dilation == (1, 1)
        and module.padding_mode == "zeros"
    )


@torch.no_grad()
def _separated(conv: nn.Module) -> SeparableConv2d:
    if not isinstance(conv, nn.Conv2d):
        raise TypeError(f"{type(conv).__name__} is no Conv2d")
    size, stride = (_pair(value) for value in (conv.kernel_size, conv.stride))
    padding = conv.padding if isinstance(conv.padding, str) else _pair(conv.padding)
    channels = conv.in_channels, conv.out_channels
    with torch.random.fork_rng():  # its first weights are replaced
        module = SeparableConv2d(*channels, size, stride, padding, bias=conv.bias is not None).to(
            conv.weight
        )
    by_channel = conv.weight.transpose(0, 1).flatten(2)  # [inputs, outputs, taps]
    outer, singular, inner = torch.linalg.svd(by_channel, full_matrices=False)
    root = singular[:, :1].sqrt()
    module.dw.weight.copy_((inner[:, 0] * root).view_as(module.dw.weight))
    module.pw.weight.copy_((outer[:, :, 0] * root).t().reshape(module.pw.weight.shape))
    if conv.bias is not None:
        module.pw.bias = conv.bias
    return module.train(conv.training)


def _pair(value: tuple[int, ...]) -> tuple[int, int]:
    return value[0], value[1]
