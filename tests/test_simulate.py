"""Whole designs on Verilator: equal to the reference, and what is wrong is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import networks
from gatewright import emit, reference
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.fixed import IntArray, parse_format
from gatewright.graph import FoldRequest
from gatewright.tools import simulate, speed
from gatewright.tools.stream_bench import Setup
from rtl_blocks import CACHE, RTL, SIM

SAMPLES = 40


class Small:
    """A small design, emitted; its inputs, and what must come out."""

    def __init__(self, folder: Path) -> None:
        requests = (FoldRequest(pe=4, simd=3), FoldRequest(pe=1, simd=2))
        graph = networks.mlp((12, 8, 5), requests)
        self.rtl = folder / "rtl"
        self.description: dict[str, Any] = emit.write_rtl(graph, self.rtl)
        self.inputs: IntArray = networks.random_inputs(graph, SAMPLES)
        self.expected: IntArray = reference.outputs(graph, self.inputs)
        setup = Setup(sources=(), sim_root=SIM, cache_folder=CACHE, optimise="-O0")
        self.setup = simulate.rtl_setup(self.rtl, self.description, setup)

    def mutate(self, file: str, right: str, wrong: str) -> None:
        path = self.rtl / file
        text = path.read_text()
        assert right in text
        path.write_text(text.replace(right, wrong))

    def run(self, **options: Any) -> simulate.SimResult:
        return simulate.run_design(
            self.description, self.inputs, self.setup, expected=self.expected, **options
        )


def equal(result: simulate.SimResult) -> None:
    """Fail unless every output was compared and equal."""
    assert result.comparison is not None
    result.comparison.require_equal()


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def test_equal_and_counted(small: Small) -> None:
    result = small.run()
    equal(result)
    np.testing.assert_array_equal(result.outputs, small.expected)
    summary = result.summary()
    assert (summary["samples"], summary["compared"]) == (SAMPLES, SAMPLES * 5)
    law = small.description["cycles_per_inference_law"]
    assert law <= result.cycles_per_inference <= 1.05 * law
    assert 0.9 < result.mac_utilisation <= 1
    assert law < result.latency_cycles < result.cycles
    assert "outputs" not in summary


def test_equal_with_stalls(small: Small) -> None:
    result = small.run(idle=80, stall=80)
    equal(result)
    assert result.cycles_per_inference is None


def test_one_sample(small: Small) -> None:
    result = simulate.run_design(
        small.description, small.inputs[:1], small.setup, expected=small.expected[:1]
    )
    equal(result)
    assert result.cycles_per_inference is None


def test_a_wrong_weight_is_named(small: Small) -> None:
    path = small.rtl / "fc2_weight_000.mem"
    words = path.read_text().split()
    words[-1] = "0" * len(words[-1]) if int(words[-1], 16) else "1".rjust(len(words[-1]), "0")
    path.write_text("\n".join(words) + "\n")
    result = small.run()
    assert result.comparison is not None
    assert result.comparison.first is not None
    assert result.comparison.first.element == 4
    with pytest.raises(CheckFailedError, match=r"sample \d+, layer .*, element 4: expected -?\d+"):
        equal(result)


def test_nothing_expected_nothing_compared(small: Small) -> None:
    result = simulate.run_design(small.description, small.inputs[:2], small.setup)
    assert result.comparison is None
    assert "compared" not in result.summary()


def test_wrong_shapes(small: Small) -> None:
    for inputs in (small.inputs[:0], small.inputs[:, :5], small.inputs[0]):
        with pytest.raises(GatewrightError, match="at least one sample of 12 elements"):
            simulate.run_design(small.description, inputs, small.setup)


@pytest.mark.parametrize(
    ("right", "wrong", "side"),
    [
        (
            "assign s_axis_tready = drop_q || (open",
            "assign s_axis_tready = 1'b0 && (open",
            "not take the input",
        ),
        ("assign m_axis_tvalid = open &&", "assign m_axis_tvalid = 1'b0 &&", "gives no output"),
    ],
)
def test_a_design_that_hangs_is_told(right: str, wrong: str, side: str, small: Small) -> None:
    small.mutate("lib/axis_frame_guard.sv", right, wrong)
    if side == "gives no output":
        small.mutate("lib/axis_frame_guard.sv", "open && !fill_q && m_axis_tready", "!fill_q")
    small.setup = replace(small.setup, quiet_cycles=2000)
    with pytest.raises(CheckFailedError, match=f"device 0 hangs(.|\n)*{side}"):
        small.run()


def test_protocol(small: Small) -> None:
    results = simulate.run_protocol(small.description, small.inputs, small.expected, small.setup)
    assert results.tests == ("stalls", "resets", "lengths")


@pytest.mark.parametrize(
    ("file", "right", "wrong", "message"),
    [
        ("lib/axis_frame_guard.sv", "long_o  <= is_long", "long_o  <= 1'b0", "frame_long_o"),
        ("lib/axis_frame_guard.sv", "(fill_q || !s_axis_tlast)", "(1'b0)", "is not marked"),
        ("lib/axis_frame_guard.sv", "drop_q <= 1'b0;", "drop_q <= 1'b1;", "the design hangs"),
        ("lib/vector_buffer.sv", "write_q     <= '0;", "", "resets failed|Assertion failed"),
    ],
)
def test_protocol_bites(file: str, right: str, wrong: str, message: str, small: Small) -> None:
    small.mutate(file, right, wrong)
    with pytest.raises(CheckFailedError, match=message):
        simulate.run_protocol(small.description, small.inputs, small.expected, small.setup)


def test_waves_of_a_design(small: Small, tmp_path: Path) -> None:
    small.setup = replace(small.setup, waves=tmp_path / "waves.fst")
    equal(small.run())
    assert (tmp_path / "waves.fst").stat().st_size > 1000


def test_speed_is_measured(small: Small) -> None:
    measured = speed.simulation_speed(small.description, small.inputs, small.setup, rounds=1)
    assert measured["ratio"] > 0
    assert measured["cycles"] > 0


def test_one_sample_per_cycle(tmp_path: Path) -> None:
    requests = (FoldRequest(pe=4, simd=8), FoldRequest(pe=4, simd=4))
    graph = networks.mlp((8, 4, 4), requests)
    description = emit.write_rtl(graph, tmp_path / "rtl")
    setup = Setup(sources=(), sim_root=SIM, cache_folder=CACHE, optimise="-O0")
    inputs = networks.random_inputs(graph, 200)
    result = simulate.run_design(
        description,
        inputs,
        simulate.rtl_setup(tmp_path / "rtl", description, setup),
        expected=reference.outputs(graph, inputs),
    )
    equal(result)
    assert result.cycles_per_inference == description["cycles_per_inference_law"] == 1
    assert result.mac_utilisation == 1


@pytest.mark.parametrize(
    ("weight", "activation"),
    [
        ("fixed<6,1>", "ufixed<8,3>"),
        ("ufixed<18,2>", "fixed<18,2>"),
        ("fixed<18,2>", "ufixed<18,2>"),
    ],
)
def test_the_multiplier_of_ecp5_is_the_plain_one(
    tmp_path: Path, weight: str, activation: str
) -> None:
    graph = networks.one_layer(parse_format(weight), parse_format(activation))
    description = emit.write_rtl(graph, tmp_path / "rtl")
    setup = Setup(sources=(), sim_root=SIM, cache_folder=CACHE, optimise="-O0")
    plain = simulate.rtl_setup(tmp_path / "rtl", description, setup)
    body = [RTL / "boards" / "ecp5" / "mul_reg.sv", SIM / "models" / "ecp5" / "MULT18X18D.sv"]
    others = [path for path in plain.sources if path.name != "mul_reg.sv"]
    inputs = networks.random_inputs(graph, SAMPLES)
    expected = reference.outputs(graph, inputs)
    results = [
        simulate.run_design(description, inputs, chosen, expected=expected)
        for chosen in (plain, replace(plain, sources=[*others, *body]))
    ]
    for result in results:
        equal(result)
    assert results[0].latency_cycles == results[1].latency_cycles
