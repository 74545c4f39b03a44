"""Unrolled designs: what alkaid and da4ml make of the same integers, at the same latency.

Our own depth comes first, by the adders between two registers; the others are asked for as many
cycles.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial

from gatewright.errors import GatewrightError, NotRunError
from gatewright.graph import Graph
from gatewright.rivals import adder_tools, pipelines
from gatewright.rivals.pipelines import Result, expected
from gatewright.rivals.row import Cells, Row
from gatewright.rivals.subject import Subject
from gatewright.unrolled import MOST_WEIGHTS

SETTINGS = ("kept", "plain")  # their adders with keep_hierarchy, and without
_NOTE = (
    "the pipeline alone, without a handshake: inputs are always taken, results must be; the same "
    "integers, conversions round half up"
)


def measure(tool: str, subject: Subject, settings: Sequence[str]) -> Iterator[Row]:
    """Give our own pipeline's row and the tool's, for each depth, as they are measured.

    Args:
        tool: ``alkaid`` or ``da4ml``.
        subject: The network.
        settings: Of ``SETTINGS``; none: both.

    Raises:
        NotRunError: the tool is missing, or the network is not one that is unrolled.
        GatewrightError: another setting.
    """
    if not set(settings) <= set(SETTINGS):
        raise GatewrightError(f"{tool}'s settings are {', '.join(SETTINGS)}; not {settings}")
    weights = [getattr(node, "weight", None) for node in subject.graph.nodes]
    if any(weight is not None and weight.size > MOST_WEIGHTS for weight in weights):
        raise NotRunError(f"a layer has more than {MOST_WEIGHTS} weights: too large to be unrolled")
    try:
        spec = adder_tools.specification(_network(subject, None))
    except GatewrightError as error:
        raise NotRunError(str(error)) from error
    own = {count: _ours(subject, count) for count in subject.adders_per_stage or (None,)}
    latencies = [each.latency for each in own.values()]
    made = adder_tools.generate(tool, spec, latencies, subject.folder / tool)
    vectors = expected(_network(subject, None), subject.inputs, spec["fraction"])
    for index, (count, each) in enumerate(own.items()):
        yield _row(each, subject, f"pipeline alone{f', {count} adders' if count else ''}")
        for setting in settings or SETTINGS:
            found = adder_tools.rival(
                *(made, index, vectors),
                subject.folder / _folder(f"{tool}_{setting}", count),
                kept=setting == "kept",
                target_mhz=subject.place_mhz,
            )
            yield _row(found, subject, f"pipeline alone, adders {setting}")


def _network(subject: Subject, count: int | None) -> Graph:
    """Return what is compared; ``count`` adders per stage in ours, or as the design has them."""
    return pipelines.half_up(pipelines.unrolled(subject.graph, count))


def _folder(name: str, count: int | None) -> str:
    return f"{name}_{count}" if count else name


@cache
def _ours(subject: Subject, count: int | None) -> Result:
    """Return our pipeline's result; it is the same beside each tool."""
    folder = subject.folder / _folder("pipeline", count)
    return pipelines.ours(
        _network(subject, count), subject.inputs, folder, target_mhz=subject.place_mhz
    )


def _row(result: Result, subject: Subject, setting: str) -> Row:
    return Row(
        tool=result.what.split(",")[0].replace("ours", "Gatewright"),
        setting=setting,
        network=subject.name,
        cycles_per_inference=1,
        latency_cycles=result.latency,
        cells=Cells(result.lut, result.carry, 0, result.ff, 0, 0),
        samples=result.samples,
        mismatches=result.mismatches,
        note=_NOTE,
        fmax_mhz=result.fmax_mhz,
    )


alkaid = partial(measure, "alkaid")
da4ml = partial(measure, "da4ml")
