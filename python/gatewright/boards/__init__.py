"""The boards: one YAML file each, read into frozen dataclasses."""

import difflib
from dataclasses import field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from gatewright.errors import GatewrightError

_STRICT = ConfigDict(extra="forbid")
_FOLDER = Path(__file__).resolve().parent
PIN = r"^[A-Z0-9]+$"
OPEN_FAMILIES = ("ecp5", "ice40", "gowin")  # those whose tools come from pip
_FOR_SERIAL = ("clock.pin", "clock.mhz", "uart", "led")


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Clock:
    """Where a board's clock comes from and what the design gets.

    Attributes:
        pin: Of the package; none where a processor gives the clock.
        mhz: At that pin.
        design_mhz: Least clock of the design, made by a PLL; another may be asked for.
        pll_pad: The PLL takes the clock from its own pad (iCE40).
    """

    design_mhz: float = Field(gt=0)
    pin: str | None = Field(default=None, pattern=PIN)
    mhz: float | None = Field(default=None, gt=0)
    pll_pad: bool = False


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Uart:
    """The serial line, as the FPGA sees it.

    Attributes:
        rx: Pin that the FPGA reads.
        tx: Pin that the FPGA drives.
        baud: The fastest that the board's bridge takes, or the design's clock / 16 if that is less.
    """

    rx: str = Field(pattern=PIN)
    tx: str = Field(pattern=PIN)
    baud: int = Field(ge=300, le=12_000_000)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Led:
    """A light: its pin, and the level at which it is lit."""

    pin: str = Field(pattern=PIN)
    active: str = Field(pattern="^(high|low)$")


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Output:
    """A pin that holds one value."""

    pin: str = Field(pattern=PIN)
    value: int = Field(ge=0, le=1)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Limits:
    """What the device has.

    Attributes:
        lut: LUTs of the family's own size.
        ff: Flip-flops.
        bram: Block RAMs: 18 kbit on ECP5 and Gowin, 4 kbit on iCE40, 36 kbit on AMD's.
        dsp: Multipliers: 18 x 18 on ECP5 and Gowin, 16 x 16 on iCE40, DSP48 on AMD's.
    """

    lut: int = Field(ge=1)
    ff: int = Field(ge=1)
    bram: int = Field(ge=0)
    dsp: int = Field(ge=0)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Board:
    """A board.

    Attributes:
        name: Name of its file.
        description: One line.
        source: Where pins and limits come from.
        family: ``ecp5``, ``ice40``, ``gowin``: open tools; ``xilinx7``, ``zynq7``, ``zynqmp``:
            Vivado.
        device: As its maker calls it.
        clock: Where the clock comes from.
        limits: What the device has.
        uart: The serial line; none on boards driven by their own processor.
        led: The status light.
        outputs: Further pins, by the name of their port.
        io_standard: Of all pins.
        nextpnr: Options that choose the device.
        synthesis: Further options of Yosys' ``synth_<family>``.
        pack: Further options of the packer.
        gowin_family: Apicula's name of the device.
        pll_device: The device's name in the PLL's parameter (Gowin).
        programmer: Arguments of openFPGALoader before the file.
        ending: Of the bitstream's file, where it is not the family's.
    """

    name: str
    description: str
    source: str
    family: str = Field(pattern="^(ecp5|ice40|gowin|xilinx7|zynq7|zynqmp)$")
    device: str = Field(pattern=r"^[A-Za-z0-9/-]+$")
    clock: Clock
    limits: Limits
    uart: Uart | None = None
    led: Led | None = None
    outputs: dict[str, Output] = field(default_factory=dict)
    io_standard: str = Field(default="", pattern=r"^\w*$")
    nextpnr: tuple[str, ...] = ()
    synthesis: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    gowin_family: str = ""
    pll_device: str = ""
    programmer: tuple[str, ...] = ()
    ending: str = Field(default="", pattern=r"^\w*$")

    @property
    def has_line(self) -> bool:
        """Whether the host reaches it over a serial line."""
        return self.uart is not None

    @property
    def pins(self) -> dict[str, str]:
        """The pin of each of the top's ports.

        Raises:
            GatewrightError: a board without a serial line.
        """
        if self.uart is None or self.led is None or self.clock.pin is None:
            raise GatewrightError(f"{self.name} has no pins for a serial line")
        serial = {
            "clk_i": self.clock.pin,
            "rx_i": self.uart.rx,
            "tx_o": self.uart.tx,
            "led_o": self.led.pin,
        }
        return serial | {port: output.pin for port, output in self.outputs.items()}

    @property
    def is_open(self) -> bool:
        """Whether its bitstream is made by tools from pip."""
        return self.family in OPEN_FAMILIES


def names() -> list[str]:
    """Return the names of the boards."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def load(name: str) -> Board:
    """Return a board by its name.

    Raises:
        GatewrightError: there is no such board, or its file has a wrong key; the message says
            which.
    """
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise GatewrightError(f"unknown board {name!r}{hint} Boards: {', '.join(names())}")
    path = _FOLDER / f"{name}.yml"
    return parse({"name": name, **yaml.safe_load(path.read_text(encoding="utf-8"))}, str(path))


def parse(content: dict[str, Any], where: str) -> Board:
    """Make a board of keys and values.

    Raises:
        GatewrightError: a wrong key or value; the message names it.
    """
    try:
        board = _BOARD.validate_python(content)
    except ValidationError as error:
        item = error.errors()[0]
        key = ".".join(str(part) for part in item["loc"])
        raise GatewrightError(f"{where}: {key}: {item['msg']} (found {item['input']!r})") from None
    given = {
        "clock.pin": board.clock.pin,
        "clock.mhz": board.clock.mhz,
        "uart": board.uart,
        "led": board.led,
    }
    missing = [key for key in _FOR_SERIAL if given[key] is None]
    if missing and (board.is_open or board.family == "xilinx7"):
        raise GatewrightError(f"{where}: {missing[0]}: a board of {board.family} needs it")
    return board


_BOARD = TypeAdapter(Board)
