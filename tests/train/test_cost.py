"""The law of a datapath's LUTs: by hand, and against what Yosys makes of the emitted layer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import networks
from gatewright import emit, synthesis
from gatewright.fixed import FixedFormat, Overflow, Rounding
from gatewright.graph import Dense, FoldRequest, StreamType
from gatewright.tools import yosys
from gatewright.train.cost import datapath_luts


@pytest.mark.parametrize(
    ("size", "fold", "luts"),
    [
        # 4 PEs: trees of 4, 2 and 1 adders of 14, 15 and 16 bits; sums of 20 bits, twice.
        ((32, 64), (4, 8), 4 * (4 * 14 + 2 * 15 + 16 + 2 * 20)),
        # No tree: sums of 20 bits, twice.
        ((32, 64), (16, 1), 16 * 2 * 20),
        # Of 3 products one waits: adders of 14 and 15 bits; 10 words: a LUT for each of 18 bits.
        ((2, 30), (2, 3), 2 * (14 + 15 + 2 * 19 + 18)),
        # 20 words: two LUTs for each bit.
        ((2, 40), (2, 2), 2 * (14 + 2 * 20 + 12 * 2)),
    ],
)
def test_the_law_by_hand(size: tuple[int, int], fold: tuple[int, int], luts: int) -> None:
    assert datapath_luts(size, fold, 6, 8) == luts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "fold"), [((32, 64), (4, 8)), ((32, 64), (16, 1)), ((16, 64), (16, 4))]
)
def test_wider_weights_cost_what_the_law_says(
    size: tuple[int, int], fold: tuple[int, int], tmp_path: Path
) -> None:
    """Yosys' LUTs rise by more, for rounding takes part in it, but by less than a third more."""
    rise = yosys_luts(size, fold, 8, tmp_path) - yosys_luts(size, fold, 2, tmp_path)
    law = datapath_luts(size, fold, 8, 8) - datapath_luts(size, fold, 2, 8)
    assert law <= rise <= law * 4 / 3


def yosys_luts(size: tuple[int, int], fold: tuple[int, int], bits: int, folder: Path) -> int:
    """Return the LUTs of an emitted layer with random weights of so many bits, for ECP5."""
    rows, cols = size
    graph = networks.mlp((cols, rows), (FoldRequest(pe=fold[0], simd=fold[1]),))
    node = graph["fc1"]
    assert isinstance(node, Dense)
    fmt = FixedFormat(True, bits, 1, Rounding.RND_CONV, Overflow.SAT_SYM)
    weight = np.random.default_rng(1).integers(fmt.min_int + 1, fmt.max_int + 1, size)
    out = StreamType(FixedFormat(True, 8, 4, Rounding.RND_CONV, Overflow.SAT), (rows,))
    changed = replace(node, weight=weight, weight_format=fmt, out=out)
    nodes = tuple(changed if other is node else other for other in graph.nodes)
    rtl = folder / f"rtl{bits}"
    description = emit.write_rtl(replace(graph, nodes=nodes), rtl)
    sources = synthesis.sources_of(description, rtl, "ecp5")
    netlist = yosys.synthesise(sources, description["top"], "ecp5", folder / f"s{bits}", rtl)
    return int(synthesis._mapped(netlist)["lut"])
