"""A graph of adders as a module: pipelined, every sum as wide as what it can be."""

from collections import defaultdict
from dataclasses import dataclass
from math import ceil

from gatewright.adders import Adder, AdderGraph, width_of

_HEADER = """\
// Products of a constant matrix and a vector, as sums of shifted inputs.
//
//   sums_o(t + {latency}) = matrix * x_i(t)
//
// {columns} elements in, {rows} sums out, {adders} adders, at most {per_stage} one after another
// between two registers. One vector per cycle; nothing is reset.
module {name} (
  input  logic             clk_i,
  input  logic [{x_top}:0] x_i,  // element 0 lowest
  output logic [{y_top}:0] sums_o
);

"""


@dataclass(frozen=True)
class AdderModule:
    """A module's text.

    Attributes:
        text: SystemVerilog.
        latency: Cycles from a vector to its sums.
        registers: Bits of registers.
    """

    text: str
    latency: int
    registers: int


def adder_module(
    name: str, graph: AdderGraph, in_width: int, sum_width: int, per_stage: int
) -> AdderModule:
    """Return a module that computes a graph.

    Args:
        name: Of the module.
        graph: The graph.
        in_width: Bits of an element of the vector.
        sum_width: Bits of a sum, two's complement.
        per_stage: Adders one after another between two registers, at least 1.
    """
    writer = _Writer(graph, in_width, per_stage)
    body = writer.body(sum_width)
    latency = 1 + writer.last
    head = _HEADER.format(
        name=name,
        latency=latency,
        columns=len(graph.spans),
        rows=len(graph.rows),
        adders=len(graph.adders),
        per_stage=per_stage,
        x_top=len(graph.spans) * in_width - 1,
        y_top=len(graph.rows) * sum_width - 1,
    )
    return AdderModule(f"{head}{body}\nendmodule\n", latency, writer.registers)


