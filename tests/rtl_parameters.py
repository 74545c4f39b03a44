"""Parameters with which each block of the library is read: lint and coverage."""

# Parameters, besides the defaults, that make other parts of a module come to life.
PARAMETERS: dict[str, tuple[dict[str, int | str], ...]] = {
    "axis_fifo": ({"Depth": 2}, {"Depth": 33, "Width": 1}),
    "axis_width": (
        {"InLanes": 4, "OutLanes": 1},
        {"InLanes": 3, "OutLanes": 3},
        {"InLanes": 8, "OutLanes": 2, "Elements": 1},
    ),
    "axis_frame_guard": ({"Beats": 1},),
    "argmax": ({"Lanes": 4}, {"Lanes": 3, "Elements": 1, "Signed": 0}),
    "requantise": (
        *({"Rounding": rounding} for rounding in range(7)),
        *({"Overflow": overflow} for overflow in range(5)),
        {"Relu": 1},
        {"Drop": -3, "OutSigned": 0},
        {"OutWidth": 1, "InWidth": 1},
    ),
    "vector_buffer": ({"Passes": 1}, {"Beats": 1}, {"Beats": 8}),
    "window_serial": (
        {"ChannelOuter": 1},
        {"Channels": 1, "Height": 1, "Columns": 1, "KernelH": 1, "KernelW": 1},
        {"KernelH": 1, "KernelW": 1, "PadTop": 3, "PadBottom": 3, "PadRight": 4},
        {"PadTop": 0, "PadLeft": 0, "PadBottom": 0, "PadRight": 0, "Passes": 3, "Lanes": 2},
    ),
    "axis_window": (
        {"Taps": 9, "Lanes": 4},
        *(
            {"KernelH": 1, "KernelW": 1, "PadTop": 0, "PadLeft": 0, "PadBottom": 0, "PadRight": 0}
            | more
            for more in ({}, {"ChannelOuter": 1}, {"Passes": 2})
        ),
    ),
    "window_parallel": (
        {"Taps": 4, "Lanes": 2, "StrideH": 2},
        {"Taps": 2, "Passes": 3, "KernelW": 5, "PadLeft": 2, "PadRight": 2},
        {"KernelH": 1, "PadTop": 0, "PadBottom": 0, "Height": 1, "Taps": 3},
    ),
    "axis_fork": ({"Count": 1},),
    "axis_concat": ({"BeatsA": 3},),
    "mul_parts": ({"AWidth": 19, "BWidth": 40}, {"AWidth": 1, "BWidth": 1}),
    "axis_merge": (
        *({"Operation": operation, "SignedA": operation % 2} for operation in range(1, 6)),
        {"ShiftA": 3, "Drop": -1},
    ),
    "axis_rectify": (
        {"HasSlope": 0, "HasLow": 1, "BoundFraction": 2},
        {"PerChannel": 1, "Channels": 40, "SlopeSigned": 0, "HasHigh": 1, "High": "64'sd99"},
        {"InWidth": 24, "Lanes": 2, "SlopeFraction": -2, "Threshold": "64'sd3"},
    ),
    "axis_table": ({"InWidth": 4, "InSigned": 0}, {"Lanes": 3}),
    "divide_stream": ({"Bits": 2, "Dividers": 3, "Lanes": 2},),
    "softmax": (
        {"Channels": 1, "InWidth": 5, "OutFraction": -2, "Dividers": 2, "Bits": 2},
        {"Channels": 40, "InSigned": 0, "OutSigned": 1},
    ),
    "axis_pad": (
        {"PadTop": 0, "PadLeft": 0, "PadBottom": 0, "PadRight": 0, "Groups": 3},
        {"Height": 1, "Columns": 1},
    ),
    "axis_upsample": ({"FactorH": 1}, {"FactorW": 1, "Groups": 3}, {"FactorH": 1, "FactorW": 1}),
    "axis_transpose": (
        {"Axis0": 0, "Axis1": 2, "Axis2": 1},
        {"Height": 1, "Columns": 3, "Axis0": 1, "Axis1": 2, "Axis2": 0},
    ),
    "axis_pick": (
        {"Beats": 1, "Keep": "1'b1"},
        {"Beats": 5, "Keep": "5'b10011"},
    ),
    "conv_layer": (
        {"Simd": 2, "Pe": 8, "OutLanes": 2, "Group": 8, "Drop": 3},
        {"Simd": 36, "Pe": 8, "OutLanes": 8, "Group": 8},
    ),
    "depthwise_folded": (
        {"Channels": 4},
        {"WeightSigned": 0, "Taps": 1},
        {"Channels": 4, "Simd": 9},
        {"Channels": 8, "Simd": 4},
    ),
    "depthwise_layer": ({"Simd": 5},),
    "pool": ({"Average": 1}, {"Average": 1, "KernelH": 2, "KernelW": 2, "InSigned": 1}),
    "pool_reduce": (
        {"Average": 1},
        {"Average": 1, "CountPadding": 0, "InSigned": 1},
        {"Average": 1, "Taps": 9, "Drop": -2, "OutWidth": 10},
        {"Taps": 1, "Results": 1},
    ),
    "packet_store": ({"Bytes": 784, "Slots": 2},),
    "packet_commands": ({"SampleBytes": 65536},),
    "packet_replies": ({"ResultBytes": 1, "InfoBytes": 2},),
    "reset_sync": ({"Cycles": 2},),
    "uart_rx": ({"ClockHz": 16125000, "Baud": 1000000}, {"Baud": 300}),
    "uart_tx": ({"ClockHz": 16125000, "Baud": 1000000}, {"Baud": 300}),
    "uart_shell": (
        {"InBytes": 784, "InBeatBytes": 1, "OutBytes": 1, "OutBeatBytes": 1, "Slots": 2},
        {"InBytes": 12, "InBeatBytes": 6, "OutBytes": 6, "OutBeatBytes": 2, "Slots": 16},
    ),
    "axis_nonzero": ({"Cols": 1, "Lanes": 1}, {"Depth": 33}),
    "nonzero_pick": ({"Picks": 1}, {"Picks": 3, "Lanes": 3, "Cols": 3}),
    "level_queue": ({"Depth": 8},),
    "sparse_pe": (
        {"Picks": 1},
        {"Slots": 1, "Entries": 1},
        {"InSigned": 1, "WeightSigned": 0},
        {"AccWidth": 7},  # of few and small weights
    ),
    "matvec_sparse": ({"Picks": 1, "Lanes": 1}, {"Pe": 1}, {"Pe": 6, "OutLanes": 2}),
    "sparse_layer": ({"HasBias": 0, "Pe": 1}, {"OutLanes": 4, "Drop": -2, "Relu": 0}),
    "sparse_conv_layer": ({"Simd": 2, "Picks": 2}, {"Simd": 36, "Picks": 4, "Pe": 8}),
    "matvec_layer": ({"Pe": 4, "Simd": 1, "OutLanes": 2, "HasBias": 0},),
}
