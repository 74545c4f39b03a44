"""Single choices and formats, each drawn through hypothesis, which shrinks it.

What shrinks to the simplest comes first in every choice.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st

from gatewright.fixed import FixedFormat, Overflow, Rounding

T = TypeVar("T")
MOST_EXACT = 24  # bits of a stream that was not quantised


class Choices:
    """Draws numbers and formats."""

    least_signed = 1  # bits of a format with a sign

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw

    def pick(self, *options: T) -> T:
        value: T = self.draw(st.sampled_from(options))
        return value

    def whole(self, low: int, high: int) -> int:
        value: int = self.draw(st.integers(low, high))
        return value

    def chance(self, of: int) -> bool:
        """Return true once in ``of`` times."""
        return self.whole(0, of - 1) == of - 1

    def modes(self, kind: str, word: str, *, symmetric: bool) -> tuple[Rounding, Overflow]:
        """Return the modes of a stream behind a layer of this kind.

        Args:
            kind: The layer's.
            word: The layer's.
            symmetric: The range can be symmetric: it has a sign and more than a bit.
        """
        return self.pick(*Rounding), self.pick(*Overflow)

    def stream_format(self, kind: str, word: str, width: int, integer: int) -> FixedFormat:
        signed = self.pick(True, False)
        width = max(width, self.least_signed) if signed else width
        return FixedFormat(
            signed, width, integer, *self.modes(kind, word, symmetric=signed and width > 1)
        )

    def parameter_format(self, width: int, integer: int) -> FixedFormat:
        signed = self.pick(True, False)
        width = max(width, self.least_signed) if signed else width
        return FixedFormat(signed, width, integer, Rounding.RND_CONV, Overflow.SAT)

    def format_near(
        self, kind: str, word: str, exact: FixedFormat, most: int = MOST_EXACT
    ) -> FixedFormat:
        """Return a format that cuts bits off at either end, or holds all, if ``most`` bits do."""
        if self.least_signed <= exact.width <= most and self.chance(8):
            rounding, overflow = self.modes(kind, word, symmetric=exact.signed and exact.width > 1)
            return replace(exact, rounding=rounding, overflow=overflow)
        cut = min(self.pick(1, 0, 2, -1, 3), exact.width - 1)
        width = min(self.pick(5, 4, 6, 8, 3, 10, 2, 1), exact.width - cut + 3, most)
        return self.stream_format(kind, word, max(width, 1), exact.integer - cut)
