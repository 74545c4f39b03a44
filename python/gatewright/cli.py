"""The command ``gatewright``. Printing happens here and nowhere else."""

import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import click

from gatewright.cli_boards import COMMANDS
from gatewright.errors import GatewrightError
from gatewright.planner.commands import calibrate, fold
from gatewright.rivals.commands import compare
from gatewright.study.commands import study
from gatewright.version import __version__

STEPS = {
    "train": "Train the network by its recipe.",
    "export": "Export to QONNX; PyTorch and QONNX execution must agree.",
    "hls": "Generate the hls4ml firmware and run its C simulation.",
    "rtl": "Emit SystemVerilog; the integer reference must agree.",
    "sim": "Simulate on Verilator; every output must equal PyTorch's.",
    "synth": "Synthesise with Yosys; place and route with nextpnr.",
}
_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--build-dir", type=click.Path(path_type=Path), default=Path("build"), show_default=True
)
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.pass_context
def cli(context: click.Context, build_dir: Path, verbose: bool) -> None:
    """Take a neural network from PyTorch to an FPGA, proven at every rung.

    DESIGN is a built-in design (see `gatewright list`) or the path of a YAML file of your own.
    Exit status: 0 passed, 1 a check failed, 2 a mistake in what was asked, 3 could not run.
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, format="%(message)s")
    logging.getLogger("gatewright").setLevel(logging.DEBUG if verbose else logging.INFO)
    context.obj = build_dir


def _design(name: str, build_dir: Path) -> tuple[Any, Path]:
    from gatewright.design import load

    design = load(name)
    return design, build_dir / design.name


def _step_command(name: str, summary: str) -> click.Command:
    @click.pass_obj
    def run(build_dir: Path, /, design: str, **chosen: Any) -> None:
        from gatewright import flow
        from gatewright.steps import Options

        loaded, folder = _design(design, build_dir)
        flow.run_one(loaded, name, folder, Options(**chosen))
        _report(folder, name)

    params: list[click.Parameter] = [click.Argument(["design"]), *_options(name)]
    return click.Command(name, callback=run, params=params, help=summary)


def _options(step: str) -> list[click.Parameter]:
    sim: list[click.Parameter] = [
        click.Option(["--waves"], is_flag=True, help="Leave an FST waveform."),
        click.Option(
            ["--samples"], type=click.IntRange(min=1), help="Only the first so many samples."
        ),
    ]
    synth: list[click.Parameter] = [
        click.Option(["--place/--no-place"], default=True, help="Place and route too.")
    ]
    export: list[click.Parameter] = [
        click.Option(
            ["--pretrained"], is_flag=True, help="Take the trained network that is there already."
        )
    ]
    train: list[click.Parameter] = [
        click.Option(
            ["--accelerator"], type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto"
        ),
        click.Option(
            ["--devices"],
            type=click.IntRange(min=1),
            default=1,
            help="Processes that share each batch (DDP); under torchrun, as many as it started.",
        ),
        click.Option(["--nodes"], type=click.IntRange(min=1), default=1, help="Machines."),
        click.Option(
            ["--precision"],
            type=click.Choice(["32-true", "16-mixed", "bf16-mixed"]),
            default="32-true",
            help="Of training.",
        ),
    ]
    return {
        "train": train,
        "export": export,
        "sim": sim,
        "synth": synth,
        "build": train + export + sim + synth,
    }.get(step, [])


for _name, _summary in STEPS.items():
    cli.add_command(_step_command(_name, _summary))


def _build(
    build_dir: Path, design: str, from_step: str | None, to_step: str, **chosen: Any
) -> None:
    from gatewright import flow
    from gatewright.steps import Options

    loaded, folder = _design(design, build_dir)
    flow.build(loaded, folder, Options(**chosen), from_step, to_step)
    _report(folder, to_step)


cli.add_command(
    click.Command(
        "build",
        callback=click.pass_obj(_build),
        params=[
            click.Argument(["design"]),
            click.Option(
                ["--from", "from_step"],
                type=click.Choice(list(STEPS)),
                help="Run from this step on, up to date or not.",
            ),
            click.Option(
                ["--to", "to_step"],
                type=click.Choice(list(STEPS)),
                default="sim",
                show_default=True,
            ),
            *_options("build"),
        ],
        help="Run every step up to --to that is not up to date.",
    )
)


@cli.command()
@click.argument("design")
@click.option(
    "--rungs", default="", help="Only these, such as 1-5,9 or rtl,netlist; all if left away."
)
@click.option("--samples", type=click.IntRange(min=1), help="Only the first so many samples.")
@click.option(
    "--family",
    type=click.Choice(["ecp5", "ice40", "gowin"]),
    default="ecp5",
    show_default=True,
    help="Of the rungs below RTL.",
)
@click.option(
    "--mutate",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead: draw N faults, and see how many the checks notice.",
)
@click.option(
    "--stress",
    type=click.IntRange(min=1),
    metavar="CYCLES",
    help="Instead: so many clock cycles with random stalls in all streams, and resets.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Of everything random.")
@click.pass_obj
def verify(
    build_dir: Path,
    /,
    design: str,
    rungs: str,
    mutate: int | None,
    stress: int | None,
    **chosen: Any,
) -> None:
    """Climb the ladder: every rung must give PyTorch's integers."""
    from gatewright import flow
    from gatewright.verification.context import Context, Options

    loaded, folder = _design(design, build_dir)
    flow.require(loaded, folder, "rtl")
    context = Context(loaded, folder, Options(**chosen))
    if mutate is not None:
        _mutate(context, mutate)
    elif stress is not None:
        _stress(context, stress)
    else:
        _climb(context, [word.strip() for word in rungs.split(",") if word.strip()])


