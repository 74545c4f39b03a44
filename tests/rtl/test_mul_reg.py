"""The ECP5 body of ``mul_reg`` is proved equal to the plain one, for every operand of a width.

Yosys knows the primitive as an empty shell; ``sim/models/ecp5/MULT18X18D.sv`` stands for it.
"""

import json
import sys
from pathlib import Path

import pytest

from gatewright.tools import process
from rtl_blocks import RTL, SIM

LATENCY = 3


def prove(folder: Path, broken: tuple[str, str], **parameters: int) -> process.Finished:
    """Compare the two bodies from any state on; ``broken`` replaces text in the ECP5 one."""
    bodies = {
        "plain": (RTL / "arith" / "mul_reg.sv").read_text(),
        "ecp5": (RTL / "boards" / "ecp5" / "mul_reg.sv").read_text().replace(*broken),
    }
    model = SIM / "models" / "ecp5" / "MULT18X18D.sv"
    commands = []
    settings = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    for name, text in bodies.items():
        path = folder / f"{name}.sv"
        path.write_text(text.replace("module mul_reg ", f"module mul_reg_{name} "))
        commands += [f"read_verilog -sv -defer {model} {path}"]
        commands += [f"hierarchy -top mul_reg_{name} {settings}"]
        commands += ["proc", "flatten", f"rename -top {name}", f"design -stash {name}"]
    commands += [f"design -copy-from {name} -as {name} {name}" for name in bodies]
    commands += ["miter -equiv -flatten -make_outputs plain ecp5 pair", "hierarchy -top pair"]
    commands += ["proc", "opt -full"]
    # A pipeline without feedback: what comes out after LATENCY steps depends on these steps alone,
    # so an unrolling from any state is a proof.
    steps = f"-seq {LATENCY + 1} -prove-skip {LATENCY}"
    commands += [f"sat -verify {steps} -prove trigger 0 pair"]
    worker = [sys.executable, "-m", "gatewright.tools.yosys_worker", json.dumps(commands)]
    return process.run(worker, cwd=folder, timeout_s=300)


@pytest.mark.parametrize(
    "parameters",
    [
        {"AWidth": 8, "ASigned": 0, "BWidth": 6, "BSigned": 1},
        {"AWidth": 5, "ASigned": 0, "BWidth": 5, "BSigned": 0},
        {"AWidth": 6, "ASigned": 1, "BWidth": 4, "BSigned": 1},
        {"AWidth": 1, "ASigned": 1, "BWidth": 7, "BSigned": 0},
        {"AWidth": 19, "ASigned": 0, "BWidth": 2, "BSigned": 1},
    ],
    ids=str,
)
def test_the_bodies_are_equal(tmp_path: Path, parameters: dict[str, int]) -> None:
    finished = prove(tmp_path, ("", ""), **parameters)
    assert finished.status == 0, finished.output[-2000:]
    assert "SAT proof finished - no model found: SUCCESS!" in finished.output


@pytest.mark.parametrize(
    "broken",
    [
        ("BSigned & b_i[BWidth-1]", "1'b0"),
        ("p_q <= p_wide[PWidth-1:0]", "p_q <= {p_wide[PWidth-2:0], 1'b0}"),
        ("ASigned & a_i[AWidth-1]", "1'b1"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, broken: tuple[str, str]) -> None:
    finished = prove(tmp_path, broken, AWidth=8, ASigned=0, BWidth=6, BSigned=1)
    assert finished.status != 0
    assert "SAT proof finished - model found: FAIL!" in finished.output
