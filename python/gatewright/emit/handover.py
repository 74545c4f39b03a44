"""What goes with a design that is handed over: bench, template, FuseSoC core, IP-XACT."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gatewright.emit.environment import environment
from gatewright.fixed import IntArray
from gatewright.tools.beats import pack, to_beats
from gatewright.version import __version__

_SIGNALS = ("tvalid", "tready", "tdata", "tlast")


@dataclass(frozen=True)
class _Port:
    """A stream as the templates print it; ``beats`` are those of all samples."""

    name: str
    is_input: bool
    bits: int
    beats: int
    beats_per_frame: int
    elements: int
    lanes: int
    format: str

    @property
    def signals(self) -> tuple[str, ...]:
        return _SIGNALS if self.is_input else (*_SIGNALS, "tuser")


def render_package(
    description: Mapping[str, Any], inputs: IntArray, expected: IntArray
) -> dict[str, str]:
    """Return the files beside RTL and memories.

    Args:
        description: The content of ``rtl.json``.
        inputs: Integers [samples, elements] that the bench sends.
        expected: Integers [samples, outputs] that must come out.
    """
    top, samples = str(description["top"]), len(inputs)
    sides = {"inputs": inputs, "outputs": expected}
    ports = {side: [_port(port, side, samples) for port in description[side]] for side in sides}
    wires = [("clk_i", "in", 1), ("rst_ni", "in", 1)]
    for port in [*ports["inputs"], *ports["outputs"]]:
        wires += [
            (
                f"{port.name}_{signal}",
                "in" if port.is_input != (signal == "tready") else "out",
                port.bits if signal == "tdata" else 1,
            )
            for signal in port.signals
        ]
    wires += [("frame_short_o", "out", 1), ("frame_long_o", "out", 1)]
    longest = sum(block["cycles"] for block in description["blocks"])
    values = {
        "version": __version__,
        "top": top,
        "samples": samples,
        "timeout": 40 * (samples + 2) * int(longest) + 100_000,
        "wires": wires,
        "sources": description["sources"],
        "memories": description["memories"],
        **ports,
    }
    names = {
        f"tb/{top}_tb.sv": "package_tb.sv.j2",
        f"{top}_instance.sv": "package_instance.sv.j2",
        "component.xml": "package_ipxact.xml.j2",
        "README.md": "package_readme.md.j2",
    }
    files = {
        path: environment().get_template(template).render(**values)
        for path, template in names.items()
    }
    files["files.f"] = "".join(f"rtl/{name}\n" for name in description["sources"])
    files[f"{top}.core"] = _fusesoc(description)
    for side, values_of in sides.items():
        first = 0
        for port in description[side]:
            part = values_of[:, first : first + port["elements"]]
            first += port["elements"]
            files[f"tb/{port['port']}.hex"] = _beats(part, port)
    return files


def _port(port: Mapping[str, Any], side: str, samples: int) -> _Port:
    return _Port(
        name=port["port"],
        is_input=side == "inputs",
        bits=port["lanes"] * port["bus_bits_per_element"],
        beats=port["beats"] * samples,
        beats_per_frame=port["beats"],
        elements=port["elements"],
        lanes=port["lanes"],
        format=port["format"],
    )


def _beats(samples: IntArray, port: Mapping[str, Any]) -> str:
    """Return the beats for ``$readmemh``: a byte with tlast, then tdata."""
    lanes, last = to_beats(samples, port["lanes"])
    data = pack(lanes, port["bus_bits_per_element"])[:, ::-1]
    rows = zip(last, data, strict=True)
    return "".join(f"{int(end):02x}{row.tobytes().hex()}\n" for end, row in rows)


def _fusesoc(description: Mapping[str, Any]) -> str:
    """Return the FuseSoC core file (CAPI 2)."""
    top = str(description["top"])
    memories = [{name: {"copyto": name}} for name in description["memories"]]
    vectors = [
        {f"tb/{port['port']}.hex": {"copyto": f"tb/{port['port']}.hex"}}
        for side in ("inputs", "outputs")
        for port in description[side]
    ]
    core = {
        "name": f"gatewright:networks:{top}:1.0.0",
        "description": f"{top}, a neural network on AXI4-Streams",
        "filesets": {
            "rtl": {
                "files": [f"rtl/{name}" for name in description["sources"]],
                "file_type": "systemVerilogSource",
            },
            "memories": {"files": memories, "file_type": "user"},
            "tb": {"files": [f"tb/{top}_tb.sv"], "file_type": "systemVerilogSource"},
            "vectors": {"files": vectors, "file_type": "user"},
        },
        "targets": {
            "default": {"filesets": ["rtl", "memories"], "toplevel": top},
            "sim": {
                "default_tool": "verilator",
                "filesets": ["rtl", "memories", "tb", "vectors"],
                "toplevel": f"{top}_tb",
                "tools": {
                    "verilator": {
                        "mode": "binary",
                        "verilator_options": ["--timing", "--timescale 1ns/1ps"],
                    }
                },
            },
        },
    }
    return "CAPI=2:\n" + yaml.safe_dump(core, sort_keys=False)