def _climb(context: Any, words: list[str]) -> None:
    from gatewright.verification import ladder
    from gatewright.verification.result import RungResult

    def tell(rung: ladder.Rung, result: RungResult) -> None:
        click.echo(
            f"{rung.number} {rung.name:10} {result.status:8} {result.samples:6} samples "
            f"{result.compared:8} compared {result.mismatches:6} different {result.wall_s:8.1f} s"
            f"  {result.why}"
        )

    wanted = ladder.chosen(words) if words else ladder.RUNGS
    outcome = ladder.run(context, wanted, by_name=bool(words), tell=tell)
    click.echo(f"see {context.folder / ladder.RECORD}")
    outcome.require()


def _mutate(context: Any, count: int) -> None:
    from gatewright.verification.mutants import score
    from gatewright.verification.mutants.mutant import KINDS, Verdict

    def tell(verdict: Verdict) -> None:
        if verdict.fate == "survived":
            mutant = verdict.mutant
            click.echo(f"survived: {mutant.kind}, {mutant.layer}: {mutant.what}: {verdict.by}")

    result = score.run(context, count, tell)
    content = result.as_dict()
    for kind in KINDS:
        fates = content["kinds"][kind]
        click.echo(f"{kind:8}" + "".join(f" {fates[fate]:5} {fate}" for fate in fates))
    click.echo(
        f"{result.count('killed')} of {len(result.verdicts)} mutants killed, "
        f"{result.count('equivalent')} proved equivalent: {result.score:.2%}"
    )
    click.echo(f"see {context.folder / score.RECORD}")
    result.require()


def _stress(context: Any, cycles: int) -> None:
    from gatewright.verification import stress

    done = stress.run(context, cycles)
    click.echo(
        f"{done.cycles} cycles, stalls in {done.streams} streams, {done.resets} resets: "
        f"{done.frames} frames, {done.compared} integers compared, none lost or different"
    )
    click.echo(f"see {context.folder / stress.RECORD}")


cli.add_command(study)
cli.add_command(compare)


@cli.command("list")
def list_designs() -> None:
    """List the built-in designs."""
    from gatewright.design import load, names

    for name in names():
        click.echo(f"{name:16} {load(name).description}")


