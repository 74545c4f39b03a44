"""The bench around one or more devices: a source and a sink at the simulator's speed for each.

The bench is emitted, not written once with macros: so every signal in it and in a waveform has a
plain name, and the devices keep their named ports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template

TOP = "gatewright_bench"


@dataclass(frozen=True, kw_only=True)
class Device:
    """A module between sources and sinks, one for each of its streams.

    Attributes:
        module: Its name.
        in_width: Bits of s_axis_tdata; with ``last_in_data`` the highest of them is tlast.
        out_width: Bits of m_axis_tdata; likewise.
        inputs: Prefix and width of each stream in, where it is not s_axis alone.
        outputs: Prefix and width of each stream out, where it is not m_axis alone.
        parameters: Values for its parameters, as SystemVerilog text.
        last_in_data: It has no tlast ports: tlast travels as the highest bit of tdata.
        user: Its streams out have a tuser.
        pulses: Output ports whose pulses are counted and noted down with each output beat.
        notes: Signals inside it, up to 64 bits, noted down likewise, after the pulses.
        taps: Prefix and width of streams inside it whose beats are written down too.
    """

    module: str
    in_width: int = 0
    out_width: int = 0
    inputs: tuple[tuple[str, int], ...] = ()
    outputs: tuple[tuple[str, int], ...] = ()
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    last_in_data: bool = False
    user: bool = False
    pulses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    taps: tuple[tuple[str, int], ...] = ()

    @property
    def note_count(self) -> int:
        """Values noted down with each output beat, at least one."""
        return max(len(self.pulses) + len(self.notes), 1)

    @property
    def streams_in(self) -> tuple[tuple[str, int], ...]:
        """Prefix and width of each stream in."""
        return self.inputs or (("s_axis", self.in_width),)

    @property
    def streams_out(self) -> tuple[tuple[str, int], ...]:
        """Prefix and width of each stream out."""
        return self.outputs or (("m_axis", self.out_width),)


def emit(devices: Sequence[Device]) -> str:
    """Return the SystemVerilog of a bench.

    Sources and sinks are numbered through all devices: source k reads source<k>.bin, sink k writes
    sink<k>_*.bin. Taps are sinks behind the last.
    """
    sources = sum(len(device.streams_in) for device in devices)
    sinks = sum(len(device.streams_out) for device in devices)
    bodies, source, sink, tap = [], 0, 0, sinks
    for index, device in enumerate(devices):
        bodies.append(_device(index, device, source, sink, tap))
        tap += len(device.taps)
        source += len(device.streams_in)
        sink += len(device.streams_out)
    return _BENCH.substitute(top=TOP, sources=sources, sinks=sinks, bodies="\n".join(bodies))


def _device(index: int, device: Device, first_source: int, first_sink: int, first_tap: int) -> str:
    notes = [f"{port}_count" for port in device.pulses]
    notes += [f"64'(u_device.{name})" for name in device.notes]
    text, ports = "", [f".{port}({port})" for port in device.pulses]
    less = int(device.last_in_data)
    for k, (prefix, width) in enumerate(device.streams_in):
        text += _SOURCE.substitute(k=k, width=width - less, index=first_source + k)
        ports += _ports(prefix, f"s{k}", device.last_in_data)
    for k, (prefix, width) in enumerate(device.streams_out):
        ports += _ports(prefix, f"m{k}", device.last_in_data)
        if device.user:
            ports.append(f".{prefix}_tuser(m{k}_tuser)")
        text += _SINK.substitute(
            k=k,
            width=width - less,
            index=first_sink + k,
            note_count=device.note_count,
            notes=", ".join(reversed(notes)) or "64'd0",
            no_user="" if device.user else f"    assign m{k}_tuser = 1'b0;\n",
        )
    parameters = ",\n".join(f"      .{k}({v})" for k, v in device.parameters.items())
    return _DEVICE.substitute(
        index=index,
        module=device.module,
        streams=text,
        ports=",\n      ".join(ports),
        parameters=f" #(\n{parameters}\n    )" if parameters else "",
        taps="".join(
            _TAP.substitute(k=k, name=name, width=width, index=first_tap + k)
            for k, (name, width) in enumerate(device.taps)
        ),
        pulse_signals="".join(_PULSE.substitute(port=port) for port in device.pulses),
    )


def _ports(prefix: str, signal: str, last_in_data: bool) -> list[str]:
    """Return the connections of one stream."""
    data = f"{{{signal}_tlast, {signal}_tdata}}" if last_in_data else f"{signal}_tdata"
    last = [] if last_in_data else [f".{prefix}_tlast({signal}_tlast)"]
    handshake = [f".{prefix}_{side}({signal}_{side})" for side in ("tvalid", "tready")]
    return [*handshake, f".{prefix}_tdata({data})", *last]


_PULSE = Template("""\
    logic        $port;
    logic [63:0] ${port}_count;

    always @(posedge clk_i) ${port}_count <= rst_ni ? ${port}_count + 64'($port) : '0;

