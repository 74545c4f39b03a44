"""Formats, conversion of reals, and the errors; ap_types has a differential test of its own."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.errors import GatewrightError
from gatewright.fixed import (
    FixedFormat,
    Overflow,
    Rounding,
    format_for_range,
    integers_exactly,
    parse_format,
    quantize,
    requantize,
)

formats = st.builds(
    FixedFormat,
    st.booleans(),
    st.integers(2, 16),
    st.integers(-4, 20),
    st.sampled_from(Rounding),
    st.sampled_from(Overflow),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fixed<8,3>", FixedFormat(True, 8, 3)),
        (
            "ap_ufixed<8, 0, AP_RND_CONV, AP_SAT>",
            FixedFormat(False, 8, 0, Rounding.RND_CONV, Overflow.SAT),
        ),
    ],
)
def test_formats_are_read(text: str, expected: FixedFormat) -> None:
    assert parse_format(text) == expected
    assert parse_format(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("float", "not a fixed-point format"),
        ("fixed<8>", "two whole numbers"),
        ("fixed<8,3,RND_UP>", "unknown rounding mode 'RND_UP'; allowed: RND, RND_ZERO"),
        ("fixed<8,3,RND,CLIP>", "unknown overflow mode 'CLIP'; allowed: SAT, SAT_ZERO"),
        ("fixed<8,3,RND,WRAP,2>", "saturated bits"),
        ("fixed<0,3>", "width is 0, must be 1 to 62"),
    ],
)
def test_a_wrong_format_says_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(GatewrightError, match=message.replace("(", r"\(")):
        parse_format(text)


@given(formats, formats, st.integers())
@settings(max_examples=400)
def test_requantize_and_quantize_agree(
    source: FixedFormat, target: FixedFormat, value: int
) -> None:
    x = value % (source.max_int - source.min_int + 1) + source.min_int
    integers = np.array([x])
    real = np.array([float(x) * source.lsb])
    if target.overflow is Overflow.WRAP_SM:
        return  # depends on the bits above, which a real value does not have
    assert requantize(integers, source, target) == quantize(real, target)


@given(formats, st.fractions(-1000, 1000, max_denominator=4096))
def test_saturating_round_half_up_is_its_formula(fmt: FixedFormat, x: Fraction) -> None:
    target = FixedFormat(fmt.signed, fmt.width, fmt.integer, Rounding.RND, Overflow.SAT)
    real = float(x)
    units = floor(Fraction(real) * Fraction(2) ** target.fraction + Fraction(1, 2))
    expected = min(max(units, target.min_int), target.max_int)
    assert quantize(np.array([real]), target)[0] == expected


def test_the_hardest_ties_of_each_mode() -> None:
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    expected = {
        Rounding.RND: [-2, -1, 0, 1, 2, 3],
        Rounding.RND_ZERO: [-2, -1, 0, 0, 1, 2],
        Rounding.RND_MIN_INF: [-3, -2, -1, 0, 1, 2],
        Rounding.RND_INF: [-3, -2, -1, 1, 2, 3],
        Rounding.RND_CONV: [-2, -2, 0, 0, 2, 2],
        Rounding.TRN: [-3, -2, -1, 0, 1, 2],
        Rounding.TRN_ZERO: [-2, -1, 0, 0, 1, 2],
    }
    for mode, values in expected.items():
        assert quantize(x, FixedFormat(True, 8, 8, mode)).tolist() == values, mode


def test_not_a_number_is_named() -> None:
    with pytest.raises(ValueError, match=r"element \(1, 0\)"):
        quantize(np.array([[0.0], [np.nan]]), FixedFormat(True, 8, 8))


def test_values_that_do_not_fit_are_named() -> None:
    fmt = FixedFormat(True, 4, 4)
    assert integers_exactly(np.array([-8.0, 7.0]), fmt, "w").tolist() == [-8, 7]
    with pytest.raises(GatewrightError, match=r"w: element \(1,\) is .*8"):
        integers_exactly(np.array([0.0, 8.0]), fmt, "w")
    with pytest.raises(GatewrightError, match=r"1 of 2 elements"):
        integers_exactly(np.array([0.5, 1.0]), fmt, "w")


@given(st.integers(-300, 300), st.integers(0, 300))
def test_the_narrowest_format_is_narrowest(low: int, span: int) -> None:
    fmt = format_for_range(low, low + span, 3)
    assert fmt.min_int <= low <= low + span <= fmt.max_int
    if fmt.width > 1:
        narrower = FixedFormat(fmt.signed, fmt.width - 1, 0)
        assert not (narrower.min_int <= low and low + span <= narrower.max_int)


@given(formats, formats, st.integers())
def test_a_format_that_contains_another_changes_nothing(
    source: FixedFormat, target: FixedFormat, value: int
) -> None:
    x = value % (source.max_int - source.min_int + 1) + source.min_int
    if target.contains(source):
        shift = target.fraction - source.fraction
        assert requantize(np.array([x]), source, target)[0] == x << shift
