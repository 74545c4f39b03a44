"""The commands about boards and handing over: bitstream, program, run, emulate, package."""

import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np

_board = click.option("--board", required=True, help="See `gatewright boards`.")
_clock = click.option(
    "--clock", "clock_mhz", type=click.FloatRange(min=1), help="Least clock of the design, MHz."
)
_baud = click.option("--baud", type=click.IntRange(min=300), help="Of the serial line.")


def _built(name: str, build_dir: Path) -> tuple[Any, Path]:
    """Return a design that is built up to rtl, and its folder."""
    from gatewright import flow
    from gatewright.design import load

    design = load(name)
    folder = build_dir / design.name
    flow.require(design, folder, "rtl")
    return design, folder


@click.command()
def boards() -> None:
    """List the boards and what they have."""
    from gatewright import boards as library

    click.echo(f"{'board':16}{'tools':8}{'LUT':>7}{'FF':>8}{'BRAM':>6}{'DSP':>6}{'MHz':>6}  device")
    for name in library.names():
        board = library.load(name)
        have = board.limits
        click.echo(
            f"{name:16}{'open' if board.is_open else 'Vivado':8}{have.lut:>7}{have.ff:>8}"
            f"{have.bram:>6}{have.dsp:>6}{board.clock.design_mhz:>6g}  {board.device}: "
            f"{board.description}"
        )


@click.command()
@click.argument("design")
@_board
@_clock
@_baud
@click.pass_obj
def bitstream(build_dir: Path, /, design: str, board: str, **chosen: Any) -> None:
    """Make a board's bitstream of DESIGN: Yosys, nextpnr, packer; the clock must be reached."""
    from gatewright import bitstream as making
    from gatewright import boards as library
    from gatewright.tools import board_tools

    target = library.load(board)
    board_tools.require(target)
    loaded, folder = _built(design, build_dir)
    done = making.run(loaded, folder, target, **chosen)
    needs, limits = done["needs"], done["limits"]
    used = ", ".join(f"{needs[key]} of {limits[key]} {key.upper()}" for key in needs)
    click.echo(
        f"{used}; {done['clock_mhz']:.6g} MHz asked, {done['fmax_mhz']:.6g} MHz reached; "
        f"{done['total_s']:.0f} s"
    )
    click.echo(
        f"inferences/s: the design {done['core_inferences_per_s']:.6g}, the line at most "
        f"{done['line_inferences_per_s']:.6g}"
    )
    click.echo(f"sha256 {done['sha256']}")
    click.echo(f"see {folder / done['bitstream']}")


@click.command()
@click.argument("design")
@_board
@_clock
@_baud
@click.pass_obj
def vivado(build_dir: Path, /, design: str, board: str, **chosen: Any) -> None:
    """Make the bitstream of an AMD board with Vivado, where that is installed."""
    from gatewright import boards as library
    from gatewright import vivado as making

    loaded, folder = _built(design, build_dir)
    done = making.run(loaded, folder, library.load(board), **chosen)
    used = ", ".join(f"{count:g} {key.upper()}" for key, count in done["needs"].items())
    click.echo(f"{used}; {done['clock_mhz']:.6g} MHz, slack {done['setup_slack_ns']} ns")
    click.echo(f"see {folder / done['bitstream']}")


@click.command()
@click.argument("design")
@click.option("--samples", type=click.IntRange(min=1), help="Only the first so many vectors.")
@click.pass_obj
def vitis(build_dir: Path, /, design: str, samples: int | None) -> None:
    """Build DESIGN's C++ firmware with Vitis HLS, and check the RTL it makes with our bench."""
    from gatewright import vitis as making

    loaded, folder = _built(design, build_dir)
    done = making.run(loaded, folder, samples)
    used = ", ".join(f"{count} {key.upper()}" for key, count in done["needs"].items())
    click.echo(f"estimated: {used}; {done['estimated_ns']:g} of {done['clock_ns']:g} ns")
    for what in ("latency", "interval"):
        cycles = done[f"{what}_cycles"]
        click.echo(f"{what}: " + ("not known" if cycles is None else f"{cycles[1]} cycles at most"))
    click.echo(f"{done['samples']} samples through its RTL: {done['mismatches']} mismatches")
    click.echo(f"see {folder / 'vitis.json'}")


@click.command()
@click.argument("design")
@_board
@click.pass_obj
def program(build_dir: Path, /, design: str, board: str) -> None:
    """Load DESIGN's bitstream into a board, with openFPGALoader."""
    from gatewright import bitstream as making
    from gatewright import boards as library
    from gatewright.design import load

    loaded = load(design)
    click.echo(making.program(loaded, build_dir / loaded.name, library.load(board)).strip())


