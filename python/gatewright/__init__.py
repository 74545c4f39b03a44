"""PyTorch to FPGA, proven at every rung.

``build`` takes a network of one's own to checked hardware; ``rtl_predict`` runs the hardware that
an hls4ml model with ``backend="Gatewright"`` becomes.
"""

from typing import Any

from gatewright.version import __version__

__all__ = ["__version__", "build", "rtl_predict"]


def __getattr__(name: str) -> Any:
    """Import what needs heavy packages when it is first used."""
    if name == "build":
        from gatewright.api import build

        return build
    if name == "rtl_predict":
        from gatewright.predict import rtl_predict

        return rtl_predict
    raise AttributeError(f"module 'gatewright' has no attribute {name!r}")
