"""requantise and axis_quantise give fixed.py's integers, in every mode."""

from itertools import product

import numpy as np
import pytest

from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding, requantize
from gatewright.tools.beats import to_beats
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import Phase
from rtl_blocks import SIM, Case, check

MODES = tuple(product(Rounding, Overflow))  # lane rounding * 5 + overflow, as in the bench


def formats(
    in_width: int, in_signed: bool, drop: int, out_width: int, out_signed: bool
) -> tuple[FixedFormat, FixedFormat]:
    """Return a source and a target format ``drop`` fraction bits apart."""
    source = FixedFormat(in_signed, in_width, in_width - drop)
    return source, FixedFormat(out_signed, out_width, out_width)


def expected(
    values: IntArray, source: FixedFormat, target: FixedFormat, relu: bool, mode: tuple
) -> IntArray:
    """Return what fixed.py says."""
    rounding, overflow = mode
    wanted = FixedFormat(target.signed, target.width, target.integer, rounding, overflow)
    return requantize(np.maximum(values, 0) if relu else values, source, wanted)


def case(values: IntArray, source: FixedFormat, target: FixedFormat, relu: bool) -> Case:
    """Return a case with every mode side by side."""
    drop = source.fraction - target.fraction
    out = np.stack([expected(values, source, target, relu, mode) for mode in MODES], axis=1)
    device = Device(
        module="requantise_modes",
        in_width=source.width,
        out_width=len(MODES) * target.width,
        parameters={
            "InWidth": source.width,
            "InSigned": f"1'b{int(source.signed)}",
            "Drop": drop,
            "OutWidth": target.width,
            "OutSigned": f"1'b{int(target.signed)}",
            "Relu": f"1'b{int(relu)}",
        },
    )
    last = np.zeros(len(values), dtype=np.bool_)
    last[-1] = True
    return Case(device, values[:, None], last, source.width, out, last, target.width, target.signed)


def exhaustive(
    in_width: int, in_signed: bool, drop: int, out_width: int, out_signed: bool, relu: bool
) -> Case:
    """Return a case with every input there is."""
    source, target = formats(in_width, in_signed, drop, out_width, out_signed)
    values = np.arange(source.min_int, source.max_int + 1, dtype=np.int64)
    return case(values, source, target, relu)


SHAPES = ((6, 3, 3), (6, 0, 4), (6, 2, 8), (5, -2, 4), (6, 5, 1), (5, 9, 3), (1, 1, 2), (4, 6, 1))
SIGNS = tuple(product((True, False), repeat=3))  # input signed, output signed, ReLU


def all_signs(shapes: tuple[tuple[int, int, int], ...]) -> list[Case]:
    """Return exhaustive cases of every signedness of each (in, drop, out)."""
    return [
        exhaustive(in_width, in_signed, drop, out_width, out_signed, relu)
        for in_width, drop, out_width in shapes
        for in_signed, out_signed, relu in SIGNS
    ]


BENCH = [SIM / "blocks" / "requantise_modes.sv"]


def test_every_mode_every_value(seed: int) -> None:
    check(all_signs(SHAPES[:4]), seed, [Phase()], extra=BENCH)


def test_every_mode_every_value_narrow(seed: int) -> None:
    check(all_signs(SHAPES[4:]), seed, [Phase()], extra=BENCH)


@pytest.mark.slow
def test_every_mode_more_widths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        (width, drop, out)
        for width, out in product(range(1, 8), range(1, 7))
        for drop in range(-2, width + 3)
    ]
    for batch in np.array_split(rng.permutation(len(shapes))[:24], 6):
        check(all_signs(tuple(shapes[i] for i in batch)), seed, [Phase()], extra=BENCH)


def test_wide_random(seed: int) -> None:
    """Widths of real layers; values near every bound and tie, and random ones."""
    rng = np.random.default_rng(seed)
    cases = []
    for in_width, drop, out_width in ((24, 9, 8), (62, 30, 24), (17, -8, 30)):
        for in_signed, out_signed in ((True, True), (False, False)):
            source, target = formats(in_width, in_signed, drop, out_width, out_signed)
            near = [b << max(drop, 0) for b in (target.min_int - 1, target.max_int + 1, 0, 1)]
            near += [source.min_int, source.max_int, (1 << max(drop, 1) - 1)]
            values = np.concatenate(
                [
                    rng.integers(source.min_int, source.max_int, 300, endpoint=True),
                    *(np.arange(centre - 8, centre + 9, dtype=object) for centre in near),
                ]
            )
            inside = [v for v in values.tolist() if source.min_int <= v <= source.max_int]
            cases.append(case(np.array(inside, dtype=np.int64), source, target, False))
    check(cases, seed, [Phase()], extra=BENCH)


def test_axis_quantise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = []
    for lanes, mode in ((1, MODES[0]), (3, (Rounding.RND_CONV, Overflow.SAT)), (4, MODES[-1])):
        source, target = formats(14, True, 5, 6, lanes != 3)
        samples = rng.integers(source.min_int, source.max_int, (300, 10), endpoint=True)
        beats, last = to_beats(samples, lanes)
        relu = lanes == 3
        out = expected(beats, source, target, relu, mode)
        parameters = {
            "Lanes": lanes,
            "InWidth": source.width,
            "InSigned": "1'b1",
            "Drop": 5,
            "OutWidth": target.width,
            "OutSigned": f"1'b{int(target.signed)}",
            "Rounding": list(Rounding).index(mode[0]),
            "Overflow": list(Overflow).index(mode[1]),
            "Relu": f"1'b{int(relu)}",
        }
        device = Device(
            module="axis_quantise",
            in_width=lanes * source.width,
            out_width=lanes * target.width,
            parameters=parameters,
        )
        cases.append(
            Case(
                device,
                beats,
                last,
                source.width,
                out,
                last,
                target.width,
                target.signed,
                interval=-(-10 // lanes),
            )
        )
    check(cases, seed)
