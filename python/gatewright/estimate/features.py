"""What a block's resources grow with: sums of the parts that it is made of, by its parameters.

The parts are those of ``rtl/``: adders, memories of LUTs, multiplexers, conversions, counters. What
a bit of each costs is fitted (``model``); multipliers and block RAMs follow from the parameters.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from math import ceil

from gatewright.estimate.sizes import DOORS, UNROLLED
from gatewright.folding import bank_block_rams, best_bank_depth, block_rams

Features = Counter[str]
_LUT_DEPTH = 32  # memories up to this deep are LUTs
_DSP_WIDTH = 18  # bits of a multiplier's operands


def features_of(module: str, sizes: Mapping[str, int]) -> Features:
    """Return a block's features, ``dsp`` and ``bram`` among them; every block counts 1 of its kind.

    Args:
        module: As ``sizes.kind_of`` gives it.
        sizes: As ``sizes.sizes_of`` gives them.
    """
    found: Features = Counter()
    _PARTS.get(module, _other)(found, sizes)
    found[module if module in _PARTS else "other"] += 1
    return found


def _bits(count: int) -> int:
    """Return the bits of a counter of so many steps."""
    return max(count - 1, 0).bit_length()


def _ram(found: Features, depth: int, width: int) -> None:
    if depth > _LUT_DEPTH:
        found["bram"] += block_rams(depth, width)
    else:
        found["lut_ram"] += ceil(width / 4) * ceil(depth / 16)
        found["lut_ram_bits"] += width * (ceil(depth / 16) - 1)
    found["counter_bits"] += 3 * _bits(depth)


def _rom(found: Features, depth: int, width: int, bank_depth: int = 0) -> None:
    """A memory that is only read, in banks of so many words; 0: the best ones."""
    if depth > _LUT_DEPTH:
        bank_depth = bank_depth or best_bank_depth(depth, width)
        found["bram"] += bank_block_rams(depth, width, bank_depth)
        found["bank_bits"] += (ceil(depth / bank_depth) - 1) * width
    elif depth > 1:
        found["rom_bits"] += width * ceil(depth / 16)


def _multipliers(found: Features, count: int, s: Mapping[str, int]) -> None:
    if max(s["InWidth"], s["WeightWidth"]) <= _DSP_WIDTH:
        found["dsp"] += count
        found["product_bits"] += count * (s["InWidth"] + s["WeightWidth"])
    else:
        found["multiplier_bits"] += count * s["InWidth"] * s["WeightWidth"]


def _tree(found: Features, trees: int, lanes: int, s: Mapping[str, int]) -> None:
    width = s["InWidth"] + s["WeightWidth"]
    while lanes > 1:
        width = min(width + 1, s["AccWidth"])
        found["adder_bits"] += trees * (lanes // 2) * width
        found["pass_bits"] += trees * (lanes % 2) * width
        lanes = ceil(lanes / 2)


def _convert(found: Features, lanes: int, width: int, s: Mapping[str, int]) -> None:
    drop, out = max(s["Drop"], 0), s["OutWidth"]
    found["round_bits"] += lanes * s["Rounding"] * out
    found["sticky_bits"] += lanes * s["Rounding"] * drop
    found["above_bits"] += lanes * s["Overflow"] * max(width - drop - out, 0)
    found["limit_bits"] += lanes * s["Overflow"] * out
    found["relu_bits"] += lanes * s["Relu"] * out


def _output(found: Features, lanes: int, beats: int, s: Mapping[str, int]) -> None:
    """``layer_output``."""
    if s["HasBias"]:
        _rom(found, beats, lanes * s["BiasWidth"])
        found["adder_bits"] += lanes * s["SumWidth"]
    _convert(found, lanes, s["SumWidth"], s)
    _ram(found, s["FifoDepth"], lanes * s["OutWidth"] + 1)
    found["counter_bits"] += _bits(s["InBeats"] * beats)


def _core(found: Features, rows: int, cols: int, s: Mapping[str, int]) -> None:
    """``matvec_folded`` and what is behind it."""
    pe, simd, lanes = s["Pe"], s["Simd"], s["OutLanes"]
    beats, ranks, steps = ceil(cols / simd), ceil(pe / s["Group"]), pe // lanes
    depth = ceil(rows / pe) * beats
    _multipliers(found, pe * simd, s)
    _tree(found, pe, simd, s)
    if beats > 1:
        found["total_bits"] += pe * s["AccWidth"]
    whole, rest = divmod(pe, s["Group"])
    for pes in [s["Group"]] * whole + [rest] * (rest > 0):
        _rom(found, depth, pes * simd * s["WeightWidth"], s["BankDepth"])
    found["rank_bits"] += ranks * (simd * s["InWidth"] + _bits(depth))
    found["mux_bits"] += (steps - 1) * lanes * s["AccWidth"]
    found["counter_bits"] += _bits(depth) + _bits(ceil(rows / lanes)) + _bits(steps)
    _output(found, lanes, ceil(rows / lanes), s)


def _dense(found: Features, s: Mapping[str, int]) -> None:
    beats, passes = ceil(s["Cols"] / s["Simd"]), ceil(s["Rows"] / s["Pe"])
    if passes > 1:
        _ram(found, 2 * beats, s["Simd"] * s["InWidth"])
        found["counter_bits"] += _bits(beats) + _bits(passes)
    _core(found, s["Rows"], s["Cols"], s)


def _serial(found: Features, lanes: int, passes: int, s: Mapping[str, int]) -> None:
    """``window_serial``."""
    groups, depth = s["Channels"] // lanes, _serial_depth(lanes, s)
    width = lanes * s["InWidth"]
    _ram(found, depth, width)
    found["window_bits"] += 2 * width
    found["position_bits"] += (s["Height"] * s["Columns"] * groups).bit_length()
    found["counter_bits"] += (
        sum(_bits(s[name]) for name in ("KernelH", "KernelW")) + _bits(passes) + _bits(groups)
    )
    found["serial_windows"] += 1


def _serial_depth(lanes: int, s: Mapping[str, int]) -> int:
    """Return the beats that ``window_serial`` keeps, by its own rule."""
    groups = s["Channels"] // lanes
    row = s["Columns"] * groups
    rows, columns = _outputs(s)
    step_column, step_row = s["StrideW"] * groups, s["StrideH"] * row
    taps = (s["KernelH"] - 1) * s["DilationH"] * row + (s["KernelW"] - 1) * s["DilationW"] * groups
    window, start = taps + groups, s["PadTop"] * row + s["PadLeft"] * groups
    free_columns = min((s["Columns"] + s["PadLeft"]) // s["StrideW"], columns - 1)
    free_rows = min((s["Height"] + s["PadTop"]) // s["StrideH"], rows - 1)
    live_rows = (s["Height"] + s["PadTop"] - 1) // s["StrideH"] + 1
    free_row = step_row - free_columns * step_column
    free_frame = s["Height"] * row - free_rows * step_row
    if free_rows < live_rows:
        free_frame -= free_columns * step_column
    inner = window + max(step_column if columns > 1 else 0, free_row if rows > 1 else 0)
    needed = max(inner, max(window, start + 1) + max(free_frame, 0), 16)
    padded = 1 << _bits(needed)
    return padded if 3 * padded <= 4 * needed or padded <= _LUT_DEPTH else needed


def _outputs(s: Mapping[str, int]) -> tuple[int, int]:
    rows, columns = (
        (s[size] + s[before] + s[behind] - (s[f"Kernel{axis}"] - 1) * s[f"Dilation{axis}"] - 1)
        // s[f"Stride{axis}"]
        + 1
        for size, before, behind, axis in (
            ("Height", "PadTop", "PadBottom", "H"),
            ("Columns", "PadLeft", "PadRight", "W"),
        )
    )
    return rows, columns


def _parallel(found: Features, lanes: int, taps: int, passes: int, s: Mapping[str, int]) -> None:
    """``window_parallel``."""
    groups, width = s["Channels"] // lanes, lanes * s["InWidth"]
    banks = (s["KernelH"] - 1) * s["DilationH"] + 1
    row = s["Columns"] * groups
    rows, columns = _outputs(s)
    beats = ceil(s["KernelH"] * s["KernelW"] / taps) * passes
    shift = (s["StrideW"] - 1) * groups + 1
    gap = (s["Columns"] - (columns - 1) * s["StrideW"] - 1) * groups + 1
    cost = max(beats, gap) + (columns - 1) * max(beats, shift) + columns * (groups - 1) * beats
    left = s["Height"] - (rows - 1) * s["StrideH"]
    added = max(s["StrideH"], left) if cost > row else s["StrideH"]
    slots = ceil((banks - 1 + added) / banks)
    slots = 2 if banks * row == 1 and slots == 1 else slots
    for _ in range(banks):
        _ram(found, slots * row, width)
    all_taps = s["KernelH"] * s["KernelW"]
    found["rotate_bits"] += s["KernelH"] * (banks - 1) * width
    found["window_bits"] += all_taps * width
    found["tap_mux_bits"] += (ceil(all_taps / taps) - 1) * taps * width
    found["position_bits"] += (s["Height"] * row).bit_length()
    found["parallel_windows"] += 1


def _window(found: Features, lanes: int, simd: int, passes: int, s: Mapping[str, int]) -> None:
    if simd > lanes:
        _parallel(found, lanes, simd // lanes, passes, s)
    elif s["KernelH"] * s["KernelW"] == 1 and (s["StrideH"], s["StrideW"]) == (1, 1):
        if passes > 1:
            _ram(found, 2 * s["Channels"] // lanes, lanes * s["InWidth"])
    else:
        _serial(found, lanes, passes, s)


def _conv(found: Features, s: Mapping[str, int]) -> None:
    lanes, passes = min(s["Simd"], s["Channels"]), ceil(s["OutChannels"] / s["Pe"])
    _window(found, lanes, s["Simd"], passes, s)
    _core(found, s["OutChannels"], s["KernelH"] * s["KernelW"] * s["Channels"], s)


def _depthwise(found: Features, s: Mapping[str, int]) -> None:
    pe, simd, taps = s["Pe"], s["Simd"], s["KernelH"] * s["KernelW"]
    beats, groups = ceil(taps / simd), s["Channels"] // pe
    if simd > 1:
        _parallel(found, pe, simd, 1, s)
    else:
        _serial(found, pe, 1, s)
    _multipliers(found, pe * simd, s)
    _tree(found, pe, simd, s)
    if beats > 1:
        found["total_bits"] += pe * s["AccWidth"]
    _rom(found, groups * beats, pe * simd * s["WeightWidth"])
    found["counter_bits"] += _bits(groups * beats)
    _output(found, pe, groups, s)


def _pool(found: Features, s: Mapping[str, int]) -> None:
    lanes = s["Lanes"]
    _serial(found, lanes, 1, s)
    found["compare_bits"] += lanes * s["InWidth"]
    if s["Average"]:
        found["divide_bits"] += lanes * (s["InWidth"] + _bits(s["KernelH"] * s["KernelW"] + 1))
        found["averages"] += 1
    _convert(found, lanes, s["InWidth"] + _bits(s["KernelH"] * s["KernelW"]), s)


def _sparse_core(found: Features, rows: int, cols: int, lanes: int, s: Mapping[str, int]) -> None:
    """``matvec_sparse`` and what is behind it."""
    pe, picks, out = s["Pe"], s["Picks"], s["OutLanes"]
    address, slots = _bits(max(s["Entries"], 2)), ceil(rows / pe)
    column = _bits(max(cols, 2))
    item = 1 + s["CountWidth"] + address + s["InWidth"]
    for _ in range(pe):
        for _ in range(picks):
            _rom(found, cols, s["CountWidth"] + address, s["BankDepth"])
            _ram(found, s["QueueDepth"], item)
        _rom(found, s["Entries"], s["SkipWidth"] + s["WeightWidth"], s["BankDepth"])
    _multipliers(found, pe, s)
    found["sparse_pes"] += pe
    found["queue_bits"] += pe * picks * item
    found["queue_mux_bits"] += pe * (picks - 1) * item
    found["entry_bits"] += pe * (address + 2 * s["CountWidth"] + s["SkipWidth"])
    found["total_bits"] += pe * s["AccWidth"]
    sums = 1 << (_bits(max(slots, 2)) + 1)
    found["lut_ram"] += pe * 2 * ceil(s["AccWidth"] / 4) * ceil(sums / 16)
    found["touched_bits"] += pe * sums
    found["order_bits"] += out * (pe - 1) * s["AccWidth"]
    found["nonzero_bits"] += lanes * s["InWidth"]
    found["pick_bits"] += picks * lanes * (s["InWidth"] + column)
    _rom(found, ceil(rows / out), out * _bits(max(pe, 2)))
    found["lut_ram"] += ceil(lanes * s["InWidth"] / 4)
    _output(found, out, ceil(rows / out), s)


def _sparse_dense(found: Features, s: Mapping[str, int]) -> None:
    _sparse_core(found, s["Rows"], s["Cols"], s["Lanes"], s)


def _sparse_conv(found: Features, s: Mapping[str, int]) -> None:
    cols = s["KernelH"] * s["KernelW"] * s["Channels"]
    _window(found, min(s["Simd"], s["Channels"]), s["Simd"], 1, s)
    _sparse_core(found, s["OutChannels"], cols, s["Simd"], s)


def _width(found: Features, s: Mapping[str, int]) -> None:
    more, fewer = max(s["InLanes"], s["OutLanes"]), min(s["InLanes"], s["OutLanes"])
    narrows = s["InLanes"] > s["OutLanes"]
    found["narrow_bits"] += narrows * (more - fewer) * s["Width"]
    found["widen_bits"] += (not narrows) * more * s["Width"]
    found["counter_bits"] += _bits(more // fewer)


def _branch_fifo(found: Features, s: Mapping[str, int]) -> None:
    _ram(found, s["Depth"], s["Width"] + 1)


def _merge(found: Features, s: Mapping[str, int]) -> None:
    width = max(s["WidthA"] + s["ShiftA"], s["WidthB"] + s["ShiftB"]) + 1
    if s["Operation"] == 2:  # a product
        found["dsp"] += s["Lanes"]
        width = s["WidthA"] + s["WidthB"]
    else:
        found["adder_bits"] += s["Lanes"] * width
    _convert(found, s["Lanes"], width, s)


def _quantise(found: Features, s: Mapping[str, int]) -> None:
    _convert(found, s["Lanes"], s["InWidth"], s)


def _doors(found: Features, s: Mapping[str, int]) -> None:
    found["ports"] += s["Ports"]
    found["door_bits"] += s["InStream"]
    found["lane_count"] += s["InLanes"]
    found["frame_bits"] += s["InBits"]
    found["frames"] += s["Frames"]
    found["bram"] += s["Frames"] > _LUT_DEPTH


def _other(found: Features, s: Mapping[str, int]) -> None:
    found["stream_bits"] += s["InStream"] + s["OutStream"]


def _fork(found: Features, s: Mapping[str, int]) -> None:
    found["readers"] += s["Count"]


def _unrolled(found: Features, s: Mapping[str, int]) -> None:
    found["chain_cells"] += s["CarryCells"]
    found["stage_bits"] += s["RegisterBits"]
    found["result_bits"] += s["OutStream"]
    _ram(found, s["Depth"], s["OutStream"] + 1)
    if s["Taps"] > 1:
        _parallel(found, s["Channels"], s["Taps"], 1, s)


_PARTS: dict[str, Callable[[Features, Mapping[str, int]], None]] = {
    "matvec_layer": _dense,
    "conv_layer": _conv,
    "depthwise_layer": _depthwise,
    "pool": _pool,
    "sparse_layer": _sparse_dense,
    "sparse_conv_layer": _sparse_conv,
    "axis_width": _width,
    "axis_branch_fifo": _branch_fifo,
    "axis_fork": _fork,
    "axis_merge": _merge,
    "axis_quantise": _quantise,
    DOORS: _doors,
    UNROLLED: _unrolled,
}
