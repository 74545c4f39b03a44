"""A depthwise-separable convolutional network for images of one channel, 28x28.

Source:
    Howard et al., "MobileNets" (arXiv 1704.04861), figure 3: depthwise 3x3, then pointwise, each
    with batch normalisation and ReLU.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from gatewright.errors import GatewrightError
from gatewright.nets import parts

_AVERAGE = 4  # the last images are 4x4: 28, 14, 7, 4
_HALVINGS = 3


def build(channels: Any, strides: Any, classes: Any) -> nn.Module:
    """Return ``conv1`` 3x3, blocks ``dw<k>``, ``pw<k>``, an average over 4x4, and ``fc``.

    Args:
        channels: Of the first convolution, then of each block's output.
        strides: Of the first convolution, then of each block's depthwise layer; three of them 2.
        classes: Size of the last layer.

    Raises:
        GatewrightError: options that are not such numbers.
    """
    widths = parts.sizes("ds_cnn", "channels", channels, least=2)
    steps = parts.sizes("ds_cnn", "strides", strides, least=len(widths), most=len(widths))
    outputs = parts.whole("ds_cnn", "classes", classes)
    if sorted(steps) != [1] * (len(steps) - _HALVINGS) + [2] * _HALVINGS:
        raise GatewrightError(
            f"network ds_cnn: strides is {list(steps)}; must be {_HALVINGS} times 2, else 1, so "
            f"that 28x28 becomes {_AVERAGE}x{_AVERAGE}"
        )
    modules: OrderedDict[str, nn.Module] = OrderedDict(
        input=nn.Identity(),
        conv1=nn.Conv2d(1, widths[0], 3, stride=steps[0], padding=1, bias=False),
        bn1=nn.BatchNorm2d(widths[0]),
        relu1=nn.ReLU(),
    )
    for index, stride in enumerate(steps[1:], start=2):
        before, after = widths[index - 2 : index]
        modules[f"dw{index}"] = nn.Conv2d(
            before, before, 3, stride=stride, padding=1, groups=before, bias=False
        )
        modules[f"dw{index}_bn"] = nn.BatchNorm2d(before)
        modules[f"dw{index}_relu"] = nn.ReLU()
        modules[f"pw{index}"] = nn.Conv2d(before, after, 1, bias=False)
        modules[f"pw{index}_bn"] = nn.BatchNorm2d(after)
        modules[f"pw{index}_relu"] = nn.ReLU()
    modules["average"] = parts.Average2d(widths[-1], _AVERAGE)
    modules["mean"] = parts.Edge(signed=False)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(widths[-1], outputs)
    return nn.Sequential(modules)
