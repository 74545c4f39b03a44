"""The built-in networks, as plain torch modules.

Conventions that the techniques in ``train`` rely on:

- sublayers are attributes with readable names (``fc1``, ``relu1``): they name the nodes of the
  exported graph, and so the layers in a design file;
- the first module is an ``nn.Identity`` called ``input``: the place of the input's quantiser;
- an activation is a module, never a function call, so that it can be replaced.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gatewright.errors import GatewrightError

if TYPE_CHECKING:
    from torch import nn


def _mlp(options: Mapping[str, Any]) -> "nn.Module":
    from gatewright.nets import mlp  # late: torch takes seconds to import

    return mlp.build(**options)


# To add a network: a module with ``build(**options)``, and a line here with what it takes.
_BUILDERS: dict[str, tuple[Callable[[Mapping[str, Any]], "nn.Module"], tuple[str, ...]]] = {
    "mlp": (_mlp, ("layers",)),
}


def names() -> tuple[str, ...]:
    """Return the names ``build`` knows."""
    return tuple(_BUILDERS)


def build(name: str, options: Mapping[str, Any]) -> "nn.Module":
    """Return the network with fresh weights, drawn from torch's global generator.

    Raises:
        GatewrightError: no such network, or options it does not take.
    """
    if name not in _BUILDERS:
        raise GatewrightError(
            f"network: there is no network {name!r}; known: {', '.join(_BUILDERS)}"
        )
    builder, takes = _BUILDERS[name]
    unknown = sorted(set(options) - set(takes))
    missing = sorted(set(takes) - set(options))
    if unknown or missing:
        raise GatewrightError(
            f"network {name}: options {sorted(options)} given; it takes exactly {list(takes)}"
        )
    return builder(options)
