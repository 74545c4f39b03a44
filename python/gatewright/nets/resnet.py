"""A small residual network for images of one channel, 28x28.

Source:
    He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (arXiv 1512.03385),
    section 3.3; option B: a 1x1 convolution on the branch where the shape changes.
"""

from collections import OrderedDict
from typing import Any, cast

from torch import Tensor, nn

from gatewright.nets import parts

_AVERAGE = 4  # the last images are 4x4: 28, 14, 7, 4


class Block(nn.Module):
    """Two convolutions 3x3 and the branch around them; ReLU after the sum."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.edge2 = parts.Edge(signed=True)
        self.shortcut = _shortcut(before, after, stride) if before != after or stride > 1 else None
        self.add = parts.Add()
        self.relu2 = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the block's output, [N, after, rows / stride, columns / stride]."""
        main = self.relu1(self.bn1(self.conv1(inputs)))
        main = self.edge2(self.bn2(self.conv2(main)))
        around = inputs if self.shortcut is None else self.shortcut(inputs)
        return cast("Tensor", self.relu2(self.add(main, around)))


def _shortcut(before: int, after: int, stride: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(before, after, 1, stride=stride, bias=False),
            bn=nn.BatchNorm2d(after),
            edge=parts.Edge(signed=True),
        )
    )


def build(channels: Any, classes: Any) -> nn.Module:
    """Return ``conv1`` 3x3 with stride 2, three blocks, an average over 4x4, and ``fc``.

    Args:
        channels: Of the three blocks; the first convolution has the first block's.
        classes: Size of the last layer.

    Raises:
        GatewrightError: options that are not such numbers.
    """
    first, second, third = parts.sizes("resnet", "channels", channels, least=3, most=3)
    outputs = parts.whole("resnet", "classes", classes)
    return nn.Sequential(
        OrderedDict(
            input=nn.Identity(),
            conv1=nn.Conv2d(1, first, 3, stride=2, padding=1, bias=False),
            bn1=nn.BatchNorm2d(first),
            relu1=nn.ReLU(),
            block1=Block(first, first, 1),
            block2=Block(first, second, 2),
            block3=Block(second, third, 2),
            average=parts.Average2d(third, _AVERAGE),
            mean=parts.Edge(signed=False),
            flatten=nn.Flatten(),
            fc=nn.Linear(third, outputs),
        )
    )
