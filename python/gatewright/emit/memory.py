"""Contents of weight and bias memories, as ``$readmemh`` text.

Row ``g*PE + k`` is PE ``k`` in pass ``g``; column ``b*SIMD + s`` is lane ``s`` in beat ``b``. A
word concatenates PEs, the lowest in the least significant bits, and inside a PE its lanes.
"""

from math import ceil

import numpy as np

from gatewright.emit.streams import AnyFold
from gatewright.fixed import IntArray, format_for_range
from gatewright.folding import Fold, kept_columns
from gatewright.graph import Dense


def weight_words(node: Dense, fold: Fold, prefix: str) -> dict[str, str]:
    """Return ``{file name: text}``, a file per rank; word ``g*beats + b`` of each.

    Where a memory has several banks, a file per rank and bank.
    """
    padded = np.zeros((fold.passes * fold.pe, fold.beats * fold.simd), np.int64)
    weight = node.weight
    if fold.kept:
        weight = weight[:, kept_columns(fold.kept, weight.shape[1], fold.simd)]
    padded[: fold.rows, : fold.cols] = weight
    # [pass, PE, beat, lane] -> [pass, beat, PE, lane]
    blocks = padded.reshape(fold.passes, fold.pe, fold.beats, fold.simd).transpose(0, 2, 1, 3)
    words = blocks.reshape(fold.depth, fold.pe, fold.simd)
    files: dict[str, str] = {}
    for rank in range(fold.ranks):
        part = words[:, rank * fold.group : (rank + 1) * fold.group]
        stem = f"{prefix}_{rank:03d}"
        files |= bank_files(stem, part, node.weight_format.width, fold.bank_depth)
    return files


def bank_files(stem: str, words: IntArray, width: int, bank_depth: int) -> dict[str, str]:
    """Return ``{file name: text}`` of a ``weight_memory``: a file, or one per bank.

    Args:
        stem: Of the files' names.
        words: Integers [words, elements].
        width: Bits of an element.
        bank_depth: Words per bank.
    """
    if len(words) <= bank_depth:
        return {f"{stem}.mem": hex_lines(words, width)}
    starts = range(0, len(words), bank_depth)
    return {
        f"{stem}_{bank:03d}.mem": hex_lines(words[start : start + bank_depth], width)
        for bank, start in enumerate(starts)
    }


def bias_words(node: Dense, fold: AnyFold, fraction: int) -> tuple[int, str]:
    """Return the bias width and the text: a word per output beat, at ``fraction`` fraction bits."""
    if node.bias is None or node.bias_format is None:
        raise ValueError(f"{node.name} has no bias")
    bias = node.bias << (fraction - node.bias_format.fraction)
    fmt = format_for_range(int(bias.min()), int(bias.max()), fraction)
    width = fmt.width + (not fmt.signed)
    beats = ceil(fold.rows / fold.out_lanes)
    padded = np.zeros(beats * fold.out_lanes, np.int64)
    padded[: fold.rows] = bias
    return width, hex_lines(padded.reshape(beats, fold.out_lanes), width)


def hex_lines(values: IntArray, width: int) -> str:
    """One line per row of ``values``, its elements concatenated, the first lowest."""
    flat = values.reshape(len(values), -1) & ((1 << width) - 1)
    bits = ((flat[:, :, None] >> np.arange(width)) & 1).astype(np.uint8).reshape(len(values), -1)
    digits = ceil(bits.shape[1] / 4)
    packed = np.packbits(bits, axis=1, bitorder="little")[:, ::-1]
    return "".join(f"{row.tobytes().hex()[-digits:].rjust(digits, '0')}\n" for row in packed)
