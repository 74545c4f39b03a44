"""Writes the Vitis-compatible C++ project and, beside it, the SystemVerilog."""

import importlib
import re
from pathlib import Path
from typing import Any

from hls4ml.writer.vitis_writer import VitisWriter

from gatewright.errors import NotRunError
from gatewright.frontend.adapter import stored_graph

_KERNEL = re.compile(
    r"^template <[^>]*>\nclass DenseResource_rf_gt_nin_rem0 .*?^};\n", re.MULTILINE | re.DOTALL
)


class GatewrightWriter(VitisWriter):  # type: ignore[misc]  # hls4ml has no type hints
    """hls4ml's Vitis writer, plus ``rtl/`` in the same output folder."""

    def write_hls(self, model: Any) -> None:
        """Write the project; ``write_rtl=False`` at conversion leaves the SystemVerilog out."""
        super().write_hls(model)
        folder = Path(model.config.get_output_dir())
        allow_wide_shifts(folder / "build_lib.sh")
        headers = folder / "firmware" / "nnet_utils"
        step_over_rows(headers)
        add_kernel(headers / "nnet_dense.h")
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


def step_over_rows(headers: Path) -> None:
    """Let streamed kernels of one row take the stride of the rows too.

    For a kernel of one row hls4ml's streams know no rows: they give every row's results. The code
    for several rows is right for one as well.
    """
    for name in ("nnet_conv2d_stream.h", "nnet_sepconv2d_stream.h"):
        path = headers / name
        text = path.read_text(encoding="utf-8")
        several = "CONFIG_T::filt_height > 1 || CONFIG_T::stride_height > 1"
        path.write_text(text.replace("CONFIG_T::filt_height > 1", several), "utf-8")


def add_kernel(header: Path) -> None:
    """Add the kernel of a reuse factor beyond the matrix's inputs that is no multiple of them.

    hls4ml names it for a convolution of Strategy Resource and has the function, but no such class.
    """
    text = header.read_text(encoding="utf-8")
    found = _KERNEL.search(text)
    if found is None:
        raise NotRunError(f"{header}: hls4ml's class DenseResource_rf_gt_nin_rem0 is not there")
    kernel = found[0].replace("rf_gt_nin_rem0", "rf_gt_nin")
    header.write_text(text.replace(found[0], f"{found[0]}\n{kernel}"), "utf-8")
