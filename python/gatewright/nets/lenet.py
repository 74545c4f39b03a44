"""LeNet-5's shape with ReLU and max pooling, for images of one channel, 28x28.

Source:
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (1998), figure 2.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from gatewright.nets import parts

_PIXELS = 5 * 5  # of the second pooling's output


def build(channels: Any, hidden: Any, classes: Any) -> nn.Module:
    """Return two convolutions 5x5, each with 2x2 max pooling, then dense layers.

    Args:
        channels: Of the two convolutions.
        hidden: Sizes of the dense layers before the last.
        classes: Size of the last.

    Raises:
        GatewrightError: options that are not such numbers.
    """
    first, second = parts.sizes("lenet", "channels", channels, least=2, most=2)
    between = parts.sizes("lenet", "hidden", hidden, least=1)
    outputs = parts.whole("lenet", "classes", classes)
    return nn.Sequential(
        OrderedDict(
            input=nn.Identity(),
            conv1=nn.Conv2d(1, first, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(first, second, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            **parts.dense((second * _PIXELS, *between, outputs), first=3),
        )
    )
