"""Board files: read, complete, refused where wrong; the PLL's dividers; what does not fit."""

import pytest

from gatewright import boards
from gatewright.bitstream import needed, require_fit
from gatewright.boards import pll
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.tools import board_tools, doctor, vitis, vivado

WANTED = {
    *("ulx3s_85f", "ulx3s_12f", "ulx3s_25f", "orangecrab_85f", "colorlight_i9", "icebreaker"),
    *("ice40_hx8k", "tang_nano_9k", "tang_nano_20k", "arty_a7_35t", "arty_a7_100t", "basys3"),
    *("pynq_z2", "kv260"),
}


def test_every_board_is_there() -> None:
    assert set(boards.names()) >= WANTED


@pytest.mark.parametrize("name", boards.names())
def test_a_board_is_complete(name: str) -> None:
    board = boards.load(name)
    assert board.source
    if board.uart is None or board.led is None:
        assert not board.is_open
        return
    pins = [board.clock.pin, board.uart.rx, board.uart.tx, board.led.pin]
    pins += [output.pin for output in board.outputs.values()]
    assert len(set(pins)) == len(pins)
    assert board.clock.mhz is not None
    made = pll.settings(board.family, board.clock.mhz, board.clock.design_mhz)
    assert board.clock.design_mhz <= made.mhz <= 1.1 * board.clock.design_mhz
    if board.is_open:
        text = board_tools.constraints(board)
        assert all(str(pin) in text for pin in pins)


@pytest.mark.parametrize(
    ("family", "in_mhz", "mhz", "expected"),
    [
        ("ice40", 12.0, 36.0, (1, 48, 16, 36.0, 1)),
        ("ice40", 12.0, 16.0, (1, 86, 64, 16.125, 1)),
        ("ecp5", 48.0, 80.0, (3, 5, 5, 80.0, 1)),
        ("gowin", 27.0, 27.0, (1, 1, 32, 27.0, 3)),
        ("xilinx7", 100.0, 100.0, (1, 8, 8, 100.0, 5)),
    ],
)
def test_the_plls_dividers(
    family: str, in_mhz: float, mhz: float, expected: tuple[int, int, int, float, int]
) -> None:
    found = pll.settings(family, in_mhz, mhz)
    assert (found.ref, found.feedback, found.out, found.mhz, found.filter_range) == expected
    limits = pll.FAMILIES[family]
    vco = found.mhz * found.out
    assert limits.vco_mhz[0] <= vco <= limits.vco_mhz[1]
    assert limits.detector_mhz[0] <= in_mhz / found.ref <= limits.detector_mhz[1]


def test_a_clock_that_no_pll_makes_is_refused() -> None:
    with pytest.raises(GatewrightError, match=r"makes 5000 MHz.*of 25 MHz"):
        pll.settings("ecp5", 25, 5000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"famly": "ecp5"}, "famly"),
        ({"family": "spartan"}, "family"),
        ({"clock": {"pin": "g2;", "mhz": 25, "design_mhz": 80}}, "clock.pin"),
        ({"uart": None}, "uart: a board of ecp5 needs it"),
        ({"limits": {"lut": 0, "ff": 1, "bram": 1, "dsp": 1}}, "limits.lut"),
    ],
)
def test_a_wrong_board_file_is_refused(change: dict[str, object], message: str) -> None:
    content: dict[str, object] = {
        "name": "b",
        "description": "d",
        "source": "s",
        "family": "ecp5",
        "device": "X",
        "clock": {"pin": "G2", "mhz": 25, "design_mhz": 80},
        "uart": {"rx": "A1", "tx": "A2", "baud": 1000000},
        "led": {"pin": "A3", "active": "high"},
        "limits": {"lut": 1, "ff": 1, "bram": 1, "dsp": 1},
    }
    boards.parse(content, "b.yml")
    with pytest.raises(GatewrightError, match=message):
        boards.parse(content | change, "b.yml")


def test_an_unknown_board_has_a_hint() -> None:
    with pytest.raises(GatewrightError, match="did you mean ulx3s_85f"):
        boards.load("ulx3s_85")


def test_what_does_not_fit_is_told_with_what_would_help() -> None:
    cells = {"LUT4": 10_000, "CCU2C": 3_000, "TRELLIS_FF": 5, "MULT18X18D": 30, "DP16KD": 1}
    board = boards.load("ulx3s_12f")
    needs = needed("ecp5", cells)
    assert (needs.lut, needs.ff, needs.dsp, needs.bram) == (16_000, 5, 30, 1)
    layers = [{"name": "fc1", "multipliers": 28}, {"name": "fc2", "multipliers": 2}]
    with pytest.raises(CheckFailedError) as caught:
        require_fit(board, needs, {"top": "net", "layers": layers})
    message = str(caught.value)
    assert "LUT: needs 16000, ulx3s_12f has 12144" in message
    assert "DSP: needs 30, ulx3s_12f has 28; a larger ReuseFactor" in message
    assert "BRAM" not in message
    assert "fc1 (28 multipliers)" in message


def test_what_nextpnr_counts_too_much_of_is_told() -> None:
    said = (
        "Info: Device utilisation:\n"
        "Info: \t         ICESTORM_LC:    6090/   5280   115%\n"
        "Info: \t        ICESTORM_RAM:      23/     30    76%\n"
    )
    board = boards.load("icebreaker")
    with pytest.raises(CheckFailedError, match="ICESTORM_LC: needs 6090, there are 5280") as caught:
        board_tools._require_room(said, board, "net_icebreaker")
    assert "RAM" not in str(caught.value)
    board_tools._require_room(said.replace("6090", "5280"), board, "net_icebreaker")


def test_doctor_lists_the_tools_for_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in (vivado.SETTING, vitis.SETTING):
        monkeypatch.setenv(setting, "/nowhere/program")
    found = {finding.name: finding for finding in doctor.examine()}
    for name, use in {
        "openFPGALoader": "loads a bitstream into a board",
        "icepack": "iCE40",
        "ecppack": "ECP5",
        "gowin_pack": "Tang Nano",
        "vivado": "gatewright vivado",
        "vitis_hls": "gatewright vitis",
    }.items():
        assert use in found[name].detail
        assert not found[name].needed
    assert not found["vivado"].found
    assert "GATEWRIGHT_VITIS is /nowhere/program" in found["vitis_hls"].detail
