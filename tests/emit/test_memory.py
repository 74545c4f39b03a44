"""Memory files hold every weight where the header of ``matvec_layer`` says."""

import numpy as np
import pytest

import networks
from gatewright.emit.memory import bias_words, weight_words
from gatewright.folding import fold
from gatewright.graph import FoldRequest


@pytest.mark.parametrize(
    ("rows", "cols", "pe", "simd"), [(6, 12, 2, 3), (7, 11, 3, 4), (5, 5, 5, 5)]
)
def test_weights_stand_where_the_core_looks(rows: int, cols: int, pe: int, simd: int) -> None:
    node = networks.mlp((cols, rows), (FoldRequest(pe=pe, simd=simd),))["fc1"]
    folded = fold(node)
    files = weight_words(node, folded, "w")
    assert len(files) == folded.ranks
    seen = np.zeros_like(node.weight)
    for rank in range(folded.ranks):
        lines = files[f"w_{rank:03d}.mem"].split()
        assert len(lines) == folded.cycles
        for address, line in enumerate(lines):
            group, beat = divmod(address, folded.beats)
            word = int(line, 16)
            for k in range(min(folded.group, pe - rank * folded.group)):
                for lane in range(simd):
                    value = word >> (6 * (k * simd + lane)) & 63
                    row = group * pe + rank * folded.group + k
                    col = beat * simd + lane
                    if row < rows and col < cols:
                        assert value == node.weight[row, col] & 63
                        seen[row, col] += 1
                    else:
                        assert value == 0
    assert (seen == 1).all()


def test_biases_stand_in_output_order() -> None:
    node = networks.mlp((12, 7), (FoldRequest(pe=4, simd=1),))["fc1"]
    folded = fold(node)
    fraction = node.bias_format.fraction + 2
    width, text = bias_words(node, folded, fraction)
    values = [
        int(line, 16) >> (lane * width) & ((1 << width) - 1)
        for line in text.split()
        for lane in range(folded.out_lanes)
    ]
    signed = [v - (1 << width) if v >> (width - 1) else v for v in values]
    assert signed[:7] == [4 * int(b) for b in node.bias]
    assert not any(signed[7:])
