"""The window generators: their parameters, cycles and latency."""

from math import ceil

from gatewright.graph import StreamType, Window

SERIAL_LAG = 3  # of window_serial
_LUT_DEPTH = 32  # memories up to this deep have no register behind them


def parameters(window: Window, image: StreamType) -> dict[str, int | str]:
    """Return the parameters of ``axis_window`` that the geometry gives."""
    rows, columns, channels = image.image
    top, left, bottom, right = window.pad
    return {
        "Channels": channels,
        "Height": rows,
        "Columns": columns,
        "KernelH": window.kernel[0],
        "KernelW": window.kernel[1],
        "StrideH": window.stride[0],
        "StrideW": window.stride[1],
        "DilationH": window.dilation[0],
        "DilationW": window.dilation[1],
        "PadTop": top,
        "PadLeft": left,
        "PadBottom": bottom,
        "PadRight": right,
    }


def serial_cycles(image: StreamType, window: Window, groups: int, depth: int) -> int:
    """Return the cycles per image of ``window_serial`` by its law.

    Args:
        image: Type of the image.
        window: How the kernel moves.
        groups: Beats of a pixel.
        depth: Cycles per output pixel.
    """
    rows, columns, _ = image.image
    height, width = window.output(rows, columns)
    row = columns * groups
    cycles = max(rows * row, height * width * depth)
    if window.stride[0] * row > width * depth and height * window.stride[0] > rows:
        cycles = max(cycles, height * window.stride[0] * row)
    return cycles


def parallel_cycles(image: StreamType, window: Window, groups: int, beats: int) -> int:
    """Return the cycles per image of ``window_parallel`` by its law.

    Args:
        image: Type of the image.
        window: How the kernel moves.
        groups: Beats of a pixel.
        beats: Beats of one group's taps, in all passes.
    """
    rows, columns, _ = image.image
    height, _ = window.output(rows, columns)
    return max(rows * columns * groups, height * _row_cycles(image, window, groups, beats))


def parallel_lag(image: StreamType, window: Window, groups: int, beats: int) -> int:
    """Return the cycles from the last beat that a window needs to the window's first beat.

    The arguments are those of ``parallel_cycles``.
    """
    rows, columns, _ = image.image
    height, _ = window.output(rows, columns)
    row, (span, _), (step, _) = columns * groups, window.extent, window.stride
    left = rows - (height - 1) * step
    added = max(step, left) if _row_cycles(image, window, groups, beats) > row else step
    slots = ceil((span - 1 + added) / span)
    return 4 if slots * row <= _LUT_DEPTH else 5


def _row_cycles(image: StreamType, window: Window, groups: int, beats: int) -> int:
    """Return the cycles of an output row of ``window_parallel``."""
    rows, columns, _ = image.image
    _, width = window.output(rows, columns)
    step = window.stride[1]
    shift = (step - 1) * groups + 1
    gap = (columns - (width - 1) * step - 1) * groups + 1
    cycles = max(beats, gap) + (width - 1) * max(beats, shift) + width * (groups - 1) * beats
    last = (width - 1) * step - window.pad[1] + window.extent[1] - 1
    tail = max(0, last - (columns - 1))
    return cycles + (tail * groups if tail > columns else 0)
