"""Unrolled designs: what alkaid and da4ml make of the same integers, at the same latency.

Our own depth comes first, by the adders between two registers; the others are asked for as many
cycles: alkaid by its number of stages, da4ml by the pace that comes closest.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from gatewright.errors import GatewrightError, NotRunError
from gatewright.rivals import pipelines
from gatewright.rivals.pipelines import Result
from gatewright.rivals.row import Cells, Row
from gatewright.rivals.subject import Subject
from gatewright.unrolled import MOST_WEIGHTS

SETTINGS = ("kept", "plain")  # their adders with keep_hierarchy, and without
_NOTE = (
    "the pipeline alone, without a handshake: inputs are always taken, results must be; the same "
    "integers, conversions round half up; its outputs were not compared here"
)
# Latencies of a stage that da4ml is asked for, the shortest first: its number of stages follows.
_PACES = (0.8, 1.0, 1.2, 1.3, 1.5, 1.8, 2.2, 2.7, 3.5, 4.5, 6.0)


def measure(tool: str, subject: Subject, settings: Sequence[str]) -> list[Row]:
    """Return our own pipeline's row, then the tool's.

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
    rows = []
    for count in subject.adders_per_stage or (None,):
        rows += _at_depth(tool, subject, settings or SETTINGS, count)
    return rows


def _at_depth(tool: str, subject: Subject, settings: Sequence[str], count: int | None) -> list[Row]:
    """Return our row and the tool's with ``count`` adders per stage; None: the design's."""
    graph = pipelines.half_up(pipelines.unrolled(subject.graph, count))
    try:
        spec = pipelines.specification(graph)
    except GatewrightError as error:
        raise NotRunError(str(error)) from error
    depth = f"_{count}" if count else ""
    note = f", {count} adders per stage" if count else ""
    target = subject.place_mhz
    own = pipelines.ours(graph, subject.folder / f"pipeline{depth}", target_mhz=target)
    pace = own.latency - 1 if tool == "alkaid" else _pace(subject, spec, own.latency)
    rows = [_row(own, subject, f"pipeline alone{note}")]
    for setting in settings:
        folder = subject.folder / f"{tool}_{setting}{depth}"
        kept = setting == "kept"
        found = pipelines.rival(tool, spec, pace, folder, kept=kept, target_mhz=target)
        rows.append(_row(found, subject, f"pipeline alone, adders {setting}"))
    return rows


def _pace(subject: Subject, spec: dict[str, Any], latency: int) -> float:
    """Return da4ml's pace that comes closest to a latency."""
    found = {
        pace: pipelines.generate("da4ml", spec, pace, subject.folder / "da4ml_pace")
        for pace in _PACES
    }
    return min(found, key=lambda pace: abs(found[pace] - latency))


def _row(result: Result, subject: Subject, setting: str) -> Row:
    return Row(
        tool=result.what.split(",")[0].replace("ours", "Gatewright"),
        setting=setting,
        network=subject.name,
        cycles_per_inference=1,
        latency_cycles=result.latency,
        cells=Cells(result.lut, result.carry, 0, result.ff, 0, 0),
        samples=0,
        mismatches=0,
        note=_NOTE,
        fmax_mhz=result.fmax_mhz,
    )


alkaid = partial(measure, "alkaid")
da4ml = partial(measure, "da4ml")
