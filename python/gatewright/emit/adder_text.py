"""A matrix, its bias and its conversion as a module: sums on carry chains, pipelined."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatewright.carry import Layout, Sum
from gatewright.emit.blocks import bit
from gatewright.emit.conversion import Conversion
from gatewright.emit.stages import stages

_HEADER = """\
// Results of a constant matrix: sums of shifted inputs, a constant, a conversion.
//
//   y_o(t + {latency}) = requantise(matrix * x_i(t) + bias)
//
// {columns} elements in, {rows} out, {adders} adders, at most {per_stage} one after another
// between two registers; a row's constant and its conversion count as one each, and so does the way
// from x_i, which comes from registers. Where x_i has a sign, the highest bit of each element is
// turned over. One vector per cycle; nothing is reset.
module {name} (
  input  logic             clk_i,
  input  logic [{x_top}:0] x_i,  // element 0 lowest
  output logic [{y_top}:0] y_o
);

"""


@dataclass(frozen=True)
class AdderModule:
    """A module's text.

    Attributes:
        text: SystemVerilog.
        latency: Cycles from a vector to its results.
        registers: Bits of registers among the adders.
    """

    text: str
    latency: int
    registers: int


def adder_module(
    name: str, layout: Layout, in_width: int, rows: list[Conversion], per_stage: int
) -> AdderModule:
    """Return a module that computes a layer's results.

    Args:
        name: Of the module.
        layout: Its matrix.
        in_width: Bits of an element of the vector.
        rows: What becomes of each row's product.
        per_stage: Adders one after another between two registers, at least 1.
    """
    writer = _Writer(layout, in_width, rows, per_stage)
    body = writer.body()
    head = _HEADER.format(
        name=name,
        latency=writer.stages.last,
        columns=len(layout.graph.spans),
        rows=len(rows),
        adders=len(layout.graph.adders),
        per_stage=per_stage,
        x_top=len(layout.graph.spans) * in_width - 1,
        y_top=sum(row.out_width for row in rows) - 1,
    )
    return AdderModule(f"{head}{body}\nendmodule\n", writer.stages.last, writer.registers)


class _Writer:
    """Writes values, stage by stage."""

    def __init__(
        self, layout: Layout, in_width: int, rows: list[Conversion], per_stage: int
    ) -> None:
        self.layout = layout
        self.graph = layout.graph
        self.in_width = in_width
        self.rows = rows
        self.inputs = len(self.graph.spans)
        self.stages = stages(layout, rows, per_stage)
        self.sums = {each.number: each for chain in layout.chains for each in chain}
        self.until = self._lifetimes()
        self.registers = 0
        self.widths: dict[str, int] = {}
        self.read: dict[str, int] = defaultdict(int)  # of each name, the bits read from the lowest

    def body(self) -> str:
        """Return what stands between header and ``endmodule``."""
        declared: list[str] = []
        clocked: dict[int, list[str]] = defaultdict(list)
        for number in sorted(self.until):
            width, stage = self.layout.values[number].width, self.stages.values[number]
            source = f"v{number}"
            if number < self.inputs:
                source, stage = _register(number, 0), 1
                low = number * self.in_width
                declared.append(f"  wire [{width - 1}:0] {source} = x_i[{low}+:{width}];")
            else:
                declared.append(f"  logic [{width - 1}:0] {source};")
            stages = range(stage, self.until[number] + 1)
            names = [_register(number, each) for each in stages]
            self._delay(source, stages, names, width, declared, clocked)
        results, low = [], 0
        for index, row in enumerate(self.rows):
            results.append(self._row(index, row, low, declared, clocked))
            low += row.out_width
        edges = [line for stage in sorted(clocked) for line in clocked[stage]]
        blocks = ["  always_ff @(posedge clk_i) begin", *edges, "  end", ""] if edges else []
        chains = [self._chain(chain) for chain in self.layout.chains]
        # Where inputs cancel out, a sum needs fewer bits than its operands have.
        over = [name for name, bits in self.read.items() if bits < self.widths[name]]
        unused = f"  logic unused;\n  assign unused = ^{{{', '.join(['x_i', *over])}}};\n"
        return "\n".join([*declared, "", *chains, *blocks, *results, unused])

    def _delay(
        self,
        source: str,
        stages: Iterable[int],
        names: Sequence[str],
        width: int,
        declared: list[str],
        clocked: dict[int, list[str]],
    ) -> None:
        """Write registers one behind the other, each at the end of its stage."""
        for stage, name in zip(stages, names, strict=True):
            declared.append(f"  logic [{width - 1}:0] {name};")
            clocked[stage].append(f"    {name} <= {source};")
            source = name
            self.registers += width

    def _lifetimes(self) -> dict[int, int]:
        """Return of each value that is read the last stage at whose end a register holds it."""
        until: dict[int, int] = {}
        found = self.stages.values

        def read(number: int, stage: int) -> None:
            until[number] = max(until.get(number, found[number] - 1), stage - 1)

        for row, place in zip(self.graph.rows, self.stages.rows, strict=True):
            if row.source is not None:
                read(row.source, place.sum)
        for number in range(self.inputs + len(self.graph.adders) - 1, self.inputs - 1, -1):
            if number in until:
                for operand in (self.sums[number].a, self.sums[number].b):
                    # A value of the same stage is read as it is computed; inputs are registered.
                    same = operand >= self.inputs and found[operand] == found[number]
                    read(operand, found[operand] if same else found[number])
        return until

    def _name(self, number: int, stage: int) -> str:
        same = number >= self.inputs and self.stages.values[number] == stage
        return f"v{number}" if same else _register(number, stage - 1)

    def _chain(self, chain: tuple[Sum, ...]) -> str:
        """Return an instance of one chain, and the bits that pass beside it."""
        lines = []
        high: dict[str, list[str]] = {"a": [], "b": [], "sum": []}
        for each in chain:
            width, whole = each.width, self.layout.values[each.number].width
            stage = self.stages.values[each.number]
            passed = min(each.shift, whole)
            if passed:
                low = self._bits(each.a, stage, 0, passed)
                lines.append(f"  assign v{each.number}[{passed - 1}:0] = {low};")
            if not width:
                continue
            held = (-each.constant if each.subtract and each.in_b else each.constant) % 2**width
            a = self._bits(each.a, stage, each.shift, width, 0 if each.in_b else held)
            b = self._bits(each.b, stage, 0, width, held if each.in_b else 0)
            high["a"].insert(0, a)
            high["b"].insert(0, b)
            high["sum"].insert(0, f"v{each.number}[{whole - 1}:{each.shift}]")
        if not high["sum"]:
            return "\n".join([*lines, ""])
        width = sum(each.width for each in chain)
        a, b, total = (
            names[0] if len(names) == 1 else f"{{{', '.join(names)}}}" for names in high.values()
        )
        name = "_".join(str(each.number) for each in chain)
        lines += [
            f"  carry_sum #(.Width({width}), .Subtract(1'b{int(chain[0].subtract)})) u_{name} (",
            f"    .a_i  ({a}),",
            f"    .b_i  ({b}),",
            f"    .sum_o({total})",
            "  );",
            "",
        ]
        return "\n".join(lines)

    def _bits(self, number: int, stage: int, low: int, width: int, held: int = 0) -> str:
        """Return so many bits of a value from bit ``low`` on; above its own those of ``held``."""
        own = self.layout.values[number].width
        name = self._name(number, stage)
        there = min(max(own - low, 0), width)
        self.widths[name] = own
        self.read[name] = max(self.read[name], low + there if there else 0)
        parts = []
        if there < width:
            parts.append(f"{width - there}'d{held >> there}")
        if there:
            parts.append(name if (low, there) == (0, own) else f"{name}[{low + there - 1}:{low}]")
        return parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"

    def _row(
        self,
        index: int,
        row: Conversion,
        low: int,
        declared: list[str],
        clocked: dict[int, list[str]],
    ) -> str:
        """Return the conversion of a row; registers behind it wait for the slowest."""
        source, place = self.graph.rows[index].source, self.stages.rows[index]
        value = "1'b0" if source is None else self._name(source, place.sum)
        width = 1 if source is None else self.layout.values[source].width
        own = {"InWidth": str(width), "SumRegister": bit(place.out > place.sum)}
        parameters = own | row.parameters()
        size = max(map(len, parameters))
        lines = ",\n".join(f"    .{key:{size}}({text})" for key, text in parameters.items())
        output = target = f"y_o[{low}+:{row.out_width}]"
        after = ""
        if place.out < self.stages.last:
            stages = range(place.out + 1, self.stages.last + 1)
            names = [f"y{index}_{stage}" for stage in stages]
            output = f"y{index}"
            declared.append(f"  logic [{row.out_width - 1}:0] {output};")
            self._delay(output, stages, names, row.out_width, declared, clocked)
            after = f"\n  assign {target} = {names[-1]};\n"
        return (
            f"  offset_requantise #(\n{lines}\n  ) u_row_{index} (\n    .clk_i,\n"
            f"    .value_i({value}),\n    .value_o({output})\n  );\n{after}"
        )


def _register(number: int, stage: int) -> str:
    return f"v{number}_{stage}"
