"""hls4ml's entry point (group ``hls4ml.backends``): registers the backend "Gatewright".

Nothing of hls4ml is imported until it calls ``register``: hls4ml loads its plugins while it is
itself being imported.
"""

from collections.abc import Callable
from typing import Any

NAME = "Gatewright"


def register(register_backend: Callable[..., None], register_writer: Callable[..., None]) -> None:
    """Register the backend and its writer with hls4ml; called once by hls4ml's plugin loader."""
    from gatewright.frontend.backend import GatewrightBackend
    from gatewright.frontend.writer import GatewrightWriter

    register_writer(NAME, GatewrightWriter)
    register_backend(NAME, GatewrightBackend)


def load() -> Any:
    """Return the registered backend, also where the package runs from a checkout.

    The package's entry point is only seen where it is installed.
    """
    import hls4ml.backends
    from hls4ml.backends.backend import register_backend
    from hls4ml.writer.writers import register_writer

    if NAME.lower() not in hls4ml.backends.get_available_backends():
        register(register_backend=register_backend, register_writer=register_writer)
    return hls4ml.backends.get_backend(NAME)
