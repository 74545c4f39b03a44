"""One way to compare two rungs: integers, exactly, and the first that differs by name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gatewright.errors import CheckFailedError
from gatewright.fixed import IntArray


@dataclass(frozen=True)
class Difference:
    """The first value that differs.

    Attributes:
        sample: Index of the sample.
        layer: The graph's node whose output it is.
        element: Index of the element, row by row.
        expected: The integer that PyTorch gave.
        found: The integer that the other rung gave.
    """

    sample: int
    layer: str
    element: int
    expected: int
    found: int


@dataclass(frozen=True)
class Comparison:
    """What came of comparing a rung with PyTorch.

    Attributes:
        what: The rung.
        samples: Samples compared.
        compared: Integers compared.
        mismatches: How many of them differ.
        first: The first that differs, or None.
    """

    what: str
    samples: int
    compared: int
    mismatches: int
    first: Difference | None

    def summary(self) -> dict[str, Any]:
        """Return ``samples``, ``compared``, ``mismatches``, ``first_mismatch`` for a JSON file."""
        return {
            "samples": self.samples,
            "compared": self.compared,
            "mismatches": self.mismatches,
            "first_mismatch": asdict(self.first) if self.first else None,
        }

    def require_equal(self) -> None:
        """Refuse a comparison that shows nothing, or a difference.

        Raises:
            CheckFailedError: with the first sample, layer, element and both values.
        """
        if not self.compared:
            raise CheckFailedError(f"{self.what}: nothing was compared, so nothing is shown")
        if self.first:
            raise CheckFailedError(
                f"{self.what} differs from PyTorch in {self.mismatches} of {self.compared} "
                f"outputs; first at sample {self.first.sample}, layer {self.first.layer}, element "
                f"{self.first.element}: expected {self.first.expected}, found {self.first.found}"
            )


def compare(expected: IntArray, found: IntArray, *, what: str, layer: str) -> Comparison:
    """Compare integers [samples, elements] in the same units.

    Raises:
        CheckFailedError: the shapes differ.
    """
    if expected.shape != found.shape:
        raise CheckFailedError(
            f"{what} gave outputs of shape {found.shape}, expected {expected.shape}"
        )
    wrong = np.argwhere(expected != found)
    first = None
    if len(wrong):
        sample, element = (int(i) for i in wrong[0])
        pair = int(expected[sample, element]), int(found[sample, element])
        first = Difference(sample, layer, element, *pair)
    return Comparison(what, len(found), int(found.size), len(wrong), first)


def compare_outputs(
    expected: IntArray, found: IntArray, *, what: str, outputs: Sequence[tuple[str, int]]
) -> Comparison:
    """Compare several outputs, which stand one after the other in each sample.

    Args:
        expected: Integers [samples, elements].
        found: The same, in the same units.
        what: The rung.
        outputs: Each output's name and number of elements.

    Raises:
        CheckFailedError: the shapes differ.
    """
    comparison = compare(expected, found, what=what, layer=outputs[0][0])
    first = comparison.first
    if first is None:
        return comparison
    begin = 0
    for name, elements in outputs:
        if begin <= first.element < begin + elements:
            first = replace(first, layer=name, element=first.element - begin)
            break
        begin += elements
    return replace(comparison, first=first)
