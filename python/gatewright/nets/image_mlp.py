"""A multi-layer perceptron that takes images: their pixels one after the other, then as ``mlp``."""

from collections import OrderedDict
from typing import Any

from torch import nn

from gatewright.nets import parts


def build(layers: Any) -> nn.Module:
    """Return ``input``, ``flatten``, ``fc1``, ``relu1``, ``fc2``, ...

    Args:
        layers: Sizes from the pixels to the output, two at least.

    Raises:
        GatewrightError: not such a list.
    """
    sizes = parts.sizes("image_mlp", "layers", layers, least=2)
    return nn.Sequential(
        OrderedDict[str, nn.Module](input=nn.Identity(), flatten=nn.Flatten(), **parts.dense(sizes))
    )
