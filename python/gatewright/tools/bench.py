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
    """A module between a source and a sink.

    Attributes:
        module: Its name.
        in_width: Bits of s_axis_tdata; with ``last_in_data`` the highest of them is tlast.
        out_width: Bits of m_axis_tdata; likewise.
        parameters: Values for its parameters, as SystemVerilog text.
        last_in_data: It has no tlast ports: tlast travels as the highest bit of tdata.
        user: It has an m_axis_tuser.
        pulses: Output ports whose pulses are counted and noted down with each output beat.
        notes: Signals inside it, up to 64 bits, noted down likewise, after the pulses.
    """

    module: str
    in_width: int
    out_width: int
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    last_in_data: bool = False
    user: bool = False
    pulses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def note_count(self) -> int:
        """Values noted down with each output beat, at least one."""
        return max(len(self.pulses) + len(self.notes), 1)


def emit(devices: Sequence[Device]) -> str:
    """Return the SystemVerilog of a bench; device k reads source<k>.bin, writes sink<k>_*.bin."""
    bodies = "\n".join(_device(index, device) for index, device in enumerate(devices))
    return _BENCH.substitute(top=TOP, count=len(devices), bodies=bodies)


def _device(index: int, device: Device) -> str:
    in_last, out_last = "s_tlast", "m_tlast"
    data_in, data_out = device.in_width, device.out_width
    lasts = "      .s_axis_tlast(s_tlast),\n      .m_axis_tlast(m_tlast),\n"
    in_data, out_data = "s_tdata", "m_tdata"
    if device.last_in_data:
        data_in, data_out, lasts = data_in - 1, data_out - 1, ""
        in_data, out_data = f"{{{in_last}, s_tdata}}", f"{{{out_last}, m_tdata}}"
    user = "      .m_axis_tuser(m_tuser),\n" if device.user else ""
    pulses = "".join(f"      .{port}({port}),\n" for port in device.pulses)
    parameters = ",\n".join(f"      .{k}({v})" for k, v in device.parameters.items())
    notes = [f"{port}_count" for port in device.pulses]
    notes += [f"64'(u_device.{name})" for name in device.notes]
    return _DEVICE.substitute(
        index=index,
        module=device.module,
        in_width=data_in,
        out_width=data_out,
        in_data=in_data,
        out_data=out_data,
        ports=lasts + user + pulses,
        parameters=f" #(\n{parameters}\n    )" if parameters else "",
        no_user="" if device.user else "    assign m_tuser = 1'b0;\n",
        pulse_signals="".join(_PULSE.substitute(port=port) for port in device.pulses),
        note_count=device.note_count,
        notes=", ".join(reversed(notes)) or "64'd0",
    )


_PULSE = Template("""\
    logic        $port;
    logic [63:0] ${port}_count;

    always @(posedge clk_i) ${port}_count <= rst_ni ? ${port}_count + 64'($port) : '0;

""")

_DEVICE = Template("""\
  begin : gen_device_$index
    logic s_tvalid, s_tready, s_tlast;
    logic m_tvalid, m_tready, m_tlast, m_tuser;
    logic [$in_width-1:0] s_tdata;
    logic [$out_width-1:0] m_tdata;

    stream_source #(
      .Width($in_width)
    ) u_source (
      .clk_i,
      .rst_ni,
      .index_i(32'd$index),
      .idle_i,
      .frames_i,
      .m_axis_tvalid(s_tvalid),
      .m_axis_tready(s_tready),
      .m_axis_tdata(s_tdata),
      .m_axis_tlast(s_tlast),
      .frames_o(sent_o[$index]),
      .first_beat_o(first_beat_o[$index])
    );

$pulse_signals$no_user    $module$parameters u_device (
      .clk_i,
      .rst_ni,
$ports      .s_axis_tvalid(s_tvalid),
      .s_axis_tready(s_tready),
      .s_axis_tdata($in_data),
      .m_axis_tvalid(m_tvalid),
      .m_axis_tready(m_tready),
      .m_axis_tdata($out_data)
    );

    stream_sink #(
      .Width($out_width),
      .Notes($note_count)
    ) u_sink (
      .clk_i,
      .rst_ni,
      .index_i(32'd$index),
      .stall_i,
      .phase_i,
      .s_axis_tvalid(m_tvalid),
      .s_axis_tready(m_tready),
      .s_axis_tdata(m_tdata),
      .s_axis_tlast(m_tlast),
      .s_axis_tuser(m_tuser),
      .note_i({$notes}),
      .beats_o(beats_o[$index]),
      .frames_o(received_o[$index])
    );

    assign offered_o[$index] = s_tvalid && !s_tready;
    assign held_o[$index]    = m_tvalid && !m_tready;
  end
""")

_BENCH = Template("""\
// Bench: each device between a source and a sink. The ports are read and driven from cocotb.
module $top (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic [7:0]        idle_i,    // of the sources, in 1/256
  input  logic [7:0]        stall_i,   // of the sinks, in 1/256
  input  logic [31:0]       phase_i,   // names the sinks' files
  input  logic [31:0]       frames_i,  // frames each source may start
  output logic [$count-1:0][31:0] sent_o,        // frames each source has sent
  output logic [$count-1:0][31:0] received_o,    // frames each sink has taken
  output logic [$count-1:0][31:0] beats_o,       // beats each sink has taken
  output logic [$count-1:0][63:0] first_beat_o,  // cycle in which the first beat went in
  output logic [$count-1:0]       offered_o,     // the source waits for the device
  output logic [$count-1:0]       held_o         // the device waits for the sink
);

$bodies
endmodule
""")
