"""Rung 5: the emitted SystemVerilog on Verilator under cocotb."""

from gatewright import simulation
from gatewright.verification import hardware
from gatewright.verification.context import Context
from gatewright.verification.hardware import Hardware
from gatewright.verification.result import RungResult


def run(context: Context) -> RungResult:
    """Simulate the design in ``rtl/``."""
    description, folder = context.description, context.folder / "rtl"
    setup = simulation.setup_for(description, folder, context.cache, context.seed)
    return hardware.run(
        context,
        Hardware(
            rung="rtl",
            what="the SystemVerilog in rtl/",
            description=description,
            setup=setup,
            most=context.design.sim.samples,
        ),
    )
