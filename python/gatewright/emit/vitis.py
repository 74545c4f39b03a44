"""What Vitis HLS is given, and the adapter from the RTL that it makes to the benches' ports."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatewright.emit.environment import environment
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.graph import StreamType
from gatewright.tools.vitis import Port
from gatewright.version import __version__


@dataclass(frozen=True)
class Data:
    """A port of the core that carries elements.

    Attributes:
        name: Of the port.
        bits: Of the port.
        first: Number of its first element.
        elements: It carries at once.
        valid: The output that says when it does; empty for inputs and streams.
    """

    name: str
    bits: int
    first: int
    elements: int
    valid: str = ""

    @property
    def slot(self) -> int:
        """Bits that an element has in it."""
        return self.bits // self.elements


@dataclass(frozen=True)
class Core:
    """The module that Vitis HLS made.

    Attributes:
        top: Its name.
        streams: It has AXI4-Streams, else whole frames with ap_vld.
        inputs: Ports that carry the sample.
        outputs: Ports that carry the result.
        connections: Of all its ports, by name.
    """

    top: str
    streams: bool
    inputs: tuple[Data, ...]
    outputs: tuple[Data, ...]
    connections: Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """A stream of the adapter: elements of a frame, their bits, whether they have a sign."""

    elements: int
    width: int
    signed: bool

    @classmethod
    def of(cls, kind: StreamType) -> "Side":
        """Return the side that carries a tensor."""
        return cls(kind.size, kind.format.width, kind.format.signed)

    @property
    def bus(self) -> int:
        """Bits of a beat."""
        return next(bits for bits in (8, 16, 32, 64) if bits >= self.width)

    @property
    def extended(self) -> str:
        """The cast that extends an element."""
        return "signed'" if self.signed else "unsigned'"


def render_script(top: str, firmware: str, part: str, clock_ns: float) -> str:
    """Return the Tcl script that builds the firmware in a folder, named relative to the script."""
    template = environment().get_template("vitis.tcl.j2")
    return template.render(
        version=__version__, top=top, firmware=firmware, part=part, clock_ns=clock_ns
    )


def core_of(
    top: str, header: str, types: str, ports: Mapping[str, Port], source: Side, sink: Side
) -> Core:
    """Work out how the core is to be connected.

    Args:
        top: Its name.
        header: Text of the firmware's ``<top>.h``: the arguments.
        types: Text of its ``defines.h``: elements per beat of a stream.
        ports: Of the RTL.
        source: What goes in.
        sink: What comes out.

    Raises:
        GatewrightError: several inputs or outputs.
        CheckFailedError: a port is not there or has other bits than its elements need.
    """
    code = re.sub(r"//.*", "", header)
    streams = re.findall(r"hls::stream<(\w+)>\s*&\s*(\w+)", code)
    arrays = re.findall(r"^\s*\w+ (\w+)\[[^\]]+\]", code, re.MULTILINE)
    names = [name for _, name in streams] or arrays
    if len(names) != 2:
        raise GatewrightError(
            f"{top}: the firmware has the arguments {', '.join(names) or 'none'}; the adapter "
            "takes one input and one output: concatenate them in the network"
        )
    clocks = {"ap_clk": "clk_i", "ap_rst": "!rst_ni", "ap_rst_n": "rst_ni"}
    connections = {name: value for name, value in clocks.items() if name in ports}
    inputs: tuple[Data, ...]
    outputs: tuple[Data, ...]
    if streams:
        groups = [_group(types, kind) for kind, _ in streams]
        found = [
            Data(f"{name}_TDATA", _bits(ports, f"{name}_TDATA"), 0, group)
            for (_, name), group in zip(streams, groups, strict=True)
        ]
        connections |= {
            "ap_start": "1'b1",
            f"{names[0]}_TVALID": "state_q == Run && fed_q != In / InGroup",
            f"{names[0]}_TREADY": "core_in_tready",
            f"{names[1]}_TVALID": "core_out_tvalid",
            f"{names[1]}_TREADY": "state_q == Run && !finished",
        }
        inputs, outputs = (found[0],), (found[1],)
    else:
        inputs = tuple(_data(names[0], ports, source))
        outputs = tuple(_data(names[1], ports, sink, valid=True))
        connections |= {"ap_start": "state_q == Run && !started_q"}
        connections |= {"ap_ready": "ready", "ap_done": "done"}
        connections |= {f"{port.name}_ap_vld": "state_q == Run && !started_q" for port in inputs}
        connections |= {port.valid: port.valid for port in outputs}
    connections |= {port.name: port.name for port in (*inputs, *outputs)}
    connections = {name: value for name, value in connections.items() if name in ports}
    others = {name: port for name, port in ports.items() if name not in connections}
    connections |= {name: "" for name, port in others.items() if port.direction == "out"}
    for port, side in ((inputs[0], source), (outputs[0], sink)):
        if port.bits % port.elements or port.slot < side.width:
            raise CheckFailedError(
                f"{top}: {port.name} has {port.bits} bits, but carries {port.elements} elements of "
                f"{side.width} bits; see csynth.xml"
            )
    left = [name for name, port in others.items() if port.direction != "out"]
    if left:
        raise CheckFailedError(f"{top}: nothing is known of the inputs {', '.join(left)}")
    return Core(top, bool(streams), inputs, outputs, connections)


def _group(types: str, kind: str) -> int:
    """Return the elements of a beat of ``typedef nnet::array<ap_fixed<...>, 3*1> kind;``."""
    found = re.search(rf"typedef nnet::array<.*,\s*([\d*\s]+)>\s*{kind};", types)
    if found is None:
        raise CheckFailedError(f"defines.h: no nnet::array is called {kind}")
    product = 1
    for factor in found[1].split("*"):
        product *= int(factor)
    return product


def _data(name: str, ports: Mapping[str, Port], side: Side, valid: bool = False) -> Iterator[Data]:
    """Yield the ports of an array: one of all its elements, or one for each."""
    parts = [port for port in ports if re.fullmatch(rf"{name}_\d+", port)]
    parts.sort(key=lambda port: int(port.rpartition("_")[2]))
    parts = parts or [name]
    each = side.elements // len(parts)
    for index, part in enumerate(parts):
        known = f"{part}_ap_vld" if valid else ""
        yield Data(part, _bits(ports, part), index * each, each, known)


def _bits(ports: Mapping[str, Port], name: str) -> int:
    if name not in ports:
        raise CheckFailedError(f"Vitis HLS made no port {name}, but {', '.join(ports) or 'none'}")
    return ports[name].bits


def render_adapter(name: str, core: Core, source: Side, sink: Side) -> str:
    """Return the text of the adapter."""
    template = environment().get_template("vitis_adapter.sv.j2")
    return template.render(version=__version__, name=name, core=core, source=source, sink=sink)
