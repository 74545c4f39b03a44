"""The benches bite: each block, made wrong in one place, is caught."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import test_argmax
import test_buffers
import test_frames
import test_requantise
import test_vector_buffer
import test_width

from gatewright.errors import CheckFailedError
from rtl_blocks import RTL, Case, check

Maker = Callable[[np.random.Generator], Case]


def fifo(depth: int) -> Maker:
    return lambda rng: test_buffers.passes(test_buffers.fifo(depth), rng)


def quantise(rng: np.random.Generator) -> Case:
    return test_requantise.exhaustive(6, True, 3, 3, True, False)


# File, what stands there, what the mutant has instead, the case that must notice.
MUTANTS = [
    ("stream/axis_fifo.sv", "level_q != LevelWidth'(Depth - 1)", "1'b1", fifo(3)),
    ("stream/axis_fifo.sv", "AddressWidth'(Depth - 1)", "AddressWidth'(Depth - 2)", fifo(3)),
    ("stream/axis_fifo.sv", "level_q != LevelWidth'(valid_q)", "level_q != '0", fifo(40)),
    (
        "stream/axis_skid.sv",
        "spare_q ? spare_data_q : s_axis_tdata",
        "s_axis_tdata",
        lambda rng: test_buffers.passes(test_buffers.skid(), rng),
    ),
    (
        "stream/axis_width.sv",
        "m_axis_tlast  = last_q && final_q",
        "m_axis_tlast  = last_q",
        lambda rng: test_width.case(rng, 8, 4, 1, 10),
    ),
    (
        "stream/axis_width.sv",
        "'0;  // padding, unless filled later",
        "beat;",
        lambda rng: test_width.case(rng, 8, 1, 4, 10),
    ),
    (
        "stream/axis_width.sv",
        "assign s_axis_tready = !m_axis_tvalid || (m_axis_tready && final_q);",
        "assign s_axis_tready = !m_axis_tvalid;",  # right, but a gap between beats
        lambda rng: test_width.case(rng, 8, 4, 1, 8),
    ),
    (
        "stream/axis_frame_guard.sv",
        "(fill_q || !s_axis_tlast)",
        "(!s_axis_tlast)",
        lambda rng: test_frames.case(rng, 5, 4, 16),
    ),
    (
        "stream/axis_frame_guard.sv",
        "fill_q ? '0 : s_axis_tdata",
        "s_axis_tdata",
        lambda rng: test_frames.case(rng, 5, 4, 16),
    ),
    (
        "stream/axis_frame_mark.sv",
        "s_axis_tlast && bad_tdata",
        "bad_tvalid && bad_tdata",
        lambda rng: test_frames.case(rng, 5, 4, 16),
    ),
    (
        "stream/axis_frame_mark.sv",
        "s_axis_tvalid && s_axis_tlast && m_axis_tready",
        "s_axis_tvalid && m_axis_tready",
        lambda rng: test_frames.case(rng, 5, 4, 16),
    ),
    (
        "stream/vector_buffer.sv",
        "PassWidth'(Passes - 1)",
        "PassWidth'(Passes - 2)",
        lambda rng: test_vector_buffer.case(rng, 5, 4),
    ),
    ("arith/requantise.sv", "(rest || floor[0])", "(rest || !floor[0])", quantise),
    ("arith/requantise.sv", "half && (rest || negative)", "half", quantise),
    ("arith/requantise.sv", "floor[OutWidth] != rounded", "floor[0] != rounded", quantise),
    ("arith/requantise.sv", "{Magnitude{high}}", "{Magnitude{1'b0}}", quantise),
    (
        "layers/argmax.sv",
        "key[2*node+1] > key[2*node]",
        "key[2*node+1] >= key[2*node]",
        lambda rng: test_argmax.case(rng, 4, True, 3, 10),
    ),
    (
        "layers/argmax.sv",
        "key[1] > best_q",
        "key[1] >= best_q",
        lambda rng: test_argmax.case(rng, 4, False, 1, 10),
    ),
]
EXTRA = [*test_requantise.BENCH, *test_frames.EXTRA]


@pytest.mark.parametrize(("file", "right", "wrong", "make"), MUTANTS)
def test_mutant_is_caught(
    file: str, right: str, wrong: str, make: Maker, seed: int, tmp_path: Path
) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(RTL, rtl)
    text = (rtl / file).read_text()
    assert text.count(right) >= 1, f"{file} no longer holds {right!r}: give the mutant another"
    (rtl / file).write_text(text.replace(right, wrong))
    with pytest.raises(CheckFailedError) as caught:
        check([make(np.random.default_rng(seed))], seed, rtl=rtl, extra=EXTRA)
    assert "Verilator" not in str(caught.value), "the mutant must build"
