"""A row of the comparison: what one tool took for one network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_DERIVED = ("lut_cycles", "latency_ns", "us_per_inference")  # properties of hardware's rows


@dataclass(frozen=True)
class Cells:
    """What a netlist for ECP5 holds after Yosys.

    Attributes:
        lut4: LUT4 cells.
        carry: CCU2C cells, each of which takes two LUTs.
        lut_ram: TRELLIS_DPR16X4 cells, each of which takes six LUTs.
        ff: Flip-flops.
        dsp: MULT18X18D.
        bram: DP16KD, of 18 kbit.
    """

    lut4: int
    carry: int
    lut_ram: int
    ff: int
    dsp: int
    bram: int

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Cells":
        """Count them in ``Netlist.cells``."""
        return cls(
            lut4=counts.get("LUT4", 0),
            carry=counts.get("CCU2C", 0),
            lut_ram=counts.get("TRELLIS_DPR16X4", 0),
            ff=counts.get("TRELLIS_FF", 0),
            dsp=counts.get("MULT18X18D", 0),
            bram=counts.get("DP16KD", 0),
        )

    @property
    def lut(self) -> int:
        """LUTs as nextpnr places them, and as ``synth.json`` counts them."""
        return self.lut4 + 2 * self.carry + 6 * self.lut_ram


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """What every row tells.

    Attributes:
        tool: Name and version.
        setting: How the tool was asked to build it.
        network: The design's name, or that of a layer of it.
        samples: Inferences whose outputs were compared.
        mismatches: Output integers that differ from what this tool's arithmetic must give.
        note: What one has to know to compare the row: whose weights, what lies outside.
    """

    tool: str
    setting: str
    network: str
    samples: int
    mismatches: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Row(_Compared):
    """What hardware of one tool took for one network with one setting.

    Attributes:
        cycles_per_inference: Clock cycles from one result to the next, as close as the tool lets
            inferences follow each other.
        latency_cycles: Clock cycles from the start of one inference to its last output.
        cells: After the same Yosys script for every row, not placed.
        fmax_mhz: After nextpnr for ECP5; None: not placed.
    """

    cycles_per_inference: float
    latency_cycles: float
    cells: Cells
    fmax_mhz: float | None = None

    @property
    def lut_cycles(self) -> float:
        """LUTs times cycles per inference: the less, the more work a LUT does."""
        return self.cells.lut * self.cycles_per_inference

    @property
    def latency_ns(self) -> float | None:
        """Nanoseconds from the start of one inference to its last output, if it was placed."""
        return None if self.fmax_mhz is None else 1000 * self.latency_cycles / self.fmax_mhz

    @property
    def us_per_inference(self) -> float | None:
        """Microseconds from one result to the next, if it was placed."""
        return None if self.fmax_mhz is None else self.cycles_per_inference / self.fmax_mhz

    @property
    def summary(self) -> str:
        """Its main figures in words."""
        cycles = f"{self.cycles_per_inference:,.1f} cycles per inference"
        clock = f", {self.fmax_mhz:.1f} MHz" if self.fmax_mhz else ""
        return f"{cycles}, {self.cells.lut:,} LUT{clock}"

    def as_dict(self) -> dict[str, Any]:
        """Return it flat, as JSON values."""
        values = asdict(self)
        cells: dict[str, Any] = values.pop("cells")
        derived = {name: getattr(self, name) for name in _DERIVED}
        return values | cells | {"lut": self.cells.lut} | derived


@dataclass(frozen=True, kw_only=True)
class CpuRow(_Compared):
    """What a program on a CPU took for one network.

    Attributes:
        us_per_inference: Microseconds from one result to the next, measured.
    """

    us_per_inference: float

    @property
    def summary(self) -> str:
        """Its main figure in words."""
        return f"{self.us_per_inference:,.2f} us per inference"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values, None under those keys that only hardware has."""
        hardware = [field.name for field in (*fields(Row), *fields(Cells)) if field.name != "cells"]
        return dict.fromkeys([*hardware, "lut", *_DERIVED]) | asdict(self)
