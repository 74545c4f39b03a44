"""Cells against the logic before mapping: the same random bits into both, every cycle compared."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gatewright.tools import nextpnr, process, verilator, yosys
from gatewright.tools.nextpnr import Routed
from gatewright.verification import gates
from rtl_blocks import CACHE, RTL, SIM

BLOCKS = Path(__file__).parent / "verification" / "mapped"
MUL_REG = RTL / "arith" / "mul_reg.sv"
TOP = "mapped"
CYCLES = 20_000


@dataclass(frozen=True)
class Block:
    """A block to map.

    Attributes:
        module: Module in ``tests/verification/mapped``.
        width: Bits of its output.
        parameters: Its parameters.
        memory: Width and depth of its memory, if it has one.
    """

    module: str
    width: int
    parameters: dict[str, int | str] = field(default_factory=dict)
    memory: tuple[int, int] | None = None


def memory(kind: int, width: int, depth: int, reset: int = 0, style: str = "block") -> Block:
    """Return a memory of a kind of ``mapped_memory``."""
    parameters = {"Kind": kind, "Width": width, "Depth": depth, "Reset": reset}
    return Block("mapped_memory", width, {**parameters, "Style": f'"{style}"'}, (width, depth))


def product(a: int, b: int, signed: tuple[int, int], registered: int) -> Block:
    """Return a multiplier."""
    parameters = {"AWidth": a, "BWidth": b, "ASigned": signed[0], "BSigned": signed[1]}
    return Block("mapped_multiply", a + b, {**parameters, "Registered": registered})


@dataclass(frozen=True)
class Compared:
    """What came of a run: of each block, the cycles in which its output differed."""

    cycles: int
    mismatches: tuple[int, ...]


class Mapped:
    """Some blocks side by side, before mapping and as a netlist."""

    def __init__(self, folder: Path, blocks: Sequence[Block], family: str, seed: int) -> None:
        self.folder, self.blocks, self.family, self.seed = folder, blocks, family, seed
        rng = np.random.default_rng(seed)
        for index, block in enumerate(blocks):
            if block.memory:
                width, depth = block.memory
                words = [int.from_bytes(rng.bytes(8)) % (1 << width) for _ in range(depth)]
                text = "".join(f"{word:x}\n" for word in words)
                (folder / f"block_{index}.mem").write_text(text)
        self.top = folder / f"{TOP}.sv"
        self.top.write_text(_top(blocks))
        sources = [*self._blocks(), *self._bodies(), self.top]
        self.netlist = yosys.synthesise(sources, TOP, family, folder, folder).path

    def cells(self, kind: str) -> list[dict[str, str]]:
        """Return the parameters of each cell of a kind in the netlist."""
        cells = json.loads(self.netlist.read_text())["modules"][TOP]["cells"].values()
        return [cell["parameters"] for cell in cells if cell["type"] == kind]

    def as_netlist(self) -> list[Path]:
        """Return the sources of what Yosys made."""
        return gates.verilog_of(self.netlist, TOP, self.family, self.folder / "netlist.v")

    def routed(self) -> Routed:
        """Place and route."""
        return nextpnr.place(self.netlist, self.family, self.seed, target_mhz=50)

    def compare(self, sources: Sequence[Path], break_it: Callable[[str], str] = str) -> Compared:
        """Simulate the blocks beside what was made of them.

        Args:
            sources: The last is the one with ``TOP``.
            break_it: Changes its text first.
        """
        made = self.folder / "made.v"
        text = sources[-1].read_text()
        renamed = re.sub(rf"^module {TOP}\b", f"module {TOP}_made", text, flags=re.MULTILINE)
        made.write_text(break_it(renamed))
        bench = self.folder / "mapped_bench.sv"
        bench.write_text(_bench(self.blocks, self.seed))
        options = verilator.Options(main=SIM / "bench" / "bare_loop.cpp", cocotb=False)
        files = [*self._blocks(), MUL_REG, self.top, *sources[:-1], made, bench]
        built = verilator.build(files, "mapped_bench", options, cache_folder=CACHE)
        finished = process.run([built.program, f"+cycles={CYCLES}"], cwd=self.folder)
        process.check(finished, "the comparison")
        found = [int(n) for n in re.findall(r"^block \d+: (\d+)$", finished.output, re.MULTILINE)]
        cycles = re.search(r"^cycles: (\d+)$", finished.output, re.MULTILINE)
        assert cycles
        assert len(found) == len(self.blocks)
        return Compared(int(cycles[1]), tuple(found))

    def _blocks(self) -> list[Path]:
        return [BLOCKS / f"{name}.sv" for name in sorted({block.module for block in self.blocks})]

    def _bodies(self) -> list[Path]:
        body = RTL / "boards" / self.family / MUL_REG.name
        return [body if body.is_file() else MUL_REG]


def _top(blocks: Sequence[Block]) -> str:
    """Return all blocks in one module, their outputs side by side."""
    lines, first = [], 0
    for index, block in enumerate(blocks):
        values = dict(block.parameters)
        if block.memory:
            values["File"] = f'"block_{index}.mem"'
        parameters = ", ".join(f".{name}({value})" for name, value in values.items())
        ports = f".clk_i, .random_i, .y_o(y_o[{first} +: {block.width}])"
        with_parameters = f" #({parameters})" if parameters else ""
        lines.append(f"  {block.module}{with_parameters} u_{index} ({ports});")
        first += block.width
    ports = f"input logic clk_i, input logic [127:0] random_i, output logic [{first - 1}:0] y_o"
    return "\n".join([f"module {TOP} ({ports});", *lines, "endmodule", ""])


def _bench(blocks: Sequence[Block], seed: int) -> str:
    bounds = np.cumsum([0, *(block.width for block in blocks)])
    counts = "\n".join(
        f"    if (expected[{first} +: {block.width}] != found[{first} +: {block.width}]) "
        f"wrong[{index}] <= wrong[{index}] + 1;"
        for index, (block, first) in enumerate(zip(blocks, bounds, strict=False))
    )
    return f"""\
module mapped_bench (input logic clk_i, input logic rst_ni, input logic [31:0] frames_i);
  logic [127:0] random;
  logic [{bounds[-1] - 1}:0] expected, found;
  int cycles, wrong[{len(blocks)}];
  function automatic logic [31:0] step(logic [31:0] x);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
  endfunction
  initial begin
    cycles = 0;
    for (int i = 0; i < {len(blocks)}; i++) wrong[i] = 0;
    for (int i = 0; i < 4; i++) random[32*i +: 32] = 32'h9e37_79b9 * (4 * {seed} + i + 1);
  end
  always @(posedge clk_i) begin
    for (int i = 0; i < 4; i++) random[32*i +: 32] <= step(random[32*i +: 32]);
    if (rst_ni) begin
      cycles <= cycles + 1;
{counts}
    end
  end
  {TOP} u_expected (.clk_i, .random_i(random), .y_o(expected));
  {TOP}_made u_found (.clk_i, .random_i(random), .y_o(found));
  final begin
    for (int i = 0; i < {len(blocks)}; i++) $display("block %0d: %0d", i, wrong[i]);
    $display("cycles: %0d", cycles);
  end
  logic unused;
  assign unused = ^frames_i;
endmodule
"""
