"""PyTorch to FPGA, proven at every rung."""

__version__ = "0.1.0"
