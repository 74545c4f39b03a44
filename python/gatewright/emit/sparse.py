"""Compressed layers, as instances of library blocks, and their memories."""

from dataclasses import replace
from math import ceil

import numpy as np

from gatewright.emit import needs, windows
from gatewright.emit.blocks import (
    as_text,
    bias_file,
    conversion_comment,
    matrix_parameters,
    text,
    then,
)
from gatewright.emit.memory import bank_files
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.fixed import IntArray
from gatewright.graph import Conv, Dense, Elementwise, StreamType
from gatewright.sparse import QUEUE_DEPTH, Packed, SparseFold

Parameters = dict[str, int | str]
_COUNTER = "useful_macs_q"
_LATENCY = 29  # cycles from a vector's last beat to its first result, with nothing to wait for


def dense(node: Dense, fused: Elementwise | None, folded: SparseFold, stream: Stream) -> Block:
    """Return a compressed dense layer, with the conversion behind it if ``fused`` gives one."""
    size: Parameters = {"Rows": folded.rows, "Cols": folded.cols, "Lanes": folded.simd}
    block = _layer(node, fused, folded, stream, size)
    everything = needs.everything(stream.type.beats, folded.result_beats)
    return replace(block, module="sparse_layer", needs=(everything,), counter=f"u_core.{_COUNTER}")


def conv(
    node: Conv, fused: Elementwise | None, folded: SparseFold, stream: Stream, image: StreamType
) -> Block:
    """Return a compressed convolution, with the conversion behind it if ``fused`` gives one."""
    size = windows.parameters(node.window, image)
    size |= {"OutChannels": folded.rows, "Simd": folded.simd}
    groups, beats = image.image[2] // folded.in_lanes, folded.result_beats
    needed = needs.windows(image, node.window, groups, beats, by_group=False)
    several = folded.simd > folded.in_lanes
    law = windows.parallel_cycles if several else windows.serial_cycles
    lag = windows.parallel_lag(image, node.window, 1, folded.bound) if several else None
    block = _layer(node, fused, folded, stream, size)
    return replace(
        block,
        module="sparse_conv_layer",
        needs=(needed,),
        counter=f"u_layer.u_core.{_COUNTER}",
        cycles=law(image, node.window, groups, folded.bound),
        lag=block.lag + (lag or windows.SERIAL_LAG),
    )


def _layer(
    node: Dense,
    fused: Elementwise | None,
    folded: SparseFold,
    stream: Stream,
    size: Parameters,
) -> Block:
    """Return what both have in common; ``size``: the parameters that they have not."""
    last, packed = fused or node, folded.packed
    out = Lanes(last.out.format, last.out.size, folded.out_lanes)
    core: Parameters = {
        "Pe": folded.pe,
        "Picks": folded.picks,
        "OutLanes": folded.out_lanes,
        "Entries": packed.depth,
        "CountWidth": packed.count_width,
        "SkipWidth": packed.skip_width,
        "QueueDepth": QUEUE_DEPTH,
        "BankDepth": packed.bank_depth(node.weight_format.width),
        "FifoDepth": max(2, min(2 * folded.result_beats, 32)),
    }
    matrix, bias = matrix_parameters(node, fused, folded, stream.type, out)
    names = {"pointers": "PointerFile", "entries": "WeightFile", "order": "OrderFile"}
    files: Parameters = {key: text(f"{node.name}_{name}") for name, key in names.items()}
    memories = memory_files(
        packed, folded.pe, folded.out_lanes, node.weight_format.width, node.name
    )
    filled = folded.useful // folded.vectors / (folded.rows * folded.cols)
    shape = f"{folded.rows} x {folded.cols} weights {node.weight_format}, {filled:.1%} not zero"
    return Block(
        name=node.name,
        module="",
        comment=(
            f"{node.origin}: {shape}, at most {folded.bound} cycles per vector{then(fused)}",
            conversion_comment(node, stream.type, out),
        ),
        parameters=as_text(size | core | matrix | files | {"BiasFile": text(bias_file(node))}),
        inputs=(stream,),
        outputs=(Stream(node.name, out),),
        needs=(),
        node=last.name,
        fold=folded,
        memories=memories | bias,
        cycles=folded.cycles,
        rhythm=Rhythm(folded.bound, tuple(range(folded.result_beats))),
        lag=_LATENCY + folded.bound,
    )


def memory_files(
    packed: Packed, pe: int, out_lanes: int, weight_width: int, prefix: str
) -> dict[str, str]:
    """Return ``{file name: text}`` of the core's memories.

    Args:
        packed: The matrix.
        pe: PEs.
        out_lanes: Elements per output beat.
        weight_width: Bits of a weight.
        prefix: Of the files' names.
    """
    entry_width, pointer_width = packed.skip_width + weight_width, packed.pointer_width
    bank_depth = packed.bank_depth(weight_width)
    files: dict[str, str] = {}
    for index, (entries, counts, firsts) in enumerate(
        zip(packed.entries, packed.counts, packed.firsts(), strict=True)
    ):
        filled = np.zeros((packed.depth, 2), dtype=np.int64)
        filled[: len(entries)] = np.array(entries, dtype=np.int64).reshape(-1, 2)
        words = filled[:, 0] << weight_width | filled[:, 1] & ((1 << weight_width) - 1)
        files |= bank_files(
            f"{prefix}_entries_{index:03d}", words[:, None], entry_width, bank_depth
        )
        pointers = counts << packed.address_width | np.where(counts > 0, firsts, 0)
        files |= bank_files(
            f"{prefix}_pointers_{index:03d}", pointers[:, None], pointer_width, bank_depth
        )
    beats = ceil(len(packed.pes) / out_lanes)
    order = _whole(packed.pes, pe)[: beats * out_lanes].reshape(beats, out_lanes)
    width = max(1, (pe - 1).bit_length())
    return files | bank_files(f"{prefix}_order", order, width, bank_depth)


def _whole(pes: IntArray, pe: int) -> IntArray:
    """Return the PEs of the rows and of those that are missing in the last slot."""
    last = pes[len(pes) // pe * pe :]
    missing = np.setdiff1d(np.arange(pe), last) if len(last) else last
    return np.concatenate([pes, missing])