class _Writer:
    """Writes values, stage by stage; a value of stage s stands in a register from then on."""

    def __init__(self, graph: AdderGraph, in_width: int, per_stage: int) -> None:
        self.graph = graph
        self.in_width = in_width
        self.stages = [ceil(depth / per_stage) for depth in graph.depths]
        self.shapes = _shapes(graph)
        self.last = max((self._stage(row.source) for row in graph.rows), default=0)
        self.until = self._lifetimes()
        self.registers = 0

    def body(self, sum_width: int) -> str:
        """Return what stands between header and ``endmodule``."""
        inputs = len(self.graph.spans)
        declared, assigned = [], []
        clocked: dict[int, list[str]] = defaultdict(list)
        for number in sorted(self.until):
            width, _ = self.shapes[number]
            if number < inputs:
                source = f"x_i[{number * self.in_width}+:{width}]"
            else:
                source = f"v{number}"
                declared.append(f"  logic [{width - 1}:0] {source};")
                assigned += self._adder(number, self.graph.adders[number - inputs])
            for stage in range(self.stages[number], self.until[number] + 1):
                register = _register(number, stage)
                declared.append(f"  logic [{width - 1}:0] {register};")
                clocked[stage].append(f"    {register} <= {source};")
                source = register
                self.registers += width
        edges = [line for stage in sorted(clocked) for line in clocked[stage]]
        blocks = ["  always_ff @(posedge clk_i) begin", *edges, "  end", ""] if edges else []
        rows = [self._row(index, sum_width) for index in range(len(self.graph.rows))]
        unused = "  logic unused;\n  assign unused = ^{clk_i, x_i};\n"
        return "\n".join([*declared, "", *assigned, "", *blocks, *rows, "", unused])

    def _stage(self, number: int | None) -> int:
        return 0 if number is None else self.stages[number]

    def _lifetimes(self) -> dict[int, int]:
        """Return of each value that is read the last stage at whose end a register holds it."""
        until: dict[int, int] = {}

        def read(number: int, stage: int) -> None:
            until[number] = max(until.get(number, self.stages[number] - 1), stage - 1)

        inputs = len(self.graph.spans)
        for row in self.graph.rows:
            if row.source is not None:
                read(row.source, self.last + 1)
        for number in range(inputs + len(self.graph.adders) - 1, inputs - 1, -1):
            if number in until:
                adder = self.graph.adders[number - inputs]
                for operand in (adder.a, adder.b):
                    # A value of the same stage is read as it is computed; inputs are registered.
                    same = operand >= inputs and self.stages[operand] == self.stages[number]
                    read(operand, self.stages[operand] if same else self.stages[number])
        return until

    def _operand(self, number: int, stage: int, width: int, right: int = 0) -> str:
        """Return a value as an operand of so many bits, without its lowest ``right`` bits."""
        same = number >= len(self.graph.spans) and self.stages[number] == stage
        name = f"v{number}" if same else _register(number, stage - 1)
        own, signed = self.shapes[number]
        if right >= own:
            return f"{{{width}{{{name}[{own - 1}]}}}}" if signed else f"{width}'(0)"
        part = f"{name}[{own - 1}:{right}]" if right else name
        return f"{width}'($signed({part}))" if signed else f"{width}'({part})"

    def _adder(self, number: int, adder: Adder) -> list[str]:
        stage, (width, _) = self.stages[number], self.shapes[number]
        sign = "-" if adder.subtract else "+"
        low, high, shift = adder.a, adder.b, adder.shift_b
        if adder.shift_a and not adder.subtract:
            low, high, shift = adder.b, adder.a, adder.shift_a
        own = self.shapes[low][0]
        passed = shift if not (adder.shift_a and adder.subtract) else 0
        if passed and passed < width:
            # The lowest bits of what is not shifted pass as they are.
            top = width - passed
            left = self._operand(low, stage, top, passed)
            sums = f"{left} {sign} {self._operand(high, stage, top)}"
            rest = self._operand(low, stage, max(passed, own))
            lines = [f"  assign v{number}[{width - 1}:{passed}] = {sums};"]
            lines.append(f"  assign v{number}[{passed - 1}:0] = {passed}'({rest});")
            return lines
        a = self._operand(adder.a, stage, width)
        b = self._operand(adder.b, stage, width)
        left = f"({a} << {adder.shift_a})" if adder.shift_a else a
        right = f"({b} << {adder.shift_b})" if adder.shift_b else b
        return [f"  assign v{number} = {left} {sign} {right};"]

    def _row(self, index: int, sum_width: int) -> str:
        row = self.graph.rows[index]
        target = f"  assign sums_o[{index * sum_width}+:{sum_width}]"
        if row.source is None:
            return f"{target} = '0;"
        _, signed = self.shapes[row.source]
        name = _register(row.source, self.last)
        value = f"{sum_width}'($signed({name}))" if signed else f"{sum_width}'({name})"
        shifted = f"({value} << {row.shift})" if row.shift else value
        return f"{target} = {'-' if row.negate else ''}{shifted};"


def _shapes(graph: AdderGraph) -> list[tuple[int, bool]]:
    """Return bits and sign of each value; a sum may need fewer bits of its parts than they have."""
    shapes = [width_of(span) for span in graph.ranges]
    inputs = len(graph.spans)
    needed = [0] * len(shapes)
    for row in graph.rows:
        if row.source is not None:
            needed[row.source] = shapes[row.source][0]
    for number in range(len(shapes) - 1, inputs - 1, -1):
        width, _ = shapes[number]
        if needed[number] < width:
            shapes[number] = (max(1, needed[number]), False)
        adder = graph.adders[number - inputs]
        for operand, shift in ((adder.a, adder.shift_a), (adder.b, adder.shift_b)):
            wanted = min(shapes[operand][0], shapes[number][0] - shift)
            needed[operand] = max(needed[operand], wanted)
    return shapes


def _register(number: int, stage: int) -> str:
    return f"v{number}_{stage}"
