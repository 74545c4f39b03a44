"""Mutants of the digits: killed, proved equivalent or named; wrong expectations do not pass."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import networks
from gatewright import emit, reference
from gatewright.errors import CheckFailedError
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.graph import (
    Dense,
    Elementwise,
    FoldRequest,
    Function,
    Graph,
    Input,
    Pool,
    Pooling,
    Strategy,
    StreamType,
    Window,
)
from gatewright.tools import simulate
from gatewright.tools.stream_bench import Setup
from gatewright.verification.mutants import checks, draw, netlist, proofs, reach
from gatewright.verification.mutants.aim import aimed
from gatewright.verification.mutants.checks import Bench, Check
from gatewright.verification.mutants.mutant import (
    FormatMutant,
    MemoryMutant,
    NetlistMutant,
    Verdict,
)
from gatewright.verification.mutants.rules import Rules, inside_of
from gatewright.verification.mutants.score import Score
from rtl_blocks import CACHE, SIM

REQUESTS = (FoldRequest(pe=4, simd=3), FoldRequest(pe=1, simd=2))


class Small:
    """A small design, emitted, and the checks of its mutants."""

    def __init__(self, folder: Path) -> None:
        self.graph = networks.mlp((12, 8, 5), REQUESTS)
        self.rtl = folder / "rtl"
        self.description: dict[str, Any] = emit.write_rtl(self.graph, self.rtl)
        setup = Setup(sources=(), sim_root=SIM, cache_folder=CACHE, optimise="-O0")
        self.setup = simulate.rtl_setup(self.rtl, self.description, setup)
        real = networks.random_inputs(self.graph, 12)
        self.plan = checks.plan(self.graph, self.description, real, 12, seed=1)
        self.blocks = draw.blocks_of(self.graph, None)

    def memory(self, mutant: MemoryMutant) -> str:
        lines = (self.rtl / mutant.file).read_text().split()
        width = len(lines[mutant.word])
        lines[mutant.word] = f"{int(lines[mutant.word], 16) ^ (1 << mutant.bit):0{width}x}"
        return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("mutants"))


def wrong(plan: tuple[Check, ...], index: int) -> tuple[Check, ...]:
    expected = plan[index].expected.copy()
    expected[-1, -1] ^= 1
    return (*plan[:index], replace(plan[index], expected=expected), *plan[index + 1 :])


def test_the_right_design_passes_and_a_corrupted_expectation_does_not(small: Small) -> None:
    bench = Bench(small.description, small.setup, small.plan)
    assert [check.name for check in bench.measured()] == [
        *("first", "values", "stalls", "full", "reset", "empty"),
        *("frames", "full frames", "slow", "more"),
    ]
    assert bench.tried(()) == ""
    for index, check in enumerate(small.plan):
        corrupted = Bench(small.description, small.setup, wrong(small.plan, index))
        with pytest.raises(CheckFailedError, match=f"the check {check.name} fails: frame"):
            corrupted.measured()


def test_a_drawn_bit_is_the_bit_of_that_weight(small: Small) -> None:
    """The graph with the weight changed emits the file that the mutant has."""
    for mutant in draw.weights(small.graph, small.blocks, 12, seed=3):
        node = small.graph[mutant.layer]
        weight = node.weight.copy()
        before = weight[mutant.row, mutant.column]
        after = draw.flipped(node, mutant.row, mutant.column, mutant.place)
        assert (before ^ after) & 63 == 1 << mutant.place
        weight[mutant.row, mutant.column] = after
        changed = replace(node, weight=weight)
        nodes = tuple(changed if other is node else other for other in small.graph.nodes)
        graph = replace(small.graph, nodes=nodes)
        memories = draw.blocks_of(graph, None)[mutant.layer].memories
        assert memories[mutant.file] == small.memory(mutant)


def test_weights_that_are_skipped_are_not_drawn() -> None:
    graph = networks.mlp((12, 8, 5), REQUESTS)
    node = graph["fc1"]
    assert isinstance(node, Dense)
    weight = node.weight.copy()
    weight[:, 3:9] = 0
    nodes = tuple(replace(node, weight=weight) if other is node else other for other in graph.nodes)
    graph = replace(graph, nodes=nodes)
    blocks = draw.blocks_of(graph, None, skip_zeros=True)
    fold = blocks["fc1"].fold
    assert fold is not None
    assert False in fold.kept
    stored = 8 * fold.cols + 5 * 8
    assert draw.capacities(graph, blocks)["weight"] == 6 * stored
    drawn = draw.weights(graph, blocks, stored, seed=1)
    assert all(fold.kept[m.column // fold.simd] for m in drawn if m.layer == "fc1")
    assert len({(m.file, m.word, m.bit) for m in drawn}) == stored


def test_bits_of_compressed_weights_are_drawn() -> None:
    request = FoldRequest(strategy=Strategy.COMPRESSED, pe=4)
    graph = networks.mlp((12, 8, 5), (request, REQUESTS[1]))
    node = graph["fc1"]
    assert isinstance(node, Dense)
    weight = node.weight.copy()
    weight[:, ::2] = 0
    nodes = tuple(replace(node, weight=weight) if other is node else other for other in graph.nodes)
    graph = replace(graph, nodes=nodes)
    blocks = draw.blocks_of(graph, None)
    stored = int(np.count_nonzero(weight))
    assert draw.capacities(graph, blocks)["weight"] == 6 * (stored + 5 * 8)
    drawn = [m for m in draw.weights(graph, blocks, 40, seed=1) if m.layer == "fc1"]
    assert drawn
    for mutant in drawn:
        words = blocks["fc1"].memories[mutant.file].split()
        was = int(words[mutant.word], 16) & 63
        assert was == weight[mutant.row, mutant.column] & 63
        now = was ^ (1 << mutant.bit)
        changed = replace(node, weight=weight)
        assert now == draw.flipped(changed, mutant.row, mutant.column, mutant.place) & 63


def test_memories_and_formats_are_killed_or_proved(small: Small) -> None:
    bench = Bench(small.description, small.setup, small.plan)
    bench.measured()
    nodes = {name: block.node or name for name, block in small.blocks.items()}
    killed = 0
    for mutant in [
        *draw.weights(small.graph, small.blocks, 10, seed=1),
        *draw.biases(small.graph, small.blocks, 6, seed=1),
    ]:
        failure = bench.tried((), (mutant.file, small.memory(mutant)))
        killed += bool(failure)
        # A proof of what was seen to differ would be wrong.
        assert bool(failure) != bool(proofs.of_memory(small.graph, nodes[mutant.layer], mutant)), (
            mutant
        )
    assert killed >= 10


def test_the_netlist_of_many_mutants_is_right_until_one_is_chosen(
    small: Small, tmp_path: Path
) -> None:
    made = netlist.mutated(small.description, small.rtl, tmp_path, 12, seed=1)
    assert len(made.mutants) == 12
    assert {mutant.layer for mutant in made.mutants} == {*small.blocks, "doors"}
    bench = Bench(small.description, replace(small.setup, sources=made.sources), small.plan)
    bench.measured()
    found = [bench.tried((f"+mutant={mutant.number}",)) for mutant in made.mutants]
    assert sum(map(bool, found)) >= 6
    for mutant, failure in list(zip(made.mutants, found, strict=True))[::4]:
        if failure:  # what was seen to differ must not be proved equal
            assert not proofs.of_netlist(small.description, small.rtl, mutant)


def test_what_no_state_reaches_is_proved_and_nothing_else(tmp_path: Path) -> None:
    """One of three results leaves at a time; the multiplexer's fourth input is never chosen."""
    graph = networks.mlp((6, 6, 4), (FoldRequest(pe=3, simd=2), FoldRequest(pe=1, simd=2)))
    rtl, listed = tmp_path / "rtl", tmp_path / "list.txt"
    description = emit.write_rtl(graph, rtl)
    chosen = f"-o {listed} c:*u_fc1.*u_serialise.*shiftx*"
    steps = [f"mutate -list 60 -seed 1 -ctrl {netlist.SELECT} 16 1 {chosen}"]
    netlist.yosys([*netlist.prepared(description), *steps], rtl, tmp_path / "yosys.log")
    found = {}
    for line in listed.read_text().splitlines():
        words = line.split()
        if words[words.index("-port") + 1] == "A" and "inv" in words:
            found[int(words[words.index("-portbit") + 1])] = line
    for bit, proved in ((max(found), True), (min(found), False)):
        cell = found[bit].partition(" -cell ")[2].split()[0]
        instance = cell.partition("$flatten\\")[2].partition(".$")[0]
        mutant = NetlistMutant("netlist", "fc1", "", 1, found[bit])
        assert reach.same(description, rtl, mutant, instance) == proved


