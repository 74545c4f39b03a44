"""axis_fork, axis_merge and axis_concat: branches that part and join again."""

import numpy as np

from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding, requantize
from gatewright.tools.bench import Device
from rtl_blocks import SIM, Case, check, frames_of

BENCH = [SIM / "blocks" / f"{name}.sv" for name in ("throttle", "fork_merge", "split_concat")]
ROUNDINGS, OVERFLOWS = list(Rounding), list(Overflow)
OPERATIONS = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a + b,  # the mean, in halves
    np.maximum,
    np.minimum,
)
MULTIPLY, MEAN = 2, 3
BEATS = 1500


def bits(values: IntArray, width: int) -> IntArray:
    """Return the integers as unsigned ones of the same bits."""
    return values & ((1 << width) - 1)


def merge(
    rng: np.random.Generator,
    operation: int,
    is_open: bool,
    signed_a: bool,
    signed_b: bool,
    widths: tuple[int, int] | None = None,
) -> Case:
    """Return random pairs of unequal formats, extremes among them, and what they merge to."""
    lanes, width_a, width_b = int(rng.integers(1, 4)), *rng.integers(1, 8, 2).tolist()
    if widths:
        lanes, (width_a, width_b) = 1, widths
    shift_a, shift_b = (0, 0) if operation == MULTIPLY else rng.integers(0, 4, 2).tolist()
    a_format = FixedFormat(signed_a, width_a, width_a)
    b_format = FixedFormat(signed_b, width_b, width_b)
    a, b = (
        rng.choice(
            [f.min_int, f.max_int, *rng.integers(f.min_int, f.max_int, 6, endpoint=True)],
            (BEATS, lanes),
        )
        for f in (a_format, b_format)
    )
    exact = OPERATIONS[operation](a << shift_a, b << shift_b)
    relu, drop, out_width = bool(rng.random() < 0.3), int(rng.integers(-1, 5)), 6
    if widths:
        out_width, drop = 20, sum(widths) - 24
    source = FixedFormat(True, 61, 61 - (operation == MEAN))
    target = FixedFormat(
        bool(rng.random() < 0.5),
        out_width,
        out_width + drop,
        ROUNDINGS[rng.integers(7)],
        OVERFLOWS[rng.integers(5)],
    )
    out = requantize(np.maximum(exact, 0) if relu else exact, source, target)
    # One wide lane per beat: all of b above all of a.
    whole = np.zeros(BEATS, dtype=np.int64)
    for lane in range(lanes):
        whole |= bits(a[:, lane], width_a) << (lane * width_a)
        whole |= bits(b[:, lane], width_b) << (lanes * width_a + lane * width_b)
    last = frames_of(rng, BEATS)
    parameters = {
        "Lanes": lanes,
        "Operation": operation,
        "WidthA": width_a,
        "SignedA": f"1'b{int(signed_a)}",
        "ShiftA": shift_a,
        "WidthB": width_b,
        "SignedB": f"1'b{int(signed_b)}",
        "ShiftB": shift_b,
        "Drop": drop,
        "OutWidth": out_width,
        "OutSigned": f"1'b{int(target.signed)}",
        "Rounding": ROUNDINGS.index(target.rounding),
        "Overflow": OVERFLOWS.index(target.overflow),
        "Relu": f"1'b{int(relu)}",
        "Open": f"1'b{int(is_open)}",
    }
    width = lanes * (width_a + width_b)
    device = Device(
        module="fork_merge", in_width=width, out_width=lanes * out_width, parameters=parameters
    )
    return Case(device, whole[:, None], last, width, out, last, out_width, target.signed)


def concat(rng: np.random.Generator, beats_a: int, beats_b: int, is_open: bool) -> Case:
    """Return images that are parted and joined again."""
    pixels, images = 5, 60
    beats = pixels * (beats_a + beats_b)
    x = rng.integers(0, 256, (images * beats, 1))
    last = np.arange(len(x)) % beats == beats - 1
    device = Device(
        module="split_concat",
        in_width=8,
        out_width=8,
        parameters={
            "BeatsA": beats_a,
            "BeatsB": beats_b,
            "Pixels": pixels,
            "Open": f"1'b{int(is_open)}",
        },
    )
    return Case(device, x, last, 8, x, last, 8, interval=beats if is_open else None)


def test_fork_and_merge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = [
        merge(rng, operation, is_open, signed_a, signed_b)
        for operation in range(len(OPERATIONS))
        for is_open, signed_a, signed_b in ((True, True, False), (False, False, True))
    ]
    cases += [merge(rng, operation, True, True, True) for operation in range(len(OPERATIONS))]
    cases += [merge(rng, operation, False, False, False) for operation in range(len(OPERATIONS))]
    cases += [
        merge(rng, MULTIPLY, True, signed, not signed, widths)
        for signed, widths in ((True, (24, 36)), (False, (19, 18)))
    ]
    run = check(cases, seed, extra=BENCH)
    for case, got in zip(cases, run.received[0], strict=True):
        if case.device.parameters["Open"] == "1'b1":
            assert (np.diff(got.cycle) == 1).all(), f"{case.device}: gaps at full speed"


def test_concat(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = ((1, 1), (1, 3), (4, 2), (3, 1))
    check(
        [concat(rng, *size, is_open) for size in sizes for is_open in (True, False)],
        seed,
        extra=BENCH,
    )
