"""Convolutions over time, an average over what is left of it, and one dense layer."""

from collections import OrderedDict
from typing import Any

from torch import nn

from gatewright.nets import parts


def build(
    features: Any,
    channels: Any,
    kernels: Any,
    strides: Any,
    average: Any,
    classes: Any,
    dropout: Any,
) -> nn.Module:
    """Return ``conv1``, ``bn1``, ``relu1``, ``conv2``, ..., ``average``, ``fc``; no padding.

    Args:
        features: Of the input, [N, features, time].
        channels: Of each convolution.
        kernels: Of each convolution, steps of time.
        strides: Of each convolution.
        average: Steps of time left after the convolutions, a power of two.
        classes: Size of the last layer.
        dropout: Share of the averages dropped in training.

    Raises:
        GatewrightError: options that are not such numbers.
    """
    widths = parts.sizes("conv1d", "channels", channels, least=1)
    count = len(widths)
    spans = parts.sizes("conv1d", "kernels", kernels, least=count, most=count)
    steps = parts.sizes("conv1d", "strides", strides, least=count, most=count)
    outputs = parts.whole("conv1d", "classes", classes)
    modules: OrderedDict[str, nn.Module] = OrderedDict(input=nn.Identity())
    before = parts.whole("conv1d", "features", features)
    for index, (after, span, step) in enumerate(zip(widths, spans, steps, strict=True), start=1):
        modules[f"conv{index}"] = nn.Conv1d(before, after, span, stride=step, bias=False)
        modules[f"bn{index}"] = nn.BatchNorm1d(after)
        modules[f"relu{index}"] = nn.ReLU()
        before = after
    modules["average"] = parts.Average1d(before, parts.whole("conv1d", "average", average))
    modules["mean"] = parts.Edge(signed=False)
    modules["flatten"] = nn.Flatten()
    modules["dropout"] = nn.Dropout(parts.share("conv1d", "dropout", dropout))
    modules["fc"] = nn.Linear(before, outputs)
    return nn.Sequential(modules)
