"""The dividers of a PLL that makes the design's clock of a board's."""

from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.errors import GatewrightError

_MOST_ABOVE = 1.1  # times what was asked for


@dataclass(frozen=True)
class Family:
    """What a family's PLL can do.

    Attributes:
        detector_mhz: Range at the phase detector.
        vco_mhz: Range of the oscillator.
        ref: Largest divider before the phase detector.
        feedback: Range of the feedback's divider.
        out: Dividers at the output.
        around_output: The feedback comes from after the output's divider.
    """

    detector_mhz: tuple[float, float]
    vco_mhz: tuple[float, float]
    ref: int
    feedback: tuple[int, int]
    out: tuple[int, ...]
    around_output: bool


# Lattice FPGA-DS-02012 (ECP5), FPGA-TN-02052 (iCE40); Gowin DS117, DS226, UG286; AMD DS181, UG472.
FAMILIES = {
    "ecp5": Family((10, 400), (400, 800), 128, (1, 128), tuple(range(1, 129)), True),
    "ice40": Family((10, 133), (533, 1066), 16, (1, 128), (2, 4, 8, 16, 32, 64), False),
    "gowin": Family(
        (3, 400),
        (500, 1200),
        64,
        (1, 64),
        (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128),
        True,
    ),
    "xilinx7": Family((19, 450), (800, 1600), 56, (2, 64), tuple(range(1, 129)), False),
}


@dataclass(frozen=True)
class Setting:
    """A PLL's dividers.

    Attributes:
        ref: Before the phase detector.
        feedback: In the feedback.
        out: At the output.
        in_mhz: Its input.
        mhz: What it makes.
    """

    ref: int
    feedback: int
    out: int
    in_mhz: float
    mhz: float

    @property
    def hz(self) -> int:
        """What it makes, to the nearest hertz."""
        return round(self.mhz * 1e6)

    @property
    def filter_range(self) -> int:
        """The iCE40's filter setting for the frequency at its phase detector (FPGA-TN-02052)."""
        steps = (17, 26, 44, 66, 101)
        return 1 + sum(self.in_mhz / self.ref >= step for step in steps)


def settings(family: str, in_mhz: float, mhz: float) -> Setting:
    """Return the dividers that make the lowest clock of at least ``mhz``.

    Args:
        family: A key of ``FAMILIES``.
        in_mhz: At the PLL's input.
        mhz: Asked for; what is made is at most 10 % more.

    Raises:
        GatewrightError: none makes it.
    """
    near = [
        found
        for found in _all(FAMILIES[family], in_mhz)
        if mhz * (1 - 1e-9) <= found.mhz <= mhz * _MOST_ABOVE
    ]
    if not near:
        raise GatewrightError(
            f"no setting of the PLL ({family}) makes {mhz:g} MHz, or up to 10 % more, of "
            f"{in_mhz:g} MHz; ask for another clock (--clock)"
        )
    return min(near, key=lambda found: (found.mhz, found.ref, found.out))


def _all(family: Family, in_mhz: float) -> Iterator[Setting]:
    for ref in range(1, family.ref + 1):
        detector = in_mhz / ref
        if not family.detector_mhz[0] <= detector <= family.detector_mhz[1]:
            continue
        for feedback in range(family.feedback[0], family.feedback[1] + 1):
            for out in family.out:
                made = detector * feedback
                vco = made * out if family.around_output else made
                mhz = made if family.around_output else made / out
                if family.vco_mhz[0] <= vco <= family.vco_mhz[1]:
                    yield Setting(ref, feedback, out, in_mhz, mhz)
