"""The bench of pipelines of sums sees a wrong value and a wrong latency."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import CheckFailedError
from gatewright.rivals.pipeline_bench import (
    Element,
    Ports,
    Vectors,
    differing,
    packed,
    unpacked,
)

ELEMENTS = (Element(True, 5, 2), Element(False, 0), Element(False, 3, -1), Element(True, 4))
PORTS = Ports(
    inputs=(Element(True, 4), Element(False, 3)), outputs=(Element(True, 6, 1), Element(False, 0))
)
# Two cycles from x to half of their difference, and nothing for an output that is always 0.
PIPELINE = """
module difference (input clk, input [6:0] model_inp, output reg [5:0] model_out);
  reg [5:0] sum;
  always @(posedge clk) begin
    sum       <= {{2{model_inp[3]}}, model_inp[3:0]} - {3'b0, model_inp[6:4]};
    model_out <= sum;
  end
endmodule
"""


def test_elements_lie_side_by_side_in_a_word() -> None:
    values = np.array([[-4, 0, 6, -8], [3, 0, 14, 7]])
    words = packed(values, ELEMENTS)
    assert words == [0b1000_011_10000, 0b0111_111_01100]
    np.testing.assert_array_equal(unpacked(words, ELEMENTS), values)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Vectors]:
    folder = tmp_path_factory.mktemp("pipeline")
    source = folder / "difference.v"
    source.write_text(PIPELINE)
    inputs = np.stack(np.meshgrid(np.arange(-8, 8), np.arange(8)), axis=-1).reshape(-1, 2)
    expected = np.stack([(inputs[:, 0] - inputs[:, 1]) / 2, np.zeros(len(inputs))], axis=1)
    return source, Vectors(inputs, expected)


def found(bench: tuple[Path, Vectors], latency: int, vectors: Vectors) -> int:
    source = bench[0]
    return differing([source], "difference", PORTS, latency, vectors, source.parent)


def test_a_right_pipeline_has_no_differences(bench: tuple[Path, Vectors]) -> None:
    assert found(bench, 2, bench[1]) == 0


def test_each_wrong_value_is_counted(bench: tuple[Path, Vectors]) -> None:
    expected = bench[1].expected.copy()
    expected[[3, 70], [0, 1]] += 0.5
    assert found(bench, 2, replace(bench[1], expected=expected)) == 2


@pytest.mark.parametrize("latency", [1, 3])
def test_another_latency_is_seen(bench: tuple[Path, Vectors], latency: int) -> None:
    assert found(bench, latency, bench[1]) > 100


def test_no_samples_are_no_success(bench: tuple[Path, Vectors]) -> None:
    one = Vectors(bench[1].inputs[:1], bench[1].expected[:1])
    assert found(bench, 2, one) == 0
    with pytest.raises(CheckFailedError, match="no samples"):
        found(bench, 2, Vectors(bench[1].inputs[:0], bench[1].expected[:0]))
