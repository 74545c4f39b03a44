"""The benches bite: each block, made wrong in one place, is caught."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import test_argmax
import test_buffers
import test_conv_layer
import test_frames
import test_joins
import test_pool
import test_rearrange
import test_rectify
import test_requantise
import test_softmax
import test_table
import test_vector_buffer
import test_width
import test_window_parallel
import test_window_serial

from gatewright.errors import CheckFailedError
from gatewright.fixed import FixedFormat, Overflow, Rounding
from rtl_blocks import RTL, Case, check

Maker = Callable[[np.random.Generator], Case]


def fifo(depth: int) -> Maker:
    return lambda rng: test_buffers.passes(test_buffers.fifo(depth), rng)


def quantise(rng: np.random.Generator) -> Case:
    return test_requantise.exhaustive(6, True, 3, 3, True, False)


def merge(operation: int) -> Maker:
    return lambda rng: test_joins.merge(rng, operation, False, True, False)


def window(index: int) -> Maker:
    return lambda rng: test_window_serial.case(rng, *test_window_serial.CASES[index])


def parallel(index: int) -> Maker:
    return lambda rng: test_window_parallel.case(rng, *test_window_parallel.CASES[index])


def followed(rng: np.random.Generator) -> Case:
    return test_window_parallel.followed(rng, 8, 41)


def pool(index: int) -> Maker:
    """Return a pooling whose formats round and saturate."""
    target = FixedFormat(True, 5, 5, Rounding.RND_CONV, Overflow.SAT)

    def make(rng: np.random.Generator) -> Case:
        geometry, *mode = test_pool.CASES[index]
        source = FixedFormat(True, 6, 6)
        x = rng.integers(-32, 32, (20, *geometry.image, geometry.channels))
        return test_pool.pool(rng, geometry, *mode, (x, source, target))

    return make


def rearrange(maker: Callable[[np.random.Generator, int], Case], index: int) -> Maker:
    return lambda rng: maker(rng, index)


# File, what stands there, what the mutant has instead, the case that must notice.
WINDOW = "stream/window_serial.sv"
PARALLEL = "stream/window_parallel.sv"
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
        "group >= LastGroups &&",
        "group > LastGroups &&",
        lambda rng: test_width.case(rng, 8, 1, 4, 10),
    ),
    (
        "stream/axis_width.sv",
        "s_axis_tready && group_q == '0) data_q",
        "group_q == '0) data_q",
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
    (WINDOW, "!(tap_wait_q && lead_q[CountWidth-1])", "1'b1", window(1)),
    (WINDOW, "s_axis_tready = !room_q[CountWidth-1]", "s_axis_tready = 1'b1", window(1)),
    (WINDOW, "!pad || first_q", "!pad", window(1)),  # padding ahead of its image
    (WINDOW, "32'(column_q) < FreeColumns && 32'(row_q) < LiveRows", "1'b1", window(11)),
    (WINDOW, "ChannelOuter ? 1 - BackRow - BackColumn : ", "", window(2)),
    (PARALLEL, "s_axis_tready = !room_q[CountWidth-1]", "s_axis_tready = 1'b1", parallel(1)),
    (PARALLEL, "there         = !lead_q[CountWidth-1]", "there         = 1'b1", parallel(1)),
    (PARALLEL, "begins = !ahead_q[CountWidth-1]", "begins = there", followed),
    (PARALLEL, "y < YWidth'(Height)", "1'b1", parallel(1)),
    (PARALLEL, "End < int'(Columns + Behind)", "1'b1", parallel(1)),
    (PARALLEL, "(BankWidth'(b) < bank_q) ? read_next_q : read_q", "read_q", parallel(7)),
    (PARALLEL, "step      = load || !complete", "step      = 1'b1", parallel(2)),
    ("layers/pool_reduce.sv", "(x ^ Flip) > (total ^ Flip)", "x > total", pool(0)),
    (
        "layers/pool_reduce.sv",
        "ValueWidth'(InSigned)",
        "ValueWidth'(0)",
        pool(2),
    ),
    ("layers/pool_reduce.sv", "(first_q && !counts)", "1'b0", pool(3)),
    ("layers/pool_reduce.sv", "(Average && CountPadding) || !s_axis_tuser", "1'b1", pool(4)),
    ("arith/divide_serial.sv", "head_q != '0", "1'b0", pool(2)),
    ("stream/axis_fork.sv", "& ~taken_q", "", merge(0)),
    ("layers/axis_merge.sv", "x - y", "y - x", merge(1)),
    ("layers/axis_merge.sv", "pair_valid && result_ready", "pair_valid", merge(2)),
    ("layers/axis_merge.sv", "(Operation == Mean) ? 1 : 0", "0", merge(3)),
    ("layers/axis_merge.sv", "pair_ready && s_axis_b_tvalid", "pair_ready", merge(0)),
    (
        "stream/axis_concat.sv",
        "turn_b_q && s_axis_b_tlast",
        "s_axis_b_tlast",
        lambda rng: test_joins.concat(rng, 3, 1, is_open=True),
    ),
    (
        "stream/axis_pad.sv",
        "ColumnWidth'(PadLeft)",
        "ColumnWidth'(0)",
        rearrange(test_rearrange.pad, 0),
    ),
    (
        "stream/axis_pad.sv",
        "in_image ? s_axis_tdata",
        "1'b1 ? s_axis_tdata",
        rearrange(test_rearrange.pad, 0),
    ),
    (
        "stream/axis_pad.sv",
        "(!in_image && !first_q)",
        "!in_image",
        rearrange(test_rearrange.pad, 3),
    ),
    (
        "stream/axis_upsample.sv",
        ".Passes(FactorW)",
        ".Passes(FactorH)",
        rearrange(test_rearrange.upsample, 1),
    ),
    (
        "stream/axis_upsample.sv",
        "BeatWidth'(Beats - 1)",
        "BeatWidth'(Row - 1)",
        rearrange(test_rearrange.upsample, 0),
    ),
    (
        "stream/axis_transpose.sv",
        "AddressWidth'(Move1)",
        "AddressWidth'(Move0)",
        rearrange(test_rearrange.transpose, 5),
    ),
    (
        "stream/axis_transpose.sv",
        "upper_q ? '0 : AddressWidth'(Size)",
        "'0",
        rearrange(test_rearrange.transpose, 3),
    ),
    (
        "stream/axis_transpose.sv",
        "ready_q <= full_q == '0",
        "ready_q <= 1'b1",
        rearrange(test_rearrange.transpose, 3),
    ),
    (
        "stream/axis_pick.sv",
        "m_axis_tready || !keep_q",
        "1'b1",
        rearrange(test_rearrange.pick, 0),
    ),
    (
        "stream/axis_pick.sv",
        "IndexWidth'(LastKept)",
        "IndexWidth'(Beats - 1)",
        rearrange(test_rearrange.pick, 0),
    ),
    (
        "stream/axis_pick.sv",
        "s_axis_tvalid && keep_q",
        "s_axis_tvalid",
        rearrange(test_rearrange.pick, 1),
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
EXTRA = [*test_requantise.BENCH, *test_frames.EXTRA, *test_joins.BENCH]

# Likewise, of blocks with memories.
FiledMaker = Callable[[np.random.Generator, Path], Case]


def layer(index: int) -> FiledMaker:
    return lambda rng, folder: test_conv_layer.random_case(
        rng, "layer", *test_conv_layer.CASES[index], folder
    )


def rectify(index: int, clip: tuple[int, int, int] | None = None) -> FiledMaker:
    return lambda rng, folder: test_rectify.case(rng, test_rectify.SLOPES[index], clip, folder)


def table(index: int) -> FiledMaker:
    return lambda rng, folder: test_table.case(rng, folder, test_table.TABLES[index])


def softmax(index: int) -> FiledMaker:
    return lambda rng, folder: test_softmax.case(rng, folder, test_softmax.SHAPES[index])


RECTIFY = "layers/axis_rectify.sv"
FILED_MUTANTS = [
    ("layers/layer_output.sv", "+ 2 == FrameBeats", "+ 2 == Beats", layer(0)),
    ("layers/depthwise_folded.sv", "total_q <= '0", "total_q <= sum", layer(5)),
    (
        "layers/depthwise_folded.sv",
        "AddressWidth'(Depth - 1)",
        "AddressWidth'(Depth - 2)",
        layer(5),
    ),
    ("layers/conv_layer.sv", "(Passes)", "(1)", layer(0)),
    ("layers/weight_memory.sv", "words_q[bank2_q]", "words_q[bank_q]", layer(0)),
    ("layers/weight_memory.sv", "8'd48 + 8'(b % 10)", "8'd48 + 8'(b / 10)", layer(0)),
    ("stream/axis_window.sv", "GroupWidth'(Groups - 1)", "GroupWidth'(Groups - 2)", layer(9)),
    ("stream/axis_window.sv", "&& Passes == 1", "", layer(3)),
    (RECTIFY, "64'(x_now) > Threshold", "64'(x_now) >= Threshold", rectify(2)),
    (RECTIFY, "AddressWidth'(Groups - 1)", "AddressWidth'(Groups)", rectify(0)),
    (RECTIFY, "if (step && s_axis_tvalid)", "if (step)", rectify(0)),
    ("arith/mul_parts.sv", "<< ((i + j) * PartBits)", "<< (i * j)", rectify(3)),
    (RECTIFY, ".enable_i(step)", ".enable_i(1'b1)", rectify(0)),
    (RECTIFY, "ValueBits'(product) << SlopeShift", "ValueBits'(product)", rectify(2)),
    (RECTIFY, "unclipped > Greatest", "unclipped < Greatest", rectify(0, (-9, 40, 1))),
    ("layers/softmax.sv", "in_count_q == '0 || key", "key", softmax(0)),
    ("layers/softmax.sv", "x_valid && max_valid_q &&", "x_valid &&", softmax(0)),
    ("layers/softmax.sv", "!(in_last && max_valid_q)", "1'b1", softmax(0)),
    ("layers/softmax.sv", "!(e_last && sum_valid_q)", "1'b1", softmax(0)),
    ("layers/softmax.sv", "e_last ? '0 : total", "total", softmax(0)),
    ("arith/divide_stream.sv", "if (take) take_turn_q", "if (load) take_turn_q", softmax(2)),
    ("layers/softmax.sv", "n >> 1", "n >> 2", softmax(0)),
    ("layers/axis_table.sv", "InWidth'(InSigned)", "InWidth'(0)", table(1)),
    ("layers/axis_table.sv", "memory[address[(first+1)*", "memory[address[first*", table(3)),
    ("layers/axis_table.sv", "if (step) data_q <= word_q", "data_q <= word_q", table(3)),
]


def mutated(folder: Path, file: str, right: str, wrong: str) -> Path:
    """Return a copy of the library with one place in ``file`` made wrong."""
    rtl = folder / "rtl"
    shutil.copytree(RTL, rtl)
    text = (rtl / file).read_text()
    assert text.count(right) >= 1, f"{file} no longer holds {right!r}: give the mutant another"
    (rtl / file).write_text(text.replace(right, wrong))
    return rtl


@pytest.mark.parametrize(("file", "right", "wrong", "make"), MUTANTS)
def test_mutant_is_caught(
    file: str, right: str, wrong: str, make: Maker, seed: int, tmp_path: Path
) -> None:
    rtl = mutated(tmp_path, file, right, wrong)
    with pytest.raises(CheckFailedError) as caught:
        check([make(np.random.default_rng(seed))], seed, rtl=rtl, extra=EXTRA)
    assert "Verilator" not in str(caught.value), "the mutant must build"


@pytest.mark.parametrize(("file", "right", "wrong", "make"), FILED_MUTANTS)
def test_mutant_with_memories_is_caught(
    file: str, right: str, wrong: str, make: FiledMaker, seed: int, tmp_path: Path
) -> None:
    rtl = mutated(tmp_path, file, right, wrong)
    made = make(np.random.default_rng(seed), tmp_path)
    with pytest.raises(CheckFailedError) as caught:
        check([made], seed, rtl=rtl, memories=tmp_path)
    assert "Verilator" not in str(caught.value), "the mutant must build"