""")

_SOURCE = Template("""\
    logic s${k}_tvalid, s${k}_tready, s${k}_tlast;
    logic [$width-1:0] s${k}_tdata;

    stream_source #(
      .Width($width)
    ) u_source_$k (
      .clk_i,
      .rst_ni,
      .index_i(32'd$index),
      .idle_i,
      .frames_i,
      .m_axis_tvalid(s${k}_tvalid),
      .m_axis_tready(s${k}_tready),
      .m_axis_tdata(s${k}_tdata),
      .m_axis_tlast(s${k}_tlast),
      .frames_o(sent_o[$index]),
      .first_beat_o(first_beat_o[$index])
    );

    assign offered_o[$index] = s${k}_tvalid && !s${k}_tready;

""")

_SINK = Template("""\
    logic m${k}_tvalid, m${k}_tready, m${k}_tlast, m${k}_tuser;
    logic [$width-1:0] m${k}_tdata;

$no_user    stream_sink #(
      .Width($width),
      .Notes($note_count)
    ) u_sink_$k (
      .clk_i,
      .rst_ni,
      .index_i(32'd$index),
      .stall_i,
      .phase_i,
      .s_axis_tvalid(m${k}_tvalid),
      .s_axis_tready(m${k}_tready),
      .s_axis_tdata(m${k}_tdata),
      .s_axis_tlast(m${k}_tlast),
      .s_axis_tuser(m${k}_tuser),
      .note_i({$notes}),
      .beats_o(beats_o[$index]),
      .frames_o(received_o[$index])
    );

    assign held_o[$index] = m${k}_tvalid && !m${k}_tready;

""")

_DEVICE = Template("""\
  begin : gen_device_$index
$pulse_signals$streams    $module$parameters u_device (
      .clk_i,
      .rst_ni,
      $ports
    );
$taps  end
""")

_TAP = Template("""\

    stream_sink #(
      .Width($width),
      .Rules(1'b0)
    ) u_tap_$k (
      .clk_i,
      .rst_ni,
      .index_i(32'd$index),
      .stall_i(9'd0),
      .phase_i,
      .s_axis_tvalid(u_device.${name}_tvalid && u_device.${name}_tready),
      .s_axis_tready(),
      .s_axis_tdata(u_device.${name}_tdata),
      .s_axis_tlast(u_device.${name}_tlast),
      .s_axis_tuser(1'b0),
      .note_i(64'd0),
      .beats_o(),
      .frames_o()
    );
""")

_BENCH = Template("""\
// Bench: each device between sources and sinks. The ports are read and driven from cocotb.
module $top (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic [7:0]        idle_i,    // of the sources, in 1/256
  input  logic [8:0]        stall_i,   // of the sinks, in 1/256
  input  logic [31:0]       phase_i,   // names the sinks' files
  input  logic [31:0]       frames_i,  // frames each source may start
  output logic [$sources-1:0][31:0] sent_o,        // frames each source has sent
  output logic [$sinks-1:0][31:0] received_o,      // frames each sink has taken
  output logic [$sinks-1:0][31:0] beats_o,         // beats each sink has taken
  output logic [$sources-1:0][63:0] first_beat_o,  // cycle in which the first beat went in
  output logic [$sources-1:0]       offered_o,     // the source waits for the device
  output logic [$sinks-1:0]         held_o         // the device waits for the sink
);

$bodies
endmodule
""")
