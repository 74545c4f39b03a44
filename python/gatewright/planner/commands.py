"""``gatewright fold`` and ``gatewright calibrate``."""

from pathlib import Path

import click

_CORES = ("folded", "sparse", "unrolled")
_UNROLLED = 0.3  # for each network of the table so many more, with unrolled layers


@click.command()
@click.argument("design")
@click.option("--budget", default="", help="lut=...,ff=...,dsp=...,bram=... of an ECP5.")
@click.option(
    "--target",
    default="",
    help="fps=..., ii=CYCLES, latency=CYCLES or latency=...us (ns, ms); the highest rate if left "
    "away.",
)
@click.option(
    "--clock",
    "clock_mhz",
    type=click.FloatRange(min=1),
    help="MHz that fps and us are counted with, and that unrolled layers are pipelined for; "
    "without it: synth: target_mhz and, for those layers, hls4ml's ClockPeriod.",
)
@click.option("--board", help="Instead of --budget: all that a board has.")
@click.option(
    "--cores", default=",".join(_CORES), show_default=True, help="That may be chosen from."
)
@click.option("--write/--no-write", default=True, help="Write it into the design's file.")
@click.pass_obj
def fold(
    build_dir: Path,
    /,
    design: str,
    budget: str,
    target: str,
    clock_mhz: float | None,
    board: str | None,
    cores: str,
    write: bool,
) -> None:
    """Choose core, PE and SIMD of DESIGN's layers, and write them into its file."""
    from gatewright import design as designs
    from gatewright import flow, graph_io, passes
    from gatewright.errors import GatewrightError
    from gatewright.estimate import model
    from gatewright.planner.design_file import write as write_plan
    from gatewright.planner.plan import Planner
    from gatewright.planner.report import head, lines
    from gatewright.planner.targets import budget_of, parse_budget, parse_target
    from gatewright.unrolled import adders_within
    from gatewright.vectors import Interface, read_vectors

    if bool(budget) and board is not None:
        raise GatewrightError("--budget and --board: give one of them")
    if not budget and not target and board is None:
        raise GatewrightError("give --target, --budget or --board: what is the plan to meet?")
    asked = [word.strip() for word in cores.split(",")]
    if not asked or not set(asked) <= set(_CORES):
        raise GatewrightError(f"--cores {cores}: allowed: {', '.join(_CORES)}, with commas between")
    loaded = designs.load(design)
    folder = build_dir / loaded.name
    flow.require(loaded, folder, "hls")
    mhz = clock_mhz or loaded.synth.target_mhz
    limits = budget_of(board) if board is not None else parse_budget(budget)
    goal = parse_target(target, mhz)
    graph = graph_io.load(folder)
    interface = Interface.of(graph)
    if loaded.rtl.argmax:
        graph = passes.with_argmax(graph)
    vectors = read_vectors(folder / "vectors.npz", interface)
    planner = Planner(
        *(graph, model.fitted(), asked),
        typical=vectors.typical_integers(interface.inputs),
        lanes=loaded.rtl.input_lanes,
        skip_zeros=loaded.rtl.skip_zeros,
        adders_per_stage=adders_within(
            1000 / clock_mhz if clock_mhz else loaded.hls4ml.ClockPeriod
        ),
        tell=click.echo,
    )
    plan = planner.plan(goal, limits)
    for line in lines(plan, mhz):
        click.echo(line)
    if write:
        path = designs.find(design)
        origins = {name: graph[name].origin for name in planner.choices}
        write_plan(plan, loaded, origins, path, head(plan, goal, limits, mhz))
        click.echo(f"see {path}; `gatewright build {design}` makes it")


@click.command()
@click.option("--networks", type=click.IntRange(min=12), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="That takes the syntheses; the planner's own if left away.",
)
@click.pass_obj
def calibrate(build_dir: Path, networks: int, seed: int, table: Path | None) -> None:
    """Synthesise random networks for ECP5 and write the table that `fold` estimates from."""
    from gatewright.estimate import model
    from gatewright.planner import measure, sampling

    rows = []
    drawn = [(number, False) for number in range(seed, seed + networks)]
    drawn += [(number, True) for number in range(seed, seed + int(networks * _UNROLLED))]
    for number, unrolled in drawn:
        graph = sampling.network(number, unrolled=unrolled)
        rows += measure.blocks_of(graph, build_dir / "calibrate" / graph.name)
        click.echo(f"{graph.name}: {sum(row.network == graph.name for row in rows)} blocks")
    path = table or model.TABLE
    model.save(rows, path)
    error = model.load(path).error
    click.echo(
        f"LUTs of networks left out of the fit: median error {error.median:.1%}, worst "
        f"{error.worst:.1%}, {error.networks} networks"
    )
    click.echo(f"see {path}")