def test_a_fault_that_only_a_gap_shows_breaks_its_blocks_rules(
    small: Small, tmp_path: Path
) -> None:
    """A beat that is made where none came: in a design whose beats come in bursts, no output."""
    listed = tmp_path / "list.txt"
    options = f"-seed 1 -ctrl {netlist.SELECT} 16 1 -o {listed}"
    commands = [*netlist.prepared(small.description), f"mutate -list 1000 {options} c:*fc2_width.*"]
    netlist.yosys(commands, small.rtl, tmp_path / "yosys.log")
    gated = [line for line in listed.read_text().splitlines() if "axis_width.sv:74." in line]
    line = [line for line in gated if " const1 " in line and " -port A " in line][-1]
    rules = Rules(small.description, small.rtl, tmp_path / "blocks", tmp_path / "cache")
    for command, told in (
        (line, "properties of axis_width("),
        (line.replace("const1", "none"), ""),
    ):
        mutant = NetlistMutant("netlist", "fc2_width", "", 1, command)
        found = rules.broken(mutant, proofs.instances_of(mutant))
        assert (told in found) if told else not found


@pytest.mark.parametrize(
    ("cell", "inside"),
    [
        (r"$flatten\u_a.$procmux$3", "$procmux$3 -port A -portbit 2 -ctrlbit 1"),
        (r"$flatten\u_a.\u_b.$procmux$3", r"$flatten\u_b.$procmux$3 -port A -portbit 2 -ctrlbit 1"),
        (r"$flatten\u_a.$procmux$3[23:16]", "$procmux$3 -port A -portbit 18 -ctrlbit 17"),
        (r"$flatten\u_a.$procmux$3[7]", "$procmux$3 -port A -portbit 9 -ctrlbit 8"),
    ],
)
def test_a_cell_is_found_in_its_block(cell: str, inside: str) -> None:
    command = f"mutate -ctrl {netlist.SELECT} 16 1 -mode cnot0 -module top -cell {cell} "
    mutant = NetlistMutant("netlist", "a", "", 1, f"{command}-port A -portbit 2 -ctrlbit 1")
    assert inside_of(mutant, "u_a") == f"mutate -mode cnot0 -module @ -cell {inside}"


