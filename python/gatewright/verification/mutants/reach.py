"""Proofs that a mutant of the netlist changes nothing in any state that the design can get into.

Two copies of the instance that the mutant is in, one with it, get the same inputs, whatever they
are and resets at any time included; ABC proves that all they give is the same from the first reset
on: it merges registers that are always equal (``scorr``), then looks for an invariant (``pdr``).
Registers without a reset start at 0, as an FPGA's do.

Around it only the design's reset chain is kept. What all else gives is an input, and what it takes
is compared; so it is with ROMs, large RAMs and the multipliers of data inside.
"""

import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gatewright.errors import CheckFailedError, NotRunError
from gatewright.tools import process
from gatewright.verification.mutants import netlist
from gatewright.verification.mutants.mutant import NetlistMutant

_YOSYS_S = 120
_ABC_S = 90
_PDR_S = 30
_PROVED = ("Property proved", "All outputs solved")  # the second: ``scorr`` left nothing of it
_REFUTED = "was asserted"
_RESET_CYCLES = 4
_LARGE = 32  # words of a RAM that is cut out
_TOP = "gatewright_reach"
_WRAPPER = """\
module {top} (
  input logic clk_i,
  input logic rst_ni
);
  logic [15:0] age = 0;
  logic        trigger;

  always_ff @(posedge clk_i) if (age != {settled}) age <= age + 1'b1;
  always_comb if (age == {settled}) assert (!trigger);

  miter u_miter (
    .in_clk_i (clk_i),
    .in_rst_ni(rst_ni && age >= {reset}),
    .trigger
  );
endmodule
"""


def same(
    description: Mapping[str, Any], rtl_folder: Path, mutant: NetlistMutant, instance: str
) -> bool:
    """Whether ABC proves that a mutant changes nothing that an instance gives.

    Args:
        description: What ``emit`` says about the design.
        rtl_folder: Where it is.
        mutant: The mutant.
        instance: Path of an instance that it is in, as Yosys flattens it; empty: the doors.
    """
    with tempfile.TemporaryDirectory(prefix="gatewright-proof-") as name:
        folder = Path(name)
        model = folder / "model.aig"
        (folder / "reach.sv").write_text(
            _WRAPPER.format(
                top=_TOP,
                settled=2 * _RESET_CYCLES + len(description["blocks"]),
                reset=_RESET_CYCLES,
            )
        )
        steps = _steps(description, mutant, instance, folder / "reach.sv", model)
        try:
            netlist.yosys(steps, rtl_folder, folder / "yosys.log", timeout_s=_YOSYS_S)
        except CheckFailedError:
            return False
        script = f"read_aiger {model}; strash; scorr; pdr -T {_PDR_S}"
        finished = process.run([_abc(), "-c", script], cwd=folder, timeout_s=_ABC_S)
    return (
        finished.status == 0
        and any(proved in finished.output for proved in _PROVED)
        and _REFUTED not in finished.output
    )


def _steps(
    description: Mapping[str, Any],
    mutant: NetlistMutant,
    instance: str,
    wrapper: Path,
    model: Path,
) -> list[str]:
    blocks = [block["name"] for block in description["blocks"]]
    others = " ".join(f"c:*u_{block}.*" for block in blocks)
    if instance:
        others = f"c:*u_* c:{netlist.pattern(instance)}* %d"
    command = mutant.command.partition(f" -ctrl {netlist.SELECT} ")[2].split(" ", 2)[2]
    top = description["top"]
    return [
        *netlist.prepared(description),
        "select -set cut t:$mul c:*u_mul.* %i t:$mem_v2 r:WR_PORTS=0 %i %u",
        f"select -set cut @cut t:$mem_v2 r:SIZE>{_LARGE} %i %u",
        f"select -set others {others} @cut %u",
        "submod -name others @others",
        f"expose -evert {top}/t:others",
        *(f"rename {top} gold", "setundef -zero -undriven gold"),
        *("copy gold gate", f"mutate {command.replace(f'-module {top} ', '-module gate ', 1)}"),
        *("opt_clean gold gate", "miter -equiv gold gate miter"),
        *(f"read_verilog -sv -formal {wrapper}", f"hierarchy -check -top {_TOP}"),
        *("proc", "flatten", "async2sync", "chformal -lower", "opt -fast", "memory_map"),
        *("setundef -zero -init", "setundef -undriven -anyseq", "opt -fast"),
        *("techmap", "simplemap", "dffunmap", "setundef -zero"),
        *("aigmap", "opt_clean", f"write_aiger -zinit {model}"),
    ]


def _abc() -> Path:
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise NotRunError("pyosys is missing; install it: pip install pyosys")
    return Path(spec.origin).parent / "yosys-abc"
