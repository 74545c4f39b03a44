"""A dense autoencoder: it learns to give its input back through a few numbers."""

from typing import Any

from torch import nn

from gatewright.errors import GatewrightError
from gatewright.nets import mlp, parts


def build(layers: Any) -> nn.Module:
    """Return dense layers with ReLU between them, as ``mlp`` does.

    Args:
        layers: Sizes from the input to the output; the ends are equal, the smallest is within.

    Raises:
        GatewrightError: options that are not such numbers.
    """
    sizes = parts.sizes("autoencoder", "layers", layers, least=3)
    if sizes[0] != sizes[-1] or min(sizes) >= sizes[0]:
        raise GatewrightError(
            f"network autoencoder: layers is {list(sizes)}; must end as it starts, with a smaller "
            "size between"
        )
    return mlp.build(sizes)
