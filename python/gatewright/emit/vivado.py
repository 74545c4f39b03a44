"""What Vivado is given for a board: a script without a project, and the pins."""

from collections.abc import Sequence

from gatewright.emit.board import Shell
from gatewright.emit.environment import environment
from gatewright.version import __version__


def render_script(shell: Shell, sources: Sequence[str], memories: Sequence[str]) -> str:
    """Return the Tcl script; sources in ``src/``, memories beside it."""
    return (
        environment()
        .get_template("vivado.tcl.j2")
        .render(
            version=__version__,
            shell=shell,
            board=shell.board,
            sources=sources,
            memories=memories,
        )
    )


def render_pins(shell: Shell) -> str:
    """Return the constraints (XDC): pins, the board's clock, what need not be timed."""
    board = shell.board
    if board.clock.mhz is None:
        raise ValueError(f"{board.name} has no clock")
    lines = [f"# {board.name}: {board.source}"]
    lines += [
        f"set_property -dict {{PACKAGE_PIN {pin} IOSTANDARD {board.io_standard}}} "
        f"[get_ports {port}]"
        for port, pin in board.pins.items()
    ]
    lines += [
        f"create_clock -name clk_i -period {1e3 / board.clock.mhz:.6f} [get_ports clk_i]",
        "set_property PULLUP true [get_ports rx_i]",
        "set_false_path -from [get_ports rx_i]",
        "set_false_path -to [all_outputs]",
        "set_property CFGBVS VCCO [current_design]",
        "set_property CONFIG_VOLTAGE 3.3 [current_design]",
    ]
    return "\n".join(lines) + "\n"
