"""Stages of an unrolled layer: in order, so many adders in each, the way in counted as one."""

from math import ceil

import numpy as np
import pytest

from gatewright.carry import Layout, best_layout
from gatewright.emit.blocks import OVERFLOW
from gatewright.emit.conversion import Conversion
from gatewright.emit.stages import Stages, stages
from gatewright.fixed import Overflow, Rounding

pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")

ROWS, COLUMNS = 10, 12


def conversion(*, relu: bool = True, out_width: int = 4) -> Conversion:
    """Return a conversion that counts as two adders, or without relu as one."""
    found = Conversion(
        negate=False,
        shift=0,
        constant=3,
        sum_width=14,
        sum_signed=True,
        drop=4,
        out_width=out_width,
        out_signed=not relu,
        even=False,
        rounding=Rounding.TRN,
        overflow=OVERFLOW[Overflow.WRAP],
        relu=relu,
    )
    assert found.levels == 1 + relu
    return found


def layout_of(density: float, seed: int) -> Layout:
    """Return a layer's sums; one of its rows is 0, one an input, and two have two terms."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-15, 16, (ROWS, COLUMNS)) * (rng.random((ROWS, COLUMNS)) < density)
    weight[:4] = 0
    weight[1, 3], weight[2, :2], weight[3, 4:6] = 1, 1, -1
    return best_layout(weight, [(0, 63)] * COLUMNS)


def check(layout: Layout, rows: list[Conversion], found: Stages, per_stage: int) -> None:
    """Values are computed in order, at most so many adders between two registers."""
    inputs = len(layout.graph.spans)
    before = [0] * len(found.values)
    for index, adder in enumerate(layout.graph.adders):
        number = inputs + index
        before[number] = int(found.values[number] == 1)  # the way in
        for operand in (adder.a, adder.b):
            assert found.values[operand] <= found.values[number]
            if operand >= inputs and found.values[operand] == found.values[number]:
                before[number] = max(before[number], before[operand])
        before[number] += 1
    assert max(before) <= per_stage
    for chain in layout.chains:
        assert len({found.values[each.number] for each in chain}) == 1
    for row, each, place in zip(layout.graph.rows, rows, found.rows, strict=True):
        last = 0 if row.source is None else found.values[row.source]
        assert last <= place.sum <= place.out <= found.last
        assert place.out <= place.sum + 1  # one register holds the sum, or none
        # The constant's adder and the rest, if any, behind those of the same stage.
        same = before[row.source] if row.source is not None and last == place.sum else 0
        assert same + (1 if place.sum < place.out else each.levels) <= per_stage


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("per_stage", [1, 2, 3, 4])
@pytest.mark.parametrize("density", [0.2, 0.5, 1.0])
def test_stages_are_in_order_and_as_few_as_they_can_be(
    per_stage: int, density: float, relu: bool
) -> None:
    layout = layout_of(density, per_stage)
    rows = [conversion(relu=relu)] * ROWS
    found = stages(layout, rows, per_stage)
    deepest = max(layout.graph.depths[r.source] for r in layout.graph.rows if r.source is not None)
    assert found.last == ceil((1 + deepest + 1 + relu) / per_stage)
    check(layout, rows, found, per_stage)


def test_rows_of_one_layer_may_be_converted_in_different_ways() -> None:
    layout, rows = layout_of(0.5, 4), [conversion(), conversion(relu=False)] * (ROWS // 2)
    for per_stage in (1, 2, 3):
        check(layout, rows, stages(layout, rows, per_stage), per_stage)


@pytest.mark.parametrize("per_stage", [1, 2, 3])
def test_the_first_stage_has_an_adder_less(per_stage: int) -> None:
    layout, rows = layout_of(1.0, 1), [conversion()] * ROWS
    found = stages(layout, rows, per_stage)
    first = [layout.graph.depths[n] for n, stage in enumerate(found.values) if stage == 1]
    assert max(first, default=0) == per_stage - 1


@pytest.mark.parametrize("per_stage", [1, 2])
def test_a_result_wider_than_its_product_is_made_last(per_stage: int) -> None:
    layout, rows = layout_of(0.5, 2), [conversion(out_width=4), conversion(out_width=24)] * 5
    found = stages(layout, rows, per_stage)
    check(layout, rows, found, per_stage)
    wide, narrow = found.rows[1::2], found.rows[0::2]
    assert {place.out for place in wide} == {found.last}
    assert min(place.out for place in narrow) < found.last
