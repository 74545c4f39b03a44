"""``gatewright compare``: the command."""

from pathlib import Path

import click


@click.command()
@click.argument("design")
@click.option("--tools", help="Such as nngen,onnxruntime; all that are installed if left away.")
@click.option(
    "--settings",
    default="",
    help="Of NNgen: inputs, or inputs x rows at once: 1,4,4x4, or 4x4+pauses for a memory that "
    "pauses as NNgen's own model does.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, 100),
    default=2,
    show_default=True,
    help="Inferences that the RTL of other tools is simulated for.",
)
@click.option("--place", is_flag=True, help="Place and route the pipelines of sums too: Fmax, ns.")
@click.option(
    "--adders-per-stage",
    multiple=True,
    type=click.IntRange(1, 16),
    help="Adders between two registers of our pipelines of sums; the others are asked for the same "
    "latency. Give it again for another depth; the design's own if left away.",
)
@click.pass_obj
def compare(
    build_dir: Path,
    /,
    design: str,
    tools: str | None,
    settings: str,
    samples: int,
    adders_per_stage: tuple[int, ...],
    *,
    place: bool,
) -> None:
    """Measure DESIGN beside other tools' RTL of its network, and ONNX Runtime, in one run."""
    from gatewright.design import load
    from gatewright.errors import CheckFailedError, NotRunError
    from gatewright.rivals import compare as comparison
    from gatewright.rivals import table

    loaded = load(design)
    outcome = comparison.run(
        *(loaded, build_dir),
        _words(tools) if tools is not None else list(comparison.TOOLS),
        settings={"nngen": _words(settings)},
        samples=samples,
        place=place,
        adders_per_stage=adders_per_stage,
        tell=lambda row: click.echo(
            f"{row.tool}, {row.setting}: {row.summary}, "
            f"{row.mismatches} integers of {row.samples} samples different"
        ),
    )
    click.echo()
    click.echo(table.markdown(outcome.rows))
    click.echo(f"see {table.write(build_dir / loaded.name, loaded.name, outcome.rows)}")
    for name, why in outcome.missing.items():
        click.echo(f"{name} not measured: {why}")
    if tools is not None and outcome.missing:
        raise NotRunError(f"not measured: {', '.join(outcome.missing)}")
    wrong = [f"{row.tool}, {row.setting}" for row in outcome.rows if row.mismatches]
    if wrong:
        raise CheckFailedError(f"outputs differ from what they must be: {'; '.join(wrong)}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
