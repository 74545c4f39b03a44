"""What Vitis HLS would leave for a layer: csynth.xml and Verilog, with frames or with streams."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gatewright.graph import Graph
from gatewright.reference import outputs

HEADERS = {
    "parallel": "void {top}(\n    input_t x[{ins}],\n    result_t layer2_out[{outs}]\n);\n",
    "stream": "void {top}(\n    hls::stream<input_t> &x,\n"
    "    hls::stream<result_t> &layer2_out\n);\n",
}
GROUP, SLOT, OUT_SLOT = 4, 8, 32  # of the streams: elements a beat, bits each has
CSYNTH = """<?xml version="1.0" encoding="UTF-8"?>
<profile>
<section name = "Vitis HLS Report for '{top}'" level="0"/>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<UserAssignments><unit>ns</unit><Part>xc7z020-clg400-1</Part>
<TargetClockPeriod>10.00</TargetClockPeriod><ClockUncertainty>2.70</ClockUncertainty></UserAssignments>
<PerformanceEstimates><PipelineType>dataflow</PipelineType>
<SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>7.251</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency><unit>clock cycles</unit><Best-caseLatency>{best}</Best-caseLatency>
<Average-caseLatency>{best}</Average-caseLatency><Worst-caseLatency>{worst}</Worst-caseLatency>
<Best-caseRealTimeLatency>0.130 us</Best-caseRealTimeLatency>
<DataflowPipelineThroughput>9</DataflowPipelineThroughput>
<Interval-min>9</Interval-min><Interval-max>{worst}</Interval-max></SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates><Resources><BRAM_18K>3</BRAM_18K><DSP>12</DSP><FF>2045</FF><LUT>6123</LUT>
<URAM>0</URAM></Resources><AvailableResources><BRAM_18K>280</BRAM_18K><DSP>220</DSP>
<FF>106400</FF><LUT>53200</LUT><URAM>0</URAM></AvailableResources></AreaEstimates>
<InterfaceSummary>
{ports}
</InterfaceSummary>
</profile>
"""
PORT = """<RtlPorts><name>{name}</name><Object>{top}</Object><Type>return value</Type>
<IOProtocol>ap_ctrl_hs</IOProtocol><Dir>{way}</Dir><Bits>{bits}</Bits></RtlPorts>"""


def firmware(folder: Path, kind: str, top: str, ins: int, outs: int) -> None:
    """Write the two files of the firmware that are read."""
    folder.mkdir(parents=True)
    (folder / f"{top}.h").write_text(HEADERS[kind].format(top=top, ins=ins, outs=outs))
    (folder / "defines.h").write_text(
        f"typedef nnet::array<ap_ufixed<4,4>, {GROUP}*1> input_t;\n"
        f"typedef nnet::array<ap_fixed<20,11>, {outs}*1> result_t;\n"
    )


def project(folder: Path, kind: str, graph: Graph, width: int, wrong: int = 0) -> None:
    """Write the project: a layer without rounding is linear, so units give its matrix.

    Args:
        folder: Of the project.
        kind: ``parallel`` or ``stream``.
        graph: One layer.
        width: Bits of an output.
        wrong: Added to the first output.
    """
    ins = graph.nodes[0].out.size
    samples = np.concatenate([np.zeros((1, ins), dtype=np.int64), np.eye(ins, dtype=np.int64)])
    values = outputs(graph, samples)
    bias, matrix = values[0], (values[1:] - values[0]).T
    outs = len(bias)
    ports = {"ap_clk": ("in", 1), "ap_start": ("in", 1)}
    ports |= dict.fromkeys(("ap_done", "ap_idle", "ap_ready"), ("out", 1))
    if kind == "parallel":
        ports |= {"ap_rst": ("in", 1), "x": ("in", 4 * ins), "x_ap_vld": ("in", 1)}
        for k in range(outs):
            ports |= {f"layer2_out_{k}": ("out", width), f"layer2_out_{k}_ap_vld": ("out", 1)}
    else:
        ports |= {"ap_rst_n": ("in", 1), "x_TDATA": ("in", GROUP * SLOT), "x_TVALID": ("in", 1)}
        ports |= {"x_TREADY": ("out", 1), "layer2_out_TDATA": ("out", outs * OUT_SLOT)}
        ports |= {"layer2_out_TVALID": ("out", 1), "layer2_out_TREADY": ("in", 1)}
    report, verilog = (folder / "solution1" / "syn" / name for name in ("report", "verilog"))
    report.mkdir(parents=True)
    verilog.mkdir()
    top = graph.name
    lines = "\n".join(
        PORT.format(top=top, name=name, way=way, bits=bits) for name, (way, bits) in ports.items()
    )
    latency = {"parallel": (13, 13), "stream": (7, 9)}[kind]
    text = CSYNTH.format(top=top, ports=lines, best=latency[0], worst=latency[1])
    (report / "csynth.xml").write_text(text)
    rows = [f"{value & 0xFFFFFFFF:08x}" for value in [*bias, *matrix.reshape(-1)]]
    (verilog / f"{top}_w_rom.dat").write_text("\n".join(rows) + "\n")
    body = (_frames if kind == "parallel" else _streams)(ins, outs, width, wrong)
    (verilog / f"{top}.v").write_text(_module(top, ports, ins, outs) + body + "endmodule\n")


def _module(top: str, ports: Mapping[str, tuple[str, int]], ins: int, outs: int) -> str:
    declared = "".join(f"{way}put  [{bits - 1}:0] {name};\n" for name, (way, bits) in ports.items())
    return (
        f"`timescale 1 ns / 1 ps\nmodule {top} ({', '.join(ports)});\n{declared}"
        f"reg [31:0] rom [0:{outs * (ins + 1) - 1}];\n"
        f'initial $readmemh("./{top}_w_rom.dat", rom);\n'
        f"reg [31:0] sample [0:{ins - 1}];\nreg signed [31:0] y [0:{outs - 1}];\ninteger i, k;\n"
        f"always @* for (k = 0; k < {outs}; k = k + 1) begin\n  y[k] = rom[k];\n"
        f"  for (i = 0; i < {ins}; i = i + 1)\n"
        f"    y[k] = y[k] + rom[{outs} + k * {ins} + i] * sample[i];\n"
        "end\n"
    )


def _frames(ins: int, outs: int, width: int, wrong: int) -> str:
    drive = "".join(
        f"assign layer2_out_{k} = valid ? y[{k}] + {wrong if k == 0 else 0} : {width}'bx;\n"
        f"assign layer2_out_{k}_ap_vld = valid;\n"
        for k in range(outs)
    )
    return (
        "reg [3:0] count; reg busy; wire valid = busy && count == 11;\n"
        "assign ap_ready = busy && count == 5; assign ap_done = busy && count == 12;\n"
        "assign ap_idle = !busy;\n"
        "always @(posedge ap_clk) begin\n"
        "  if (ap_rst) begin busy <= 0; count <= 0; end\n"
        "  else if (!busy && ap_start && x_ap_vld) begin\n    busy <= 1; count <= 0;\n"
        f"    for (i = 0; i < {ins}; i = i + 1) sample[i] <= x[i * 4 +: 4];\n  end\n"
        "  else if (busy) begin count <= count + 1; if (count == 12) busy <= 0; end\n"
        "end\n"
    ) + drive


def _streams(ins: int, outs: int, width: int, wrong: int) -> str:
    parts = ", ".join(
        f"{{{OUT_SLOT - width}'h5, y{k}}}" if width < OUT_SLOT else f"y{k}"
        for k in reversed(range(outs))
    )
    wires = "".join(
        f"wire [{width - 1}:0] y{k} = y[{k}] + {wrong if k == 0 else 0};\n" for k in range(outs)
    )
    return wires + (
        "reg [7:0] got; reg full;\n"
        "assign x_TREADY = !full; assign layer2_out_TVALID = full;\n"
        f"assign layer2_out_TDATA = {{{parts}}};\n"
        "assign ap_done = 0; assign ap_idle = 0; assign ap_ready = 0;\n"
        "always @(posedge ap_clk) begin\n"
        "  if (x_TVALID && x_TREADY) begin\n"
        f"    for (i = 0; i < {GROUP}; i = i + 1)\n"
        f"      sample[got * {GROUP} + i] <= x_TDATA[i * {SLOT} +: 4];\n"
        f"    got <= got + 1; if (got == {ins // GROUP - 1}) begin got <= 0; full <= 1; end\n"
        "  end\n"
        "  if (full && layer2_out_TREADY) full <= 0;\n"
        "  if (!ap_rst_n) begin got <= 0; full <= 0; end\n"
        "end\n"
    )
