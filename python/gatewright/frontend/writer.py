"""Writes the Vitis-compatible C++ project and, beside it, the SystemVerilog."""

import importlib
from pathlib import Path
from typing import Any

from hls4ml.writer.vitis_writer import VitisWriter

from gatewright.frontend.adapter import stored_graph


class GatewrightWriter(VitisWriter):  # type: ignore[misc]  # hls4ml has no type hints
    """hls4ml's Vitis writer, plus ``rtl/`` in the same output folder."""

    def write_hls(self, model: Any) -> None:
        """Write the project; ``write_rtl=False`` at conversion leaves the SystemVerilog out."""
        super().write_hls(model)
        folder = Path(model.config.get_output_dir())
        allow_wide_shifts(folder / "build_lib.sh")
        if model.config.get_writer_config().get("WriteRtl", True):
            # Imported late and by name: emission lies behind the graph, and imports run one way.
            emit = importlib.import_module("gatewright.emit")
            emit.write_rtl(stored_graph(model), folder / "rtl")


def allow_wide_shifts(script: Path) -> None:
    """Compile the C simulation without assertions.

    An assertion in ap_types stops the program when rounding drops more bits than the source has;
    the value it computes is right (tests/test_fixed_ap_types.py compares them all).
    """
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace('CFLAGS="-O3 -fPIC"', 'CFLAGS="-O3 -fPIC -DNDEBUG"'), "utf-8")