def test_a_mode_of_an_average_is_equivalent_only_where_no_sum_tells() -> None:
    source = StreamType(FixedFormat(False, 4, 4), (2, 2, 1))

    def proof(fmt: FixedFormat, option: int) -> str:
        nodes = (
            Input(name="x", origin="x", inputs=(), out=source),
            Pool(
                name="pool",
                origin="pool",
                inputs=("x",),
                out=StreamType(fmt, (1, 1, 1)),
                kind=Pooling.AVERAGE,
                window=Window(kernel=(2, 2), stride=(2, 2)),
            ),
        )
        graph = Graph("net", nodes, ("pool",))
        return proofs.of_format(graph, "pool", FormatMutant("format", "pool", "", option))

    fmt = FixedFormat(True, 5, 5, Rounding.TRN, Overflow.SAT)  # averages are 0 to 15
    symmetric = draw.FIRST_OVERFLOW + draw.OVERFLOWS.index(Overflow.SAT_SYM)
    rounding = 1 + draw.ROUNDINGS.index(Rounding.RND)
    assert "0 to 60" in proof(fmt, symmetric)
    assert not proof(fmt, rounding)
    wrapped = draw.FIRST_OVERFLOW + draw.OVERFLOWS.index(Overflow.WRAP)
    assert not proof(FixedFormat(True, 4, 4, Rounding.TRN, Overflow.SAT), wrapped)


def test_a_deep_layer_is_driven_further_than_by_what_comes_by_chance() -> None:
    graph = networks.mlp((12, 8, 5))
    drawn = networks.random_inputs(graph, 200)
    found = aimed(graph, "fc2", drawn[:20], 4, np.random.default_rng(1))
    assert found.shape == (4, 12)
    fmt = graph.nodes[0].out.format
    assert fmt.min_int <= found.min() <= found.max() <= fmt.max_int

    def largest(samples: np.ndarray) -> int:
        return int(reference.evaluate(graph, samples)["fc2"].max())

    assert largest(found) > largest(drawn)