@click.command()
@click.argument("design")
@click.option("--port", required=True, help="Serial port, such as /dev/ttyUSB0.")
@click.option(
    "--input",
    "inputs",
    type=click.Path(path_type=Path),
    help="Samples [samples, ...] in an .npy file; without it: the test vectors, compared.",
)
@click.option("--board", help="Takes the baud rate of this board's shell.")
@_baud
@click.option("--output", type=click.Path(path_type=Path), help="Keeps the integers, as .npy.")
@click.option("--samples", type=click.IntRange(min=1), help="Only the first so many samples.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0.05),
    default=2.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.pass_obj
def run(
    build_dir: Path,
    /,
    design: str,
    port: str,
    inputs: Path | None,
    board: str | None,
    baud: int | None,
    output: Path | None,
    samples: int | None,
    patience: float,
) -> None:
    """Send samples to the board that runs DESIGN, and print what it gives."""
    import numpy as np

    from gatewright.comparison import compare
    from gatewright.files import replacing
    from gatewright.host import BoardNetwork
    from gatewright.vectors import Interface, read_vectors

    loaded, folder = _built(design, build_dir)
    speed = baud or _baud_of(folder, board)
    expected = None
    given = None if inputs is None else _array(inputs)[:samples]
    with BoardNetwork(folder, port, speed, patience_s=patience) as network:
        started = time.monotonic()
        if given is None:
            interface = Interface.from_dict(network.description["network"])
            vectors = read_vectors(folder / "vectors.npz", interface)
            integers = vectors.integers(interface.inputs)[:samples]
            expected = vectors.expected(interface.outputs, argmax=loaded.rtl.argmax)[:samples]
            found = network.run_integers(integers)
        else:
            found = network.run(given)
        seconds = time.monotonic() - started
        counts = network.driver.counts
    if output is not None:
        with replacing(output) as temporary, temporary.open("wb") as stream:
            np.save(stream, found)
    for index, row in enumerate(found if given is not None else []):
        chosen = row[0] if loaded.rtl.argmax else row.argmax()
        click.echo(f"{index}: class {chosen}, integers {' '.join(map(str, row))}")
    click.echo(
        f"{len(found)} samples in {seconds:.3f} s: {len(found) / seconds:.6g} inferences/s over "
        f"the line; {counts.resent} sent again, {counts.faults} faults, "
        f"{counts.wrong_packets} wrong packets"
    )
    if expected is not None:
        comparison = compare(expected, found, what="the board", layer=board or port)
        click.echo(f"{comparison.summary()}")
        comparison.require_equal()


def _array(path: Path) -> "np.ndarray":
    import numpy as np

    from gatewright.errors import GatewrightError

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise GatewrightError(f"{path} is not an array in an .npy file: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise GatewrightError(f"{path} must hold one array of numbers, [samples, ...]")
    return array.astype(np.float64)


def _baud_of(folder: Path, board: str | None) -> int:
    """Return the baud rate of the shell that was made for a board, or for the only one there is."""
    from gatewright.errors import GatewrightError
    from gatewright.files import read_json

    shells = sorted(folder.glob("boards/*/shell.json"))
    if board is not None:
        shells = [path for path in shells if path.parent.name == board]
    if len(shells) != 1:
        found = ", ".join(path.parent.name for path in shells) or "none"
        raise GatewrightError(
            f"{folder / 'boards'}: shells of {found}; say which with --board, or give --baud"
        )
    return int(read_json(shells[0])["baud"])


@click.command()
@click.argument("design")
@_board
@_clock
@_baud
@click.option(
    "--faults",
    type=click.IntRange(0, 500_000),
    default=0,
    show_default=True,
    help="Of a million bytes each way: lost, doubled, changed, inserted.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.pass_obj
def emulate(
    build_dir: Path,
    /,
    design: str,
    board: str,
    clock_mhz: float | None,
    baud: int | None,
    faults: int,
    seed: int,
) -> None:
    """Run the board's top of DESIGN on Verilator behind a pseudo-terminal, until Ctrl-C."""
    from gatewright import boards as library
    from gatewright import emulation

    _, folder = _built(design, build_dir)
    line = emulation.Line(faults=faults, seed=seed)
    target = library.load(board)
    with emulation.running(folder, target, clock_mhz=clock_mhz, baud=baud, line=line) as running:
        shell = running.shell
        click.echo(f"{running.port}")
        click.echo(
            f"{shell.top} at {shell.pll.mhz:.6g} MHz, {shell.baud} baud; in another window: "
            f"gatewright run {design} --port {running.port} --baud {shell.baud} --patience 30"
        )
        _wait_for_interrupt()
    click.echo(f"{running.cycles} cycles, {running.faults} bytes hurt")


@click.command()
@click.argument("design")
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True)
@click.pass_obj
def package(build_dir: Path, /, design: str, samples: int) -> None:
    """Write DESIGN as an IP to hand over: RTL, weights, bench with vectors, FuseSoC, IP-XACT."""
    from gatewright import handover

    loaded, folder = _built(design, build_dir)
    click.echo(f"see {handover.run(loaded, folder, samples)}")


def _wait_for_interrupt() -> None:
    """Return at Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            signal.pause()
    finally:
        signal.signal(signal.SIGINT, before)


COMMANDS = (boards, bitstream, vivado, vitis, program, run, emulate, package)
