"""The host's side of a board: packets, the serial line, samples in and integers out."""

from gatewright.host.driver import Driver, Info, connect
from gatewright.host.network import BoardNetwork

__all__ = ["BoardNetwork", "Driver", "Info", "connect"]
