"""Writes NNgen's core of a network and a test bench, in a process and a folder of its own.

``python -m gatewright.rivals.nngen_worker '{"shifts": [9, 0], ...}'`` reads ``network.npz`` of the
working folder and writes there ``core.v``, ``bench.v`` (the core included) and the bench's memory
image. The keys of the JSON are the fields of ``Request``.

Source:
    NNgen 1.3.4, its operators ``matmul`` and ``relu`` and the way its examples build a test bench.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nngen
import numpy as np
import veriloggen
from veriloggen import simulation, thread
from veriloggen.types import axi

from gatewright.fixed import IntArray

TOP = "core"
BENCH = "bench"
_CHUNK = 64  # bytes to which NNgen aligns what stands in memory
_WORD = 32
_RESET = 100


@dataclass(frozen=True)
class Request:
    """What to build.

    Attributes:
        shifts: Of each layer: see ``Int8Layer``.
        columns: Inputs of a row multiplied at once.
        rows: Rows computed at once.
        bus: Bits of the AXI bus to memory.
        pauses: The memory pauses as NNgen's model does if it is told nothing; else never.
    """

    shifts: list[int]
    columns: int
    rows: int
    bus: int
    pauses: bool


def main() -> None:
    """Write the core and the bench."""
    request = Request(**json.loads(sys.argv[1]))
    with np.load("network.npz") as archive:
        arrays = dict(archive)
    source, last = _network(arrays, request)
    core = nngen.to_veriloggen([last], TOP, silent=True, config={"maxi_datawidth": request.bus})
    Path("core.v").write_text(core.to_verilog(), encoding="utf-8")
    bench = _bench(core, source, last, arrays["samples"], request)
    Path("bench.v").write_text(bench.to_verilog(), encoding="utf-8")


def _network(arrays: dict[str, IntArray], request: Request) -> tuple[Any, Any]:
    """Return NNgen's nodes of the input and of the output."""
    source = nngen.placeholder(nngen.int8, shape=(1, arrays["weight0"].shape[1]), name="source")
    value: Any = source
    for index, shift in enumerate(request.shifts):
        weight, bias = arrays[f"weight{index}"], arrays[f"bias{index}"]
        last = index == len(request.shifts) - 1
        value = nngen.matmul(
            value,
            _variable(f"weight{index}", nngen.int8, weight),
            bias=_variable(f"bias{index}", nngen.int32, bias),
            transposed_b=True,
            rshift_out=shift or None,
            act_func=None if last else nngen.relu,
            dtype=nngen.int8,
            sum_dtype=nngen.int32,
            name=f"layer{index}",
        )
        value.attribute(par_ich=request.columns, par_och=request.rows)
    return source, value


def _variable(name: str, kind: Any, values: IntArray) -> Any:
    variable = nngen.variable(kind, shape=values.shape, name=name)
    variable.set_value(values)
    return variable


def _aligned(size: int) -> int:
    return -(-size // _CHUNK) * _CHUNK


def _bench(core: Any, source: Any, last: Any, samples: IntArray, request: Request) -> Any:
    """Return a bench that runs each sample after the one before and prints cycles and outputs."""
    weights = nngen.export_ndarray([last], _CHUNK)
    steps = _aligned(source.memory_size), _aligned(last.memory_size)
    inputs = _aligned(len(weights))
    outputs = inputs + len(samples) * steps[0]
    spare = outputs + len(samples) * steps[1]
    image = np.zeros(2 * spare * 8 // _WORD, dtype=np.int64)
    axi.set_memory(image, weights, _WORD, 8, 0)
    align = max(request.bus // source.dtype.width, request.columns)
    for index, sample in enumerate(samples):
        place = inputs + index * steps[0]
        axi.set_memory(image, sample[None], _WORD, source.dtype.width, place, align)

    bench = veriloggen.Module(BENCH)
    bench.copy_params(core)
    ports = bench.copy_sim_ports(core)
    clock, reset_n = ports["CLK"], ports["RESETN"]
    reset = bench.Wire("RST")
    reset.assign(veriloggen.Not(reset_n))
    sleeps = {} if request.pauses else {"sleep_interval": 0, "keep_sleep": 0}
    memory = axi.AxiMemoryModel(
        *(bench, "memory", clock, reset),
        datawidth=request.bus,
        memimg=image,
        memimg_name="memory.hex",
        memimg_datawidth=_WORD,
        mem_addrwidth=max(20, (len(image) * _WORD // 8).bit_length()),
        **sleeps,
    )
    memory.connect(ports, "maxi")
    registers = thread.AXIMLite(bench, "registers", clock, reset, noio=True)
    registers.connect(ports, "saxi")
    timer = bench.Reg("timer", _WORD, initval=0)
    veriloggen.Seq(bench, "timer_seq", clock, reset)(timer.inc())
    words, width = steps[1] // (last.dtype.width // 8), last.dtype.width
    count, elements = len(samples), last.shape[1]

    def control() -> None:  # veriloggen makes a state machine of this function's source
        for _ in range(_RESET):
            pass
        for i in range(count):
            nngen.sim.set_global_addrs(
                registers, spare, outputs + i * steps[1], inputs + i * steps[0], 0
            )
            begin = timer.value
            nngen.sim.start(registers)
            nngen.sim.wait(registers)
            end = timer.value
            print("cycles %d" % (end - begin))  # noqa: T201, UP031 - becomes $display
            for k in range(elements):
                value = memory.read_word(i * words + k, outputs, width)
                print("output %d" % value)  # noqa: T201, UP031 - becomes $display
        thread.finish()

    thread.Thread(bench, "control", clock, reset, control).start()
    bench.Instance(core, "core_under_test", bench.connect_params(core), bench.connect_ports(core))
    simulation.setup_clock(bench, clock, hperiod=5)
    simulation.setup_reset(bench, reset_n, bench.make_reset(), period=_RESET, polarity="low")
    return bench


if __name__ == "__main__":
    main()
