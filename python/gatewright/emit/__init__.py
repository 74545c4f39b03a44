"""Hardware graph to SystemVerilog: generation is pure, one function writes."""

from gatewright.emit.write import RtlOptions, write_rtl

__all__ = ["RtlOptions", "write_rtl"]
