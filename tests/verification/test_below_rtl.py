"""What stands between a tool's file and a simulation: pads, constants, records, refusals."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gatewright.design import load
from gatewright.errors import CheckFailedError, NotRunError
from gatewright.files import write_json
from gatewright.tools.icestorm import Chip
from gatewright.tools.nextpnr import routed_files
from gatewright.verification import bitstream, gates, hardware, netlist, placed
from gatewright.verification.bitstream import shell_of
from gatewright.verification.context import Context, Options
from gatewright.verification.placed_cells import prepare
from gatewright.verification.result import NotApplicableError


def cell(kind: str, parameters: dict[str, str] | None = None, **pins: tuple[str, Any]) -> Any:
    """Return a cell; each pin with its direction and its bit, None where it is open."""
    return {
        "type": kind,
        "parameters": parameters or {},
        "attributes": {},
        "port_directions": {pin: direction for pin, (direction, _) in pins.items()},
        "connections": {pin: [] if bit is None else [bit] for pin, (_, bit) in pins.items()},
    }


def prepared(family: str, one: Any) -> Any:
    design: dict[str, Any] = {"modules": {"top": {"ports": {}, "cells": {"one": one}}}}
    prepare(design, "design", family)
    assert list(design["modules"]) == ["design"]
    return design["modules"]["design"]["cells"]["one"]


def test_open_pins_read_what_they_do_in_the_device() -> None:
    pins = {"I0": ("input", 5), "I1": ("input", None), "CEN": ("input", None), "O": ("output", 7)}
    assert prepared("ice40", cell("ICESTORM_LC", **pins))["connections"] == {
        "I0": [5],
        "I1": ["0"],
        "CEN": ["1"],
        "O": [7],
    }
    constants = {"ADA0MUX": "0 ", "CEAMUX": "INV", "CLKBMUX": "CLKB", "CLKAMUX": "INV"}
    pins = dict.fromkeys(("ADA0", "CEA", "OCEA"), ("input", None))
    pins |= {"CLKA": ("input", 3), "CLKB": ("input", 4)}
    found = prepared("ecp5", cell("DP16KD", constants, **pins))
    assert found["connections"] == {
        "ADA0": ["0"],
        "CEA": ["0"],
        "OCEA": ["1"],
        "CLKA": [3],
        "CLKB": [4],
    }
    assert found["parameters"] == {"CLKAMUX": "INV"}  # inverts a connected pin


def test_a_register_takes_its_data_from_where_it_was_placed() -> None:
    pins = {"DI": ("input", None), "M": ("input", 9), "LSR": ("input", None), "Q": ("output", 2)}
    found = prepared("ecp5", cell("TRELLIS_FF", {"SD": "0 ", "CEMUX": "CE"}, **pins))
    assert found["connections"] == {"DI": [9], "M": [9], "LSR": ["0"], "Q": [2]}
    assert found["parameters"] == {"CEMUX": "CE", "LSRMUX": "LSR"}


def test_a_beat_in_another_cycle_than_the_rtls_is_refused() -> None:
    context: Any = SimpleNamespace(description={"outputs": [{"port": "m_axis"}]})

    def run(cycles: list[int]) -> Any:
        return SimpleNamespace(beat_cycles=(np.array(cycles),))

    hardware.same_cycles(context, "the netlist", run([7, 9, 12]), run([7, 9, 12]))
    with pytest.raises(CheckFailedError, match=r"beat 2 of m_axis leaves in cycle 13, .* cycle 12"):
        hardware.same_cycles(context, "the netlist", run([7, 9, 13]), run([7, 9, 12]))


def test_pads_become_wires() -> None:
    pins = {"B": ("inout", 3), "I": ("input", None), "O": ("output", 4)}
    wire = prepared("ecp5", cell("TRELLIS_IO", {"DIR": "INPUT"}, **pins))
    assert wire["connections"] == {"A": [3], "Y": [4]}


@pytest.mark.parametrize(
    ("family", "one", "message"),
    [
        ("ecp5", cell("TRELLIS_IO", {"DIR": "BIDIR"}, B=("inout", 1)), "has DIR BIDIR"),
        ("ecp5", cell("TRELLIS_IO", {"DIR": "OUTPUT"}, T=("input", 1)), "uses T"),
        ("ecp5", cell("DCCA", CE=("input", 1)), "uses CE"),
        ("ice40", cell("SB_IO", {"PIN_TYPE": f"{0:032b}"}), "has PIN_TYPE 0"),
        ("ice40", cell("SB_IO", OUTPUT_ENABLE=("input", 1)), "uses OUTPUT_ENABLE"),
    ],
)
def test_what_is_not_modelled_is_refused(family: str, one: Any, message: str) -> None:
    with pytest.raises(NotRunError, match=f"{one['type']} one {message}"):
        prepared(family, one)


def placed_pads() -> dict[str, Any]:
    """Return a placed design with one input of two bits and one output."""
    cells = {}
    for name, place, bit in (
        ("a0", "X0/Y3/io1", 10),
        ("a1", "X5/Y0/io0", 11),
        ("y", "X9/Y33/io0", 12),
    ):
        cells[name] = cell("SB_IO", PACKAGE_PIN=("inout", bit))
        cells[name]["attributes"]["NEXTPNR_BEL"] = place
    ports = {
        "a": {"direction": "input", "bits": [10, 11]},
        "y": {"direction": "output", "bits": [12]},
    }
    return {"modules": {"top": {"ports": ports, "cells": cells}}}


def test_ports_meet_their_pads() -> None:
    chip = Chip("", {"io_0_3_1": "input", "io_9_33_0": "output"})
    text = shell_of("design", placed_pads(), chip)
    assert ".io_0_3_1(a[0])" in text
    assert ".io_9_33_0(y[0])" in text
    assert "assign" not in text
    assert "assign y[0] = 1'b0;" in shell_of("design", placed_pads(), Chip("", {}))


@pytest.mark.parametrize("ports", [{"io_1_1_1": "input"}, {"io_9_33_0": "input"}])
def test_a_foreign_pad_is_refused(ports: dict[str, str]) -> None:
    with pytest.raises(CheckFailedError, match=f"pad {next(iter(ports))} as input; nextpnr placed"):
        shell_of("design", placed_pads(), Chip("", ports))


def test_made_once_for_the_same(tmp_path: Path) -> None:
    source, result = tmp_path / "source", tmp_path / "result.json"
    source.write_text("1")
    made: list[str] = []

    def make() -> None:
        made.append(source.read_text())
        result.write_text("")

    for text, setting in (("1", 1), ("1", 1), ("2", 1), ("2", 2), ("2", 2)):
        source.write_text(text)
        gates.make_once(result, [source], [setting], make)
    assert made == ["1", "2", "2"]
    result.unlink()
    gates.make_once(result, [source], [2], make)
    assert len(made) == 4


def context(folder: Path, family: str) -> Context:
    write_json(folder / "rtl.json", {"top": "digits_mlp", "sources": []})
    return Context(load("digits_mlp"), folder, Options(family=family))


def test_families_that_cannot_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunError, match="'spartan' has no cell models to simulate; choose ecp5"):
        netlist.run(context(tmp_path, "spartan"))
    with pytest.raises(NotApplicableError, match="take --family ice40"):
        bitstream.run(context(tmp_path, "ecp5"))


def test_more_ports_than_pins_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wide.json"
    ports = {"s_axis_tdata": {"direction": "input", "bits": list(range(207))}}
    write_json(path, {"modules": {"digits_mlp": {"ports": ports}}})
    monkeypatch.setattr(placed, "synthesised", lambda _: path)
    with pytest.raises(NotRunError, match="are 207 bits, and HX8K, CT256 has 206 pins; take fewer"):
        placed.run(context(tmp_path, "ice40"))


@pytest.mark.parametrize(("says", "tried"), [("Failed to route arc 0.0", 2), ("no room", 1)])
def test_what_does_not_route_is_placed_anew(
    says: str, tried: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ice40.json"
    write_json(path, {"modules": {"digits_mlp": {"ports": {}}}})
    monkeypatch.setattr(placed, "synthesised", lambda _: path)
    seeds: list[int] = []

    def place(netlist: Path, family: str, seed: int, target_mhz: float) -> None:
        seeds.append(seed)
        if len(seeds) == 1:
            raise CheckFailedError(f"nextpnr-ice40, seed {seed} ended: ERROR: {says}")
        routed_files(netlist, family).netlist.write_text("{}")

    monkeypatch.setattr("gatewright.tools.nextpnr.place", place)
    monkeypatch.setattr("gatewright.tools.nextpnr.find", lambda family: [family])
    if tried == 1:
        with pytest.raises(NotRunError, match=r"HX8K, CT256 does not take .*no room"):
            placed.placed(context(tmp_path, "ice40"))
    else:
        assert placed.placed(context(tmp_path, "ice40")).netlist.is_file()
    assert len(set(seeds)) == tried


def test_a_missing_tool_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("gatewright.tools.icestorm._DEBIAN", tmp_path / "nothing")
    with pytest.raises(NotRunError, match="icebox_vlog is missing; install it: sudo apt-get"):
        bitstream.run(context(tmp_path, "ice40"))
