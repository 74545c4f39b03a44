"""When each sum of an unrolled layer is computed: the one place that says where registers stand.

Time is counted in steps, one adder each; ``per_stage`` steps lie between two registers. The first
step is the way into the layer: from the registers of all the layer before to adders that may stand
at the other end of the chip takes as long as an adder does.
"""

from dataclasses import dataclass
from math import ceil

from gatewright.carry import Layout
from gatewright.emit.conversion import Conversion

_WAY_IN = 1  # steps


@dataclass(frozen=True)
class RowStages:
    """Where a row's sum becomes its result.

    Attributes:
        sum: Stage in which its constant is added.
        out: Stage at whose end its result stands in a register.
    """

    sum: int
    out: int


@dataclass(frozen=True)
class Stages:
    """The stages of a layer, from 1; a value of stage s stands in a register from its end on.

    Attributes:
        values: Of each value of the graph, its stage; inputs have 0: they come from registers.
        rows: Of each row.
        last: Stage at whose end the results are there.
    """

    values: tuple[int, ...]
    rows: tuple[RowStages, ...]
    last: int


def stages(layout: Layout, rows: list[Conversion], per_stage: int) -> Stages:
    """Return the stages of a layer.

    Args:
        layout: Its sums.
        rows: What becomes of each row's product.
        per_stage: Adders one after another between two registers, at least 1.
    """
    graph = layout.graph
    steps = [depth + _WAY_IN if depth else 0 for depth in graph.depths]
    places = []
    for row, conversion in zip(graph.rows, rows, strict=True):
        step = _WAY_IN if row.source is None else max(_WAY_IN, steps[row.source])
        places.append(
            RowStages(ceil((step + 1) / per_stage), ceil((step + conversion.levels) / per_stage))
        )
    last = max(place.out for place in places)
    for index, (row, place) in enumerate(zip(graph.rows, places, strict=True)):
        width = 1 if row.source is None else layout.values[row.source].width
        if rows[index].out_width > width:  # its sum takes fewer registers while it waits
            places[index] = RowStages(place.sum + last - place.out, last)
    return Stages(tuple(ceil(step / per_stage) for step in steps), tuple(places), last)
