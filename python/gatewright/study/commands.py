"""``gatewright study``: its commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

MACHINE: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--accelerator", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto"
    ),
    click.option(
        "--precision",
        type=click.Choice(["32-true", "16-mixed", "bf16-mixed"]),
        default="32-true",
        help="Of training.",
    ),
)


def _on_machine(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in MACHINE:
        command = option(command)
    return command


@click.group()
def study() -> None:
    """Train and build a design in several forms, and compare what was measured."""


@study.command()
@click.argument("design")
@click.option("--multipliers", type=click.IntRange(min=1), required=True, help="In each rung.")
@click.option("--samples", type=click.IntRange(min=1), help="Simulate only the first so many.")
@click.option("--place/--no-place", default=True, help="Place and route too.")
@_on_machine
@click.pass_obj
def compress(build_dir: Path, /, design: str, multipliers: int, **chosen: Any) -> None:
    """Measure in hardware what each step of DESIGN's recipe brings, at equal multipliers."""
    from gatewright.design import load
    from gatewright.steps import Options
    from gatewright.study import compress as study_compress
    from gatewright.study.table import markdown

    loaded = load(design)
    rows = study_compress.run(
        *(loaded, build_dir),
        multipliers=multipliers,
        options=Options(**chosen),
        tell=lambda row: click.echo(
            f"{row['rung']:10} accuracy {row['accuracy']:.4f}, cycles {row['cycles']:.0f}, "
            f"{row['mismatches']} of {row['compared']} outputs different"
        ),
    )
    click.echo(markdown(study_compress.COLUMNS, rows))
    click.echo(f"see {build_dir / loaded.name / 'compress.csv'}, .md, .png")


@study.command()
@click.argument("design")
@click.option("--sizes", default="32,64,128,256,512", show_default=True, help="Batch sizes.")
@_on_machine
@click.pass_obj
def batch(build_dir: Path, /, design: str, sizes: str, **chosen: Any) -> None:
    """Train DESIGN with each batch size: time per epoch, peak memory, accuracy."""
    from gatewright.design import load
    from gatewright.errors import GatewrightError
    from gatewright.steps import Options
    from gatewright.study import batch as study_batch
    from gatewright.study.table import markdown

    words = sizes.split(",")
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= 65536 for word in words):
        raise GatewrightError(f"--sizes is {sizes!r}; must be numbers from 1 to 65536: 32,64,128")
    loaded = load(design)
    rows = study_batch.run(
        *(loaded, build_dir, [int(word) for word in words]),
        Options(**chosen).machine,
        lambda row: click.echo(f"batch {row['batch_size']}: {row['epoch_s']:.2f} s per epoch"),
    )
    click.echo(markdown(study_batch.COLUMNS, rows))
    click.echo(f"see {build_dir / loaded.name / 'batch.csv'}, .md, .png")


@study.command()
@click.argument("before")
@click.argument("after")
@click.option("--seeds", type=click.IntRange(min=2), default=5, show_default=True)
@_on_machine
@click.pass_obj
def pair(build_dir: Path, /, before: str, after: str, seeds: int, **chosen: Any) -> None:
    """Train BEFORE and AFTER with the same seeds: the mean gain and its standard error."""
    from gatewright.design import load
    from gatewright.steps import Options
    from gatewright.study import pair as study_pair

    gain = study_pair.run(
        *(load(before), load(after), build_dir, seeds),
        Options(**chosen),
        lambda one: click.echo(
            f"seed {one.seed}: {one.before:.4f} -> {one.after:.4f}, gain {one.gain:+.4f}"
        ),
    )
    click.echo(
        f"mean gain {gain.mean:+.4f}, standard error {gain.error:.4f}: "
        f"{gain.mean / gain.error if gain.error else float('inf'):.1f} standard errors"
    )
