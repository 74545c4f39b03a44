"""Comparing rungs: exact, in the hardware's units, and never of nothing."""

import numpy as np
import pytest

from gatewright.comparison import compare, compare_outputs
from gatewright.errors import CheckFailedError
from gatewright.fixed import parse_format
from gatewright.graph import StreamType
from gatewright.vectors import Vectors


def test_the_first_difference_is_named() -> None:
    expected = np.arange(12).reshape(4, 3)
    found = expected.copy()
    found[2, 1] += 5
    found[3, 0] = 0
    comparison = compare(expected, found, what="the RTL", layer="fc2")
    assert comparison.summary() == {
        "samples": 4,
        "compared": 12,
        "mismatches": 2,
        "first_mismatch": {
            "sample": 2,
            "layer": "fc2",
            "element": 1,
            "expected": 7,
            "found": 12,
        },
    }
    message = "the RTL differs from PyTorch in 2 of 12 outputs; first at sample 2, layer fc2"
    with pytest.raises(CheckFailedError, match=message):
        comparison.require_equal()
    compare(expected, expected, what="the RTL", layer="fc2").require_equal()


def test_nothing_compared_is_a_failure() -> None:
    empty = np.zeros((0, 3), np.int64)
    with pytest.raises(CheckFailedError, match="nothing was compared"):
        compare(empty, empty, what="the RTL", layer="fc2").require_equal()
    with pytest.raises(CheckFailedError, match=r"shape \(1, 2\), expected \(0, 3\)"):
        compare(empty, np.zeros((1, 2), np.int64), what="the RTL", layer="fc2")


def two(text: str) -> list[StreamType]:
    """One output of two elements."""
    return [StreamType(parse_format(text), (2,))]


def test_the_output_that_differs_is_named() -> None:
    expected = np.arange(12).reshape(2, 6)
    found = expected.copy()
    found[1, 4] = 0
    outputs = [("first", 2), ("second", 3), ("third", 1)]
    comparison = compare_outputs(expected, found, what="the RTL", outputs=outputs)
    assert comparison.first
    assert (comparison.first.layer, comparison.first.element) == ("second", 2)
    assert (comparison.mismatches, comparison.compared) == (1, 12)
    assert compare_outputs(expected, expected, what="the RTL", outputs=outputs).first is None


def test_expected_integers_are_in_the_hardwares_units() -> None:
    vectors = Vectors(np.zeros((1, 2)), np.array([[4, 9]]), (3,))
    assert vectors.expected(two("fixed<16,11>")).tolist() == [[16, 36]]
    assert vectors.expected(two("fixed<16,12>"), argmax=True).tolist() == [[1]]
    with pytest.raises(CheckFailedError, match=r"3 fraction bits.*has 2: they cannot be equal"):
        vectors.expected(two("fixed<16,14>"))
    even = Vectors(np.zeros((1, 2)), np.array([[4, 8]]), (3,))
    assert even.expected(two("fixed<16,14>")).tolist() == [[2, 4]]
