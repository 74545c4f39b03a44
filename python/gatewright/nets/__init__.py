"""The built-in networks, as plain torch modules.

Conventions that the techniques in ``train`` rely on:

- sublayers are attributes with readable names (``fc1``, ``relu1``): they name the nodes of the
  exported graph, and so the layers in a design file;
- the first module is an ``nn.Identity`` called ``input``: the place of the input's quantiser;
- an activation is a module, never a function call, so that it can be replaced;
- batch normalisation stands right behind its convolution: quantisation merges the two;
- values that are added are quantised on each branch: by a ReLU, or by ``parts.Edge``.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatewright.errors import GatewrightError

if TYPE_CHECKING:
    from torch import nn


# To add a network: a module here with ``build(**options)``, and a line with what it takes.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "autoencoder": ("layers",),
    "conv1d": ("features", "channels", "kernels", "strides", "average", "classes", "dropout"),
    "ds_cnn": ("channels", "strides", "classes"),
    "image_mlp": ("layers",),
    "lenet": ("channels", "hidden", "classes"),
    "mlp": ("layers",),
    "resnet": ("channels", "classes"),
}


def names() -> tuple[str, ...]:
    """Return the names ``build`` knows."""
    return tuple(_OPTIONS)


def build(name: str, options: Mapping[str, Any]) -> "nn.Module":
    """Return the network with fresh weights, drawn from torch's global generator.

    Raises:
        GatewrightError: no such network, or options it does not take.
    """
    if name not in _OPTIONS:
        raise GatewrightError(
            f"network: there is no network {name!r}; known: {', '.join(_OPTIONS)}"
        )
    takes = _OPTIONS[name]
    unknown = sorted(set(options) - set(takes))
    missing = sorted(set(takes) - set(options))
    if unknown or missing:
        raise GatewrightError(
            f"network {name}: options {sorted(options)} given; it takes exactly {list(takes)}"
        )
    module = import_module(f"gatewright.nets.{name}")  # late: torch takes seconds to import
    network: nn.Module = module.build(**options)
    return network