@cli.command()
@click.argument("design")
@click.option("--samples", type=click.IntRange(min=16), default=2000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.pass_obj
def bench(build_dir: Path, design: str, samples: int, rounds: int) -> None:
    """Measure simulation and training against bare loops on the same model, in one run."""
    from gatewright import simulation
    from gatewright.files import write_json

    loaded, folder = _design(design, build_dir)
    result = simulation.measure(loaded, folder, samples=samples, rounds=rounds)
    if loaded.trains:
        from gatewright.train import throughput
        from gatewright.train.settings import Machine

        result |= throughput.measure(loaded, Machine(), rounds=rounds)
    write_json(folder / "bench.json", result)
    for key, value in result.items():
        if isinstance(value, float | int):
            click.echo(f"{key:28}{value:.6g}")
    click.echo(f"see {folder / 'bench.json'}")


@cli.command()
@click.argument("blocks", nargs=-1)
@click.option(
    "--table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Markdown file that takes the list of the proofs, with depth and time.",
)
@click.pass_obj
def prove(build_dir: Path, blocks: tuple[str, ...], table: Path | None) -> None:
    """Prove the properties of the library's BLOCKS, or of all, with SymbiYosys."""
    from gatewright.errors import CheckFailedError, NotRunError
    from gatewright.files import write_text
    from gatewright.verification import proof

    results = proof.prove(
        proof.chosen(blocks),
        build_dir / "proofs",
        cache=build_dir / proof.CACHE,
        tell=lambda result: click.echo(proof.line(result)),
    )
    if table is not None:
        write_text(table, proof.table(results))
    failed = [result.proof.name for result in results if result.status == "fail"]
    left_open = [result.proof.name for result in results if result.status == "unknown"]
    if failed:
        raise CheckFailedError(f"not so: {'; '.join(failed)}")
    if left_open:
        raise NotRunError(f"left open: {'; '.join(left_open)}")


@cli.command()
def doctor() -> None:
    """Tell what is installed, what is missing and how to get it."""
    from gatewright.tools.doctor import examine

    findings = examine()
    for finding in findings:
        mark = "ok" if finding.found else "missing" if finding.needed else "-"
        click.echo(f"{mark:8}{finding.name:26}{finding.detail}")
    if not all(finding.found for finding in findings if finding.needed):
        raise SystemExit(3)


for _command in (fold, calibrate, *COMMANDS):
    cli.add_command(_command)


def _report(folder: Path, step: str) -> None:
    """Print one line on what the step measured, and where the rest stands."""
    from gatewright.files import read_json

    path = folder / ("metrics.json" if step == "train" else f"{step}.json")
    content = read_json(path)
    keys = {
        "train": (
            *("float_accuracy", "accuracy", "float_auc", "auc"),
            *("parameters", "nonzero_weights", "train_s"),
        ),
        "export": ("samples", "compared", "mismatches"),
        "hls": ("samples", "compared", "mismatches"),
        "rtl": (
            "cycles_per_inference_law",
            "cycles_per_inference_predicted",
            "cycles_per_inference_ideal",
            "slowest_layer",
        ),
        "sim": (
            "samples",
            "compared",
            "mismatches",
            "cycles_per_inference",
            "cycles_worst",
            "latency_cycles",
            "mac_utilisation",
            "wall_s",
        ),
        "synth": ("ecp5", "xilinx7"),
    }[step]
    click.echo(", ".join(f"{key} {content[key]}" for key in keys if key in content))
    click.echo(f"see {path}")


def guarded(command: Callable[[], Any]) -> int:
    """Run ``command`` and return the exit status; a user's mistake prints no traceback."""
    interrupts: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGINT, interrupt)
    try:
        command()
    except BaseException as error:
        # A library may have made something else of an interrupt, as torch's exporter does.
        status, message = _outcome(KeyboardInterrupt() if interrupts else error)
        if message:
            click.echo(message, err=True)
        return status
    finally:
        signal.signal(signal.SIGINT, before)
    return 0


def _outcome(error: BaseException) -> tuple[int, str]:
    """Return the exit status and what to print of what ended a command; raise what is a bug."""
    match error:
        case GatewrightError():
            return error.exit_status, f"gatewright: {error}"
        case click.exceptions.Exit():
            return int(error.exit_code), ""
        case KeyboardInterrupt() | click.Abort():
            return _INTERRUPTED, "gatewright: interrupted; the same command continues from here"
        case click.ClickException():
            error.show()
            return 2, ""
        case OSError():
            return 3, f"gatewright: {error}"
        case MemoryError():
            return 3, "gatewright: the memory does not suffice; free some and run it again"
    raise error


def main() -> None:
    """Entry point of the command ``gatewright``."""
    sys.exit(guarded(lambda: cli.main(standalone_mode=False)))