def layer_graph(out: FixedFormat, weight: list[list[int]], bias: list[int]) -> Graph:
    """Return a layer of three inputs of 4 bits, exact, then a ReLU and a conversion."""
    source = StreamType(FixedFormat(False, 4, 4), (3,))
    exact = StreamType(FixedFormat(True, 14, 14), (len(weight),))
    return Graph(
        "net",
        (
            Input(name="x", origin="x", inputs=(), out=source),
            Dense(
                name="fc",
                origin="fc",
                inputs=("x",),
                out=exact,
                weight=np.array(weight),
                weight_format=FixedFormat(True, 4, 4),
                bias=np.array(bias),
                bias_format=FixedFormat(True, 10, 10),
                request=FoldRequest(),
            ),
            Elementwise(
                name="relu",
                origin="relu",
                inputs=("fc",),
                out=StreamType(out, (len(weight),)),
                function=Function.RELU,
            ),
        ),
        ("relu",),
    )


def memory(kind: str, row: int, column: int, place: int) -> MemoryMutant:
    return MemoryMutant(kind, "fc", "", "", 0, 0, row, column, place)  # type: ignore[arg-type]


def test_what_a_relu_hides_is_proved_and_nothing_else() -> None:
    fmt = FixedFormat(False, 6, 6, Rounding.TRN, Overflow.SAT)
    graph = layer_graph(fmt, [[1, 2, 3], [-1, -2, 0]], [0, -40])
    assert not proofs.of_memory(graph, "relu", memory("weight", 0, 1, 0))
    # Row 1 is never above -40; with bit 1 of weight (1, 2) set it is at most -10, with bit 2 20.
    assert "row 1" in proofs.of_memory(graph, "relu", memory("weight", 1, 2, 1))
    assert not proofs.of_memory(graph, "relu", memory("weight", 1, 2, 2))
    assert "row 1" in proofs.of_memory(graph, "relu", memory("bias", 1, 0, 0))
    assert not proofs.of_memory(graph, "relu", memory("bias", 0, 0, 0))


def test_a_format_is_equivalent_only_where_no_sum_tells() -> None:
    def proof(fmt: FixedFormat, option: int) -> str:
        graph = layer_graph(fmt, [[1, 1, 1]], [0])  # sums 0 to 45
        return proofs.of_format(graph, "relu", FormatMutant("format", "fc", "", option))

    wide = FixedFormat(False, 6, 6, Rounding.TRN, Overflow.SAT)
    narrow = FixedFormat(False, 5, 5, Rounding.TRN, Overflow.SAT)
    coarse = FixedFormat(False, 5, 6, Rounding.TRN, Overflow.SAT)
    overflow = draw.FIRST_OVERFLOW + draw.OVERFLOWS.index(Overflow.WRAP)
    rounding = 1 + draw.ROUNDINGS.index(Rounding.RND_CONV)
    assert proof(wide, overflow)
    assert not proof(narrow, overflow)
    assert proof(wide, rounding)
    assert not proof(coarse, rounding)
    assert not proof(wide, draw.MORE)
    assert proof(wide, draw.RELU)  # no sum is negative


def test_the_references_bounds_hold(small: Small) -> None:
    from gatewright.verification.mutants.ranges import ranges

    found = ranges(small.graph)
    values = reference.evaluate(small.graph, networks.random_inputs(small.graph, 500))
    for name, (low, high) in found.items():
        assert (values[name] >= low).all(), name
        assert (values[name] <= high).all(), name


def test_shares_are_even_and_within_their_sizes() -> None:
    rng = np.random.default_rng(1)
    shares = dict(draw.shares(20, {"a": 3, "b": 100, "c": 100}, rng))
    assert shares["a"] == 3
    assert {shares["b"], shares["c"]} == {8, 9}
    assert sum(dict(draw.shares(500, {"a": 3, "b": 4}, rng)).values()) == 7


def test_the_score_leaves_out_what_is_proved() -> None:
    mutant = FormatMutant("format", "fc", "Rounding TRN", 6)

    def score(killed: int, equivalent: int, survived: int) -> Score:
        fates = ["killed"] * killed + ["equivalent"] * equivalent + ["survived"] * survived
        return Score(tuple(Verdict(mutant, fate, "") for fate in fates), 3, 1, 1.0)  # type: ignore[arg-type]

    assert score(99, 50, 1).score == 0.99
    score(99, 50, 1).require()
    with pytest.raises(CheckFailedError, match=r"98\.99%"):
        score(98, 50, 1).require()
    with pytest.raises(CheckFailedError, match="no mutant was killed"):
        score(0, 5, 0).require()
    assert json.dumps(score(1, 1, 1).as_dict())
    assert len(score(1, 1, 1).survivors) == 1
